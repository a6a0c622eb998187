"""Every operation of every service can be recorded, whatever it was called with."""

from __future__ import annotations

import dataclasses
import json
import random
import re
from typing import Any

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localaws.cloudtrail.recorder import build_record, envelope
from localaws.wire.call import Call
from localaws.wire.errors import ApiError
from tests.unit.localaws.recorder.calls import make_call, operation_model, service_model
from tests.unit.localaws.recorder.generate import value

pytestmark = pytest.mark.unit

SERVICES = [
    "acm",
    "apigateway",
    "apigatewayv2",
    "autoscaling",
    "backup",
    "cloudformation",
    "cloudfront",
    "cloudtrail",
    "cloudwatch",
    "cognito-idp",
    "config",
    "dynamodb",
    "dynamodbstreams",
    "ec2",
    "ecr",
    "ecs",
    "efs",
    "eks",
    "elasticache",
    "elbv2",
    "events",
    "firehose",
    "glue",
    "guardduty",
    "iam",
    "kinesis",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "pipes",
    "rds",
    "route53",
    "s3",
    "s3control",
    "scheduler",
    "secretsmanager",
    "ses",
    "sesv2",
    "sns",
    "sqs",
    "ssm",
    "stepfunctions",
    "sts",
    "wafv2",
]
ALWAYS = {
    "awsRegion",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "requestID",
    "requestParameters",
    "responseElements",
    "sourceIPAddress",
    "tlsDetails",
    "userAgent",
    "userIdentity",
}
ERRORS = [
    ApiError("AccessDenied", "no", 403),
    ApiError("AccessDeniedException", "", 400),
    ApiError("com.amazonaws#ResourceNotFoundException", "gone", 404),
    ApiError("InternalError", "x" * 5000, 500),
]


def check(call: Call) -> None:
    record = build_record(call)
    assert record.keys() >= ALWAYS
    assert re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com", record["eventSource"])
    # Strict JSON: no NaN, no bytes, no dates.
    assert json.loads(json.dumps(envelope(record), allow_nan=False))["detail"] == record
    if call.error is not None:
        assert record["errorCode"]


def arbitrary(service: str, operation: str, rng: random.Random) -> Call:
    model = operation_model(service, operation)
    call = make_call(service, operation) if model.input_shape is None else None
    parameters: dict[str, Any] = {}
    result: dict[str, Any] = {}
    if model.input_shape is not None:
        parameters = value(model.input_shape, rng)
    if model.output_shape is not None:
        result = value(model.output_shape, rng)
    base = call or make_call("sts", "GetCallerIdentity")
    error = rng.choice([None, None, *ERRORS])
    made = dataclasses.replace(base, service=service, model=model)
    made.parameters = parameters
    made.outcome = (None if error else result, error)
    return made


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_a_service(service: str) -> None:
    rng = random.Random(service)
    for operation in service_model(service).operation_names:
        for _ in range(2):
            check(arbitrary(service, operation, rng))


def test_every_service_has_a_source() -> None:
    session = botocore.session.get_session()
    rng = random.Random(1)
    for service in session.get_available_services():
        operations = service_model(service).operation_names
        check(arbitrary(service, rng.choice(operations), rng))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_values_nobody_thought_of(data: st.DataObject) -> None:
    service = data.draw(st.sampled_from(SERVICES))
    names = service_model(service).operation_names
    operation = data.draw(st.sampled_from(names))
    check(arbitrary(service, operation, data.draw(st.randoms(use_true_random=False))))
