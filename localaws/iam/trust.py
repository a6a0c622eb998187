"""Trust policies: who they may name."""

from __future__ import annotations

from localaws.iam.principals import Wording, check_policy
from localaws.wire import gap
from localaws.wire.call import Call

_WORDING = Wording(
    "MalformedPolicyDocument",
    "Invalid principal in policy: {}",
    "This policy contains invalid Json",
)


@gap.refuses("iam", "CreateRole", "UpdateAssumeRolePolicy")
def _trust_policy(call: Call) -> None:
    p = call.parameters
    text = p.get("AssumeRolePolicyDocument") or p.get("PolicyDocument")
    if text is not None:
        check_policy(call, text, _WORDING)
