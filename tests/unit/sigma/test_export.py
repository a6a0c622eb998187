"""Exported rules mean what the entries' patterns mean, by their YAML and when they come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from reactor.patterns import EventPattern

from tests.unit.sigma.evaluator import holds
from tests.unit.sigma.test_meaning import imported
from trailctl.cli import main
from trailctl.replay.catalogue import CatalogueEntry, RuleOfOthers, Transformer, load_catalogue
from trailctl.sigma.entry import made, parsed
from trailctl.sigma.export import KINDS, rule, text
from trailctl.sigma.meaning import UnsaidError

pytestmark = pytest.mark.unit

CATALOGUE = load_catalogue()
# A log has no envelope: an event whose detail-type is not that of its record's eventType says
# something to a pattern that it says to no log.
EVENTS = [
    sample.event
    for entry in CATALOGUE.values()
    for sample in (*entry.samples.match, *entry.samples.no_match)
    if sample.event["source"].startswith("aws.")
    and KINDS.get(sample.event["detail-type"]) == sample.event["detail"]["eventType"]
]


def exported() -> dict[str, dict[str, Any]]:
    found = {}
    for entry in CATALOGUE.values():
        try:
            found[entry.id] = rule(entry)
        except UnsaidError:
            continue
    return found


RULES = exported()
# AWS limits the wildcards of one pattern, and these come back as one.
TOO_COMPLEX = {"s3-ransom-note"}


def test_most_of_what_patterns_decide_goes_out() -> None:
    by_pattern = [entry for entry in CATALOGUE.values() if not entry.decision]
    assert len(RULES) >= 95
    assert len(RULES) > 0.8 * len(by_pattern)


@pytest.mark.parametrize("id_", RULES)
def test_a_rule_means_what_the_pattern_means(id_: str) -> None:
    written = text(RULES[id_])
    given = yaml.safe_load(written)
    patterns = [EventPattern(pattern) for pattern in CATALOGUE[id_].rules().values()]
    again = patterns
    if id_ not in TOO_COMPLEX:
        back = made(parsed(written, id_)[0], id_).entry["patterns"].values()
        again = [EventPattern(pattern) for pattern in back]
    mine = {
        s.event["id"] for s in (*CATALOGUE[id_].samples.match, *CATALOGUE[id_].samples.no_match)
    }
    held = set()
    for number, event in enumerate(EVENTS):
        if number % 20 and event["id"] not in mine:
            continue
        wanted = any(pattern.matches(event) for pattern in patterns)
        assert holds(given, event["detail"]) is wanted
        assert any(pattern.matches(event) for pattern in again) is wanted
        held.add(wanted)
    assert held == {True, False}


def test_what_a_rule_carries() -> None:
    given = RULES["root-access-key"]
    assert given["title"] == "An access key was made for root"
    assert given["level"] == "critical"
    assert given["tags"] == ["attack.t1098.001"]
    assert given["logsource"] == {"product": "aws", "service": "cloudtrail"}
    assert given["author"] == "terraform-aws-cloudtrail-reactor"
    assert given["license"] == "Apache-2.0"
    assert len({each["id"] for each in RULES.values()}) == len(RULES)


def entry(detail: dict[str, Any], **more: Any) -> CatalogueEntry:
    given: dict[str, Any] = {
        "id": "own",
        "title": "Something own",
        "severity": "low",
        "why": "It matters.",
        "runbook": "Look.",
        "failures": "included",
        "patterns": {
            "main": {
                "source": ["aws.s3"],
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": detail,
            }
        },
        "summary": Transformer({}, "It happened."),
    }
    return CatalogueEntry(**{**given, **more})


@pytest.mark.parametrize(
    ("detail", "body", "condition"),
    [
        (
            {"eventName": ["A", {"prefix": "B*"}, {"equals-ignore-case": "c"}]},
            {
                "any_1": [
                    {"eventName|cased": "A"},
                    {"eventName|startswith|cased": "B\\*"},
                    {"eventName": "c"},
                ],
                "selection_1": {"eventType|cased": "AwsApiCall"},
            },
            "selection_1 and any_1",
        ),
        (
            {"errorCode": [{"exists": False}, {"anything-but": ["A", "B"]}]},
            {
                "filter_1": {"errorCode|cased": ["A", "B"]},
                "selection_1": {"eventType|cased": "AwsApiCall"},
            },
            "selection_1 and not filter_1",
        ),
        (
            {"readOnly": [False], "sourceIPAddress": [{"cidr": "10.0.0.0/8"}]},
            {
                "selection_1": {
                    "readOnly": False,
                    "sourceIPAddress|cidr": "10.0.0.0/8",
                    "eventType|cased": "AwsApiCall",
                }
            },
            "selection_1",
        ),
    ],
)
def test_words(detail: dict[str, Any], body: dict[str, Any], condition: str) -> None:
    assert rule(entry(detail))["detection"] == {**body, "condition": condition}


@pytest.mark.parametrize(
    ("detail", "kind"),
    [
        ({"requestParameters": {"a": [True]}}, "boolean"),
        ({"requestParameters": {"a": [1]}}, "number"),
        ({"requestParameters": {"a": ["22"]}}, "number"),
        ({"requestParameters": {"a": [None]}}, "null"),
        ({"requestParameters": {"a": [{"anything-but": "x"}]}}, "negation of what may be a list"),
        (
            {"requestParameters": {"l": {"a": ["x"], "b": ["y"]}}},
            "fields of one list",
        ),
        ({"userAgent": ["x", {"anything-but": {"prefix": "y"}}]}, "negation"),
        ({"requestParameters": {"a": [{"numeric": [">", 1, "<", 5]}]}}, "operator"),
        ({"eventType": ["AwsServiceEvent"]}, "contradiction"),
        ({"somethingElse": ["x"]}, "unknown field"),
    ],
)
def test_what_sigma_cant_say_is_refused(detail: dict[str, Any], kind: str) -> None:
    with pytest.raises(UnsaidError) as refused:
        rule(entry(detail))
    assert refused.value.kind == kind


def test_an_imported_rule_goes_out_under_its_authors_name() -> None:
    given = yaml.safe_load(
        """
        title: A rule of somebody
        id: 0f1b3ed4-9d5c-4f0e-8a1c-6d4f4d8c2a11
        author: Ada L.
        logsource: {product: aws, service: cloudtrail}
        detection: {selection: {eventName: A}, condition: selection}
        """
    )
    source = imported(given).entry["source"]
    out = rule(entry({"eventName": ["A"]}, source=RuleOfOthers(**source)))
    assert (out["title"], out["author"], out["license"]) == (
        "A rule of somebody",
        "Ada L.",
        "DRL-1.1",
    )
    assert out["id"] == "0f1b3ed4-9d5c-4f0e-8a1c-6d4f4d8c2a11"


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--id", "org-leave", "--id", "root-access-key"]
    assert main(["detections", "export", "--sigma", *asked]) == 0
    both = list(yaml.safe_load_all(capsys.readouterr().out))
    assert [each["level"] for each in both] == ["critical", "critical"]
    assert main(["detections", "export", "--sigma", "--out", str(tmp_path)]) == 1
    assert len(list(tmp_path.glob("*.yml"))) == len(RULES)
    told = capsys.readouterr().err
    assert "sg-open: refused (decision)" in told
    assert f"{len(RULES)} exported, {len(CATALOGUE) - len(RULES)} refused" in told
    assert main(["detections", "import", "--sigma", str(tmp_path / "org-leave.yml")]) == 0
