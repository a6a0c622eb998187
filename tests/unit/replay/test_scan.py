"""The quick scan finds what the engine finds in whole events, and reads every kind of file."""

from __future__ import annotations

import copy
import gzip
import json
import random
from typing import Any

import pytest
from reactor.patterns import EventPattern, RuleSet
from reactor.patterns.envelope import envelope

from tests.unit.replay.events import ACCOUNT, ALICE, body, record, session
from trailctl.replay.catalogue import load_catalogue
from trailctl.replay.scan import MalformedError, Scanner, Whole, unpacked

pytestmark = pytest.mark.unit


def found(patterns: dict[str, Any], text: bytes, no_reads: Any = ()) -> list[set[str]]:
    """The names of the rules that match, a set a record."""
    hits: dict[int, set[str]] = {}
    scanner = Scanner(patterns, no_reads)
    scanned = scanner.scan(scanner.open(text), lambda n, _, names: hits.update({n: {*names}}))
    return [hits.get(number, set()) for number in range(scanned.events)]


def catalogue_patterns() -> dict[str, Any]:
    return {
        key: pattern
        for entry in load_catalogue().values()
        for key, pattern in entry.rules(entry.example_values).items()
    }


def samples() -> list[dict[str, Any]]:
    return [
        sample.event["detail"]
        for entry in load_catalogue().values()
        for sample in (*entry.samples.match, *entry.samples.no_match)
    ]


def test_the_catalogue_over_its_samples() -> None:
    """Every rule over every record: as the engine says of the whole events."""
    patterns, records = catalogue_patterns(), samples()
    rules = RuleSet(patterns)
    expected = [rules.match(envelope(each)) for each in records]
    assert found(patterns, body(*records)) == expected
    assert sum(map(bool, expected)) > 100


OWN = f"arn:aws:iam::{ACCOUNT}:role/own"
NOISE: list[Any] = [
    *(None, "", "x", 0, 1.5, True, [], {}, [None, "x"], [{"a": 1}, {"b": [2]}], {"items": [5]}),
    *({"a.b": 1}, {"sessionIssuer.arn": "x"}, [["x"]], 12345678901234567890123),
]


def test_odd_records_decide_as_whole_events_do() -> None:
    """Any part of a record replaced by anything: the projection never changes a decision."""
    rng = random.Random(5)
    patterns = catalogue_patterns()
    rules, scanner = RuleSet(patterns), Scanner(patterns)
    for original in samples():
        for _ in range(6):
            odd = copy.deepcopy(original)
            node: Any = odd
            while True:
                keys = list(node) if isinstance(node, dict) else list(range(len(node)))
                if not keys:
                    break
                key = rng.choice(keys)
                if not isinstance(node[key], dict | list) or rng.random() < 0.3:
                    node[key] = copy.deepcopy(rng.choice(NOISE))
                    break
                node = node[key]
            if odd.get("readOnly") in (0, 1) and not isinstance(odd.get("readOnly"), bool):
                continue  # no boolean: 0 and false are one key of a dictionary
            hits: set[str] = set()
            try:
                log = scanner.open(body(odd))
            except MalformedError:
                assert not isinstance(odd.get("eventTime"), str)
                continue
            scanner.scan(log, lambda _n, _h, names, hits=hits: hits.update(names))  # type: ignore[misc]
            assert hits == rules.match(envelope(odd)), odd


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ({"detail": {"requestParameters": {"a": {"b": ["x"]}}}}, [0, 1]),
        ({"detail": {"requestParameters": {"list": {"port": [22]}}}}, [0]),
        ({"detail": {"requestParameters": {"list": {"port": [22], "cidr": ["w"]}}}}, []),
        ({"detail": {"requestParameters": {"a": [{"exists": False}]}}}, [0, 1, 2]),
        ({"detail": {"requestParameters": [None]}}, [2]),
        ({"detail": {"errorCode": [{"exists": True}]}}, [2]),
        ({"detail": {"errorCode": ["Denied"]}, "source": ["aws.s3"]}, [2]),
        ({"detail": {"eventVersion": ["1.11"]}}, [0, 1, 2]),
        ({"account": [ACCOUNT], "region": ["eu-west-1"]}, [0, 1, 2]),
        ({"version": ["0"], "region": ["eu-west-1"]}, [0, 1, 2]),
        ({"version": ["1"]}, []),
        ({"resources": [{"exists": False}], "region": ["eu-west-1"]}, [0, 1, 2]),
        ({"time": [{"prefix": "2026-03-02T08"}], "id": [{"prefix": "ec2-Run"}]}, [0]),
        ({"detail-type": ["AWS API Call via CloudTrail"]}, [0, 1, 2]),
        ({"detail-type": ["AWS Console Sign In via CloudTrail"]}, []),
        ({"resources": [{"exists": True}]}, []),
        ({"detail": {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": [
            {"exists": False}, {"anything-but": [OWN]}]}}}}}, [0, 2]),
        ({"detail": {"requestParameters": {"size": [{"numeric": [">", 2.5]}]}}}, [0]),
        ({"detail": {"$or": [{"eventName": ["PutX"]}, {"requestParameters": {"size": [3.5]}}]}},
         [0, 2]),
    ],
)  # fmt: skip
def test_fields_of_every_kind(pattern: dict[str, Any], matches: list[int]) -> None:
    rows = [{"port": 22, "cidr": "v"}, {"port": 443, "cidr": "w"}]
    records = [
        record("ec2", "RunX", requestParameters={"a": {"b": "x"}, "list": rows, "size": 3.5}),
        record("ec2", "StopX", requestParameters={"a.b": "x"}, userIdentity=session("own", "s")),
        record("s3", "PutX", errorCode="Denied"),
    ]
    assert [n for n, names in enumerate(found({"r": pattern}, body(*records))) if names] == matches
    event = EventPattern(pattern)
    assert [n for n, each in enumerate(records) if event.matches(envelope(each))] == matches


def test_rules_that_see_no_reads() -> None:
    """Read-only management events pass by a rule in its ordinary state; nothing else does."""
    everything = {"source": [{"prefix": "aws."}]}
    records = [
        record("ec2", "DescribeInstances", readOnly=True),
        record("s3", "GetObject", readOnly=True, eventCategory="Data", managementEvent=False),
        record("ec2", "RunInstances"),
        record("signin", "ConsoleLogin", eventType="AwsConsoleSignIn", readOnly=True),
    ]
    both = {"sees": everything, "not": everything}
    expected = [{"sees"}, {"sees", "not"}, {"sees", "not"}, {"sees", "not"}]
    assert found(both, body(*records), ["not"]) == expected
    odd = record("ec2", "DescribeInstances", readOnly=True, eventName=["x"])
    assert found(both, body(odd), ["not"]) == [{"sees"}]


def test_every_shape_that_holds_records() -> None:
    one = record("ec2", "RunInstances")
    shapes = [
        body(one),
        json.dumps([one]).encode(),
        json.dumps(one).encode(),
        json.dumps(envelope(one), indent=2).encode(),
        json.dumps({"Events": [{"CloudTrailEvent": json.dumps(one)}]}).encode(),
    ]
    pattern = {"r": {"detail": {"eventName": ["RunInstances"]}}}
    for shape in shapes:
        assert found(pattern, shape) == [{"r"}], shape[:60]
        assert Whole(Scanner(pattern).open(shape).text).event(0)["detail"] == one
    lines = b"\n".join([json.dumps(one).encode()] * 3)
    assert found(pattern, lines) == [{"r"}] * 3
    assert found(pattern, b'{"Records": []}') == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "it is empty"),
        (b"  \n", "it is empty"),
        (b'{"Records": [', "it is no JSON"),
        (b"\xff\xfe\x00", "it is no text in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"7", "it is no CloudTrail record"),
        (b'{"logFiles": []}', "it is no CloudTrail record"),
        (b'{"Records": [7]}', "it is no CloudTrail record"),
        (b'{"Events": [{}]}', "it is no CloudTrail record"),
    ],
)
def test_files_without_records_are_named(text: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Scanner({}).open(text)


def test_gzip() -> None:
    text = body(record("ec2", "X"))
    assert unpacked(text) == text
    assert unpacked(gzip.compress(text)) == text
    members = gzip.compress(text[:50]) + gzip.compress(text[50:])
    assert unpacked(members) == text
    small_hint = gzip.compress(text * 50) + gzip.compress(b"")
    assert unpacked(small_hint) == text * 50
    assert unpacked(gzip.compress(b"")) == b""
    with pytest.raises(MalformedError, match="cut off"):
        unpacked(gzip.compress(text)[:-20])
    with pytest.raises(MalformedError, match=r"gzip is (damaged|cut off)"):
        unpacked(b"\x1f\x8b" + b"nonsense" * 9)


def test_an_identity_that_is_read_only_in_part_keeps_the_rest() -> None:
    assert ALICE["userName"] == "alice"
    event = Whole(body(record("ec2", "X"))).event(0)
    assert event["detail"]["userIdentity"] == ALICE
    assert event["source"] == "aws.ec2"
