"""Queue policies: who they may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localaws.iam.principals import Wording, check_policy
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

_WORDING = Wording(
    "InvalidAttributeValue",
    "Invalid value for the parameter Policy.",
    "Invalid value for the parameter Policy.",
)


@gap.refuses("sqs", "CreateQueue", "SetQueueAttributes")
def _queue_policy(call: Call) -> None:
    text = (call.parameters.get("Attributes") or {}).get("Policy")
    if text:
        _within_limits(check_policy(call, text, _WORDING))


def _within_limits(document: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-policies.html"""
    found = document.get("Statement") or ()
    statements = [found] if isinstance(found, Mapping) else list(found)
    conditions = sum(len(keys) for s in statements for keys in (s.get("Condition") or {}).values())
    for what, count, most in (
        ("Statements", len(statements), 20),
        ("Conditions", conditions, 10),
        *(("Actions", len(_listed(s.get("Action"))), 7) for s in statements),
        ("Principals", sum(_principals(s) for s in statements), 50),
    ):
        need(count <= most, "OverLimit", f"{count} {what} were found, maximum allowed is {most}.",
             403)  # fmt: skip


def _principals(statement: Mapping[str, Any]) -> int:
    named = statement.get("Principal")
    values = named.values() if isinstance(named, Mapping) else [named]
    return sum(len(_listed(value)) for value in values)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
