"""Queue policies: who they may name."""

from __future__ import annotations

from localaws.iam.principals import Wording, check_policy
from localaws.wire import gap
from localaws.wire.call import Call

_WORDING = Wording(
    "InvalidAttributeValue",
    "Invalid value for the parameter Policy.",
    "Invalid value for the parameter Policy.",
)


@gap.refuses("sqs", "CreateQueue", "SetQueueAttributes")
def _queue_policy(call: Call) -> None:
    text = (call.parameters.get("Attributes") or {}).get("Policy")
    if text:
        check_policy(call, text, _WORDING)
