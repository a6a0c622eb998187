"""Topic policies: who they may name."""

from __future__ import annotations

from localaws.iam.principals import Wording, check_policy
from localaws.wire import gap
from localaws.wire.call import Call

_WORDING = Wording(
    "InvalidParameter",
    "Invalid parameter: Policy Error: PrincipalNotFound",
    "Invalid parameter: Policy Error: null",
)


@gap.refuses("sns", "CreateTopic", "SetTopicAttributes")
def _topic_policy(call: Call) -> None:
    p = call.parameters
    text = (p.get("Attributes") or {}).get("Policy")
    if p.get("AttributeName") == "Policy":
        text = p.get("AttributeValue")
    if text:
        check_policy(call, text, _WORDING)
