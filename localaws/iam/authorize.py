"""Authorization where the emulator's is too coarse, or where it can't be asked.

ministack asks about `*` or about the first resource, without most condition keys; AWS about every
resource of a request, each with its own keys. For the operations of `NEEDS` the layer decides by
itself, and what it allows is passed on in the name of the account's root user.

`ensure` decides for a call that the emulator must not see: one that is to be refused (AWS says
AccessDenied before it says what is wrong with a call) or answered by the layer alone.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws.iam.needs import NEEDS, Need, needs_of
from localaws.iam.permissions import Context
from localaws.iam.policy import ContextValue, Decision
from localaws.wire.codec import RefusedError
from localaws.wire.http import Request

if TYPE_CHECKING:
    from localaws.front.tables import Incoming


_SIGNATURE = frozenset({b"authorization", b"x-amz-date", b"x-amz-security-token"})


def decides(call: Incoming) -> bool:
    """Whether the layer authorizes the call in the emulator's place."""
    key = (call.operation.service, call.operation.name)
    return key in NEEDS and call.identity.type != "Root"


def ensure(call: Incoming) -> None:
    """Raise the service's own refusal unless the caller's policies allow the call (blocking)."""
    if call.identity.type != "Root":
        _ensure(call, needs_of(call))


def ensure_pass_role(call: Incoming, role: str, service: str) -> None:
    """Raise the service's refusal unless the caller may hand the role to a service (blocking).

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    if call.identity.type != "Root":
        _ensure(call, [Need("iam:PassRole", role, {"iam:PassedToService": service})])


def _ensure(call: Incoming, needs: Iterable[Need]) -> None:
    context = request_context(call)
    for need in needs:
        decision = call.front.permissions.decide(
            call.identity, need.action, need.resource, {**context, **need.context}
        )
        if not decision.allowed:
            raise _refusal(call, need, decision)


def authorized(call: Incoming) -> Request:
    """The request as the emulator will take it, after `ensure` (blocking)."""
    ensure(call)
    return as_root(call)


def request_context(call: Incoming) -> Context:
    """The global condition keys of a request.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    identity = call.identity
    kinds = {"IAMUser": "User", "AssumedRole": "AssumedRole", "Root": "Account"}
    now = call.front.clock.now()
    context: dict[str, ContextValue] = {
        "aws:CurrentTime": now.isoformat(),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:PrincipalAccount": identity.account,
        "aws:PrincipalArn": identity.issuer_arn or identity.arn or "",
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": kinds.get(identity.type, identity.type),
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": "true",
        "aws:SourceIp": call.operation.request.client[0],
        "aws:ViaAWSService": "false",
    }
    if identity.user_name and identity.type == "IAMUser":
        context["aws:username"] = identity.user_name
    if identity.principal_id:
        context["aws:userid"] = identity.principal_id
    if identity.type == "AssumedRole" or identity.mfa:
        context["aws:MultiFactorAuthPresent"] = "true" if identity.mfa else "false"
    held = call.front.permissions.held(identity)
    for key, value in (held.tags if held else {}).items():
        context[f"aws:PrincipalTag/{key}"] = value
    return context


def _refusal(call: Incoming, need: Need, decision: Decision) -> RefusedError:
    because = (
        "with an explicit deny in an identity-based policy"
        if decision.denied
        else f"because no identity-based policy allows the {need.action} action"
    )
    sentence = (
        f"User: {call.identity.arn} is not authorized to perform: {need.action} on resource: "
        f"{need.resource} {because}"
    )
    protocol = call.operation.protocol
    if protocol == "ec2":
        sentence = f"You are not authorized to perform this operation. {sentence}"
        return RefusedError("UnauthorizedOperation", sentence, 403)
    if protocol in ("json", "rest-json"):
        # https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html
        status = 403 if protocol == "rest-json" else 400
        return RefusedError("AccessDeniedException", sentence, status)
    return RefusedError("AccessDenied", sentence, 403)


def as_root(call: Incoming) -> Request:
    """The same request, signed by the root user of the caller's account."""
    request = call.operation.request
    query = request.query_string.decode("latin-1")
    url = f"http://{request.fields['host']}{request.raw_path.decode('latin-1')}"
    signed = AWSRequest(
        method=request.method,
        url=f"{url}?{query}" if query else url,
        data=request.body,
        headers={"content-type": request.fields.get("content-type", "")},
    )
    root = Credentials(call.account, "test")
    SigV4Auth(root, call.operation.service, call.region).add_auth(signed)
    headers = [(k.lower().encode(), str(v).encode()) for k, v in signed.headers.items()]
    new = {name for name, _ in headers} | _SIGNATURE
    headers += [(name, value) for name, value in request.headers if name not in new]
    return replace(request, headers=headers)
