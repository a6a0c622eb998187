"""Authorization where the emulator's is too coarse: it asks about `*`, AWS about each resource.

For the operations of `REQUESTS` the layer decides by itself, resource by resource and with the
request's condition keys; what it allows is passed on in the name of the account's root user.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from trailctl.local.codec import RefusedError
from trailctl.local.http import Request
from trailctl.local.permissions import Context, decide

if TYPE_CHECKING:
    from trailctl.local.gaps import Incoming

_EC2_KINDS: Mapping[str, str] = {
    "ami": "image",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "rtb": "route-table",
    "sg": "security-group",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}
_WITHOUT_ACCOUNT = frozenset({"image", "snapshot"})

Needs = Iterator[tuple[str, Context]]
"""Pairs of a resource's ARN and the condition keys that go with it."""


def _tags(call: Incoming) -> Needs:
    tags = call.operation.parameters.get("Tags") or ()
    context: dict[str, str | list[str]] = {
        f"aws:RequestTag/{t['Key']}": str(t.get("Value", "")) for t in tags
    }
    context["aws:TagKeys"] = [str(t["Key"]) for t in tags]
    for resource in call.operation.parameters.get("Resources") or ():
        kind = _EC2_KINDS.get(str(resource).partition("-")[0], "*")
        account = "" if kind in _WITHOUT_ACCOUNT else call.account
        yield f"arn:aws:ec2:{call.region}:{account}:{kind}/{resource}", context


REQUESTS: Mapping[tuple[str, str], Callable[[Incoming], Needs]] = {
    ("ec2", "CreateTags"): _tags,
    ("ec2", "DeleteTags"): _tags,
}


def authorized(call: Incoming) -> Request:
    """The request as the emulator will take it (blocking: reads the caller's policies).

    Raises RefusedError, worded as the service does, where the caller's policies do not allow it.
    """
    operation = call.operation
    action = f"{operation.service}:{operation.name}"
    for resource, context in REQUESTS[operation.service, operation.name](call):
        decision = decide(call.front.aws, call.identity, action, resource, context)
        if not decision.allowed:
            because = (
                "with an explicit deny in an identity-based policy"
                if decision.denied
                else f"because no identity-based policy allows the {action} action"
            )
            raise RefusedError(
                "UnauthorizedOperation",
                "You are not authorized to perform this operation. User: "
                f"{call.identity.arn} is not authorized to perform: {action} on resource: "
                f"{resource} {because}",
                403,
            )
    return _as_root(call)


def _as_root(call: Incoming) -> Request:
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
    headers.append((b"host", request.fields["host"].encode()))
    return Request(
        request.method,
        request.raw_path,
        request.query_string,
        headers,
        request.body,
        request.client,
    )
