"""Whether a caller may: what `needs` name, against the caller's own policies.

ministack asks about `*` or about the first resource, without most condition keys; AWS about every
resource of a request, each with its own keys. Where a service's file says what a call needs, the
layer decides by itself, and what it allows is passed on in the name of the account's root user.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws.iam.permissions import Permissions
from localaws.iam.policy import Context, ContextValue, Decision
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError
from localaws.wire.gap import Need
from localaws.wire.http import Request

_SIGNATURE = frozenset({b"authorization", b"x-amz-date", b"x-amz-security-token"})


def ensure(call: Call, needs: Iterable[Need]) -> None:
    """Raise the service's own refusal unless the caller's policies allow all needs (blocking)."""
    if call.identity.type == "Root":
        return
    context, permissions = _request_context(call), call.of(Permissions)
    for need in needs:
        decision = permissions.decide(
            call.identity, need.action, need.resource, {**context, **need.context}
        )
        if not decision.allowed:
            raise _refusal(call, need, decision)


def _request_context(call: Call) -> Context:
    """The global condition keys of a request.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    identity = call.identity
    kinds = {"IAMUser": "User", "AssumedRole": "AssumedRole", "Root": "Account"}
    now = call.parts.clock.now()
    context: dict[str, ContextValue] = {
        "aws:CurrentTime": now.isoformat(),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:PrincipalAccount": identity.account,
        "aws:PrincipalArn": identity.issuer_arn or identity.arn or "",
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": kinds.get(identity.type, identity.type),
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": "true",
        "aws:SourceIp": call.request.client[0],
        "aws:ViaAWSService": "false",
    }
    if identity.user_name and identity.type == "IAMUser":
        context["aws:username"] = identity.user_name
    if identity.principal_id:
        context["aws:userid"] = identity.principal_id
    if identity.type == "AssumedRole" or identity.mfa:
        context["aws:MultiFactorAuthPresent"] = "true" if identity.mfa else "false"
    held = call.of(Permissions).held(identity)
    for key, value in (held.tags if held else {}).items():
        context[f"aws:PrincipalTag/{key}"] = value
    return context


def _refusal(call: Call, need: Need, decision: Decision) -> RefusalError:
    because = (
        "with an explicit deny in an identity-based policy"
        if decision.denied
        else f"because no identity-based policy allows the {need.action} action"
    )
    sentence = (
        f"User: {call.identity.arn} is not authorized to perform: {need.action} on resource: "
        f"{need.resource} {because}"
    )
    protocol = call.protocol
    if protocol == "ec2":
        sentence = f"You are not authorized to perform this operation. {sentence}"
        return RefusalError("UnauthorizedOperation", sentence, 403)
    if protocol in ("json", "rest-json"):
        # https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html
        status = 403 if protocol == "rest-json" else 400
        return RefusalError("AccessDeniedException", sentence, status)
    return RefusalError("AccessDenied", sentence, 403)


def as_root(call: Call) -> Request:
    """The same request, signed by the root user of the caller's account."""
    request = call.request
    query = request.query_string.decode("latin-1")
    url = f"http://{request.fields['host']}{request.raw_path.decode('latin-1')}"
    signed = AWSRequest(
        method=request.method,
        url=f"{url}?{query}" if query else url,
        data=request.body,
        headers={"content-type": request.fields.get("content-type", "")},
    )
    root = Credentials(call.account, "test")
    SigV4Auth(root, call.service, call.region).add_auth(signed)
    headers = [(k.lower().encode(), str(v).encode()) for k, v in signed.headers.items()]
    new = {name for name, _ in headers} | _SIGNATURE
    headers += [(name, value) for name, value in request.headers if name not in new]
    return replace(request, headers=headers)
