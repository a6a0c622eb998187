"""modules/metric-filters: texts that auditors' tools take, and what they find."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from reactor.patterns import EventPattern
from reactor.testing import record, root

from tests.harness.local_aws import REPOSITORY
from tests.unit.metric_filters.filter_pattern import MOST, matches
from trailctl.coverage.measure import event
from trailctl.replay.catalogue import CatalogueEntry, load_catalogue

pytestmark = pytest.mark.unit

CONTROLS: dict[str, Any] = json.loads(
    (REPOSITORY / "modules/metric-filters/controls.json").read_text(encoding="utf-8")
)
AUDITORS: dict[str, Any] = json.loads(
    (REPOSITORY / "tests/judges/data/metric_filters.json").read_text(encoding="utf-8")
)
numbers = pytest.mark.parametrize("number", CONTROLS)


def texts(number: str) -> list[str]:
    return [each["pattern"] for each in CONTROLS[number]["filters"]]


def test_there_is_one_for_each_control() -> None:
    assert list(CONTROLS) == [str(n) for n in range(1, 16)]
    assert len({control["metric"] for control in CONTROLS.values()}) == 15
    assert all(len(text) <= MOST for number in CONTROLS for text in texts(number))
    assert sum(len(texts(number)) for number in CONTROLS) < 100


@numbers
def test_every_version_of_the_benchmark_has_detections_for_it(number: str) -> None:
    """The module's alarms name them and have the severity of the worst."""
    for version in ("1.4", "1.5", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0"):
        control = f"{5 if version in ('6.0', '7.0') else 4}.{number}"
        entries = load_catalogue().values()
        assert any(control in e.benchmarks.get(f"cis-{version}", ()) for e in entries), version


@numbers
def test_security_hub_finds_its_text_to_the_letter(number: str) -> None:
    wanted = AUDITORS["security_hub"]["patterns"]
    name = CONTROLS[number]["security_hub"]
    if name is None:
        assert number == "15"
    else:
        assert wanted[name] == texts(number)[0]


@numbers
@pytest.mark.parametrize("tool", ["prowler", "steampipe"])
def test_other_tools_find_a_text(tool: str, number: str) -> None:
    wanted = AUDITORS[tool]["patterns"][number]
    assert any(re.search(wanted, text, re.DOTALL) for text in texts(number))


# ---- what they find, beside the detections


def of_control(number: str) -> list[CatalogueEntry]:
    return [
        e for e in load_catalogue().values() if f"4.{number}" in e.benchmarks.get("cis-5.0", ())
    ]


# About calls that both name. The texts are as auditors' tools compare them, so the detections are
# where the faults of the texts are mended.
SAME_CALL = {
    # A sign-in through SAML has no MFAUsed that AWS could know.
    ("2", "ConsoleLogin", True),
    # root's sign-ins and credentials: root-login-failed and root-credential have those that failed.
    ("3", "ConsoleLogin", True),
    *(("3", f"{what}", True) for what in ("EmailUpdated", "PasswordUpdated")),
    ("3", "PasswordRecoveryRequested", True),
    # What root does at the console has invokedBy, and the text leaves that out.
    ("3", "CreateUser", False),
    # A sign-in under a name that nobody has: another message, which the text leaves out.
    ("6", "ConsoleLogin", False),
}


def reason(number: str, entries: list[CatalogueEntry], given: dict[str, Any], counted: bool) -> str:
    """Why a filter and the detections of its control differ about an event; empty: no reason."""
    detail = given["detail"]
    sources = [s for e in entries for p in e.patterns.values() for s in p["source"]]
    if counted and detail.get("errorCode"):
        return "a filter counts calls that failed"
    if counted and given["source"] not in sources and {"prefix": "aws."} not in sources:
        return "the text names no service, and others have calls of this name"
    if counted and detail["eventSource"] == "example.amazonaws.com":
        return "the text names no service"
    named = number == "3" or any(detail["eventName"] in text for text in texts(number))
    if not counted and not named:
        return "a call that the text does not name"
    same = (number, detail["eventName"], counted)
    return "told above" if same in SAME_CALL else ""


@numbers
def test_a_filter_counts_what_the_detections_find(number: str) -> None:
    entries = of_control(number)
    assert entries
    seen = set()
    patterns = [
        EventPattern(pattern)
        for entry in entries
        for pattern in entry.rules(entry.example_values).values()
    ]
    for entry in load_catalogue().values():
        for sample in (*entry.samples.match, *entry.samples.no_match):
            if not sample.event["source"].startswith("aws."):
                continue
            counted = any(matches(text, sample.event["detail"]) for text in texts(number))
            found = any(pattern.matches(sample.event) for pattern in patterns)
            if counted is found:
                seen.add(found)
            else:
                told = reason(number, entries, sample.event, counted)
                assert told, (entry.id, sample.case, counted)
    assert seen == {True, False}


@numbers
def test_a_filter_counts_the_calls_that_the_control_names(number: str) -> None:
    text = (REPOSITORY / "trailctl/coverage/cis.json").read_text(encoding="utf-8")
    (control,) = [c for c in json.loads(text) if c["control"] == number]
    for call in control["events"]:
        assert any(matches(text, event(call)["detail"]) for text in texts(number)), call["call"]


def test_the_evaluator() -> None:
    one = record("s3.amazonaws.com", "A", error="Client.UnauthorizedOperation", actor=root())
    assert matches('{($.errorCode="*UnauthorizedOperation")}', one)
    assert not matches('{($.errorCode="Unauthorized*")}', one)
    assert matches('{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS}', one)
    assert not matches('{$.userIdentity.invokedBy != "x"}', one)
    assert matches("{($.eventName=B) || ($.eventName=A) && ($.eventName=A)}", one)
    for wrong in ("x", "{$.a}", "{a = b}", "{($.a = b}", "{$.a = b c}"):
        with pytest.raises((ValueError, IndexError)):
            matches(wrong, one)
