"""Whether a caller may: what `needs` name, against the caller's own policies.

ministack asks about `*` or about the first resource, without most condition keys; AWS about every
resource of a request, each with its own keys. Where a service's file says what a call needs, the
layer decides by itself, and what it allows is passed on in the name of the account's root user.
Where neither knows the resource that AWS asks about, nothing is checked, and the activity tells so.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws.activity import Activity
from localaws.iam.permissions import Permissions
from localaws.iam.policy import Context, ContextValue, Decision
from localaws.wire.call import Call
from localaws.wire.emulator import UNKNOWN_RESOURCE
from localaws.wire.errors import RefusalError
from localaws.wire.gap import Need
from localaws.wire.http import Request

_WITHOUT_RESOURCE = Path(__file__).with_name("without_resource.json")
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
        if decision.allowed or (
            need.resource == "*"
            and not decision.denied
            and let_pass(call, need.action, need.context)
        ):
            continue
        raise _refusal(call, need, decision)


def unknown_resource(call: Call) -> str | None:
    """The action that the emulator has denied for want of a resource that it could read, if any."""
    headers = call.response.headers
    action = next((value.decode() for name, value in headers if name == UNKNOWN_RESOURCE), None)
    if action is not None:
        kept = [pair for pair in headers if pair[0] != UNKNOWN_RESOURCE]
        call.response = replace(call.response, headers=kept)
    return action


def let_pass(call: Call, action: str, more: Context | None = None) -> bool:
    """Whether a call on a resource that nobody here can name is let through: where the caller may
    do so on some resource (blocking). It is told loudly.

    Denied as `*`, a correct policy would fail. Of an action that knows no resource, and of one that
    no policy allows, a denial is right.
    """
    if knows_no_resource(action):
        return False
    context = {**_request_context(call), **(more or {})}
    if not call.of(Permissions).decide(call.identity, action, None, context).allowed:
        return False
    call.parts.report(
        Activity(
            time=call.parts.clock.now(),
            kind="authorize",
            account=call.account,
            region=call.region,
            step="not checked",
            event_id="",
            what=action,
            detail="AWS asks about a resource whose ARN is not known here; "
            "a policy allows it on some resource",
            extra={"actor": call.identity.arn},
        )
    )
    return True


def knows_no_resource(action: str) -> bool:
    """Whether AWS asks about an action on `*` alone, as far as its service is known here."""
    service, _, name = action.partition(":")
    return name in _without_resource().get(service, ())


@cache
def _without_resource() -> Mapping[str, frozenset[str]]:
    found = json.loads(_WITHOUT_RESOURCE.read_text(encoding="utf-8"))["actions"]
    return {service: frozenset(names) for service, names in found.items()}


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
    if need.code is not None:
        return RefusalError(need.code, sentence)
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
