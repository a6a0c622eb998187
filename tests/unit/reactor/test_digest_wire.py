"""The plain client for objects: what it signs, what it reuses, what it leaves to others."""

from __future__ import annotations

import gzip
import io
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from reactor.digest.content import ZLIB, ContentError, Inflater, sha256_of_gzip
from reactor.digest.transport import AccessError, Body, Limits, Transport
from reactor.digest.wire import Answer, Credentials, RefusedError, Signer, UnusualError, Wire

from trailctl.validate.hashing import ISAL

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 2, 23, 59, 58, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Amz-Meta-A: b\r\n\r\nhello"


@pytest.mark.parametrize("token", ["", "a/token+with=signs"])
@pytest.mark.parametrize("key", ["a", "AWSLogs/a b+c/ünï~.json.gz", "x//y/%41", "()!*'"])
def test_signatures_are_botocores(token: str, key: str) -> None:
    signer, host = Signer(), "logs.s3.eu-central-1.amazonaws.com"
    path = "/" + quote(key, safe="/~")
    for seconds in (0, 1, 5):  # over midnight: the next day's key
        now = NOW + timedelta(seconds=seconds)
        request = AWSRequest(method="GET", url=f"https://{host}{path}", headers={})
        credentials = ReadOnlyCredentials("AKIDEXAMPLE", "secret/key", token or None, None)
        with patch("botocore.auth.get_current_datetime", return_value=now.replace(tzinfo=None)):
            S3SigV4Auth(credentials, "s3", "eu-central-1").add_auth(request)
        ours = signer.headers(
            Credentials("AKIDEXAMPLE", "secret/key", token), "eu-central-1", host, path,
            now.timestamp(),
        )  # fmt: skip
        found = dict(line.split(":", 1) for line in ours.splitlines())
        theirs = {name.lower(): value for name, value in request.headers.items()}
        assert {**theirs, "host": host} == found


@contextmanager
def answering(
    *connections: list[bytes], context: ssl.SSLContext | None = None, piece: int = 7
) -> Iterator[tuple[int, list[bytes]]]:
    """A server: the answers of each connection in turn, after which it is closed; the requests.

    It sends `piece` bytes at a time.
    """
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

        def run() -> None:
            for answers in connections:
                connection, _ = server.accept()
                try:
                    if context is not None:
                        connection = context.wrap_socket(connection, server_side=True)
                    connection.settimeout(5)
                    for answer in answers:
                        asked.append(connection.recv(65_536))
                        for start in range(0, len(answer), piece):
                            connection.sendall(answer[start : start + piece])
                except OSError:
                    pass  # the client did not like the certificate
                finally:
                    connection.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield server.getsockname()[1], asked
        thread.join(5)


def whole(answer: Answer) -> bytes:
    return b"".join(iter(lambda: answer.read(2), b""))


def test_a_connection_is_used_again_and_anew_where_it_was_closed_meanwhile() -> None:
    with (
        answering([OK, OK], [OK]) as (port, asked),
        closing(Wire("127.0.0.1", port, None, 1, 1)) as w,
    ):
        assert [w.get("/k", "host:x\n", whole) for _ in range(3)] == [b"hello"] * 3
        assert asked == [b"GET /k HTTP/1.1\r\nhost:x\r\n\r\n"] * 3


def test_a_connection_that_is_to_be_closed_or_has_bytes_left_is_not_kept() -> None:
    closed = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with (
        answering([closed], [OK], [OK]) as (port, _),
        closing(Wire("127.0.0.1", port, None, 1, 1)) as w,
    ):
        assert w.get("/k", "", whole) == b"hello"
        assert w.get("/k", "", lambda answer: answer.read(2)) in (b"h", b"he")
        assert w.get("/k", "", lambda answer: answer.headers["x-amz-meta-a"]) == "b"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ConnectionResetError),
        (OK[:20], ConnectionResetError),
        (OK[:-1], ConnectionResetError),
        (OK.replace(b": 5", b": five"), UnusualError),
        (OK.replace(b": 5", b": -5"), UnusualError),
        (OK.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked"), UnusualError),
        (OK.replace(b"HTTP/1.1", b"HTTP/1.0"), UnusualError),
        (b"SSH-2.0\r\n\r\n", UnusualError),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello", RefusedError),
    ],
    ids=["nothing", "half a head", "a byte short", "no number", "negative", "chunked",
         "older", "another protocol", "refused"],
)  # fmt: skip
def test_other_answers(answer: bytes, error: type[Exception]) -> None:
    with answering([answer]) as (port, _), closing(Wire("127.0.0.1", port, None, 1, 1)) as wire:
        with pytest.raises(error):
            wire.get("/k", "", whole)
        assert not wire._idle


def test_more_than_was_told() -> None:
    """Sent at once: what comes later is the next answer's begin, and none that is HTTP."""
    answer = OK + b"more"
    with (
        answering([answer], piece=len(answer)) as (port, _),
        closing(Wire("127.0.0.1", port, None, 1, 1)) as wire,
    ):
        with pytest.raises(UnusualError):
            wire.get("/k", "", whole)
        assert not wire._idle


def test_an_error_in_chunks() -> None:
    xml = b"<Error><Code>NoSuchKey</Code></Error>"
    answer = (
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nx-amz-bucket-region: eu-west-1"
        b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(xml), xml)
    )
    with (
        answering([answer]) as (port, _),
        closing(Wire("127.0.0.1", port, None, 1, 1)) as wire,
        pytest.raises(RefusedError) as caught,
    ):
        wire.get("/k", "", whole)
    assert caught.value.status == 404
    assert caught.value.headers["x-amz-bucket-region"] == "eu-west-1"
    assert xml in caught.value.body


def test_what_is_unusual_is_asked_again_by_who_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """An object that comes in chunks is read all the same."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with answering([chunked], [chunked]) as (port, asked):
        transport = made(monkeypatch, f"http://127.0.0.1:{port}")
        with closing(transport):
            assert transport.get("logs", "key", body_of) == b"hello"
    assert [each.split(b" ")[:2] for each in asked] == [[b"GET", b"/logs/key"]] * 2


def body_of(body: Body) -> bytes:
    return b"".join(iter(lambda: body.read(99), b""))


def made(monkeypatch: pytest.MonkeyPatch, endpoint: str, **variables: str) -> Transport:
    variables |= {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "x"}
    for name, value in {"AWS_SECRET_ACCESS_KEY": "y", **variables}.items():
        monkeypatch.setenv(name, value)
    return Transport("us-east-1", 2, Limits(1, 1, 2, 0.01))


def test_a_proxy_is_left_to_who_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering([OK]) as (port, asked):
        proxy = f"http://127.0.0.1:{port}"
        with closing(made(monkeypatch, "http://s3.example", HTTP_PROXY=proxy)) as transport:
            assert transport.get("logs", "key", body_of) == b"hello"
    assert asked[0].startswith(b"GET http://s3.example/logs/key HTTP/1.1\r\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate for localhost, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_tls_is_verified(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with answering([OK, OK], context=context) as (port, _):
        endpoint = f"https://localhost:{port}"
        trusting = made(monkeypatch, endpoint, AWS_CA_BUNDLE=str(certificate))
        with closing(trusting):
            assert [trusting.get("logs", "key", body_of) for _ in range(2)] == [b"hello"] * 2
    with (
        answering([OK], [OK], context=context) as (port, asked),
        closing(made(monkeypatch, f"https://localhost:{port}", AWS_CA_BUNDLE="")) as wary,
        pytest.raises(AccessError, match="CertVerificationError"),
    ):
        wary.get("logs", "key", body_of)
    assert asked == []


def judged(inflater: Inflater, packed: bytes) -> str:
    try:
        return sha256_of_gzip(io.BytesIO(packed), inflater)
    except ContentError:
        return "not what CloudTrail writes"


def changed(rng: random.Random) -> Callable[[bytes], bytes]:
    """A way to tamper with a file."""

    def flip(packed: bytes) -> bytes:
        at = rng.randrange(len(packed))
        return packed[:at] + bytes([packed[at] ^ (1 << rng.randrange(8))]) + packed[at + 1 :]

    def cut(packed: bytes) -> bytes:
        return packed[: rng.randrange(len(packed))]

    def doubled(packed: bytes) -> bytes:
        at = rng.randrange(len(packed))
        return packed[:at] + packed[max(0, at - rng.randrange(9)) :]

    return rng.choice([flip, flip, flip, cut, doubled, lambda packed: packed + packed])


def test_both_inflaters_judge_alike() -> None:
    """Never is a file valid by one that is not by the other: 6,000 ways to change one."""
    rng = random.Random(4)
    texts: list[Any] = [b"", b"x", b'{"Records":[]}', rng.randbytes(300), b"ab" * 4000]
    texts.append(b"".join(b'{"n":%d,"t":"event"},' % rng.randrange(9999) for _ in range(900)))
    for text in texts:
        for level in (0, 1, 9):
            packed = gzip.compress(text, level)
            assert judged(ISAL, packed) == judged(ZLIB, packed) != "not what CloudTrail writes"
            for _ in range(333):
                odd = changed(rng)(packed)
                assert judged(ISAL, odd) == judged(ZLIB, odd), odd.hex()
            for bit in (5, 6, 7):  # flags that mean nothing yet
                odd = packed[:3] + bytes([1 << bit]) + packed[4:]
                assert judged(ISAL, odd) == judged(ZLIB, odd) == "not what CloudTrail writes"
