"""Functions' policies: who AddPermission may name."""

from __future__ import annotations

import json
import re
from typing import Any

from botocore.exceptions import ClientError

from localaws.iam.principals import principal_exists
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

_STATEMENT = re.compile(r"[a-zA-Z0-9-_]{1,100}")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_BYTES = 20_480
_ACTION = re.compile(r"lambda:[*]|lambda:[a-zA-Z]+|[*]")


@gap.refuses("lambda", "AddPermission")
def _settings(call: Call) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html"""
    p = call.parameters
    for member, value, pattern, shown in (
        ("statementId", p.get("StatementId"), _STATEMENT, r"([a-zA-Z0-9-_]+)"),
        ("action", p.get("Action"), _ACTION, r"(lambda:[*]|lambda:[a-zA-Z]+|[*])"),
    ):
        need(
            pattern.fullmatch(str(value or "")),
            "ValidationException",
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
            f"constraint: Member must satisfy regular expression pattern: {shown}",
        )
    need(
        p.get("Qualifier") != "$LATEST",
        "InvalidParameterValueException",
        "We currently do not support adding policies for $LATEST.",
    )


@gap.refuses("lambda", "AddPermission")
def _function_permission(call: Call) -> None:
    principal = str(call.parameters.get("Principal", ""))
    need(
        principal == "*"
        or principal_exists(call, "Service" if "." in principal and ":" not in principal else "AWS",
                   principal),
        "InvalidParameterValueException",
        "The provided principal was invalid. Please check the principal and try again.",
    )  # fmt: skip


@gap.refuses("lambda", "AddPermission")
def _policy_fits(call: Call) -> None:
    """A function's policy, or that of one of its versions and aliases, has a fixed most."""
    p = call.parameters
    functions = call.client("lambda")
    which = {key: p[key] for key in ("FunctionName", "Qualifier") if p.get(key)}
    try:
        policy: dict[str, Any] = json.loads(functions.get_policy(**which)["Policy"])
    except ClientError:  # it has none yet, or there is no function
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": []}
    principal = str(p["Principal"])
    arn = f"arn:{call.partition}:lambda:{call.region}:{call.account}:function:{p['FunctionName']}"
    statement: dict[str, Any] = {
        "Sid": p["StatementId"],
        "Effect": "Allow",
        "Principal": {"Service": principal} if "." in principal else {"AWS": principal},
        "Action": p["Action"],
        "Resource": arn,
    }
    if source := p.get("SourceArn"):
        statement["Condition"] = {"ArnLike": {"AWS:SourceArn": source}}
    policy["Statement"].append(statement)
    size = len(json.dumps(policy, separators=(",", ":")))
    need(
        size <= _MOST_BYTES,
        "PolicyLengthExceededException",
        f"The final policy size ({size}) is bigger than the limit ({_MOST_BYTES}).",
    )
