"""What a table can't describe: the few operations whose record says more or less.

Each entry changes `requestParameters`, or `responseElements`, after the general rules, by
botocore's service and operation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from localaws.cloudtrail.recorder.names import partition
from localaws.cloudtrail.recorder.resources import resources
from localaws.wire.call import Call

Quirk = Callable[[Call, dict[str, Any]], dict[str, Any]]

_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
_REDACTED = "***(Redacted)"


def _update_function_code(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """Lambda resolves the name of the function whose code is updated, and shows how."""
    name = str(record.get("functionName", ""))
    parts = name.split(":")
    if name.startswith("arn:") and len(parts) >= 7:
        where, region, account, function = parts[1], parts[3], parts[4], parts[6]
    else:
        where, region, account = partition(call.region), call.region, call.account
        function = parts[-1]
    record["functionName"] = f"arn:{where}:lambda:{region}:{account}:function:{function}"
    record["fullyQualifiedArn"] = {
        "arnPrefix": {"partition": where, "region": region, "account": account},
        "relativeId": {"functionName": function},
        "functionQualifier": {},
    }
    return record


def _put_item(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB records which attributes an item has, not their values.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/logging-using-cloudtrail.html
    """
    item = call.parameters.get("Item")
    if isinstance(item, dict):
        record["items"] = [str(name) for name in item]
    return record


def _statement(_call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """Values in a PartiQL statement are redacted."""
    if isinstance(record.get("statement"), str):
        record["statement"] = _redact(record["statement"])
    return record


def _batch_statement(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    statements = call.parameters.get("Statements") or call.parameters.get("TransactStatements")
    record.pop("statements", None)
    record.pop("transactStatements", None)
    texts = [s.get("Statement", "") for s in statements or [] if isinstance(s, dict)]
    record["requestItems"] = [{"statement": _redact(str(text))} for text in texts]
    return record


def _redact(statement: str) -> str:
    return _LITERAL.sub(_REDACTED, statement)


def _transact_items(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """The steps of a transaction are one list, each with its `operation`."""
    steps = []
    for step in record.pop("transactItems", []):
        for operation, content in step.items():
            if isinstance(content, dict):
                name = operation[:1].upper() + operation[1:]
                steps.append({"operation": name, **content})
    record["requestItems"] = steps
    return record


def _create_key(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """KMS shows a key's spec under its old name as well."""
    for name, other in (("KeySpec", "customerMasterKeySpec"), ("CustomerMasterKeySpec", "keySpec")):
        if isinstance(call.parameters.get(name), str):
            record[other] = call.parameters[name]
    return record


QUIRKS: Final[dict[tuple[str, str], Quirk]] = {
    ("dynamodb", "BatchExecuteStatement"): _batch_statement,
    ("dynamodb", "ExecuteStatement"): _statement,
    ("dynamodb", "ExecuteTransaction"): _batch_statement,
    ("dynamodb", "PutItem"): _put_item,
    ("dynamodb", "TransactGetItems"): _transact_items,
    ("dynamodb", "TransactWriteItems"): _transact_items,
    ("kms", "CreateKey"): _create_key,
    ("lambda", "UpdateFunctionCode"): _update_function_code,
}


# --- Responses ---------------------------------------------------------------------------------


def _role_without_default(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """IAM answers a new role's longest session only where the caller set it."""
    role = record.get("role")
    if isinstance(role, dict) and "MaxSessionDuration" not in call.parameters:
        role.pop("maxSessionDuration", None)
    return record


def _session(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """The size of the session's policies and tags is told where there are any."""
    if not any(call.parameters.get(name) for name in ("Policy", "PolicyArns", "Tags")):
        record.pop("packedPolicySize", None)
    return record


def _key_metadata(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """A key's metadata name its account, and of algorithms only the kinds that it has.

    https://docs.aws.amazon.com/kms/latest/developerguide/ct-createkey.html
    """
    metadata = record.get("keyMetadata")
    if isinstance(metadata, dict):
        kept = {k: v for k, v in metadata.items() if not (k.endswith("Algorithms") and v == [])}
        record["keyMetadata"] = {"aWSAccountId": call.account, **kept}
    return record


def _key_deletion(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/kms/latest/developerguide/ct-schedule-key-deletion.html"""
    record.setdefault("pendingWindowInDays", call.parameters.get("PendingWindowInDays", 30))
    return record


def _affected_key(call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """KMS names the key that a call changed, though the call itself answers nothing.

    https://docs.aws.amazon.com/kms/latest/developerguide/ct-enablekeyrotation.html
    """
    keys = [r["ARN"] for r in resources(call) if ":key/" in r["ARN"]]
    return {**record, "keyId": keys[0]} if keys else record


_FUNCTION_WHERE_SET: Final = (
    "kMSKeyArn",
    "lastUpdateStatusReason",
    "lastUpdateStatusReasonCode",
    "layers",
    "runtimeVersionConfig",
    "stateReason",
    "stateReasonCode",
    "vpcConfig",
)


def _function(_call: Call, record: dict[str, Any]) -> dict[str, Any]:
    """A function's description leaves out what the function does not have."""
    return {k: v for k, v in record.items() if k not in _FUNCTION_WHERE_SET or _says(v)}


def _says(value: Any) -> bool:
    """Whether there is anything in a value but empty texts, lists and structures."""
    if isinstance(value, dict):
        return any(map(_says, value.values()))
    return value not in ("", [])


RESPONSE_QUIRKS: Final[dict[tuple[str, str], Quirk]] = {
    ("iam", "CreateRole"): _role_without_default,
    ("kms", "CreateAlias"): _affected_key,
    ("kms", "CreateKey"): _key_metadata,
    ("kms", "DisableKey"): _affected_key,
    ("kms", "EnableKey"): _affected_key,
    ("kms", "EnableKeyRotation"): _affected_key,
    ("kms", "ScheduleKeyDeletion"): _key_deletion,
    ("kms", "UpdateAlias"): _affected_key,
    ("lambda", "CreateFunction"): _function,
    ("lambda", "PublishVersion"): _function,
    ("lambda", "UpdateFunctionCode"): _function,
    ("lambda", "UpdateFunctionConfiguration"): _function,
    ("sts", "AssumeRole"): _session,
}
