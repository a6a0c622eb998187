"""Whatever reads other people's bytes answers or says what is wrong with them; it never crashes."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactor.detections import Known
from reactor.event import read_event
from reactor.patterns import EventError, EventPattern, PatternError, RuleSet

from localaws.cloudtrail.emitted import EmitError, complete
from tests.unit.reactor.fuzz import JSON, odd
from tests.unit.reactor.world import ROOT, envelope, launch, record
from trailctl.errors import UsageError
from trailctl.local.emit import read as read_emitted
from trailctl.replay.catalogue import load_catalogue
from trailctl.replay.reactions import existing
from trailctl.replay.report import build
from trailctl.replay.rules import Rule, from_catalogue
from trailctl.replay.scan import MalformedError, unpacked
from trailctl.replay.tally import Tallier, Tally

pytestmark = pytest.mark.unit

RECORDS = (
    record(),
    record(eventName="ConsoleLogin", userIdentity=ROOT, eventSource="signin.amazonaws.com"),
    launch(["i-0aaaaaaaaaaaaaaa1"], tags={"Name": "a"}),
)
LOOKED_UP = {"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(RECORDS[0])}]}
SHAPES: tuple[Any, ...] = (
    {"Records": list(RECORDS)},
    list(RECORDS),
    RECORDS[0],
    envelope(RECORDS[0]),
    LOOKED_UP,
)
PATTERN = {
    "source": ["aws.ec2", {"prefix": "aws."}],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {
        "eventName": [{"anything-but": {"prefix": "Describe"}}, {"wildcard": "Run*s"}],
        "errorCode": [{"exists": False}],
        "sourceIPAddress": [{"cidr": "203.0.113.0/24"}, {"suffix": ".com"}],
        "requestParameters": {"maxCount": [{"numeric": [">", 0, "<=", 5]}]},
        "$or": [{"awsRegion": ["eu-west-1"]}, {"userAgent": [{"equals-ignore-case": "x"}]}],
    },
}
RULES = (
    Rule("odd", json.dumps(PATTERN), sees_reads=False),
    Rule("all", '{"source": [{"prefix": ""}]}'),
    *from_catalogue(load_catalogue().values(), {})[0],
)
PROBES = existing()
TALLIER = Tallier(RULES, PROBES, Known())


def _nested(kind: str, depth: int) -> bytes:
    begin, end = {"list": (b"[", b"]"), "map": (b'{"a":', b"}")}[kind]
    return begin * depth + b"1" + end * depth


@contextmanager
def told(refusal: type[Exception], naming: str = "") -> Iterator[None]:
    """What is inside may be refused, in words, and then goes no further."""
    try:
        yield
    except refusal as error:
        words = str(error)
    else:
        return
    assert words
    assert naming in words


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes of which some are changed, taken out, repeated or cut off."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        to = draw(st.integers(at, min(len(content), at + 40)))
        what = draw(st.sampled_from(["set", "cut", "twice", "end"]))
        if what == "set":
            content[at:to] = draw(st.binary(max_size=8))
        elif what == "cut":
            del content[at:to]
        elif what == "twice":
            content[to:to] = content[at:to]
        else:
            del content[at:]
    return bytes(content)


def files() -> st.SearchStrategy[bytes]:
    """Files with and without records, whole and damaged, zipped or not, some with odd records."""
    text = st.one_of(
        st.sampled_from(SHAPES).flatmap(odd).map(_text),
        st.sampled_from(SHAPES).map(_text).flatmap(damaged),
        st.lists(st.sampled_from(RECORDS).flatmap(odd).map(_text), max_size=3).map(b"\n".join),
        st.binary(max_size=60),
        st.builds(_nested, st.sampled_from(["list", "map"]), st.integers(100, 20_000)),
    )
    zipped = text.map(lambda content: gzip.compress(content, 1, mtime=0))
    return st.one_of(text, zipped, zipped.flatmap(damaged))


def _text(value: Any) -> bytes:
    return json.dumps(value, default=str).encode()


@given(files())
def test_replay_counts_a_file_or_says_what_is_wrong_with_it(content: bytes) -> None:
    tally = Tally()
    with told(MalformedError):
        TALLIER.count(unpacked(content), tally)
        assert tally.files == 1
        assert all(rule.findings <= rule.matches <= tally.events for rule in tally.rules.values())
        json.dumps(build(tally, RULES, [probe.name for probe in PROBES], []))


@given(st.one_of(st.sampled_from(SHAPES).flatmap(odd), JSON))
def test_any_value_is_read_as_an_event(value: Any) -> None:
    read = read_event(value)
    assert isinstance(read.failed, bool)
    assert isinstance(read.tool, str)
    assert isinstance(read.actor.owner + read.actor.label + read.actor.service, str)
    assert all(isinstance(each.id, str) for each in read.instances)
    assert all(isinstance(each.id, str) for each in read.resources)
    assert all(isinstance(each, str) for each in read.requested_tags)


@given(
    st.one_of(odd(PATTERN), JSON).filter(lambda value: isinstance(value, dict)),
    st.one_of(odd(envelope(RECORDS[2])), JSON),
)
def test_a_pattern_decides_or_is_refused(pattern: Any, event: Any) -> None:
    with told(PatternError):
        made = EventPattern(pattern)
        with told(EventError):
            assert made.matches(event) == bool(RuleSet({"one": made}).match(event))


@given(st.one_of(st.text(max_size=80), odd(PATTERN).map(_text).flatmap(damaged)))
def test_a_patterns_text_is_read_or_refused(text: str | bytes) -> None:
    with told(PatternError):
        EventPattern(text if isinstance(text, str) else text.decode("utf-8", "replace"))


@given(files())
def test_emit_reads_a_file_or_names_it(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.json"
        file.write_bytes(content)
        with told(UsageError, str(file)):
            items = read_emitted(str(file))
            assert items
            for each in items:
                _complete(each["item"])


@given(st.one_of(st.sampled_from(SHAPES).flatmap(odd), JSON))
def test_an_emitted_event_is_completed_or_refused(item: Any) -> None:
    _complete(item)


def _complete(item: Any) -> None:
    now = datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)
    with told(EmitError, "f.json"):
        complete(item, "f.json", now, "111122223333", None, "us-east-1")
