"""Findings as others read them: by OCSF's published schema, and by AWS's own of Security Hub.

What Security Hub bounds beyond its model's types stands in the model's documentation, in words.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import jsonschema
import pytest
from botocore.validate import ParamValidator
from reactor.actions import SEVERITIES, Action, Alert, Outcome
from reactor.advice import disposition_of
from reactor.event import Event, read_event
from reactor.findings import asff, ocsf
from reactor.findings.model import AlertFinding, is_uid, techniques, uid_of
from reactor.places import Place
from reactor.testing import role_session

from tests.attacks.test_alert_text import HOSTILE
from tests.harness.local_aws import REPOSITORY
from tests.judges.refresh_ocsf import FILE, VERSION
from tests.unit.reactor.world import ACCOUNT, REGION, envelope, launch, record

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 28, 16, 0, tzinfo=UTC)
HERE = Place(ACCOUNT, REGION)
STOP = Action("ec2", "stop_instances", {}, ("i-0123456789abcdef0",), "stop", "stopped")
TAG = Action("ec2", "create_tags", {}, ("i-0123456789abcdef0",), "tag", "tagged")
# https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html
LARGEST = 240 * 1024


def finding(event: Event, alert: Alert | None = None, **changes: Any) -> AlertFinding:
    given = alert or Alert("high", "a launch", "eve launched", attack=("T1078.004", "T1485"))
    fields: dict[str, Any] = {
        "uid": uid_of(given, event, "guard", HERE),
        "alert": given,
        "event": event,
        "told": given.headline,
        "reaction": "guard",
        "mode": "enforce",
        "here": HERE,
        "created": NOW,
        "now": NOW,
        "first": event.time or NOW,
        "last": event.time or NOW,
        **changes,
    }
    return AlertFinding(**fields)


def hostile(text: str) -> AlertFinding:
    """One in which a caller has his text wherever one may be."""
    detail = record(
        userIdentity=role_session(text, text),
        **dict.fromkeys(("userAgent", "sourceIPAddress", "eventName", "eventID"), text),
        **dict.fromkeys(("errorCode", "errorMessage", "requestID", "awsRegion"), text),
        recipientAccountId=text,
        resources=[{"ARN": f"{text}{n}", "type": text, "accountId": text} for n in range(200)],
    )
    severity: Any = text  # not the caller's: the worst that a reaction of one's own may do
    alert = Alert(
        severity, text, text, ((text, text),) * 50, why=text, runbook=text, attack=(text,) * 30
    )
    action = Action("ssm", "put", {}, (text,) * 100, summary=text, done=text)
    outcomes = [Outcome(action, "taken", text)]
    return finding(read_event(envelope(detail)), alert, told=text, outcomes=outcomes, undo=text)


def samples() -> Iterator[tuple[str, AlertFinding]]:
    """The events that the catalogue's entries are tested with, as alerts of theirs."""
    for path in sorted((REPOSITORY / "modules/detections/catalogue").glob("*.json")):
        entry = json.loads(path.read_text("utf-8"))
        alert = Alert(
            entry["severity"],
            entry["title"],
            entry["title"],
            why=entry["why"],
            runbook=entry["runbook"],
            detection=entry["id"],
            attack=tuple(entry["attack"]),
        )
        kept = json.loads((path.parent.parent / "samples" / path.name).read_text("utf-8"))
        for sample in kept["match"]:
            yield path.stem, finding(read_event(sample["event"]), alert)


def all_findings() -> list[tuple[str, AlertFinding]]:
    launched = read_event(envelope(launch(["i-0123456789abcdef0"])))
    results = [("taken",), ("taken", "failed"), ("failed",), ("planned",), ("exempt",), ()]
    statuses: Any = results
    of_outcomes = [
        (
            "+".join(each) or "nothing",
            finding(
                launched,
                outcomes=(found := [Outcome(STOP, status) for status in each]),
                disposition=disposition_of(found),
                updates=True,
                count=3,
            ),
        )
        for each in statuses
    ]
    empty = read_event({"detail": {"eventName": ""}, "source": "aws.x"})
    odd = [("empty", finding(empty)), *((text[:20], hostile(text)) for text in HOSTILE)]
    return [*of_outcomes, *odd, *samples()]


@cache
def _schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(FILE.read_text("utf-8")))


def faults_of_ocsf(shaped: Mapping[str, Any]) -> list[str]:
    found = [f"{e.json_path}: {e.message[:200]}" for e in _schema().iter_errors(shaped)]
    body = json.dumps(shaped)
    json.loads(body)
    if len(body) > 200_000:
        found.append(f"{len(body)} bytes")
    return found + _no_text(body)


def _no_text(body: str) -> list[str]:
    """Control characters and lone surrogates, which `json.dumps` escapes."""
    return re.findall(r"\\u(?:00[01][0-9a-f]|00[89][0-9a-f]|d[89ab]..(?!\\ud[c-f])|fff[ef])", body)


# ---- OCSF


def test_every_finding_is_what_ocsf_publishes() -> None:
    found = {name: faults_of_ocsf(ocsf.detection_finding(each)) for name, each in all_findings()}
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert len(found) > 150


def test_a_finding_that_was_taken_back_is_one_too() -> None:
    uid = f"cloudtrail-reactor/{'0' * 64}"
    for text in ("a launch", *HOSTILE):
        shaped = ocsf.taken_back(uid, text, "high", text, ACCOUNT, REGION, NOW, NOW)
        assert faults_of_ocsf(shaped) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f.pop("finding_info"),
        lambda f: f["finding_info"].pop("uid"),
        lambda f: f.update(severity_id=7),
        lambda f: f.update(time="2026-11-28"),
        lambda f: f.update(unknown=1),
        lambda f: f["cloud"].pop("provider"),
        lambda f: f["metadata"].pop("version"),
        lambda f: f["evidences"][0]["api"].pop("operation"),
        lambda f: f["evidences"][0]["actor"]["user"].update(name=1),
        lambda f: f["finding_info"]["attacks"][0].clear(),
        lambda f: f.update(device={"type_id": 1}),
        lambda f: f.update(type_uid=200404),
    ],
)
def test_the_schema_refuses_what_is_none(spoil: Callable[[Any], Any]) -> None:
    shaped = ocsf.detection_finding(finding(read_event(envelope(record()))))
    assert faults_of_ocsf(shaped) == []
    spoil(shaped)
    assert faults_of_ocsf(shaped)


def test_the_schema_is_of_the_version_that_findings_name() -> None:
    assert ocsf.SCHEMA == VERSION
    kept = json.loads(FILE.read_text("utf-8"))
    assert f"/schema/{VERSION}/classes/detection_finding" in kept["$id"]


def test_a_finding_says_who_did_what_where_and_what_became_of_it() -> None:
    event = read_event(envelope(launch(["i-0123456789abcdef0"])))
    outcomes = [Outcome(STOP, "taken"), Outcome(TAG, "taken")]
    shaped = ocsf.detection_finding(
        finding(event, outcomes=outcomes, disposition=disposition_of(outcomes))
    )
    assert (shaped["class_uid"], shaped["type_uid"], shaped["severity_id"]) == (2004, 200401, 4)
    assert (shaped["disposition"], shaped["action"]) == ("Corrected", "Modified")
    evidence = shaped["evidences"][0]
    assert evidence["api"]["operation"] == "RunInstances"
    assert evidence["actor"]["user"]["name"] == "alice"
    assert evidence["src_endpoint"] == {"ip": "203.0.113.7"}
    assert shaped["cloud"]["account"]["uid"] == ACCOUNT
    assert shaped["resources"][0]["uid"] == "i-0123456789abcdef0"
    named = {
        (each["tactic"]["name"], each["sub_technique"]["uid"])
        for each in shaped["finding_info"]["attacks"]
        if "sub_technique" in each
    }
    assert ("Persistence", "T1078.004") in named


@pytest.mark.parametrize(
    ("outcomes", "disposition"),
    [
        ([], "detected"),
        ([Outcome(STOP, "planned")], "detected"),
        ([Outcome(TAG, "taken"), Outcome(STOP, "planned")], "detected"),
        ([Outcome(TAG, "taken")], "tagged"),
        ([Outcome(STOP, "failed")], "uncorrected"),
        ([Outcome(STOP, "taken"), Outcome(TAG, "failed")], "corrected"),
        ([Outcome(STOP, "taken"), Outcome(STOP, "planned", held=True)], "partially_corrected"),
    ],
)
def test_what_became_of_it(outcomes: list[Outcome], disposition: str) -> None:
    assert disposition_of(outcomes) == disposition


# ---- Security Hub


@cache
def _service() -> Any:
    return botocore.session.get_session().get_service_model("securityhub")


def _bounds(shape: str) -> dict[str, int]:
    """The longest that AWS's words allow, by member."""
    found = {}
    for name, member in _service().shape_for(shape).members.items():
        words = re.sub(r"<[^>]+>", " ", member.documentation)
        said = re.search(r"Maximum (?:length |number )?of (\d+)|Length Constraints: (\d+)\.", words)
        if said:
            found[name] = int(said[1] or said[2])
    return found


def faults_of_asff(shaped: Mapping[str, Any]) -> list[str]:
    request = _service().operation_model("BatchImportFindings").input_shape
    report = ParamValidator().validate({"Findings": [shaped]}, request)
    found = [report.generate_report()] if report.has_errors() else []

    def look(value: Any, shape: Any, path: str) -> None:
        if shape.type_name == "structure":
            limits = _bounds(shape.name)
            for name, each in value.items():
                if name in limits and len(each) > limits[name]:
                    found.append(f"{path}.{name}: {len(each)} over {limits[name]}")
                look(each, shape.members[name], f"{path}.{name}")
        elif shape.type_name == "list":
            for each in value:
                look(each, shape.member, path)
        elif shape.type_name == "string":
            if shape.name == "NonEmptyString" and not re.search(r"\S", value):
                found.append(f"{path} is empty")
            if shape.enum and value not in shape.enum:
                found.append(f"{path}: {value}")

    look(shaped, request.members["Findings"].member, "")
    fields = shaped["ProductFields"]
    if len(fields) > 50 or any(len(k) > 128 or not 0 < len(v) <= 2048 for k, v in fields.items()):
        found.append("ProductFields")
    if len(json.dumps(shaped)) > LARGEST:
        found.append("too large")
    for name in ("CreatedAt", "UpdatedAt", "FirstObservedAt", "LastObservedAt"):
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", shaped[name]):
            found.append(f"{name}: {shaped[name]}")
    return found + _no_text(json.dumps(shaped))


def in_asff(one: AlertFinding) -> dict[str, Any]:
    return asff.security_finding(one, "aws", REGION, ACCOUNT)


def test_every_finding_is_what_security_hub_takes() -> None:
    found = {}
    for name, one in all_findings():
        if one.alert.severity in SEVERITIES:
            found[name] = faults_of_asff(in_asff(one))
    for text in HOSTILE:
        one = hostile(text)
        alert = Alert("high", text, text, why=text, runbook=text, attack=(text,))
        found[text[:20]] = faults_of_asff(in_asff(finding(one.event, alert, told=text, undo=text)))
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert len(found) > 150


def test_the_words_of_the_model_are_read() -> None:
    bounds = _bounds("AwsSecurityFinding")
    assert (bounds["Title"], bounds["Description"], bounds["Resources"]) == (256, 1024, 32)
    assert bounds["GeneratorId"] == bounds["Id"] == 512
    assert _bounds("Recommendation")["Text"] == 512


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f.update(Title="x" * 257),
        lambda f: f.update(Description=" "),
        lambda f: f["Resources"].extend(f["Resources"] * 40),
        lambda f: f["FindingProviderFields"]["Severity"].update(Label="INFO"),
        lambda f: f.pop("GeneratorId"),
        lambda f: f.update(UpdatedAt="1-1-1"),
        lambda f: f["ProductFields"].update({"k" * 129: "v"}),
    ],
)
def test_security_hub_refuses_what_is_none(spoil: Callable[[Any], Any]) -> None:
    shaped = in_asff(finding(read_event(envelope(launch(["i-0123456789abcdef0"])))))
    assert faults_of_asff(shaped) == []
    spoil(shaped)
    assert faults_of_asff(shaped)


def test_customers_fields_are_not_sent() -> None:
    """BatchImportFindings can't change them, and Severity and Types only where providers do."""
    operation = _service().operation_model("BatchImportFindings")
    words = re.sub(r"<[^>]+>", " ", operation.documentation)
    never = set(
        re.findall(
            r"\b(?:Note|UserDefinedFields|VerificationState|Workflow|Confidence|"
            r"Criticality|RelatedFindings|Severity|Types)\b",
            words,
        )
    )
    assert len(never) == 9
    assert not never & {*in_asff(finding(read_event(envelope(record()))))}


def test_types_are_of_the_taxonomy() -> None:
    member = _service().shape_for("AwsSecurityFinding").members["Types"]
    words = re.sub(r"<[^>]+>", " ", member.documentation)
    named = words.partition("Valid namespace values are:")[2].partition("Array")[0]
    namespaces = {each.strip() for each in named.split("|")}
    assert "TTPs" in namespaces
    for id_ in [*techniques(), "T9999"]:
        found = asff.types_of((id_,))
        assert found
        assert {each.partition("/")[0] for each in found} <= namespaces
    assert asff.types_of(("T1485",)) == ["Effects/Data Destruction"]
    assert "TTPs/Persistence" in asff.types_of(("T1078.004",))
    assert asff.types_of(()) == ["Unusual Behaviors/User"]


def test_the_names_of_resources_are_security_hubs() -> None:
    known = {*_service().shape_for("ResourceDetails").members, "Other"}
    assert {*asff._TYPES.values(), *asff._WHOLE.values()} <= known
    event = read_event(envelope(launch(["i-0123456789abcdef0"])))
    first, *_, caller = in_asff(finding(event))["Resources"]
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-0123456789abcdef0"
    assert (first["Id"], first["Type"], first["ResourceRole"]) == (arn, "AwsEc2Instance", "Target")
    assert (caller["Type"], caller["ResourceRole"]) == ("AwsIamUser", "Actor")


def test_every_technique_of_the_catalogue_has_a_name() -> None:
    named = {
        id_
        for path in Path(REPOSITORY / "modules/detections/catalogue").glob("*.json")
        for id_ in json.loads(path.read_text("utf-8"))["attack"]
    }
    assert named <= {*techniques()}
    tactics = {tactic for each in techniques().values() for tactic in each["tactics"]}
    assert tactics <= {*ocsf._TACTICS}


# ---- the id


def test_nobody_meets_the_finding_of_another() -> None:
    """The same alert is the same finding, and whatever tells it from another makes one more."""
    detail = record()
    alert = Alert("high", "s", "h")

    def uid(alert: Alert = alert, name: str = "guard", here: Place = HERE, **changes: Any) -> str:
        event = read_event(envelope({**copy.deepcopy(detail), **changes}))
        return uid_of(alert, event, name, here)

    eve = role_session("app", "eve")
    others = [
        uid(Alert("high", "other", "h")),
        uid(name="other"),
        uid(here=Place("999999999999", REGION)),
        uid(userIdentity=eve),
        uid(eventID="other"),
        uid(eventName="StopInstances"),
        uid(recipientAccountId="210987654321"),
        uid(awsRegion="us-east-1"),
    ]
    assert uid() == uid(userAgent="x", requestParameters={"a": 1})
    assert len({uid(), *others}) == len(others) + 1
    assert all(map(is_uid, others))
    assert not is_uid("arn:aws:securityhub:us-east-1::product/aws/guardduty/1")
    in_window = {
        uid_of(alert, read_event(envelope(record(eventID=id_))), "g", HERE, window)
        for id_ in ("a", "b")
        for window in ("900/0", "900/900")
    }
    assert len(in_window) == 2


def test_an_event_of_tomorrow_is_of_now() -> None:
    from reactor.findings.model import seen_at

    later = (NOW + timedelta(days=1)).isoformat()
    assert seen_at(read_event(envelope(record(eventTime=later))), NOW) == NOW
    old = read_event(envelope(record(eventTime="0001-01-01T00:00:00Z")))
    assert faults_of_asff(in_asff(finding(old))) == []
    assert faults_of_ocsf(ocsf.detection_finding(finding(old))) == []
