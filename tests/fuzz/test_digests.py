"""Any bytes in a digest's place, and any change to a real one, get a verdict and never an error.

`--hypothesis-profile fuzz` goes on for long and anew each time; the normal run is short and always
the same.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactor.digest.chain import BackfillChain, Chain, Link
from reactor.digest.engine import Engine
from reactor.digest.keys import PublicKeys
from reactor.digest.rsa import PublicKey
from reactor.digest.verdicts import Finding, Kind, Verdict

from tests.e2e.localaws import tampering
from tests.e2e.localaws.tampering import BEGIN, END, HOUR, NOW, SHARD, digest
from tests.harness.object_store import Object

pytestmark = pytest.mark.unit

# What is to be the same in every run is so in the normal profile only.
assert settings.default is not None
short = settings(derandomize=settings.default.max_examples <= 100)
SPECIAL = st.sampled_from(
    ["", "null", "\ud800", "\0", "a\nb", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
     "2026-01-10T05:00:00", "2026-W01-1", "f" * 32, "00" * 256, "x" * 5_000]
)  # fmt: skip
TEXT = SPECIAL | st.text(st.characters(), max_size=40) | st.datetimes().map(datetime.isoformat)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@cache
def real(hour: int) -> Object:
    return tampering.trail().get(SHARD.bucket, digest(hour))


class Held:
    """A transport with one object, and the keys of the trail's Region."""

    def __init__(self, body: bytes, metadata: Mapping[str, str]) -> None:
        self.body = body
        self.headers = {f"x-amz-meta-{name}": value for name, value in metadata.items()}

    def get(self, bucket: str, key: str, consume: Callable[[Any], Any]) -> Any:
        opened: Any = _Body(self.body)
        opened.headers = self.headers
        return consume(opened)

    def call(self, *_: object) -> dict[str, Any]:
        return {}


class _Body(io.BytesIO):
    headers: Mapping[str, str]


def judged(body: bytes, metadata: Mapping[str, str], backfill: bool = False) -> Link:
    """What is said of a digest of the fifth hour."""
    held: Any = Held(body, metadata)
    key = tampering.keys().of(SHARD.region)
    keys = PublicKeys(held, SHARD.region)
    keys._keys[key.fingerprint] = PublicKey.from_der(key.der)
    name = SHARD.digest_name(SHARD.digest_key(BEGIN + 5 * HOUR, backfill))
    assert name is not None
    with Engine(held, 1) as reader:
        return reader._checked_digest(SHARD.bucket, name, keys.find).link


def believed(link: Link) -> bool:
    """Whether a digest counts; what is said of it can be chained and told, whatever it is."""
    found: list[Finding] = []
    for chain in (
        Chain(SHARD, BEGIN, END, found.append),
        BackfillChain(SHARD, BEGIN, found.append),
    ):
        chain.add(link)
        chain.close(*((NOW, HOUR) if isinstance(chain, Chain) else ()))
    for each in found:
        json.dumps(each.json()).encode()
        assert len(each.reason) < 500
    return link.verdict is Verdict.VALID


def test_the_real_one_counts() -> None:
    assert believed(judged(real(5).body, real(5).metadata))


@short
@given(st.binary(max_size=2_000), st.booleans(), st.booleans())
def test_any_bytes(body: bytes, packed: bool, signed: bool) -> None:
    metadata = real(5).metadata if signed else {}
    assert not believed(judged(gzip.compress(body, 1) if packed else body, metadata))


@short
@given(st.data())
def test_any_byte_of_a_real_one(data: st.DataObject) -> None:
    packed = data.draw(st.booleans())
    body = bytearray(real(5).body if packed else gzip.decompress(real(5).body))
    before = bytes(body)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(("flip", "cut", "double", "insert"))):
            case "flip":
                body[at] ^= 1 << data.draw(st.integers(0, 7))
            case "cut":
                del body[at : at + data.draw(st.integers(1, 9))]
            case "double":
                body[at:at] = body[at : at + 50]
            case _:
                body[at:at] = data.draw(st.binary(max_size=9))
        if not body:
            break
    link = judged(bytes(body) if packed else gzip.compress(body, 1), real(5).metadata)
    # A header of gzip may differ; what is inside may not.
    same = bytes(body) == before or (packed and _inside(bytes(body)) == _inside(before))
    assert believed(link) <= same


def _inside(body: bytes) -> bytes | None:
    try:
        return gzip.decompress(body)
    except Exception:
        return None


@short
@given(st.data())
def test_any_member_of_a_real_one(data: st.DataObject) -> None:
    document = json.loads(gzip.decompress(real(5).body))
    before = json.dumps(document)
    for _ in range(data.draw(st.integers(1, 3))):
        place = document
        if document.get("logFiles") and data.draw(st.booleans()):
            logs = document["logFiles"]
            chosen = data.draw(st.integers(0, len(logs) - 1)) if isinstance(logs, list) else -1
            place = logs[chosen] if chosen >= 0 and isinstance(logs[chosen], dict) else document
        name = data.draw(st.sampled_from(sorted(place)) | TEXT) if place else data.draw(TEXT)
        if data.draw(st.booleans()):
            place[name] = data.draw(JSON)
        else:
            place.pop(name, None)
    after = json.dumps(document)
    body = gzip.compress(after.encode(), 1)
    assert not believed(judged(body, real(5).metadata)) or after == before


@short
@given(st.dictionaries(st.sampled_from(
    ["signature", "signature-algorithm", "backfill-generation-timestamp"]), TEXT, max_size=3),
    st.booleans())  # fmt: skip
def test_any_metadata(metadata: dict[str, str], backfill: bool) -> None:
    link = judged(real(5).body, {**real(5).metadata, **metadata}, backfill)
    assert believed(link) <= ("signature" not in metadata and not backfill)


@short
@given(st.text(st.characters(), max_size=200) | st.from_regex(
    r"\A[0-9]{4}/[0-9]{2}/[0-9]{2}/.{0,60}\d{8}T\d{6}Z\.json\.gz\Z"))  # fmt: skip
def test_any_name(text: str) -> None:
    for folder in (SHARD.digest_folder, SHARD.log_folder):
        key = folder + text
        name, when = SHARD.digest_name(key), SHARD.log_time(key)
        for told in (name.end if name else None, when):
            assert told is None or f"{told:%Y/%m/%d}".rjust(10, "0") == text[:10]
        shown = Finding(Kind.LOG, "b", key, Verdict.STRAY).object
        assert shown.isprintable()
        shown.encode()
