"""What an emitted event is completed with, where it appears, and what keeps it off the bus."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from localaws.cloudtrail.emitted import EmitError, Emitted, complete, kept_back
from localaws.cloudtrail.keeper import Trail

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 1, 10, 20, 30, 999, tzinfo=UTC)
ACCOUNT = "111122223333"
LOGIN = {"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin"}
INSIGHT = {
    "eventType": "AwsCloudTrailInsight",
    "insightDetails": {
        "state": "Start",
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "insightType": "ApiCallRateInsight",
        "insightContext": {},
    },
}


def done(item: Any, region: str | None = None, default: str = "us-east-1", **more: Any) -> Emitted:
    return complete(item, "f.json", NOW, ACCOUNT, region, default, **more)


def trail(**settings: Any) -> Trail:
    insights = settings.pop("insights", [])
    selectors = settings.pop("selectors", None)
    made = Trail(
        name="all",
        account=ACCOUNT,
        home_region="us-east-1",
        arn=f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/all",
        settings={"IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True} | settings,
        insights=[{"InsightType": kind} for kind in insights],
        logging=True,
    )
    if selectors is not None:
        made.selectors = selectors
    return made


def test_sign_in_gets_all_that_a_record_has() -> None:
    emitted = done(LOGIN | {"userIdentity": {"type": "Root", "accountId": "999988887777"}})
    record = emitted.record
    assert record is not None
    assert re.fullmatch(r"[0-9a-f-]{36}", record.pop("eventID"))
    assert record == {
        "eventVersion": "1.11",
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "userIdentity": {"type": "Root", "accountId": "999988887777"},
        "eventTime": "2026-03-01T10:20:30Z",
        "eventType": "AwsConsoleSignIn",
        "recipientAccountId": "999988887777",
        "awsRegion": "us-east-1",
        "eventCategory": "Management",
        "readOnly": False,
        "managementEvent": True,
    }
    event = dict(emitted.event)
    assert event.pop("id") != emitted.record
    assert event == {
        "version": "0",
        "detail-type": "AWS Console Sign In via CloudTrail",
        "source": "aws.signin",
        "account": "999988887777",
        "time": "2026-03-01T10:20:30Z",
        "region": "us-east-1",
        "resources": [],
        "detail": record,
    }
    assert emitted.what == "signin:ConsoleLogin"


def test_what_a_record_says_is_kept() -> None:
    said = LOGIN | {
        "eventID": "mine",
        "eventTime": "2020-01-01T00:00:00Z",
        "recipientAccountId": "000011112222",
        "awsRegion": "eu-west-1",
        "eventVersion": "1.08",
        "readOnly": True,
    }
    record = done(said).record
    assert record is not None
    assert said.items() <= record.items()


def test_fresh_gives_new_ids_and_times() -> None:
    item = LOGIN | {"eventID": "mine", "eventTime": "2020-01-01T00:00:00Z"}
    emitted = done(item, fresh=True)
    assert emitted.record is not None
    assert emitted.record["eventID"] != "mine"
    assert emitted.event["time"] == emitted.record["eventTime"] == "2026-03-01T10:20:30Z"


def test_both_spellings_of_a_sign_in() -> None:
    assert done(LOGIN).event["detail-type"] == "AWS Console Sign In via CloudTrail"
    other = done(LOGIN, sign_in="Signin").event
    assert other["detail-type"] == "AWS Console Signin via CloudTrail"
    api = done({"eventSource": "ec2.amazonaws.com", "eventName": "X"}, sign_in="Signin").event
    assert api["detail-type"] == "AWS API Call via CloudTrail"
    with pytest.raises(EmitError, match="no spelling"):
        done(LOGIN, sign_in="Sign-In")


def identity(kind: str, arn: str = "") -> dict[str, Any]:
    return {"userIdentity": {"type": kind} | ({"arn": arn} if arn else {})}


REGIONAL = {"tlsDetails": {"clientProvidedHostHeader": "eu-north-1.signin.aws.amazon.com"}}
GLOBAL = {"tlsDetails": {"clientProvidedHostHeader": "signin.aws.amazon.com"}}
PAGE = {"additionalEventData": {"LoginTo": "https://console.aws.amazon.com/?region=ap-south-1"}}


@pytest.mark.parametrize(
    ("item", "asked", "region"),
    [
        (identity("Root"), None, "us-east-1"),
        (identity("Root"), "eu-west-1", "us-east-1"),
        (identity("Root") | REGIONAL, None, "us-east-1"),
        (identity("IAMUser"), None, "us-east-1"),
        (identity("IAMUser") | REGIONAL, None, "eu-north-1"),
        (identity("IAMUser") | REGIONAL, "eu-west-1", "eu-north-1"),
        (identity("IAMUser") | GLOBAL | PAGE, None, "us-east-1"),
        (identity("IAMUser") | PAGE, None, "ap-south-1"),
        (identity("IAMUser"), "eu-west-1", "eu-west-1"),
        (identity("AssumedRole") | REGIONAL, None, "eu-north-1"),
        (identity("Root", "arn:aws-cn:iam::1:root"), None, "cn-north-1"),
        (identity("Root", "arn:aws-us-gov:iam::1:root"), None, "us-gov-west-1"),
        (identity("Root"), "us-gov-east-1", "us-gov-west-1"),
        (identity("Root", "arn:aws-iso:iam::1:root"), None, "us-iso-east-1"),
        (identity("Root"), "eusc-de-east-1", "eusc-de-east-1"),
    ],
)
def test_sign_in_appears_by_identity_and_endpoint(
    item: dict[str, Any], asked: str | None, region: str
) -> None:
    assert done(LOGIN | item, asked).region == region


@pytest.mark.parametrize(
    ("source", "asked", "region"),
    [
        ("iam.amazonaws.com", "eu-west-1", "us-east-1"),
        ("cloudfront.amazonaws.com", None, "us-east-1"),
        ("organizations.amazonaws.com", "cn-northwest-1", "cn-north-1"),
        ("kms.amazonaws.com", "eu-west-1", "eu-west-1"),
        ("kms.amazonaws.com", None, "ap-south-1"),
    ],
)
def test_other_events_appear_where_asked_but_global_ones_at_home(
    source: str, asked: str | None, region: str
) -> None:
    item = {"eventSource": source, "eventName": "X"}
    assert done(item, asked, default="ap-south-1").region == region


@pytest.mark.parametrize(
    ("item", "kind", "category"),
    [
        (INSIGHT, "AWS Insight via CloudTrail", "Insight"),
        (
            {
                "eventSource": "kms.amazonaws.com",
                "eventName": "RotateKey",
                "serviceEventDetails": {},
            },
            "AWS Service Event via CloudTrail",
            "Management",
        ),
        (
            {"eventSource": "s3.amazonaws.com", "eventName": "GetObject", "managementEvent": False},
            "AWS API Call via CloudTrail",
            "Data",
        ),
        (
            {
                "eventSource": "kms.amazonaws.com",
                "eventName": "Decrypt",
                "eventCategory": "NetworkActivity",
            },
            "AWS Network Activity Event via CloudTrail",
            "NetworkActivity",
        ),
        (
            {
                "eventSource": "s3.amazonaws.com",
                "eventName": "CreateBucket",
                "eventType": "AwsConsoleAction",
            },
            "AWS Console Action via CloudTrail",
            "Management",
        ),
    ],
)
def test_kinds(item: dict[str, Any], kind: str, category: str) -> None:
    emitted = done(item)
    assert emitted.event["detail-type"] == kind
    assert emitted.record is not None
    assert emitted.record["eventCategory"] == category


def test_insight_names_no_reading_and_no_caller() -> None:
    emitted = done(INSIGHT)
    assert emitted.event["source"] == "aws.cloudtrail"
    assert emitted.record is not None
    assert not {"readOnly", "managementEvent", "userIdentity", "eventName"} & emitted.record.keys()
    assert emitted.what == "iam:CreateUser Insight Start"


def test_envelope_of_a_service_is_completed_and_has_no_record() -> None:
    detail = {"instance-id": "i-1", "state": "running"}
    emitted = done(
        {
            "detail-type": "EC2 Instance State-change Notification",
            "source": "aws.ec2",
            "detail": detail,
        },
        "eu-west-1",
    )
    event = dict(emitted.event)
    assert re.fullmatch(r"[0-9a-f-]{36}", event.pop("id"))
    assert event == {
        "version": "0",
        "detail-type": "EC2 Instance State-change Notification",
        "source": "aws.ec2",
        "account": ACCOUNT,
        "time": "2026-03-01T10:20:30Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": detail,
    }
    assert emitted.record is None
    assert kept_back(emitted, []) == ""


def test_envelope_of_a_record_is_gated_as_the_record() -> None:
    envelope = {
        "id": "kept",
        "detail-type": "AWS Console Signin via CloudTrail",
        "account": ACCOUNT,
        "region": "eu-west-1",
        "detail": dict(LOGIN),
    }
    emitted = done(envelope)
    assert emitted.event["id"] == "kept"
    assert emitted.event["detail-type"] == "AWS Console Signin via CloudTrail"
    assert emitted.event["source"] == "aws.signin"
    assert emitted.event["detail"]["awsRegion"] == "eu-west-1"
    assert "no trail" in kept_back(emitted, [])
    assert kept_back(emitted, [trail()]) == ""


def test_gate_of_the_trails() -> None:
    login, insight = done(LOGIN), done(INSIGHT)
    assert kept_back(login, []) == f"no trail of account {ACCOUNT} logs in us-east-1"
    elsewhere = trail(IsMultiRegionTrail=False)
    elsewhere.home_region = "eu-west-1"
    assert "logs in us-east-1" in kept_back(login, [elsewhere])
    assert kept_back(login, [trail()]) == ""
    reads_only = trail(selectors=[{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}])
    assert "selectors" in kept_back(login, [reads_only])
    assert kept_back(login, [reads_only, trail()]) == ""

    assert "ApiCallRateInsight" in kept_back(insight, [trail()])
    assert "ApiCallRateInsight" in kept_back(insight, [trail(insights=["ApiErrorRateInsight"])])
    assert kept_back(insight, [trail(insights=["ApiCallRateInsight"])]) == ""


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ([], "a JSON object, not list"),
        ("text", "a JSON object, not str"),
        ({}, "needs eventSource and eventName"),
        ({"eventName": "X"}, "needs eventSource and eventName"),
        (LOGIN | {"userIdentity": "root"}, "userIdentity"),
        (LOGIN | {"eventTime": "yesterday"}, "eventTime 'yesterday' is no time"),
        (LOGIN | {"eventTime": 5}, "is no time"),
        (LOGIN | {"recipientAccountId": "12"}, "'12' is no account id"),
        (LOGIN | {"recipientAccountId": 111122223333}, "no account id"),
        (LOGIN | {"awsRegion": "moon"}, "'moon' is no Region"),
        ({"detail": {}}, "needs a detail-type"),
        ({"detail-type": "X", "detail": "text", "source": "aws.x"}, "needs a detail"),
        ({"detail-type": "X", "detail": {}}, "needs a source"),
        ({"detail-type": "X", "detail": {}, "source": "aws.x", "time": "now"}, "is no time"),
        ({"detail-type": "AWS API Call via CloudTrail", "detail": {}}, "needs eventSource"),
    ],
)
def test_what_is_no_event_is_refused_by_name(item: Any, words: str) -> None:
    with pytest.raises(EmitError) as refusal:
        done(item)
    assert str(refusal.value).startswith("f.json: ")
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)
