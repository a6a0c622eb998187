"""Whole records, field by field, after the shapes of records that AWS delivered."""

from __future__ import annotations

import base64
import json

import pytest

from localaws.cloudtrail.recorder import build_record
from tests.unit.localaws.recorder import cases_ec2, cases_identity, cases_s3, cases_services
from tests.unit.localaws.recorder.calls import EVENT_ID, Case

pytestmark = pytest.mark.unit

CASES = cases_ec2.CASES + cases_s3.CASES + cases_identity.CASES + cases_services.CASES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_record(case: Case) -> None:
    record = build_record(case.call(), event_id=EVENT_ID)
    additional = record.get("additionalEventData", {})
    if case.service == "s3":
        assert base64.b64decode(additional.pop("x-amz-id-2"), validate=True)
    expected = case.record()
    if expected.get("resources") == []:
        del expected["resources"]
    assert record == expected
    assert json.loads(json.dumps(record)) == record


def test_the_table_is_as_broad_as_it_claims() -> None:
    operations = {(case.service, case.operation) for case in CASES}
    services = {service for service, _ in operations}
    assert len(operations) >= 60
    assert services >= {
        "cloudtrail",
        "dynamodb",
        "ec2",
        "events",
        "iam",
        "kms",
        "lambda",
        "logs",
        "s3",
        "sns",
        "sqs",
        "ssm",
        "sts",
    }
    assert sum(case.error is not None for case in CASES) >= 20
    assert sum(case.read_only for case in CASES) >= 20


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_secret_gets_into_a_record(case: Case) -> None:
    assert "never" not in json.dumps(build_record(case.call()))
