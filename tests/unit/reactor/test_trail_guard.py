"""trail-guard: stopped, changed, narrowed and deleted trails."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from reactor.actions import Action, Alert
from reactor.event import read_event
from reactor.reaction import Reaction
from reactor.reactions import trail_guard as guard

from tests.unit.reactor.world import ACCOUNT, REGION, Context, envelope, log_lines, record

pytestmark = pytest.mark.unit

React = Callable[..., Reaction[guard.Settings]]
Sent = Callable[[], list[tuple[str, str]]]
Writes = list[tuple[str, dict[str, Any]]]
ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
MANAGEMENT = [
    {
        "Name": "management",
        "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
    }
]
EXPECTED = {"validation": False, "multi_region": True}


@pytest.fixture
def trail(aws: None) -> Any:
    boto3.client("s3").create_bucket(
        Bucket="trail-logs-1", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client = boto3.client("cloudtrail")
    client.create_trail(
        Name="main",
        S3BucketName="trail-logs-1",
        IsMultiRegionTrail=True,
        EnableLogFileValidation=False,
    )
    client.put_event_selectors(TrailName="main", AdvancedEventSelectors=MANAGEMENT)
    client.start_logging(Name="main")
    return client


def call(event_name: str = "StopLogging", **changes: Any) -> dict[str, Any]:
    detail = record(
        **{
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": event_name,
            "requestParameters": {"name": "main"},
            **changes,
        }
    )
    return envelope(detail)


def test_stopped_logging_is_started_again_and_then_left_alone(
    trail: Any, react: React, sent: Sent, writes: Writes, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = react(guard, **EXPECTED)
    trail.stop_logging(Name="main")
    assert handler(call(), Context())["taken"] == 1
    assert trail.get_trail_status(Name="main")["IsLogging"] is True
    writes.clear()
    again = handler(call(eventID="e-2"), Context())
    assert (again["planned"], again["alerts"], writes) == (0, 0, [])
    ((subject, text),) = sent()
    assert subject == f"[critical] StopLogging on the trail main ({ACCOUNT})"
    assert "it does not log; trail-guard started the logging of main." in text.splitlines()[0]
    (audit,) = [x["action"] for x in log_lines(capsys.readouterr().out) if "action" in x]
    assert audit["undo"]["operation"] == "stop_logging"


def test_a_changed_trail_is_told_with_the_difference_and_restored(
    trail: Any, react: React, sent: Sent, writes: Writes
) -> None:
    trail.update_trail(Name="main", IsMultiRegionTrail=False)
    writes.clear()
    assert (
        react(guard, **EXPECTED, bucket="trail-logs-1")(call("UpdateTrail"), Context())["taken"]
        == 1
    )
    assert writes == [("UpdateTrail", {"Name": ARN, "IsMultiRegionTrail": True})]
    ((_, text),) = sent()
    assert "IsMultiRegionTrail is False, not True" in text


def test_a_trail_that_was_taken_from_the_organization_is_given_back() -> None:
    class Answers:
        def read(self, service: str, operation: str, *_: Any, **__: Any) -> Any:
            found = {"TrailARN": ARN, "IsMultiRegionTrail": True, "IsOrganizationTrail": False}
            found |= {"IncludeGlobalServiceEvents": True, "LogFileValidationEnabled": True}
            return {"Trail": found, "IsLogging": True}

    event = read_event(call("UpdateTrail"))
    settings = guard.Settings(organization=True)
    action, alert = guard.plan(event, settings, Answers())  # type: ignore[arg-type]
    assert isinstance(action, Action)
    assert action.parameters == {"Name": ARN, "IsOrganizationTrail": True}
    assert "IsOrganizationTrail is False, not True" in alert.headline  # type: ignore[union-attr]
    assert guard.plan(event, guard.Settings(), Answers()) == []  # type: ignore[arg-type]


def test_restoring_can_be_left_to_people(trail: Any, react: React, writes: Writes) -> None:
    trail.update_trail(Name="main", IsMultiRegionTrail=False)
    trail.stop_logging(Name="main")
    writes.clear()
    answer = react(guard, **EXPECTED, restore=False)(call("UpdateTrail"), Context())
    assert answer["taken"] == 1
    assert [name for name, _ in writes] == ["StartLogging"]


def test_narrowed_selectors_are_put_back(
    trail: Any, react: React, sent: Sent, writes: Writes
) -> None:
    narrow = json.loads(json.dumps(MANAGEMENT))
    narrow[0]["FieldSelectors"].append({"Field": "readOnly", "Equals": ["true"]})
    trail.put_event_selectors(TrailName="main", AdvancedEventSelectors=narrow)
    writes.clear()
    handler = react(guard, **EXPECTED, event_selectors=json.dumps(MANAGEMENT))
    request = {"trailName": "main"}
    assert handler(call("PutEventSelectors", requestParameters=request), Context())["taken"] == 1
    assert writes == [
        ("PutEventSelectors", {"TrailName": ARN, "AdvancedEventSelectors": MANAGEMENT})
    ]
    again = call("PutEventSelectors", requestParameters=request, eventID="e-2")
    assert handler(again, Context())["planned"] == 0
    ((_, text),) = sent()
    assert "readOnly" in text


def test_names_and_order_of_selectors_mean_nothing() -> None:
    first = [
        {"Name": "x", "FieldSelectors": [{"Field": "b", "Equals": ["2", "1"]}, {"Field": "a"}]}
    ]
    second = [
        {"FieldSelectors": [{"Field": "a", "NotEquals": []}, {"Field": "b", "Equals": ["1", "2"]}]}
    ]
    assert guard._plain(first) == guard._plain(second)


def test_a_deleted_trail_is_told_with_the_command_to_make_it_anew(
    trail: Any, react: React, sent: Sent, writes: Writes
) -> None:
    trail.delete_trail(Name="main")
    writes.clear()
    answer = react(guard, **EXPECTED, bucket="trail-logs-1")(call("DeleteTrail"), Context())
    assert (answer["alerts"], writes) == (1, [])
    ((subject, text),) = sent()
    assert subject.startswith("[critical] DeleteTrail")
    command = next(li for li in text.splitlines() if li.startswith("Make it anew:"))
    words = shlex.split(command.partition(":")[2])
    given = json.loads(words[words.index("--cli-input-json") + 1])
    assert given["S3BucketName"] == "trail-logs-1"
    boto3.client("cloudtrail").create_trail(**given)


def test_an_organization_trail_is_its_management_accounts(trail: Any) -> None:
    class Cloudtrail:
        def read(self, _: str, operation: str, *__: object, **___: object) -> Any:
            arn = ARN.replace(ACCOUNT, "999999999999")
            return {"Trail": {"TrailARN": arn, "IsMultiRegionTrail": False}, "IsLogging": True}

    steps = guard.plan(read_event(call("UpdateTrail")), guard.Settings(), Cloudtrail())  # type: ignore[arg-type]
    (alert,) = steps
    assert isinstance(alert, Alert)
    assert "only its management account 999999999999 can act" in alert.headline


@pytest.mark.parametrize(
    ("event", "settings"),
    [
        (call(requestParameters={"name": "other"}), {"trails": ["main"]}),
        (call(errorCode="AccessDenied"), {}),
        (call(requestParameters=None), {}),
    ],
)
def test_what_is_not_watched(
    event: dict[str, Any], settings: dict[str, Any], trail: Any, react: React
) -> None:
    answer = react(guard, **settings)(event, Context())
    assert (answer["planned"], answer["alerts"]) == (0, 0)


def test_a_trail_named_by_its_arn(trail: Any, react: React) -> None:
    trail.stop_logging(Name="main")
    event = call(requestParameters={"name": ARN})
    assert react(guard, trails=["main"], **EXPECTED)(event, Context())["taken"] == 1


def test_insights_that_were_changed_are_told(trail: Any, react: React) -> None:
    answer = react(guard, **EXPECTED)(call("PutInsightSelectors"), Context())
    assert (answer["planned"], answer["alerts"]) == (0, 1)
