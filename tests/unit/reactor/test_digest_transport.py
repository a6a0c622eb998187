"""Requests that fail and are tried again, and those that are not; bytes that are no log file."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from reactor.digest.content import ContentError, gunzip, sha256_of_gzip
from reactor.digest.keys import PublicKeys
from reactor.digest.transport import AccessError, Body, Limits, Transport, dns_suffix

from tests.harness.object_store import Object, ObjectStore, served

pytestmark = pytest.mark.unit

BUCKET, KEY = "logs", "AWSLogs/a b+c/ünï.json.gz"
LIMITS = Limits(connect=10, read=30, tries=3, longest_pause=0.01)


@pytest.fixture
def store() -> Iterator[ObjectStore]:
    store = ObjectStore()
    store.store(BUCKET, KEY, Object(b"content" * 1000, {"signature": "ab"}))
    with served(store):
        yield store


@pytest.fixture
def transport(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Transport]:
    for name, value in store.environment().items():
        monkeypatch.setenv(name, value)
    # Short only where waiting is the point: a busy machine is no time-out.
    limits = replace(LIMITS, read=0.3) if "hang" in request.node.name else LIMITS
    with closing(Transport("us-east-1", 2, limits)) as made:
        yield made


def whole(body: Body) -> bytes:
    assert body.headers["x-amz-meta-signature"] == "ab"
    return b"".join(iter(lambda: body.read(999), b""))


def test_an_object_with_any_name(transport: Transport) -> None:
    assert transport.get(BUCKET, KEY, whole) == b"content" * 1000


@pytest.mark.parametrize("fault", ["throttled", "reset", "hang", "expired"])
def test_passing_errors_are_tried_again(
    store: ObjectStore, transport: Transport, fault: str
) -> None:
    store.fail(BUCKET, KEY, fault, times=1)
    assert transport.get(BUCKET, KEY, whole) == b"content" * 1000
    assert store.requests["get"] == 2


def test_an_object_that_breaks_off_is_read_again(store: ObjectStore, transport: Transport) -> None:
    store.fail(BUCKET, KEY, "cut", times=1)
    found = transport.get(BUCKET, KEY, lambda body: b"".join(iter(lambda: body.read(99), b"")))
    assert found == b"content" * 1000


@pytest.mark.parametrize(
    ("fault", "told", "requests"),
    [
        ("denied", "AccessDenied", 1),
        ("archived", "InvalidObjectState", 1),
        ("throttled", "SlowDown", 3),
        ("hang", "timed out", 3),
        ("reset", "the connection failed", 3),
    ],
)
def test_lasting_errors_are_reported(
    store: ObjectStore, transport: Transport, fault: str, told: str, requests: int
) -> None:
    store.fail(BUCKET, KEY, fault)
    with pytest.raises(AccessError, match=told):
        transport.get(BUCKET, KEY, whole)
    assert store.requests["get"] == requests


def test_a_missing_object_is_an_error(transport: Transport) -> None:
    with pytest.raises(AccessError) as error:
        transport.get(BUCKET, "other", whole)
    assert error.value.status == 404


def test_a_bucket_of_another_region_is_found(store: ObjectStore, transport: Transport) -> None:
    store.regions[BUCKET] = "eu-central-1"
    for _ in range(2):
        assert transport.get(BUCKET, KEY, whole) == b"content" * 1000
    assert store.requests["get"] == 3  # once too many, and never again
    (page,) = transport.pages(BUCKET, "AWSLogs/")
    assert [entry.key for entry in page] == [KEY]


def test_an_error_of_the_consumer_leaves_the_connection_usable(transport: Transport) -> None:
    def refuse(body: Body) -> None:
        body.read(1)
        raise ContentError("no")

    for _ in range(3):
        with pytest.raises(ContentError):
            transport.get(BUCKET, KEY, refuse)
    assert transport.get(BUCKET, KEY, whole) == b"content" * 1000


def test_listings_go_over_pages(store: ObjectStore, transport: Transport) -> None:
    names = [f"many/{number:05d}" for number in range(2345)]
    for name in names:
        store.store(BUCKET, name, Object(b""))
    pages = list(transport.pages(BUCKET, "many/", "many/00009"))
    assert [len(page) for page in pages] == [1000, 1000, 335]
    assert [entry.key for page in pages for entry in page] == names[10:]
    assert transport.folders(BUCKET, "") == ["AWSLogs", "many"]


def test_keys_of_a_region_are_asked_for_once(store: ObjectStore, transport: Transport) -> None:
    key = store.keys.of("eu-west-1")
    keys = PublicKeys(transport, "eu-west-1")
    for _ in range(3):
        found = keys.find(key.fingerprint, key.start)
        assert found is not None
        assert found.modulus == key.private.public_key().public_numbers().n
    assert store.requests["ListPublicKeys"] == 1
    assert keys.find(store.keys.of("us-east-1").fingerprint, key.start) is None


def test_without_credentials_it_says_so(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with (
        closing(Transport("us-east-1", 2, LIMITS)) as other,
        pytest.raises(AccessError, match="no AWS credentials"),
    ):
        other.get(BUCKET, KEY, whole)


@pytest.mark.parametrize(
    ("region", "suffix"),
    [("eu-central-1", "amazonaws.com"), ("us-gov-west-1", "amazonaws.com"),
     ("cn-north-1", "amazonaws.com.cn"), ("us-isob-east-1", "sc2s.sgov.gov")],
)  # fmt: skip
def test_host_names(region: str, suffix: str) -> None:
    assert dns_suffix(region) == suffix


PACKED = gzip.compress(b"{}" * 300_000)


def test_hash_is_of_what_is_inside() -> None:
    expected = hashlib.sha256(b"{}" * 300_000).hexdigest()
    assert sha256_of_gzip(io.BytesIO(PACKED)) == expected
    assert gunzip(io.BytesIO(PACKED)) == b"{}" * 300_000


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", PACKED[:-1], PACKED[:100], PACKED + b"\x00", PACKED + gzip.compress(b""),
     PACKED[:-8] + bytes(8), b"\x1f\x8b", PACKED[:50] + b"\xff" * 20 + PACKED[70:]],
    ids=["empty", "plain", "one byte short", "cut", "a byte more", "a member more", "checksum",
         "magic alone", "garbled"],
)  # fmt: skip
def test_bytes_that_are_no_whole_gzip_file_are_refused(content: bytes) -> None:
    for read in (sha256_of_gzip, gunzip):
        with pytest.raises(ContentError):
            read(io.BytesIO(content))


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(ContentError, match="larger than 1 MB"):
        gunzip(io.BytesIO(gzip.compress(bytes(3 << 20))), limit=1 << 20)
