"""The `resources` array: which resources a call touched, for the services that record it.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localaws.cloudtrail.recorder.names import category, partition
from localaws.wire.call import Call

Resource = dict[str, str]

# The `resources.type` of each service, as data event selectors name them.
_LAMBDA = "AWS::Lambda::Function"


def resources(call: Call) -> list[Resource]:
    """The resources of a call, empty where CloudTrail records none."""
    find = _FINDERS.get(call.service)
    return find(call) if find is not None else []


def _resource(call: Call, arn: str, kind: str | None) -> Resource:
    record = {"accountId": _account(arn) or call.account}
    if kind is not None:
        record["type"] = kind
    record["ARN"] = arn
    return record


def _account(arn: str) -> str | None:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4] else None


def _arn(call: Call, service: str, rest: str) -> str:
    return f"arn:{partition(call.region)}:{service}:{call.region}:{call.account}:{rest}"


def _text(values: dict[str, Any] | None, *names: str) -> str | None:
    for name in names:
        value = (values or {}).get(name)
        if isinstance(value, str) and value:
            return value
    return None


def _s3(call: Call) -> list[Resource]:
    bucket = _text(call.parameters, "Bucket")
    missing = call.error is not None and call.error.code == "NoSuchBucket"
    if bucket is None or missing or call.operation == "CreateBucket":
        return []
    arn = bucket if bucket.startswith("arn:") else f"arn:{partition(call.region)}:s3:::{bucket}"
    found = []
    key = _text(call.parameters, "Key")
    if key is not None:
        found.append({"type": "AWS::S3::Object", "ARN": f"{arn}/{key}"})
    elif call.operation in ("ListObjects", "ListObjectsV2", "ListObjectVersions", "DeleteObjects"):
        found.append({"type": "AWS::S3::Object", "ARNPrefix": f"{arn}/"})
    found.append(_resource(call, arn, "AWS::S3::Bucket"))
    return found


def _kms(call: Call) -> list[Resource]:
    metadata = (call.result or {}).get("KeyMetadata")
    key = _text(metadata if isinstance(metadata, dict) else None, "Arn")
    key = key or _text(call.result, "KeyId", "SourceKeyId")
    key = key or _text(call.parameters, "KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId")
    keys = [] if key is None or key.startswith("alias/") else [_key_arn(call, key)]
    if call.operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
        alias = _text(call.parameters, "AliasName")
        keys += [] if alias is None else [_arn(call, "kms", alias)]
    if call.operation == "ReEncrypt":
        source = _text(call.result, "SourceKeyId") or _text(call.parameters, "SourceKeyId")
        target = _text(call.result, "KeyId") or _text(call.parameters, "DestinationKeyId")
        keys = [_key_arn(call, k) for k in (source, target) if k and not k.startswith("alias/")]
    return [_resource(call, arn, "AWS::KMS::Key") for arn in keys]


def _key_arn(call: Call, key: str) -> str:
    return key if key.startswith("arn:") else _arn(call, "kms", f"key/{key}")


def _sts(call: Call) -> list[Resource]:
    role = _text(call.parameters, "RoleArn")
    if role is None or call.error is not None:
        return []
    return [_resource(call, role, "AWS::IAM::Role")]


def _lambda(call: Call) -> list[Resource]:
    name = _text(call.parameters, "FunctionName")
    if not call.operation.startswith("Invoke") or name is None:
        return []
    if not name.startswith("arn:"):
        name = _arn(call, "lambda", f"function:{name.rsplit(':', 1)[-1]}")
    return [_resource(call, name, _LAMBDA)]


def _dynamodb(call: Call) -> list[Resource]:
    table = _text(call.parameters, "TableName")
    names = [table] if table else list(_mapping(call.parameters.get("RequestItems")))
    arns = (n if n.startswith("arn:") else _arn(call, "dynamodb", f"table/{n}") for n in names)
    return [_resource(call, arn, "AWS::DynamoDB::Table") for arn in arns]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sns(call: Call) -> list[Resource]:
    topic = _text(call.parameters, "TopicArn", "TargetArn")
    if not call.operation.startswith("Publish") or topic is None:
        return []
    return [_resource(call, topic, "AWS::SNS::Topic")]


def _sqs(call: Call) -> list[Resource]:
    url = _text(call.parameters, "QueueUrl")
    if url is None or category(call.service, call.operation) != "Data":
        return []
    account, _, name = url.rpartition("/")
    owner = account.rpartition("/")[2]
    if not name:
        return []
    arn = _arn(call, "sqs", name)
    if owner.isdigit():
        arn = f"arn:{partition(call.region)}:sqs:{call.region}:{owner}:{name}"
    return [_resource(call, arn, "AWS::SQS::Queue")]


def _ssm(call: Call) -> list[Resource]:
    if call.error is not None or "Parameter" not in call.operation:
        return []
    one = _text(call.parameters, "Name")
    many = call.parameters.get("Names")
    names = [one] if one else [n for n in many or [] if isinstance(n, str)]
    if call.operation.startswith(("Describe", "Label", "Unlabel")):
        return []
    return [_resource(call, _parameter_arn(call, name), None) for name in names]


def _parameter_arn(call: Call, name: str) -> str:
    return name if name.startswith("arn:") else _arn(call, "ssm", f"parameter/{name.lstrip('/')}")


def _ses(call: Call) -> list[Resource]:
    sender = _text(call.parameters, "Source", "FromEmailAddress")
    if category(call.service, call.operation) != "Data" or sender is None:
        return []
    return [_resource(call, _arn(call, "ses", f"identity/{sender}"), "AWS::SES::EmailIdentity")]


_FINDERS: dict[str, Callable[[Call], list[Resource]]] = {
    "dynamodb": _dynamodb,
    "kms": _kms,
    "lambda": _lambda,
    "s3": _s3,
    "ses": _ses,
    "sesv2": _ses,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "sts": _sts,
}
