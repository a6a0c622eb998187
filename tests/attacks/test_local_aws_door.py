"""A page in a browser, and a program without a key, before the door of the local AWS."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws.client.environment import TOKEN_HEADER
from localaws.front.door import Door
from localaws.front.front import Front
from localaws.wire.http import Request, Response

pytestmark = pytest.mark.unit

PORT = 4566
TOKEN = f"{PORT}.secret"
SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=1/20260101/us-east-1/iam/aws4_request, x"}
PRESIGNED = "X-Amz-Credential=1%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=x"
LOCAL = "/_local/activity"


def ask(
    method: str = "GET",
    path: str = "/",
    query: str = "",
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    body: bytes = b"",
    host: str | None = f"127.0.0.1:{PORT}",
) -> Response | None:
    """The refusal of a request, None if it may come in."""
    given = list(headers.items()) if isinstance(headers, dict) else headers or []
    fields = ([("host", host)] if host is not None else []) + given
    raw = [(name.encode(), value.encode("latin-1")) for name, value in fields]
    request = Request(method, path.encode(), query.encode(), raw, body)
    return Door(PORT, TOKEN).refusal(request)


def refused(response: Response | None, code: str = "AccessDenied") -> bool:
    return response is not None and response.status == 403 and code.encode() in response.body


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:4566",
        "localhost:4566",
        "LOCALHOST:4566",
        "localhost.:4566",
        "[::1]:4566",
        "bucket.localhost:4566",
        "bucket.s3.localhost:4566",
        "bucket.s3.us-east-1.localhost:4566",
        "my.dotted.bucket.s3.localhost",
        "111122223333.s3-control.localhost:4566",
        "abcdef01.execute-api.127.0.0.1:4566",
    ],
)
def test_names_of_this_machine_are_let_in(host: str) -> None:
    assert ask(headers=SIGNED, host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.test",
        "evil.test:4566",
        "127.0.0.1.evil.test:4566",
        "localhost.evil.test:4566",
        "evil.test#.localhost",
        "evillocalhost:4566",
        "evil127.0.0.1:4566",
        "127.0.0.1:80",
        "127.0.0.1:4566:80",
        "127.0.0.1@evil.test",
        "user:x@localhost:4566",
        "localhost:4566, evil.test",
        "0.0.0.0:4566",
        "127.0.0.2:4566",
        "127.1:4566",
        "2130706433:4566",
        "[::ffff:127.0.0.1]:4566",
        "[::]:4566",
        "192.168.0.7:4566",
        "host.docker.internal:4566",
        "localtest.me:4566",
        "s3.amazonaws.com",
        "xn--localhost-:4566",
        "localhost\u00a0:4566",
    ],
)
def test_a_name_that_somebody_lets_point_here_is_refused(host: str | None) -> None:
    """DNS rebinding: the page's own name, so that the browser lets it read the answers."""
    for headers in (SIGNED, {}, {TOKEN_HEADER: TOKEN}):
        assert refused(ask(headers=headers, host=host))
    assert refused(ask(path=LOCAL, headers={TOKEN_HEADER: TOKEN}, host=host))


@pytest.mark.parametrize("hosts", [("localhost", "evil.test"), ("evil.test", "localhost")])
def test_a_second_host_counts(hosts: tuple[str, str]) -> None:
    headers = [*SIGNED.items(), *(("host", host) for host in hosts)]
    assert refused(ask(headers=headers, host=None))


@pytest.mark.parametrize(
    "origin", ["null", "", "https://evil.test", "http://127.0.0.1:4566", "http://localhost:3000"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "HEAD"])
def test_any_origin_is_refused(origin: str, method: str) -> None:
    assert refused(ask(method, headers={**SIGNED, "origin": origin}))
    assert refused(ask(method, query=PRESIGNED, headers={"origin": origin}))
    assert refused(ask(method, LOCAL, headers={TOKEN_HEADER: TOKEN, "origin": origin}))


@pytest.mark.parametrize(
    "header",
    [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "same-origin"),
        # A page whose address was typed, and which redirects here.
        ("sec-fetch-site", "none"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-dest", "image"),
        ("sec-fetch-user", "?1"),
    ],
)
def test_what_a_browser_fetches_is_refused(header: tuple[str, str]) -> None:
    """An image, a form, a frame: no Origin, but the known root secret can sign their address."""
    assert refused(ask(query=f"Action=CreateUser&UserName=x&{PRESIGNED}", headers=[header]))
    assert refused(ask("POST", headers=[*SIGNED.items(), header]))


FORM = {"content-type": "application/x-www-form-urlencoded"}
UNSIGNED: list[dict[str, Any]] = [
    {},
    {"query": "Action=CreateUser&UserName=x&Version=2010-05-08"},
    {"method": "POST", "headers": FORM, "body": b"Action=CreateUser&UserName=x"},
    {"method": "POST", "headers": {"content-type": "text/plain"}, "body": b"Action=CreateUser"},
    {"method": "POST", "path": "/2015-03-31/functions/f/invocations", "body": b"{}"},
    {"method": "POST", "headers": {"x-amz-target": "AmazonSQS.SendMessage"}, "body": b"{}"},
    {"method": "PUT", "path": "/bucket"},
    {"path": "/bucket/key"},
    {"path": "/bucket/key", "query": "X-Amz-Signature=x"},
    {"path": "/bucket/key", "query": "X-Amz-Credential=x"},
    {"path": "/bucket/key", "query": "Signature=x"},
    {"headers": {"authorization": "Bearer x"}},
    {"headers": {"authorization": "Basic MTox"}},
    {"headers": {"authorization": ""}},
    {"headers": {"x-amz-security-token": "x"}},
    # What AWS takes without a signature, said of another call, or in another way.
    {"method": "POST", "query": "Action=ConfirmSubscription&Token=x"},
    {"query": "Action=confirmsubscription&Token=x"},
    {"query": "Action=Unsubscribe&Action=CreateUser"},
    {"query": "Action=CreateUser&Action=Unsubscribe"},
    {"query": "Action=Unsubscribe", "headers": FORM, "body": b"Action=CreateUser"},
    {"method": "POST", "headers": {"x-amz-target": "iam.AssumeRoleWithSAML"}},
    {"headers": {"x-amz-target": "AWSCognitoIdentityProviderService.AdminCreateUser"}},
]


@pytest.mark.parametrize("call", UNSIGNED)
def test_a_call_without_a_signature_is_refused(call: dict[str, Any]) -> None:
    assert refused(ask(**call), "MissingAuthenticationToken")


@pytest.mark.parametrize(
    "call",
    [
        {"headers": SIGNED},
        {"headers": {"authorization": "AWS4-ECDSA-P256-SHA256 Credential=x"}},
        {"headers": {"authorization": "AWS AKIA:signature="}},
        {"path": "/bucket/key", "query": PRESIGNED},
        {"path": "/bucket/key", "query": "AWSAccessKeyId=x&Expires=1&Signature=x"},
        {"query": "Action=AssumeRoleWithWebIdentity&RoleArn=x"},
        {"method": "POST", "headers": FORM, "body": b"Action=AssumeRoleWithSAML"},
        {"query": "Action=ConfirmSubscription&TopicArn=x&Token=x"},
        {"query": "Action=Unsubscribe&SubscriptionArn=x"},
        {
            "method": "POST",
            "headers": {"x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth"},
        },
        {"host": "abc.lambda-url.us-east-1.localhost:4566"},
        {"path": "/_aws/execute-api/abc/prod/things"},
        {"method": "PUT", "path": "/_ministack/cfn-response/0f8fad5b-d9cb-469f-a165-70867728950e"},
    ],
)
def test_what_aws_lets_in_comes_in(call: dict[str, Any]) -> None:
    assert ask(**call) is None


@pytest.mark.parametrize(
    "path",
    [
        "/_ministack/reset",
        "/_ministack/config",
        "/_ministack/lambda-code/111122223333/us-east-1/f",
        "/_ministack/rds/iam-auth",
        "/_ministack/cfn-response/",
        "/_ministack/cfn-response/a/../../reset",
        "/_ministack/",
        "/%5fministack/reset",
        "/_%6Dinistack/reset",
        "/_ministack%2freset",
        "/_localstack/health",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_the_emulator_s_own_endpoints_are_closed(path: str, method: str) -> None:
    for headers in (SIGNED, {TOKEN_HEADER: TOKEN}, {**SIGNED, TOKEN_HEADER: TOKEN}):
        assert refused(ask(method, path, headers=headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        SIGNED,
        {TOKEN_HEADER: ""},
        {TOKEN_HEADER: "secret"},
        {TOKEN_HEADER: f"{TOKEN} "},
        {TOKEN_HEADER: TOKEN[:-1]},
        {TOKEN_HEADER: TOKEN.upper()},
        {"authorization": TOKEN},
        {"cookie": f"{TOKEN_HEADER}={TOKEN}"},
    ],
)
@pytest.mark.parametrize("path", [LOCAL, "/%5Flocal/reset", "/_local/"])
def test_its_own_endpoints_want_their_token(headers: dict[str, str], path: str) -> None:
    assert refused(ask("POST", path, headers=headers))
    assert refused(ask("POST", path, query=f"{TOKEN_HEADER}={TOKEN}", headers=headers))


def test_with_the_token_they_answer() -> None:
    assert ask(path=LOCAL, headers={TOKEN_HEADER: TOKEN}) is None


@pytest.mark.parametrize(
    ("service", "more", "begins"),
    [
        ("iam", {"body": b"Action=ListUsers", "headers": FORM}, b"<?xml"),
        (
            "sqs",
            {"headers": {"x-amz-target": "AmazonSQS.ListQueues"}},
            b'{"__type": "AccessDenied"',
        ),
        ("s3", {"path": "/bucket"}, b"<?xml"),
        ("lambda", {"path": "/2015-03-31/functions"}, b'{"__type": "AccessDenied"'),
        ("ec2", {"body": b"Action=DescribeVpcs", "headers": FORM}, b"<?xml"),
    ],
)
def test_a_refusal_has_the_shape_that_the_client_reads(
    service: str, more: dict[str, Any], begins: bytes
) -> None:
    path, body = more.get("path", "/"), more.get("body", b"")
    signed = AWSRequest("POST", f"http://127.0.0.1:{PORT}{path}", data=body)
    SigV4Auth(Credentials("111122223333", "test"), service, "us-east-1").add_auth(signed)
    headers = {name.lower(): str(value) for name, value in signed.headers.items()}
    answer = ask("POST", path, headers={**headers, **more.get("headers", {})}, body=body, host="x")
    assert answer is not None
    assert answer.body.startswith(begins)
    assert b"AccessDenied" in answer.body


def test_a_websocket_is_closed_before_it_opens() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    front = object.__new__(Front)  # nothing of it is asked
    asyncio.run(front({"type": "websocket", "path": "/"}, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_a_refusal_does_not_repeat_markup() -> None:
    answer = ask(host="<script>alert(1)</script>")
    assert answer is not None
    assert b"<script>" not in answer.body
    signed = {"authorization": SIGNED["authorization"].replace("iam", "lambda")}
    answer = ask(path="/_ministack/<script>", headers=signed)
    assert answer is not None
    assert json.loads(answer.body)["__type"] == "AccessDenied"
