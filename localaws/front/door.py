"""Who may come in: programs that sign their calls, and no page that a browser shows.

The port is open to every program of this machine, and so to every page in a browser on it: a page
may send requests anywhere, and by a name that it lets point to 127.0.0.1 it may even read answers.
A browser says so itself, in headers that a page can't leave out or change.
"""

from __future__ import annotations

import re
import uuid
from functools import cache
from hmac import compare_digest
from typing import Final
from urllib.parse import parse_qsl

from localaws.client.environment import TOKEN_HEADER
from localaws.wire import codec
from localaws.wire.errors import RefusalError
from localaws.wire.http import Request, Response
from localaws.wire.recognise import signature

CONTROL: Final = "/_local/"
# ministack's own endpoints: they reset it, change its settings and read what it keeps.
_INNER: Final = ("/_ministack/", "/_localstack/")
# A custom resource and a wait condition of CloudFormation answer here; a uuid is what they know.
_ANSWERS: Final = re.compile(r"/_ministack/cfn-(?:response|signal)/[^/]+")
# Names that mean this machine wherever they are asked for: nobody can own them. Below them are
# S3's buckets, function URLs and the like (`bucket.s3.localhost`).
# https://www.rfc-editor.org/rfc/rfc6761#section-6.3
_NAMES: Final = ("127.0.0.1", "localhost")
_HOST: Final = re.compile(r"(\[::1\]|[\w.-]+)(?::(\d{1,5}))?", re.ASCII)
# What AWS answers to anybody: function URLs, APIs, load balancers.
_PUBLIC_HOST: Final = re.compile(r"\.(?:alb|appsync-api|cloudfront|execute-api|lambda-url)\.")
_PUBLIC_PATH: Final = re.compile(r"/_aws/(?:execute-api|lambda-url)/")
# What a topic's messages link to: the addresses carry what proves the right to it.
# https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
_LINKED: Final = frozenset({"ConfirmSubscription", "Unsubscribe"})
# The services in whose models some calls have no signature: who signs in has no key yet.
_SIGN_IN: Final = ("cognito-identity", "cognito-idp", "sts")


class Door:
    """Says which requests are refused before anybody looks at them.

    `port` is the one that it listens on, None if it does not matter. `token` opens `/_local/*`.
    """

    def __init__(self, port: int | None, token: str) -> None:
        assert token
        self._port = port
        self._token = token.encode()

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request that may not come in, None for one that may."""
        refused = self._refused(request)
        if refused is None:
            return None
        return codec.encode_refusal(_protocol(request), refused, str(uuid.uuid4()))

    def _refused(self, request: Request) -> RefusalError | None:
        for value in _values(request, b"host") or [""]:
            if not self._is_here(value):
                return _denied(f"The local AWS is not known as {value!r:.200}.")
        if _values(request, b"origin"):
            return _denied("The local AWS answers no page: the request has an Origin.")
        # Not even `Sec-Fetch-Site: none`: a page whose address was typed redirects here with it.
        if any(name.startswith(b"sec-fetch-") for name, _ in request.headers):
            return _denied("The local AWS answers no browser: use curl, or the AWS CLI.")
        path = request.path
        if path.startswith(CONTROL):
            given = request.fields.get(TOKEN_HEADER, "").encode("latin-1", "replace")
            if not compare_digest(given, self._token):
                return _denied(f"{CONTROL}* wants the token that `up` printed, in {TOKEN_HEADER}.")
            return None
        if path.startswith(_INNER) and not _ANSWERS.fullmatch(path):
            return _denied(f"{path:.200} is closed.")
        if _is_signed(request) or _is_open(request):
            return None
        return RefusalError(
            "MissingAuthenticationToken",
            "The request must contain either a valid (registered) AWS access key ID or X.509 "
            "certificate.",
            403,
        )

    def _is_here(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if found is None or (found[2] and self._port and int(found[2]) != self._port):
            return False
        name = found[1].lower().rstrip(".")
        return name == "[::1]" or name in _NAMES or name.endswith(tuple(f".{n}" for n in _NAMES))


def _values(request: Request, name: bytes) -> list[str]:
    """All values of a header: a second Host is as good as the first."""
    return [value.decode("latin-1").strip() for key, value in request.headers if key == name]


def _is_signed(request: Request) -> bool:
    """Whether it claims a signature, of whatever version; whether it is right, others say."""
    authorization = request.fields.get("authorization", "")
    if authorization.startswith(("AWS4-", "AWS ")):
        return True
    names = {name for name, _ in request.query}
    return {"X-Amz-Credential", "X-Amz-Signature"} <= names or (
        {"AWSAccessKeyId", "Signature"} <= names
    )


def _is_open(request: Request) -> bool:
    """Whether AWS asks for no signature."""
    host = request.fields.get("host", "")
    if _PUBLIC_HOST.search(host) or _PUBLIC_PATH.match(request.path):
        return True
    if _ANSWERS.fullmatch(request.path):
        return request.method == "PUT"
    target = request.fields.get("x-amz-target")
    if target is not None:
        return target in _unsigned()
    actions = _actions(request)
    if len(actions) != 1:  # two readers may take different ones
        return False
    return actions <= _unsigned() or (actions <= _LINKED and request.method == "GET")


@cache
def _unsigned() -> frozenset[str]:
    """The calls without a signature: `X-Amz-Target` or `Action` as a request has them."""
    found = set()
    for service in _SIGN_IN:
        model = codec.service_model(service)
        prefix = model.metadata.get("targetPrefix")
        for name in model.operation_names:
            if model.operation_model(name).auth_type == "none":
                found.add(f"{prefix}.{name}" if prefix else str(name))
    return frozenset(found)


def _actions(request: Request) -> set[str]:
    """All that the query and a form call `Action`."""
    members = list(request.query)
    if request.fields.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        members += parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return {value for name, value in members if name == "Action"}


def _protocol(request: Request) -> str:
    """The protocol that the client speaks, as far as the request tells."""
    scope = signature(request)
    if request.fields.get("smithy-protocol") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if "x-amz-target" in request.fields:
        return "json"
    if _actions(request):
        return "ec2" if scope and scope.signing_name == "ec2" else "query"
    if request.path.startswith(CONTROL) or (scope and scope.signing_name not in ("s3", "route53")):
        return "rest-json"
    return "rest-xml"


def _denied(message: str) -> RefusalError:
    return RefusalError("AccessDenied", message, 403)
