"""The byte filter of reconciliation never decides otherwise than decoding all."""

from __future__ import annotations

import json
import time
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactor.patterns import RuleSet
from reactor.patterns.document import load_event
from reactor.patterns.envelope import envelope
from reactor.reconcile import scan
from reactor.reconcile.scan import ByteScanner
from reactor.testing import record

from trailctl.replay.catalogue import load_catalogue

pytestmark = pytest.mark.unit

PATTERNS: dict[str, Any] = {
    "users": {"source": ["aws.iam"], "detail": {"eventName": ["CreateUser"]}},
    "denied": {"detail": {"errorCode": [{"prefix": "AccessDenied"}]}},
    "root": {"detail": {"userIdentity": {"type": ["Root"]}}},
    "service": {"source": ["aws.organizations"]},
    "not-console": {
        "detail": {"eventSource": ["kms.amazonaws.com"], "eventName": [{"anything-but": "Sign"}]}
    },
    "either": {
        "$or": [
            {"detail": {"eventName": ["StopLogging"]}},
            {"detail": {"requestParameters": {"name": [{"suffix": "-secret"}]}}},
        ]
    },
    "wild": {"detail": {"userAgent": [{"wildcard": "*kali*"}]}},
    "insight": {"source": ["aws.cloudtrail"]},
}
SCANNER = ByteScanner({n: json.dumps(p) for n, p in PATTERNS.items()}, frozenset({"service"}))
WHOLE = RuleSet({n: json.dumps(p) for n, p in PATTERNS.items()})


def file(records: list[Any], **how: Any) -> bytes:
    return json.dumps({"Records": records}, **{"separators": (",", ":"), **how}).encode()


def found(text: bytes, scanner: ByteScanner = SCANNER) -> list[tuple[str, frozenset[str]]]:
    return [(e["detail"]["eventID"], frozenset(names)) for e, _, names in scanner.matches(text)]


def expected(records: list[Any]) -> list[tuple[str, frozenset[str]]]:
    matched = []
    for each in records:
        names = WHOLE.match(envelope(each))
        if each.get("readOnly"):
            names = names - {"service"}
        if names:
            matched.append((each["eventID"], frozenset(names)))
    return matched


FORGED = record("iam.amazonaws.com", "CreateUser", eventID="forged")


@pytest.mark.parametrize(
    "request_",
    [
        # What a caller writes into a request is never a record, however it is balanced.
        {"items": [{"a": 1}, FORGED]},
        {"items": [{"a": 1}, FORGED, FORGED, {"eventVersion": "1.11"}]},
        {"items": [{"a": '}"},{'}, FORGED, {"b": '{"eventVersion":'}]},
        {"items": [{"a": "\\"}, FORGED]},
        {"items": [[{"eventVersion": "1.11", "eventName": "CreateUser"}]]},
        {"text": json.dumps(FORGED), "more": '"}]},{"eventVersion":"1.11"'},
    ],
)
def test_what_a_caller_writes_into_a_request_is_no_record(request_: Any) -> None:
    one = record("s3.amazonaws.com", "PutObject", request=request_, eventID="one")
    two = record("iam.amazonaws.com", "CreateUser", eventID="two")
    for records in ([one, two], [two, one], [one, one, two]):
        for how in ({}, {"separators": (", ", ": ")}, {"ensure_ascii": False}):
            assert found(file(records, **how)) == [("two", frozenset({"users"}))]


def test_a_name_that_is_written_in_numbers_is_found() -> None:
    text = file([FORGED]).replace(b'"CreateUser"', b'"\\u0043reateUser"')
    assert found(text) == [("forged", frozenset({"users"}))]


def test_files_without_a_name_that_rules_are_about_are_not_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> Any:
        raise AssertionError("it was decoded")

    text = file([record("s3.amazonaws.com", "GetObject") for _ in range(100)])
    monkeypatch.setattr(scan, "load_event", fail)
    monkeypatch.setattr(scan, "_decode", fail)
    assert found(text) == []


@pytest.mark.parametrize("text", [b"", b"[]", b'{"a":1}', b'{"Records":[{"eventVersion":"\\u0041"'])
def test_what_is_no_log_file_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        found(text, ByteScanner({"all": '{"source":[{"prefix":"aws."}]}'}, frozenset()))


TEXTS = st.sampled_from(
    ["x", "Root", "AccessDenied", "-secret", "kali", '"', "\\", "CreateUser", "é", "}", '{"', "},{"]
) | st.text(max_size=8)
REQUESTS = st.recursive(
    TEXTS | st.none() | st.integers() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS | st.sampled_from(["eventVersion", "eventName", "name"]), inner)
    ),
    max_leaves=8,
)
RECORDS = st.builds(
    lambda source, name, error, request, read, agent: record(
        source, name, error=error, request={"name": request}, readOnly=read, userAgent=agent
    ),
    st.sampled_from(["iam.amazonaws.com", "kms.amazonaws.com", "organizations.amazonaws.com"]),
    st.sampled_from(["CreateUser", "StopLogging", "Sign", "GetObject", "Überall"]),
    st.sampled_from(["", "AccessDenied", "AccessDeniedException", "Client.X"]),
    REQUESTS,
    st.booleans(),
    TEXTS,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORDS, max_size=5), st.booleans(), st.booleans())
def test_it_finds_what_decoding_all_finds(records: list[Any], ascii_: bool, spaces: bool) -> None:
    separators = (", ", ": ") if spaces else (",", ":")
    text = file(records, ensure_ascii=ascii_, separators=separators)
    assert found(text) == expected(records)


def test_every_sample_of_the_catalogue_is_found_by_the_rule_it_is_of() -> None:
    catalogue = load_catalogue()
    patterns = {
        f"{each.id}/{part}": json.dumps(pattern)
        for each in catalogue.values()
        for part, pattern in each.patterns.items()
    }
    scanner, whole = ByteScanner(patterns, frozenset()), RuleSet(patterns)
    for entry in catalogue.values():
        for sample in (*entry.samples.match, *entry.samples.no_match):
            detail = {**sample.event["detail"], "eventVersion": "1.11", "eventID": "x"}
            text = file([dict(sorted(detail.items(), key=lambda each: each[0] != "eventVersion"))])
            names = [names for _, names in found(text, scanner)]
            assert names == [n for n in [frozenset(whole.match(envelope(detail)))] if n]


def spell(value: Any, random: Random, spaces: bool) -> str:
    """The value as JSON, written in one of the many ways in which it may be."""

    def gap() -> str:
        return random.choice(("", "", " ", "\n", "\t ")) if spaces else ""

    def text(value: str) -> str:
        plain = json.dumps(value, ensure_ascii=random.random() < 0.5)[1:-1]
        if "\\" in plain or random.random() < 0.8:
            return f'"{plain}"'
        numbers = [
            f"\\u{ord(c):04x}" if ord(c) < 128 and random.random() < 0.3 else c for c in plain
        ]
        return f'"{"".join(numbers)}"'

    def any_(value: Any) -> str:
        if isinstance(value, str):
            return text(value)
        if isinstance(value, list):
            return f"[{gap()}{f'{gap()},{gap()}'.join(map(any_, value))}{gap()}]"
        if isinstance(value, dict):
            members = [f"{text(k)}{gap()}:{gap()}{any_(v)}" for k, v in value.items()]
            return f"{{{gap()}{f'{gap()},{gap()}'.join(members)}{gap()}}}"
        return json.dumps(value)

    return any_(value)


def turn(value: Any, random: Random) -> Any:
    """The record with its keys in another order, at times, or with one less."""
    keys = list(value)
    if random.random() < 0.3:
        random.shuffle(keys)
    if random.random() < 0.2:
        keys.remove(random.choice(["eventSource", "eventName", "userIdentity", "eventVersion"]))
    return {key: value[key] for key in keys}


NESTED = st.recursive(
    REQUESTS | RECORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(RECORDS, NESTED), max_size=5), st.integers(0, 2**32), st.booleans())
def test_however_a_file_is_written_it_finds_what_decoding_all_finds(
    pairs: list[tuple[dict[str, Any], Any]], seed: int, spaces: bool
) -> None:
    random = Random(seed)
    records = [
        turn({**each, "requestParameters": {"name": "x", "items": nested}}, random)
        for each, nested in pairs
    ]
    text = f'{{"Records":{spell(records, random, spaces)}}}'.encode()
    assert json.loads(text) == {"Records": records}
    assert found(text) == expected(records)


def test_records_that_begin_otherwise_are_found_beside_those_that_begin_as_usual() -> None:
    usual = record("iam.amazonaws.com", "CreateUser", eventID="usual")
    other = record("iam.amazonaws.com", "CreateUser", eventID="other")
    version = other.pop("eventVersion")
    other["eventVersion"] = version
    quiet = record("s3.amazonaws.com", "GetObject")
    for records in ([usual, other], [other, usual], [quiet, other, quiet, usual, other]):
        assert found(file(records)) == expected(records)


def test_a_record_without_a_source_is_found_by_what_it_has() -> None:
    one = record("iam.amazonaws.com", "StopLogging", eventID="one")
    del one["eventSource"]
    two = record("s3.amazonaws.com", "GetObject", eventID="two")
    del two["eventSource"], two["eventName"]
    assert found(file([one, two])) == [("one", frozenset({"either"}))]
    anything = ByteScanner({"all": '{"source":[{"prefix":"aws."}]}'}, frozenset())
    assert len(found(file([one, two]), anything)) == 2


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_a_request_of_many_levels_takes_no_long_time(opened: str) -> None:
    closed = {"[": "]", '{"a":': "}"}[opened]
    deep = opened * 400 + "1" + closed * 400
    quiet = json.dumps(record("s3.amazonaws.com", "PutObject", request={"x": 0}))
    noisy = [quiet.replace('{"x": 0}', f'{{"x":{deep}}}')] * 200
    last = json.dumps(record("iam.amazonaws.com", "CreateUser", eventID="last"))
    text = ('{"Records":[' + ",".join([*noisy, last]) + "]}").encode()
    began = time.process_time()
    assert found(text) == [("last", frozenset({"users"}))]
    assert time.process_time() - began < 2


def test_only_records_that_hold_such_a_letter_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    load = load_event

    def counting(text: Any) -> Any:
        decoded.append(text)
        return load(text)

    monkeypatch.setattr(scan, "load_event", counting)
    records = [record("s3.amazonaws.com", "GetObject", userAgent="a") for _ in range(50)]
    text = file(records).replace(b'"userAgent":"a"', b'"userAgent":"\\u003ca\\u003e"', 1)
    assert found(text) == []
    assert len(decoded) == 1
