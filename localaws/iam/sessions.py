"""Keys and sessions: who may assume a role, what a session may, and who holds a new key.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import contextlib

from localaws.iam.identities import Identities
from localaws.iam.permissions import Permissions
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

_READS = ("Get", "List", "Describe", "Generate", "Simulate")


@gap.refuses("sts", "AssumeRole")
def _not_root(call: Call) -> None:
    need(
        call.identity.type != "Root",
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
        403,
    )


@gap.learns("iam", "CreateAccessKey")
@gap.learns(
    "sts",
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "GetFederationToken",
    "GetSessionToken",
)
def _credentials(call: Call) -> None:
    """At once: the client may use its new key before the call is recorded."""
    with contextlib.suppress(KeyError):
        call.of(Identities).learn(
            call.operation,
            call.identity,
            call.parameters,
            call.result or {},
            call.parts.clock.now(),
        )


@gap.learns("iam", "DeleteAccessKey", "UpdateAccessKey")
def _switched(call: Call) -> None:
    active = call.parameters.get("Status") == "Active"
    call.of(Identities).switch(str(call.parameters.get("AccessKeyId")), active=active)


@gap.learns(
    "sts", "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken"
)
def _limited(call: Call) -> None:
    """The session's own policies narrow what the layer lets it do, as they do in the emulator."""
    p = call.parameters
    documents = [str(a.get("arn")) for a in p.get("PolicyArns") or ()]
    if p.get("Policy"):
        documents.append(str(p["Policy"]))
    if documents:
        key = str((call.result or {})["Credentials"]["AccessKeyId"])
        call.of(Permissions).limit_session(key, tuple(documents))


@gap.learns("iam", "*")
@gap.learns("cloudformation", "*")
def _changed(call: Call) -> None:
    if not call.operation.startswith(_READS):
        call.of(Permissions).forget()
