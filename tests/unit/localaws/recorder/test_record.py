"""What holds for every record: identity, Region, category, sizes, purity, the event around it."""

from __future__ import annotations

import copy
import dataclasses
import json
import time
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from localaws.cloudtrail.recorder import (
    build_record,
    category,
    dates,
    detail_type,
    envelope,
    event_bridge_region,
    event_category,
    event_name,
    event_source,
    is_read_only,
)
from localaws.cloudtrail.recorder.names import partition
from localaws.wire.call import Call
from localaws.wire.errors import ApiError
from localaws.wire.identity import Identity
from tests.unit.localaws.recorder import cases_ec2
from tests.unit.localaws.recorder.calls import ACCOUNT, TIME, make_call, operation_model

pytestmark = pytest.mark.unit

ROLE_SESSION = Identity(
    type="AssumedRole",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/app/deploy",
    principal_id="AROAEXAMPLE:deploy",
    access_key="ASIAEXAMPLE",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/ci/app",
    issuer_id="AROAEXAMPLE",
    issuer_name="app",
    session_created=TIME,
)


def identity_of(identity: Identity) -> dict[str, Any]:
    record = build_record(make_call("sts", "GetCallerIdentity", identity=identity))
    element: dict[str, Any] = record["userIdentity"]
    return element


class TestIdentity:
    def test_root(self) -> None:
        root = Identity(type="Root", account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root")
        assert identity_of(root) == {
            "type": "Root",
            "principalId": ACCOUNT,
            "arn": f"arn:aws:iam::{ACCOUNT}:root",
            "accountId": ACCOUNT,
        }

    def test_user_with_temporary_credentials_has_a_session_without_issuer(self) -> None:
        user = Identity(
            type="IAMUser",
            account=ACCOUNT,
            arn=f"arn:aws:iam::{ACCOUNT}:user/mira",
            principal_id="AIDAEXAMPLE",
            user_name="mira",
            access_key="ASIAEXAMPLE",
            session_created=TIME,
            mfa=True,
        )
        assert identity_of(user) == {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/mira",
            "accountId": ACCOUNT,
            "accessKeyId": "ASIAEXAMPLE",
            "userName": "mira",
            "sessionContext": {
                "attributes": {
                    "creationDate": "2026-11-22T10:00:00Z",
                    "mfaAuthenticated": "true",
                }
            },
        }

    def test_role_session_names_its_issuer(self) -> None:
        assert identity_of(ROLE_SESSION) == {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:deploy",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/deploy",
            "accountId": ACCOUNT,
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAEXAMPLE",
                    "arn": f"arn:aws:iam::{ACCOUNT}:role/ci/app",
                    "accountId": ACCOUNT,
                    "userName": "app",
                },
                "attributes": {
                    "creationDate": "2026-11-22T10:00:00Z",
                    "mfaAuthenticated": "false",
                },
            },
        }

    def test_session_of_a_web_identity(self) -> None:
        session = dataclasses.replace(
            ROLE_SESSION,
            web_identity_provider=f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example",
            web_identity_attributes={"aud": "sts.amazonaws.com"},
        )
        assert identity_of(session)["sessionContext"]["webIdFederationData"] == {
            "federatedProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example",
            "attributes": {"aud": "sts.amazonaws.com"},
        }

    def test_web_identity_user(self) -> None:
        user = Identity(
            type="WebIdentityUser",
            account=ACCOUNT,
            principal_id="token.example:sts.amazonaws.com:repo:a/b",
            user_name="repo:a/b",
            web_identity_provider="token.example",
        )
        assert identity_of(user) == {
            "type": "WebIdentityUser",
            "principalId": "token.example:sts.amazonaws.com:repo:a/b",
            "userName": "repo:a/b",
            "identityProvider": "token.example",
        }

    def test_service_by_itself(self) -> None:
        service = Identity(
            type="AWSService", account=ACCOUNT, invoked_by="autoscaling.amazonaws.com"
        )
        record = build_record(make_call("sts", "GetCallerIdentity", identity=service))
        assert record["userIdentity"] == {
            "type": "AWSService",
            "invokedBy": "autoscaling.amazonaws.com",
        }
        assert record["sourceIPAddress"] == record["userAgent"] == "autoscaling.amazonaws.com"
        assert "tlsDetails" not in record

    def test_service_for_somebody(self) -> None:
        session = dataclasses.replace(ROLE_SESSION, invoked_by="ec2fleet.amazonaws.com")
        record = build_record(make_call("ec2", "DescribeVpcs", identity=session))
        assert record["userIdentity"]["invokedBy"] == "ec2fleet.amazonaws.com"
        assert record["userIdentity"]["arn"] == session.arn
        assert record["sourceIPAddress"] == "ec2fleet.amazonaws.com"

    @pytest.mark.parametrize("arn", ["", "role", "arn:aws:iam"])
    def test_an_odd_issuer_is_still_recorded(self, arn: str) -> None:
        session = dataclasses.replace(ROLE_SESSION, issuer_arn=arn)
        issuer = identity_of(session)["sessionContext"]["sessionIssuer"]
        assert issuer["accountId"] == ACCOUNT


class TestRegion:
    @pytest.mark.parametrize(
        ("service", "operation", "called", "recorded"),
        [
            ("iam", "ListUsers", "eu-west-1", "us-east-1"),
            ("iam", "ListUsers", "cn-northwest-1", "cn-north-1"),
            ("iam", "ListUsers", "us-gov-east-1", "us-gov-west-1"),
            ("organizations", "DescribeOrganization", "eu-west-1", "us-east-1"),
            ("cloudfront", "ListDistributions", "eu-west-1", "us-east-1"),
            ("route53", "ListHostedZones", "eu-west-1", "us-east-1"),
            ("route53", "ListHostedZones", "us-gov-west-1", "us-gov-west-1"),
            ("sts", "GetCallerIdentity", "eu-west-1", "eu-west-1"),
            ("ec2", "DescribeVpcs", "ap-south-1", "ap-south-1"),
            ("s3", "ListBuckets", "aws-global", "us-east-1"),
        ],
    )
    def test_home_of_global_services(
        self, service: str, operation: str, called: str, recorded: str
    ) -> None:
        call = make_call(service, operation, region=called)
        assert event_bridge_region(call) == recorded
        assert build_record(call)["awsRegion"] == recorded

    def test_the_global_endpoint_of_sts(self) -> None:
        call = make_call("sts", "GetCallerIdentity", host="sts.amazonaws.com:443")
        record = build_record(call)
        assert record["awsRegion"] == "us-east-1"
        assert record["tlsDetails"]["clientProvidedHostHeader"] == "sts.amazonaws.com"

    def test_a_real_host_is_kept_and_a_local_one_is_not(self) -> None:
        real = make_call("s3", "ListBuckets", host="acme.s3.us-east-2.amazonaws.com")
        local = make_call("s3", "ListBuckets", region="cn-north-1", host="localhost:4566")
        assert build_record(real)["requestParameters"]["Host"] == real.host
        host = build_record(local)["requestParameters"]["Host"]
        assert host == "s3.cn-north-1.amazonaws.com.cn"

    def test_partitions(self) -> None:
        assert partition("us-isob-east-1") == "aws-iso-b"
        assert partition("us-iso-east-1") == "aws-iso"
        assert partition("us-east-1") == "aws"


class TestNames:
    @pytest.mark.parametrize(
        ("service", "operation", "source", "name"),
        [
            ("cloudwatch", "PutMetricAlarm", "monitoring", "PutMetricAlarm"),
            ("elbv2", "CreateLoadBalancer", "elasticloadbalancing", "CreateLoadBalancer"),
            ("sesv2", "SendEmail", "ses", "SendEmail"),
            ("stepfunctions", "CreateStateMachine", "states", "CreateStateMachine"),
            ("efs", "CreateFileSystem", "elasticfilesystem", "CreateFileSystem"),
            ("ecr", "CreateRepository", "ecr", "CreateRepository"),
            ("bedrock-runtime", "InvokeModel", "bedrock", "InvokeModel"),
            ("s3control", "PutPublicAccessBlock", "s3", "PutAccountPublicAccessBlock"),
            ("sso-admin", "CreateAccountAssignment", "sso", "CreateAccountAssignment"),
            ("lambda", "PublishLayerVersion", "lambda", "PublishLayerVersion20181031"),
            ("lambda", "TagResource", "lambda", "TagResource20170331v2"),
            ("lambda", "PutFunctionEventInvokeConfig", "lambda", "PutFunctionEventInvokeConfig"),
            ("lambda", "GetAccountSettings", "lambda", "GetAccountSettings20160819"),
            ("dynamodbstreams", "GetRecords", "dynamodb", "GetRecords"),
        ],
    )
    def test_source_and_name(self, service: str, operation: str, source: str, name: str) -> None:
        model = operation_model(service, operation)
        assert (event_source(model), event_name(model)) == (f"{source}.amazonaws.com", name)

    @pytest.mark.parametrize(
        ("service", "operation", "read_only"),
        [
            ("iam", "ListUsers", True),
            ("sts", "AssumeRole", True),
            ("sts", "GetSessionToken", False),
            ("sts", "GetFederationToken", False),
            ("kms", "Decrypt", True),
            ("kms", "CreateGrant", False),
            ("secretsmanager", "BatchGetSecretValue", True),
            ("ssm", "ResumeSession", False),
            ("bedrock-runtime", "InvokeModel", True),
            ("lambda", "Invoke", False),
            ("sqs", "ReceiveMessage", True),
            ("dynamodb", "Query", True),
            ("events", "TestEventPattern", True),
        ],
    )
    def test_read_only(self, service: str, operation: str, read_only: bool) -> None:
        assert is_read_only(service, operation) is read_only

    @pytest.mark.parametrize(
        ("service", "operation", "expected"),
        [
            ("s3", "PutObject", "Data"),
            ("s3", "PutBucketPolicy", "Management"),
            ("lambda", "Invoke", "Data"),
            ("lambda", "UpdateFunctionCode", "Management"),
            ("kms", "Decrypt", "Management"),
            ("kms", "GenerateDataKey", "Management"),
            ("bedrock-runtime", "InvokeModel", "Management"),
            ("sqs", "SendMessageBatch", "Data"),
            ("sqs", "PurgeQueue", "Management"),
            ("sns", "PublishBatch", "Data"),
            ("dynamodb", "BatchWriteItem", "Data"),
            ("dynamodb", "UpdateTable", "Management"),
            ("events", "PutEvents", "Data"),
            ("logs", "PutLogEvents", "Data"),
            ("kinesis", "PutRecords", "Data"),
            ("no-such-service", "Anything", "Management"),
        ],
    )
    def test_category(self, service: str, operation: str, expected: str) -> None:
        assert category(service, operation) == expected

    def test_category_of_a_call(self) -> None:
        assert event_category(make_call("sqs", "ListQueues")) == "Management"


class TestSizes:
    def test_an_oversize_request_is_left_out(self) -> None:
        call = make_call(
            "iam",
            "PutRolePolicy",
            {"RoleName": "r", "PolicyName": "p", "PolicyDocument": "é" * 60_000},
        )
        parameters = build_record(call)["requestParameters"]
        assert parameters["omitted"] is True
        assert parameters["originalSize"] > 120_000
        assert parameters["reason"] == "requestParameters too large"

    def test_an_oversize_response_is_left_out(self) -> None:
        call = make_call("iam", "CreateUser", {"UserName": "u"}, {"User": {"Path": "x" * 102_400}})
        record = build_record(call)
        assert record["responseElements"]["omitted"] is True
        assert record["requestParameters"] == {"userName": "u"}

    def test_long_text_is_cut_at_a_character(self) -> None:
        error = ApiError("InvalidInput", "é" * 2000, 400)
        call = make_call("iam", "CreateUser", {"UserName": "u"}, error=error)
        call.request.fields["user-agent"] = "a" * 1024 + "b"
        record = build_record(call)
        assert record["errorMessage"] == "é" * 512
        assert record["userAgent"] == "a" * 1024


class TestErrors:
    @pytest.mark.parametrize(
        ("service", "operation", "code", "status", "recorded"),
        [
            ("ec2", "DescribeVpcs", "UnauthorizedOperation", 403, "Client.UnauthorizedOperation"),
            ("ec2", "DescribeVpcs", "InternalError", 500, "Server.InternalError"),
            ("ec2", "DescribeVpcs", "Client.AuthFailure", 401, "Client.AuthFailure"),
            ("iam", "ListUsers", "NoSuchEntity", 404, "NoSuchEntityException"),
            (
                "iam",
                "ListUsers",
                "MalformedPolicyDocument",
                400,
                "MalformedPolicyDocumentException",
            ),
            ("iam", "ListUsers", "ValidationError", 400, "ValidationException"),
            ("iam", "ListUsers", "Throttling", 400, "ThrottlingException"),
            ("dynamodb", "ListTables", "AccessDeniedException", 400, "AccessDenied"),
            ("kms", "ListKeys", "com.amazonaws.kms#NotFoundException", 400, "NotFoundException"),
            ("s3", "ListBuckets", "NoSuchBucket", 404, "NoSuchBucket"),
            ("autoscaling", "DescribeTags", "ValidationError", 400, "ValidationException"),
        ],
    )
    def test_code(
        self, service: str, operation: str, code: str, status: int, recorded: str
    ) -> None:
        call = make_call(service, operation, error=ApiError(code, "why", status))
        assert build_record(call)["errorCode"] == recorded

    def test_a_success_has_neither_code_nor_message(self) -> None:
        record = build_record(make_call("iam", "ListUsers"))
        assert "errorCode" not in record
        assert "errorMessage" not in record


class TestEnvelope:
    def test_event_around_a_record(self) -> None:
        record = build_record(make_call("cloudwatch", "DeleteAlarms", {"AlarmNames": ["a"]}))
        event = envelope(record, event_id="e-1")
        assert event == {
            "version": "0",
            "id": "e-1",
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.monitoring",
            "account": ACCOUNT,
            "time": "2026-11-22T10:00:00Z",
            "region": "eu-west-1",
            "resources": [],
            "detail": record,
        }

    def test_ids_are_fresh(self) -> None:
        record = build_record(make_call("iam", "ListUsers"))
        event = envelope(record)
        assert uuid.UUID(event["id"]) != uuid.UUID(record["eventID"])
        assert event["region"] == "us-east-1"

    @pytest.mark.parametrize(
        ("event_type", "expected"),
        [
            ("AwsApiCall", "AWS API Call via CloudTrail"),
            ("AwsConsoleSignIn", "AWS Console Sign In via CloudTrail"),
            ("AwsServiceEvent", "AWS Service Event via CloudTrail"),
            ("AwsCloudTrailInsight", "AWS Insight via CloudTrail"),
        ],
    )
    def test_detail_type(self, event_type: str, expected: str) -> None:
        assert detail_type({"eventType": event_type}) == expected


class TestDates:
    def test_every_hour_of_the_clock(self) -> None:
        moments = [TIME.replace(hour=hour, minute=5) for hour in (0, 11, 12, 23)]
        texts = [dates.java_medium(moment) for moment in moments]
        assert texts == [
            "Nov 22, 2026, 12:05:00 AM",
            "Nov 22, 2026, 11:05:00 AM",
            "Nov 22, 2026, 12:05:00 PM",
            "Nov 22, 2026, 11:05:00 PM",
        ]

    def test_other_zones_are_utc_in_a_record(self) -> None:
        paris = timezone(timedelta(hours=1))
        moment = datetime(2026, 11, 22, 11, 0, 0, 208_000, tzinfo=paris)
        assert dates.iso_seconds(moment) == "2026-11-22T10:00:00Z"
        assert dates.iso_millis(moment) == "2026-11-22T10:00:00.208Z"
        assert dates.epoch_millis(moment) == 1795341600208
        assert dates.epoch_seconds(moment) == 1795341600.208
        assert dates.epoch_seconds(TIME) == 1795341600

    @pytest.mark.parametrize("value", [TIME, 1795341600, "2026-11-22T10:00:00Z"])
    def test_however_it_was_decoded(self, value: Any) -> None:
        assert dates.as_datetime(value) == TIME

    @pytest.mark.parametrize("value", ["not a date", None, True, 1e300, {}])
    def test_what_is_no_date(self, value: Any) -> None:
        assert dates.as_datetime(value) is None

    def test_a_naive_date_is_utc(self) -> None:
        assert dates.as_datetime(TIME.replace(tzinfo=None)) == TIME
        assert dates.iso_seconds(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00Z"


class TestPurity:
    def test_a_call_is_not_changed_and_not_shared(self) -> None:
        call: Call = cases_ec2.CASES[0].call()
        before = copy.deepcopy((call.parameters, call.result))
        record = build_record(call)
        record["requestParameters"]["blockDeviceMapping"]["items"].clear()
        record["responseElements"]["instancesSet"]["items"].clear()
        assert (call.parameters, call.result) == before

    def test_defaults_are_not_shared_between_records(self) -> None:
        call = make_call("ec2", "StopInstances", {"InstanceIds": ["i-1"]})
        describe = make_call("ec2", "DescribeInstances")
        build_record(call)["requestParameters"]["force"] = "changed"
        build_record(describe)["requestParameters"]["filterSet"]["items"] = ["changed"]
        assert build_record(call)["requestParameters"]["force"] is False
        assert build_record(describe)["requestParameters"]["filterSet"] == {}

    def test_documents_a_client_decoded_are_encoded_again(self) -> None:
        document = {"Version": "2012-10-17", "Statement": []}
        call = make_call("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": "{}"})
        call.outcome = ({"Role": {"AssumeRolePolicyDocument": document}}, None)
        role = build_record(call)["responseElements"]["role"]
        assert role["assumeRolePolicyDocument"].startswith("%7B%22Version%22%3A")


def test_a_record_is_made_in_half_a_millisecond() -> None:
    call = cases_ec2.CASES[0].call()
    build_record(call)
    samples = []
    for _ in range(200):
        start = time.perf_counter()
        record = build_record(call)
        samples.append(time.perf_counter() - start)
    assert sorted(samples)[100] < 0.0005
    assert len(json.dumps(record)) > 2000
