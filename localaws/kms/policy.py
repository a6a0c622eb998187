"""Key policies: who they may name, and that they leave their writer in."""

from __future__ import annotations

from localaws.iam.policy import Principal, evaluate
from localaws.iam.principals import Wording, check_policy
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

_WORDING = Wording(
    "MalformedPolicyDocumentException",
    "Policy contains a statement with one or more invalid principals.",
    "The policy is not a valid JSON document.",
)


@gap.refuses("kms", "CreateKey", "PutKeyPolicy")
def _key_policy(call: Call) -> None:
    policy = call.parameters.get("Policy")
    if policy is None:
        return
    document = check_policy(call, policy, _WORDING)
    if call.parameters.get("BypassPolicyLockoutSafetyCheck"):
        return
    identity = call.identity
    caller = Principal.aws(
        *filter(None, (identity.arn, identity.issuer_arn)), account=identity.account
    )
    # A statement for the whole account leaves it to the caller's own policies.
    decision = evaluate(
        document,
        principal=caller,
        action="kms:PutKeyPolicy",
        resource="*",
        context={"kms:CallerAccount": identity.account},
    )
    need(
        decision.allowed,
        _WORDING.code,
        "The new key policy will not allow you to update the key policy in the future.",
    )
