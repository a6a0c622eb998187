"""CloudTrail's own API: names, limits, settings, logging, tags, selectors and the history."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localaws.cloudtrail.keeper import CloudTrail
from localaws.wire.errors import RefusalError

pytestmark = pytest.mark.unit

ACCOUNT, OTHER = "111122223333", "444455556666"
HOME, AWAY = "eu-west-1", "us-east-1"
START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class Keeper:
    """CloudTrail as one account calls it, on a clock that a test moves."""

    def __init__(self) -> None:
        self.now = START
        self.cloudtrail = CloudTrail(lambda: self.now)

    def __call__(
        self, operation: str, region: str = HOME, account: str = ACCOUNT, **parameters: Any
    ) -> dict[str, Any]:
        return self.cloudtrail.handle(operation, account, region, parameters)

    def refuses(self, code: str, operation: str, region: str = HOME, **parameters: Any) -> str:
        with pytest.raises(RefusalError) as caught:
            self(operation, region, **parameters)
        assert caught.value.code == code, caught.value.message
        return caught.value.message


@pytest.fixture
def trails() -> Keeper:
    return Keeper()


@pytest.fixture
def audit(trails: Keeper) -> Keeper:
    trails("CreateTrail", Name="audit", S3BucketName="logs")
    return trails


@pytest.mark.parametrize(
    "name",
    [
        None, "", "ab", "x" * 129, "-abc", "abc-", "a..b", "a-_b", "a b c", "10.0.0.1", "1.2.3",
        "ümlaut",
    ],
)  # fmt: skip
def test_a_name_that_is_none(trails: Keeper, name: str | None) -> None:
    trails.refuses("InvalidTrailNameException", "CreateTrail", Name=name, S3BucketName="logs")


@pytest.mark.parametrize("name", ["abc", "x" * 128, "a-b_c.d", "9lives", "A1b"])
def test_a_name(trails: Keeper, name: str) -> None:
    arn = trails("CreateTrail", Name=name, S3BucketName="logs")["TrailARN"]
    assert arn == f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/{name}"


def test_a_new_trail(trails: Keeper) -> None:
    made = trails("CreateTrail", Name="audit", S3BucketName="logs")
    arn = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/audit"
    assert made == {
        "Name": "audit",
        "S3BucketName": "logs",
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": False,
        "TrailARN": arn,
        "LogFileValidationEnabled": False,
        "IsOrganizationTrail": False,
    }
    assert trails("GetTrail", Name="audit")["Trail"] == {
        **made,
        "HomeRegion": HOME,
        "HasCustomEventSelectors": False,
        "HasInsightSelectors": False,
    }


def test_the_same_name_again(audit: Keeper) -> None:
    message = audit.refuses(
        "TrailAlreadyExistsException", "CreateTrail", Name="audit", S3BucketName="logs"
    )
    assert message == f"Trail audit already exists for customer: {ACCOUNT}"
    audit("CreateTrail", AWAY, Name="audit", S3BucketName="logs")
    audit("CreateTrail", account=OTHER, Name="audit", S3BucketName="logs")


def test_five_trails_a_region(trails: Keeper) -> None:
    for number in range(5):
        trails("CreateTrail", Name=f"trail{number}", S3BucketName="logs")
    trails.refuses(
        "MaximumNumberOfTrailsExceededException", "CreateTrail", Name="sixth", S3BucketName="logs"
    )
    trails("CreateTrail", AWAY, Name="sixth", S3BucketName="logs")


def test_a_multi_region_trail_takes_global_events(trails: Keeper) -> None:
    trails.refuses(
        "InvalidParameterCombinationException",
        "CreateTrail",
        Name="audit",
        S3BucketName="logs",
        IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=False,
    )


def test_a_prefix_of_more_than_200_characters(trails: Keeper) -> None:
    trails.refuses(
        "InvalidS3PrefixException",
        "CreateTrail",
        Name="audit",
        S3BucketName="logs",
        S3KeyPrefix="x" * 201,
    )


def test_an_update_keeps_what_it_does_not_name(trails: Keeper) -> None:
    key = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/k"
    trails(
        "CreateTrail", Name="audit", S3BucketName="logs", S3KeyPrefix="p", KmsKeyId="k",
        SnsTopicName="topic",
    )  # fmt: skip
    updated = trails("UpdateTrail", Name="audit", EnableLogFileValidation=True)
    assert updated["LogFileValidationEnabled"] is True
    assert (updated["S3KeyPrefix"], updated["KmsKeyId"]) == ("p", key)
    assert updated["SnsTopicARN"] == f"arn:aws:sns:{HOME}:{ACCOUNT}:topic"
    bare = trails("UpdateTrail", Name="audit", S3KeyPrefix="", KmsKeyId="", SnsTopicName="")
    assert not {"S3KeyPrefix", "KmsKeyId", "SnsTopicARN", "SnsTopicName"} & bare.keys()


def test_what_is_proposed_changes_nothing(audit: Keeper) -> None:
    keeper = audit.cloudtrail
    proposed = keeper.proposed(
        "UpdateTrail", ACCOUNT, HOME, {"Name": "audit", "S3BucketName": "new"}
    )
    assert proposed.settings["S3BucketName"] == "new"
    keeper.proposed("CreateTrail", ACCOUNT, HOME, {"Name": "other", "S3BucketName": "new"})
    [only] = audit("ListTrails")["Trails"]
    assert only["Name"] == "audit"
    assert audit("GetTrail", Name="audit")["Trail"]["S3BucketName"] == "logs"


def test_trails_of_elsewhere(trails: Keeper) -> None:
    arn = trails("CreateTrail", Name="all", S3BucketName="l", IsMultiRegionTrail=True)["TrailARN"]
    trails("CreateTrail", Name="one", S3BucketName="l")

    def described(region: str, **parameters: Any) -> list[str]:
        return [t["Name"] for t in trails("DescribeTrails", region, **parameters)["trailList"]]

    assert described(HOME) == ["all", "one"]
    assert described(AWAY) == ["all"]
    assert described(AWAY, includeShadowTrails=False) == []
    assert described(HOME, trailNameList=["one"]) == ["one"]
    assert described(AWAY, trailNameList=[arn]) == ["all"]
    assert trails("GetTrail", AWAY, Name="all")["Trail"]["TrailARN"] == arn
    assert trails("GetTrail", AWAY, Name=arn)["Trail"]["HomeRegion"] == HOME
    message = trails.refuses("TrailNotFoundException", "GetTrail", AWAY, Name="one")
    assert message == f"Unknown trail: one for the user: {ACCOUNT}"
    trails.refuses("InvalidHomeRegionException", "StopLogging", AWAY, Name=arn)
    trails.refuses("InvalidHomeRegionException", "DeleteTrail", AWAY, Name="all")


def test_no_trail_of_another_account(audit: Keeper) -> None:
    arn = audit("GetTrail", Name="audit")["Trail"]["TrailARN"]
    with pytest.raises(RefusalError) as caught:
        audit("StopLogging", account=OTHER, Name=arn)
    assert caught.value.code == "TrailNotFoundException"
    assert audit("ListTrails", account=OTHER)["Trails"] == []


def test_logging_and_its_times(audit: Keeper) -> None:
    assert audit("GetTrailStatus", Name="audit") == {
        "IsLogging": False,
        "TimeLoggingStopped": "",
    }
    assert audit.cloudtrail.logging_trails(ACCOUNT) == ()
    audit("StartLogging", Name="audit")
    audit.now += timedelta(minutes=1)
    audit("StartLogging", Name="audit")  # it does log: nothing changes
    assert audit("GetTrailStatus", Name="audit")["StartLoggingTime"] == START
    [logging] = audit.cloudtrail.logging_trails(ACCOUNT)
    assert logging.name == "audit"
    audit("StopLogging", Name="audit")
    status = audit("GetTrailStatus", Name="audit")
    assert status["IsLogging"] is False
    assert status["StopLoggingTime"] == START + timedelta(minutes=1)
    assert status["TimeLoggingStopped"] == "2026-11-22T10:01:00Z"
    audit("DeleteTrail", Name="audit")
    audit.refuses("TrailNotFoundException", "GetTrailStatus", Name="audit")


def test_tags(audit: Keeper) -> None:
    arn = audit("GetTrail", Name="audit")["Trail"]["TrailARN"]
    audit("AddTags", ResourceId=arn, TagsList=[{"Key": "b", "Value": "1"}, {"Key": "a"}])
    audit("AddTags", ResourceId=arn, TagsList=[{"Key": "b", "Value": "2"}])

    def tags() -> list[dict[str, str]]:
        [found] = audit("ListTags", ResourceIdList=[arn])["ResourceTagList"]
        listed: list[dict[str, str]] = found["TagsList"]
        return listed

    assert tags() == [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}]
    audit("RemoveTags", ResourceId=arn, TagsList=[{"Key": "a"}])
    assert tags() == [{"Key": "b", "Value": "2"}]
    audit.refuses("ResourceNotFoundException", "ListTags", ResourceIdList=[f"{arn}x"])


def test_basic_selectors_get_their_defaults(audit: Keeper) -> None:
    audit("PutEventSelectors", TrailName="audit", EventSelectors=[{"ReadWriteType": "WriteOnly"}])
    assert audit("GetEventSelectors", TrailName="audit")["EventSelectors"] == [
        {
            "ReadWriteType": "WriteOnly",
            "IncludeManagementEvents": True,
            "DataResources": [],
            "ExcludeManagementEventSources": [],
        }
    ]
    assert audit("GetTrail", Name="audit")["Trail"]["HasCustomEventSelectors"] is True


def test_advanced_selectors_take_the_place_of_basic_ones(audit: Keeper) -> None:
    wanted = [{"Name": "n", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]
    audit("PutEventSelectors", TrailName="audit", AdvancedEventSelectors=wanted)
    found = audit("GetEventSelectors", TrailName="audit")
    assert found["AdvancedEventSelectors"] == wanted
    assert "EventSelectors" not in found


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"EventSelectors": [], "AdvancedEventSelectors": []},
        {"EventSelectors": []},
        {"EventSelectors": [{}] * 6},
        {"AdvancedEventSelectors": []},
    ],
)
def test_selectors_that_are_none(audit: Keeper, parameters: dict[str, Any]) -> None:
    audit.refuses(
        "InvalidEventSelectorsException", "PutEventSelectors", TrailName="audit", **parameters
    )


def test_insights(audit: Keeper) -> None:
    audit.refuses("InsightNotEnabledException", "GetInsightSelectors", TrailName="audit")
    wanted = [{"InsightType": "ApiCallRateInsight"}]
    audit("PutInsightSelectors", TrailName="audit", InsightSelectors=wanted)
    assert audit("GetInsightSelectors", TrailName="audit")["InsightSelectors"] == wanted
    assert audit("GetTrail", Name="audit")["Trail"]["HasInsightSelectors"] is True
    audit("PutInsightSelectors", TrailName="audit", InsightSelectors=[])
    audit.refuses("InsightNotEnabledException", "GetInsightSelectors", TrailName="audit")


def test_an_operation_that_is_not_emulated(trails: Keeper) -> None:
    message = trails.refuses("UnsupportedOperationException", "StartQuery")
    assert message == "The local AWS does not emulate cloudtrail:StartQuery."


# --- what a trail covers ------------------------------------------------------------------------


def test_covers(trails: Keeper) -> None:
    for name, everywhere in (("one", False), ("all", True)):
        trails(
            "CreateTrail",
            Name=name,
            S3BucketName="logs",
            IsMultiRegionTrail=everywhere,
            IncludeGlobalServiceEvents=everywhere,
        )
    one, everywhere_ = trails.cloudtrail.trails()
    assert one.covers(ACCOUNT, HOME)
    assert not one.covers(ACCOUNT, AWAY)
    assert everywhere_.covers(ACCOUNT, AWAY)
    assert not everywhere_.covers(OTHER, HOME)
    iam = record("CreateRole", "iam.amazonaws.com")
    assert everywhere_.admits(iam)
    assert not one.admits(iam)
    assert one.admits(record("RunInstances", "ec2.amazonaws.com"))


# --- the event history --------------------------------------------------------------------------


def record(
    name: str, source: str = "ec2.amazonaws.com", *, read_only: bool = False, **more: Any
) -> dict[str, Any]:
    return {
        "eventID": f"id-{name}",
        "eventName": name,
        "eventSource": source,
        "eventCategory": "Management",
        "awsRegion": HOME,
        "readOnly": read_only,
        "userIdentity": {"type": "IAMUser", "userName": "ana", "accessKeyId": "AKIA1"},
        **more,
    }


@pytest.fixture
def history(trails: Keeper) -> Keeper:
    for minute, made in enumerate(
        (
            record("RunInstances", responseElements={"instancesSet": {"items": [
                {"instanceId": "i-1"}]}}),
            record("DescribeVpcs", read_only=True, userIdentity={"type": "Root"}),
            record("CreateRole", "iam.amazonaws.com", requestParameters={"roleName": "web"}),
        )
    ):  # fmt: skip
        trails.cloudtrail.remember(ACCOUNT, made, START + timedelta(minutes=minute))
    trails.now = START + timedelta(minutes=5)
    return trails


@pytest.mark.parametrize(
    ("key", "value", "names"),
    [
        ("EventName", "RunInstances", ["RunInstances"]),
        ("EventSource", "iam.amazonaws.com", ["CreateRole"]),
        ("EventId", "id-DescribeVpcs", ["DescribeVpcs"]),
        ("ReadOnly", "true", ["DescribeVpcs"]),
        ("Username", "ana", ["CreateRole", "RunInstances"]),
        ("Username", "root", ["DescribeVpcs"]),
        ("AccessKeyId", "AKIA1", ["CreateRole", "RunInstances"]),
        ("ResourceName", "i-1", ["RunInstances"]),
        ("ResourceName", "web", ["CreateRole"]),
        ("ResourceType", "AWS::EC2::Instance", ["RunInstances"]),
        ("EventName", "TerminateInstances", []),
    ],
)
def test_looking_up(history: Keeper, key: str, value: str, names: list[str]) -> None:
    attributes = [{"AttributeKey": key, "AttributeValue": value}]
    found = history("LookupEvents", LookupAttributes=attributes)["Events"]
    assert [event["EventName"] for event in found] == names


def test_the_newest_comes_first_and_whole(history: Keeper) -> None:
    events = history("LookupEvents")["Events"]
    assert [e["EventName"] for e in events] == ["CreateRole", "DescribeVpcs", "RunInstances"]
    assert json.loads(events[0]["CloudTrailEvent"])["requestParameters"] == {"roleName": "web"}
    assert events[0]["EventTime"] == START + timedelta(minutes=2)
    assert (events[1]["ReadOnly"], events[1]["Username"]) == ("true", "root")


def test_a_span_of_time(history: Keeper) -> None:
    later: dict[str, Any] = {"StartTime": START + timedelta(minutes=1)}
    assert len(history("LookupEvents", **later)["Events"]) == 2
    naive: dict[str, Any] = {"EndTime": (START + timedelta(minutes=1)).replace(tzinfo=None)}
    assert len(history("LookupEvents", **naive)["Events"]) == 2


def test_pages(history: Keeper) -> None:
    first = history("LookupEvents", MaxResults=2)
    rest = history("LookupEvents", MaxResults=2, NextToken=first["NextToken"])
    assert [len(first["Events"]), len(rest["Events"])] == [2, 1]
    assert "NextToken" not in rest


def test_the_history_of_elsewhere(history: Keeper) -> None:
    assert history("LookupEvents", AWAY)["Events"] == []
    assert history("LookupEvents", account=OTHER)["Events"] == []


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        (
            {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "x"}] * 2},
            "InvalidLookupAttributesException",
        ),
        (
            {"LookupAttributes": [{"AttributeKey": "Colour", "AttributeValue": "x"}]},
            "InvalidLookupAttributesException",
        ),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"NextToken": "x"}, "InvalidNextTokenException"),
    ],
)
def test_a_look_up_that_is_none(history: Keeper, parameters: dict[str, Any], code: str) -> None:
    history.refuses(code, "LookupEvents", **parameters)


def test_a_reset_forgets(history: Keeper) -> None:
    history("CreateTrail", Name="audit", S3BucketName="logs")
    history.cloudtrail.reset()
    assert history("ListTrails")["Trails"] == []
    assert history("LookupEvents")["Events"] == []
