"""What a trail's selectors take in."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.cloudtrail.selectors import DEFAULT_SELECTORS, selected

pytestmark = pytest.mark.unit

WRITE: dict[str, Any] = {
    "eventCategory": "Management",
    "eventSource": "ec2.amazonaws.com",
    "eventName": "RunInstances",
    "readOnly": False,
}
READ = {**WRITE, "eventName": "DescribeInstances", "readOnly": True}
KMS = {**READ, "eventSource": "kms.amazonaws.com", "eventName": "Decrypt"}
OBJECT: dict[str, Any] = {
    "eventCategory": "Data",
    "eventSource": "s3.amazonaws.com",
    "eventName": "GetObject",
    "readOnly": True,
    "resources": [
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::logs/a/b"},
        {"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::logs"},
    ],
}


def objects(*prefixes: str, **more: Any) -> dict[str, Any]:
    return {"DataResources": [{"Type": "AWS::S3::Object", "Values": list(prefixes)}], **more}


@pytest.mark.parametrize(
    ("selector", "record", "taken"),
    [
        ({}, WRITE, True),
        ({}, READ, True),
        ({}, OBJECT, False),
        ({"ReadWriteType": "WriteOnly"}, WRITE, True),
        ({"ReadWriteType": "WriteOnly"}, READ, False),
        ({"ReadWriteType": "ReadOnly"}, WRITE, False),
        ({"ReadWriteType": "ReadOnly"}, READ, True),
        ({"IncludeManagementEvents": False}, WRITE, False),
        ({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}, KMS, False),
        ({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}, READ, True),
        (objects("arn:aws:s3:::logs/"), OBJECT, True),
        (objects("arn:aws:s3:::logs/a/"), OBJECT, True),
        (objects("arn:aws:s3"), OBJECT, True),
        (objects("arn:aws:s3:::other/"), OBJECT, False),
        (objects("arn:aws:s3:::logs/", ReadWriteType="WriteOnly"), OBJECT, False),
        (objects("arn:aws:s3:::logs/", IncludeManagementEvents=False), OBJECT, True),
        (
            {"DataResources": [{"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}]},
            OBJECT,
            False,
        ),
    ],
)
def test_basic_selectors(selector: dict[str, Any], record: dict[str, Any], taken: bool) -> None:
    assert selected(record, [selector]) is taken


def fields(*selectors: dict[str, Any]) -> dict[str, Any]:
    return {"FieldSelectors": list(selectors)}


def field(name: str, **tests: list[str]) -> dict[str, Any]:
    return {"Field": name, **tests}


MANAGEMENT = field("eventCategory", Equals=["Management"])
DATA = field("eventCategory", Equals=["Data"])


@pytest.mark.parametrize(
    ("selector", "record", "taken"),
    [
        (fields(MANAGEMENT), WRITE, True),
        (fields(MANAGEMENT), OBJECT, False),
        (fields(MANAGEMENT, field("readOnly", Equals=["false"])), WRITE, True),
        (fields(MANAGEMENT, field("readOnly", Equals=["false"])), READ, False),
        (fields(MANAGEMENT, field("eventSource", NotEquals=["kms.amazonaws.com"])), KMS, False),
        (fields(MANAGEMENT, field("eventSource", NotEquals=["kms.amazonaws.com"])), READ, True),
        (fields(MANAGEMENT, field("eventName", StartsWith=["Run", "Stop"])), WRITE, True),
        (fields(MANAGEMENT, field("eventName", NotStartsWith=["Run"])), WRITE, False),
        (fields(MANAGEMENT, field("eventName", EndsWith=["Instances"])), READ, True),
        (fields(MANAGEMENT, field("eventName", NotEndsWith=["Instances"])), READ, False),
        (fields(DATA, field("resources.type", Equals=["AWS::S3::Object"])), OBJECT, True),
        (
            fields(DATA, field("resources.ARN", StartsWith=["arn:aws:s3:::logs/a/"])),
            OBJECT,
            True,
        ),
        (
            fields(DATA, field("resources.ARN", StartsWith=["arn:aws:s3:::other/"])),
            OBJECT,
            False,
        ),
        # A field that a record does not have satisfies only what is asked in the negative.
        (fields(MANAGEMENT, field("userIdentity.arn", Equals=["x"])), WRITE, False),
        (fields(MANAGEMENT, field("userIdentity.arn", NotEquals=["x"])), WRITE, True),
    ],
)
def test_advanced_selectors(selector: dict[str, Any], record: dict[str, Any], taken: bool) -> None:
    assert selected(record, [selector]) is taken


def test_any_selector_is_enough() -> None:
    read, write = {"ReadWriteType": "ReadOnly"}, {"ReadWriteType": "WriteOnly"}
    assert selected(WRITE, [read, write])
    assert not selected(WRITE, [])


def test_a_new_trail_takes_all_management_events_and_no_data() -> None:
    assert selected(READ, DEFAULT_SELECTORS)
    assert selected(WRITE, DEFAULT_SELECTORS)
    assert not selected(OBJECT, DEFAULT_SELECTORS)
