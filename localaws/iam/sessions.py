"""STS: who may assume a role, and what a session may.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

from collections.abc import Mapping

from localaws.wire.call import After, Check, Incoming, Key, need
from localaws.wire.codec import decode_answer
from localaws.wire.http import Response


async def _not_root(call: Incoming) -> None:
    need(
        call.identity.type != "Root",
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
        403,
    )


def _limited(call: Incoming, response: Response) -> None:
    """The session's own policies narrow what the layer lets it do, as they do in the emulator."""
    p = call.parameters
    documents = [str(a.get("arn")) for a in p.get("PolicyArns") or ()]
    if p.get("Policy"):
        documents.append(str(p["Policy"]))
    if documents:
        result, _ = decode_answer(call.operation, response)
        key = str((result or {})["Credentials"]["AccessKeyId"])
        call.front.permissions.limit_session(key, tuple(documents))


CHECKS: Mapping[Key, tuple[Check, ...]] = {("sts", "AssumeRole"): (_not_root,)}
AFTER: Mapping[Key, After] = {
    ("sts", name): _limited
    for name in ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity",
                 "GetFederationToken")
}  # fmt: skip
