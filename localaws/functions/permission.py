"""Functions' policies: who AddPermission may name."""

from __future__ import annotations

from localaws.iam.principals import principal_exists
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need


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
