"""The byte filter of reconciliation never decides otherwise than decoding all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactor.patterns import RuleSet
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
        if each["readOnly"]:
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
