"""The catalogue: entries are whole, their patterns sound, their samples decide as labelled."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
import pytest
from reactor.correlation import key_of
from reactor.detections import decide, decisions
from reactor.event import read_event
from reactor.patterns import EventPattern
from reactor.patterns.target_input import target_input

from localaws.cloudtrail.recorder.names import event_name, event_source
from trailctl.coverage.measure import names as techniques
from trailctl.replay.catalogue import FOLDER, SEVERITIES, CatalogueEntry, load_catalogue, select

pytestmark = pytest.mark.unit

CATALOGUE = load_catalogue()
entries = pytest.mark.parametrize("entry", CATALOGUE.values(), ids=list(CATALOGUE))

# Events that no API call makes, so that no API model names them.
NO_API = {
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
    "signin.amazonaws.com": {
        "ConsoleLogin",
        # https://docs.aws.amazon.com/singlesignon/latest/userguide/understanding-sign-in-events.html
        "CredentialVerification",
        "EmailUpdated",
        "GetSigninToken",
        "PasswordRecoveryCompleted",
        "PasswordRecoveryRequested",
        "PasswordUpdated",
    },
    # https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
    "ec2.amazonaws.com": {"SharedSnapshotCopyInitiated", "SharedSnapshotVolumeCreated"},
    # https://docs.aws.amazon.com/cloudshell/latest/userguide/logging-and-monitoring.html
    "cloudshell.amazonaws.com": {"CreateEnvironment", "GetFileDownloadUrls"},
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-express-one-zone-logging.html
    "s3express.amazonaws.com": {"PutBucketPolicy"},
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Procedural.Downloading.html
    "rds.amazonaws.com": {"DownloadCompleteDBLogFile"},
    # https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html
    "bedrock.amazonaws.com": {"PutFoundationModelEntitlement"},
    # https://docs.aws.amazon.com/singlesignon/latest/userguide/logging-using-cloudtrail.html
    "sso.amazonaws.com": {"AssociateDirectory", "DisassociateDirectory"},
    "sso-directory.amazonaws.com": {
        "AddMemberToGroup",
        "CreateExternalIdPConfigurationForDirectory",
        "DisableExternalIdPConfigurationForDirectory",
        "EnableExternalIdPConfigurationForDirectory",
        "UpdateExternalIdPConfigurationForDirectory",
        "CreateUser",
        "UpdatePassword",
    },
}
# What these are about is any service.
ANY_SERVICE = {
    *("attack-tool", "params-omitted", "root-activity", "root-read", "unauthorized-api"),
    "vpce-denied",
}
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
GLOBAL = {"account", "iam", "organizations", "route53domains", "signin"}


def patterns(entry: CatalogueEntry) -> dict[str, dict[str, Any]]:
    """An entry's rules, with the values that its samples are written for."""
    return entry.rules(entry.example_values)


def takes(entry: CatalogueEntry, event: dict[str, Any]) -> bool:
    return any(EventPattern(pattern).matches(event) for pattern in patterns(entry).values())


def found(node: Any, key: str) -> Iterator[list[Any]]:
    """The values of a key, wherever it is in a pattern."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from found(value, key)
    elif isinstance(node, list):
        for item in node:
            yield from found(item, key)


@cache
def api_events(source: str) -> frozenset[str]:
    """Event names of the APIs behind an event source, as CloudTrail spells them."""
    session = botocore.session.get_session()
    names: set[str] = set()
    for service in services()[source]:
        model = session.get_service_model(service)
        for name in model.operation_names:
            operation = model.operation_model(name)
            if event_source(operation) == source:
                names.add(event_name(operation))
    return frozenset(names)


@cache
def services() -> dict[str, list[str]]:
    """Services by event source; those only whose sources the catalogue names are read."""
    wanted = {s for e in CATALOGUE.values() for s in sources(e)}
    likely = {source.partition(".")[0] for source in wanted} | {
        *("accessanalyzer", "cloudwatch", "efs", "elb", "elbv2", "emr", "opensearch"),
        *("s3control", "service-quotas", "sesv2", "sso-admin"),
    }
    session = botocore.session.get_session()
    by_source: dict[str, list[str]] = {source: [] for source in wanted}
    for service in session.get_available_services():
        if service in likely:
            model = session.get_service_model(service)
            for source in {event_source(model.operation_model(n)) for n in model.operation_names}:
                by_source.setdefault(source, []).append(service)
    return by_source


def sources(entry: CatalogueEntry) -> set[str]:
    return {s for p in entry.patterns.values() for v in found(p, "eventSource") for s in v}


def test_every_file_has_its_counterpart_and_its_name() -> None:
    stems = {path.stem for path in (FOLDER / "catalogue").iterdir()}
    assert stems == {path.stem for path in (FOLDER / "samples").iterdir()} == set(CATALOGUE)
    assert len(CATALOGUE) >= 146
    by_pattern = [e for e in CATALOGUE.values() if not e.decision]
    assert len(by_pattern) >= 115
    rules = [key for entry in CATALOGUE.values() for key in patterns(entry)]
    assert len(set(rules)) == len(rules)
    assert all(re.fullmatch(r"[a-z0-9-]{1,40}", key) for key in rules)


@entries
def test_an_entry_is_whole(entry: CatalogueEntry) -> None:
    assert json.loads((FOLDER / "catalogue" / f"{entry.id}.json").read_text())["id"] == entry.id
    assert entry.severity in SEVERITIES
    assert entry.regions in ("global", "every")
    assert entry.failures in ("excluded", "included", "only")
    assert 5 < len(entry.title) <= 80
    assert not entry.title.endswith(".")
    assert entry.why.endswith(".")
    assert entry.runbook.endswith(".")
    assert set(entry.attack) <= set(techniques())
    for benchmark, controls in entry.benchmarks.items():
        version = benchmark.removeprefix("cis-")
        section = "5" if version in ("6.0", "7.0") else "4"
        assert version in ("1.4", "1.5", "2.0", "3.0", "4.0", "5.0", "6.0", "7.0")
        assert all(re.fullmatch(rf"{section}\.\d+", control) for control in controls)
    if not entry.decision:
        assert entry.count is None
    for placeholder in entry.placeholders.values():
        assert placeholder.description.endswith(".")
        assert placeholder.example
        assert placeholder.required is (placeholder.default is None)


def test_every_decision_is_of_an_entry() -> None:
    assert set(decisions()) == {entry.id for entry in CATALOGUE.values() if entry.decision}


def test_a_placeholder_means_the_same_everywhere() -> None:
    seen: dict[str, Any] = {}
    for entry in CATALOGUE.values():
        for name, placeholder in entry.placeholders.items():
            assert seen.setdefault(name, placeholder) == placeholder


@entries
def test_patterns_are_sound(entry: CatalogueEntry) -> None:
    for key, pattern in patterns(entry).items():
        text = json.dumps(pattern, separators=(",", ":"))
        assert "{{" not in text
        assert len(text) < 2048, key
        EventPattern(text)
        assert all(
            (isinstance(s, str) and re.fullmatch(r"aws\.[a-z0-9-]+", s)) or s == {"prefix": "aws."}
            for s in pattern["source"]
        )
        if entry.id not in ("root-credential", "signin-token"):
            assert all(" via CloudTrail" in each for each in pattern["detail-type"])
        if any("Console Sign" in each for each in pattern.get("detail-type", [])):
            assert sorted(pattern["detail-type"]) == [
                "AWS Console Sign In via CloudTrail",
                "AWS Console Signin via CloudTrail",
            ]
        if entry.id not in ANY_SERVICE | {"insight"}:
            named = {s.removesuffix(".amazonaws.com") for s in sources(entry)}
            own = {s for v in found(pattern, "eventSource") for s in v}
            assert {f"aws.{s.removesuffix('.amazonaws.com')}" for s in own} == set(
                pattern["source"]
            )
            if entry.regions == "global":
                assert named <= GLOBAL
        # AWS refuses a rule as too complex from four `*...*` of one field on.
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-wildcard-matching-complexity
        for path, values in leaves(pattern):
            wild = [v["wildcard"] for v in values if isinstance(v, dict) and "wildcard" in v]
            assert sum(each.count("*") for each in wild) <= 6, (key, path)
        excluded = pattern["detail"].get("errorCode") == [{"exists": False}]
        assert excluded is (entry.failures == "excluded")
        # Pitfall: `anything-but` alone drops events that lack the field.
        for path, values in leaves(pattern):
            if any(isinstance(v, dict) and "anything-but" in v for v in values):
                always_there = path == "detail.eventType"
                assert always_there or {"exists": False} in values, path


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    for key, value in node.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from leaves(value, here)
        elif key == "$or":
            for choice in value:
                yield from leaves(choice, path)
        else:
            yield here, value


@entries
def test_event_names_exist(entry: CatalogueEntry) -> None:
    """In AWS's API models, as CloudTrail spells them, or among those that no API call makes."""
    for pattern in patterns(entry).values():
        for own_sources, names in named(pattern["detail"]):
            known = {n for s in own_sources for n in api_events(s) | NO_API.get(s, set())}
            for name in names:
                if isinstance(name, str):
                    assert name in known, (entry.id, name)
                else:
                    assert any(each.startswith(name["prefix"]) for each in known), name
            # No source is there for nothing.
            for source in own_sources:
                mine = api_events(source) | NO_API.get(source, set())
                assert any(
                    n in mine
                    if isinstance(n, str)
                    else any(m.startswith(n["prefix"]) for m in mine)
                    for n in names
                ), (entry.id, source)


def named(detail: dict[str, Any]) -> Iterator[tuple[list[str], list[Any]]]:
    """Event sources with the event names asked for beside them."""
    choices = detail.get("$or", [{}])
    for choice in choices:
        both = {**detail, **choice}
        if "eventName" in both:
            yield both["eventSource"], both["eventName"]


@entries
def test_samples_decide_as_labelled(entry: CatalogueEntry) -> None:
    for sample in entry.samples.match:
        assert takes(entry, sample.event), sample.case
        if entry.decision:
            finding = decide(entry.id, read_event(sample.event))
            assert finding is not None, sample.case
            assert finding.reason
            assert not finding.reason.endswith(".")
        if entry.count:
            assert key_of(entry.count.by, read_event(sample.event)), sample.case
    for sample in entry.samples.no_match:
        if sample.refused_by == "pattern":
            assert not takes(entry, sample.event), sample.case
        else:
            assert sample.refused_by == "decision"
            assert takes(entry, sample.event), sample.case
            assert decide(entry.id, read_event(sample.event)) is None, sample.case


@entries
def test_samples_are_of_every_kind(entry: CatalogueEntry) -> None:
    """A failed call, another service's event of the same name, a near miss."""
    cases = [sample.case for sample in entry.samples.no_match]
    assert entry.samples.match
    assert len(set(cases)) == len(cases)
    if entry.failures == "excluded":
        assert "a failed call" in cases
    if entry.id not in ANY_SERVICE | {"insight"}:
        assert "another service's event of the same name" in cases
    assert len(cases) > ("a failed call" in cases) + (
        "another service's event of the same name" in cases
    )
    if entry.decision and entry.count is None and entry.id not in ("ec2-large",):
        kinds = {sample.refused_by for sample in entry.samples.no_match}
        assert (
            "decision" in kinds
            or entry.id in ("bucket-created", "federation-token")
            or (entry.id == "password-data")
        )


@entries
def test_events_that_somebody_made_up_match_nothing(entry: CatalogueEntry) -> None:
    """Anybody may put events on a bus, under any source but AWS's."""
    for sample in entry.samples.match:
        for source in ("custom.app", sample.event["source"].removeprefix("aws.")):
            assert not takes(entry, {**copy.deepcopy(sample.event), "source": source})


@entries
def test_the_sentence_is_filled_from_the_event(entry: CatalogueEntry) -> None:
    summary = entry.summary
    template = f'"{summary.template}"'
    assert set(re.findall(r"<(\w+)>", template)) == set(summary.input_paths)
    assert not re.search(r"[\"\\]", summary.template)
    assert summary.template.endswith(".")
    for sample in entry.samples.match:
        transformer = {"InputTemplate": template, "InputPathsMap": summary.input_paths}
        text = target_input({"InputTransformer": transformer}, sample.event, "", datetime.now(UTC))
        assert "<" not in text
        assert "  " not in text
    # The first sample has all that the sentence is about.
    first = entry.samples.match[0].event
    for name, path in summary.input_paths.items():
        value: Any = first
        for step in path.removeprefix("$.").split("."):
            value = value.get(step) if isinstance(value, dict) else None
        assert value, (name, path)


def test_samples_are_records_of_the_right_shape() -> None:
    ids: list[str] = []
    for entry in CATALOGUE.values():
        for sample in (*entry.samples.match, *entry.samples.no_match):
            event = sample.event
            assert event["resources"] == []
            assert event["time"] == event["detail"]["eventTime"]
            assert event["account"] == event["detail"]["recipientAccountId"] == "111122223333"
            assert event["region"] == event["detail"]["awsRegion"]
            ids.append(event["detail"]["eventID"])
    assert len(set(ids)) == len(ids) > 250


def test_selection() -> None:
    assert len(select(CATALOGUE)) == len(CATALOGUE)
    assert [e.id for e in select(CATALOGUE, ids=["root-login"])] == ["root-login"]
    fifteen = {c for e in select(CATALOGUE, benchmark="cis-5.0") for c in e.benchmarks["cis-5.0"]}
    # Every control of section 4 that an event can show; 4.16 asks for Security Hub.
    assert fifteen == {f"4.{n}" for n in range(1, 16)}
