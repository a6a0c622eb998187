"""Functions' policies: who AddPermission may name."""

from __future__ import annotations

import re

from localaws.iam.principals import principal_exists
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

_STATEMENT = re.compile(r"[a-zA-Z0-9-_]{1,100}")
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
