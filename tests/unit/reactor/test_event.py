"""The event reader: every kind of envelope, and nothing that makes it raise."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactor.event import Event, read_event
from reactor.policies import policy_document, statements
from reactor.security_groups import security_group_rules

from tests.unit.reactor.fuzz import JSON, odd, paths
from tests.unit.reactor.world import ACCOUNT, BOB_BY_SSO, ROOT, envelope, launch, record

pytestmark = pytest.mark.unit


def test_api_call() -> None:
    event = read_event(envelope(launch(["i-0aaaaaaaaaaaaaaa1"])))
    assert event.kind == "api_call"
    assert (event.name, event.source, event.trusted_source) == (
        "RunInstances",
        "ec2.amazonaws.com",
        "aws.ec2",
    )
    assert event.id == "1a8e25cb-458c-4ec3-89db-50732e95757f"
    assert event.time == datetime(2025, 11, 22, 12, 0, 5, tzinfo=UTC)
    assert (event.account, event.region) == (ACCOUNT, "eu-west-1")
    assert (event.error, event.failed, event.read_only) == ("", False, False)
    assert event.request["instanceType"] == "t3.micro"
    assert event.actor.name == "alice"


@pytest.mark.parametrize(
    ("detail_type", "kind"),
    [
        ("AWS API Call via CloudTrail", "api_call"),
        ("AWS Console Sign In via CloudTrail", "sign_in"),
        ("AWS Console Signin via CloudTrail", "sign_in"),
        ("AWS Console Action via CloudTrail", "console_action"),
        ("AWS Service Event via CloudTrail", "service_event"),
        ("AWS Insight via CloudTrail", "insight"),
        ("AWS Network Activity Event via CloudTrail", "network_activity"),
        ("EC2 Instance State-change Notification", "other"),
    ],
)
def test_kinds(detail_type: str, kind: str) -> None:
    assert read_event(envelope(record(), **{"detail-type": detail_type})).kind == kind


def test_a_bare_record_is_read_too() -> None:
    event = read_event(launch(["i-0aaaaaaaaaaaaaaa1"]))
    assert (event.kind, event.name, event.trusted_source) == ("api_call", "RunInstances", "")
    assert [instance.id for instance in event.instances] == ["i-0aaaaaaaaaaaaaaa1"]


def test_an_envelope_alone_tells_where_and_when() -> None:
    event = read_event({**envelope({}), "source": "aws.health", "detail": {"eventName": "X"}})
    assert (event.account, event.region) == (ACCOUNT, "eu-west-1")
    assert event.time == datetime(2025, 11, 22, 12, 0, 5, tzinfo=UTC)
    assert event.id == "0f1d5b2e-0000-4000-8000-000000000000"


def test_a_null_response_is_no_failure() -> None:
    event = read_event(envelope(record(eventName="CreateBucket", responseElements=None)))
    assert not event.failed
    assert event.response == {}


def test_a_denial_with_a_response_is_a_failure() -> None:
    event = read_event(envelope(record(errorCode="AccessDenied", responseElements={"x": 1})))
    assert event.failed


def test_a_failed_sign_in_has_no_error_code() -> None:
    failed = record(
        eventName="ConsoleLogin",
        eventSource="signin.amazonaws.com",
        eventType="AwsConsoleSignIn",
        userIdentity={"type": "IAMUser", "accountId": ACCOUNT, "userName": "alice"},
        errorMessage="Failed authentication",
        responseElements={"ConsoleLogin": "Failure"},
        additionalEventData={"MFAUsed": "No"},
    )
    event = read_event(envelope(failed, **{"detail-type": "AWS Console Sign In via CloudTrail"}))
    assert event.error == ""
    assert event.failed
    assert event.actor.name == "alice"
    assert event.additional["MFAUsed"] == "No"
    passed = {**failed, "responseElements": {"ConsoleLogin": "Success"}}
    del passed["errorMessage"]
    assert not read_event(passed).failed


def test_an_insight_has_neither_identity_nor_name_of_its_own() -> None:
    detail = {
        "eventVersion": "1.08",
        "eventTime": "2025-11-22T12:00:00Z",
        "awsRegion": "eu-west-1",
        "eventID": "e-1",
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": ACCOUNT,
        "insightDetails": {
            "state": "Start",
            "eventSource": "ec2.amazonaws.com",
            "eventName": "RunInstances",
            "insightType": "ApiCallRateInsight",
        },
    }
    event = read_event(
        envelope(detail, source="aws.cloudtrail", **{"detail-type": "AWS Insight via CloudTrail"})
    )
    assert (event.kind, event.name, event.source) == (
        "insight",
        "RunInstances",
        "ec2.amazonaws.com",
    )
    assert event.actor.kind == "unknown"
    assert event.instances == ()

    bare = read_event(detail)
    assert (bare.kind, bare.name, bare.account) == ("insight", "RunInstances", ACCOUNT)


def test_a_record_without_recipient_is_of_its_caller_s_account() -> None:
    detail = record()
    del detail["recipientAccountId"]
    assert read_event(detail).account == ACCOUNT
    assert read_event(envelope(detail, account="210987654321")).account == "210987654321"


@pytest.mark.parametrize("name", ["PasswordUpdated", "PasswordRecoveryRequested", "EmailUpdated"])
def test_a_change_of_root_s_password_fails_without_an_error_code(name: str) -> None:
    detail = record(eventSource="signin.amazonaws.com", eventName=name)
    detail["responseElements"] = {name: "Failure"}
    assert read_event(envelope(detail, source="aws.signin")).failed
    detail["responseElements"] = {name: "Success"}
    assert not read_event(envelope(detail, source="aws.signin")).failed


@pytest.mark.parametrize(("result", "failed"), [("Failure", True), ("Success", False)])
def test_a_credential_that_identity_center_asked_for(result: str, failed: bool) -> None:
    """https://docs.aws.amazon.com/singlesignon/latest/userguide/understanding-sign-in-events.html"""
    detail = record(
        eventSource="signin.amazonaws.com",
        eventName="CredentialVerification",
        eventType="AwsServiceEvent",
        serviceEventDetails={"CredentialVerification": result},
    )
    assert read_event(envelope(detail, source="aws.signin")).failed is failed


@pytest.mark.parametrize("value", [True, "true", "True"])
def test_read_only_in_any_spelling(value: object) -> None:
    assert read_event(envelope(record(readOnly=value))).read_only is True


def test_read_only_is_unknown_when_it_is_not_sent() -> None:
    detail = record()
    del detail["readOnly"]
    assert read_event(envelope(detail)).read_only is None


@pytest.mark.parametrize("field", ["requestParameters", "responseElements"])
def test_omitted_bodies_are_told(field: str) -> None:
    detail = launch(["i-0aaaaaaaaaaaaaaa1"])
    assert not read_event(detail).omitted
    event = read_event({**detail, field: {"omitted": True, "originalSize": 200000}})
    assert event.omitted


@pytest.mark.parametrize(
    ("agent", "tool"),
    [
        ("APN/1.0 HashiCorp/1.0 Terraform/1.11.4 terraform-provider-aws/5.100.0", "terraform"),
        ("APN/1.0 OpenTofu/1.9.0 terraform-provider-aws/5.100.0", "opentofu"),
        ("aws-cli/2.17.32 md/awscrt#0.21.2 ua/2.0", "aws-cli"),
        ("Boto3/1.43.106 md/Botocore#1.43.106 ua/2.1 os/linux", "boto3"),
        ("aws-sdk-go-v2/1.30.0 os/linux lang/go#1.22", "aws-sdk-go"),
        ("console.ec2.amazonaws.com", "console"),
        ("[EC2ConsoleFrontend, aws-internal/3]", "console"),
        ("curl/8", "api"),
        ("", "api"),
    ],
)
def test_tools(agent: str, tool: str) -> None:
    assert read_event(record(userAgent=agent)).tool == tool


def test_console_credentials_beat_the_user_agent() -> None:
    event = read_event(record(sessionCredentialFromConsole="true", userAgent="Boto3/1.43"))
    assert event.tool == "console"
    assert event.actor.human is True


# ---- instances and other resources


def test_every_instance_of_a_launch() -> None:
    detail = launch(
        ["i-0aaaaaaaaaaaaaaa1", "i-0aaaaaaaaaaaaaaa2"],
        types=["t3.micro", "p5.48xlarge"],
        volumes={"i-0aaaaaaaaaaaaaaa2": ["vol-1", "vol-2"]},
        tags={"team": "core"},
        volume_tags={"disk": "yes"},
    )
    first, second = read_event(envelope(detail)).instances
    assert (first.id, first.type, first.volumes) == ("i-0aaaaaaaaaaaaaaa1", "t3.micro", ())
    assert (second.type, second.volumes) == ("p5.48xlarge", ("vol-1", "vol-2"))
    assert second.tags == {"team": "core"}
    assert second.volume_tags == {"disk": "yes"}
    assert [(each.id, each.type) for each in read_event(detail).resources] == [
        ("i-0aaaaaaaaaaaaaaa1", "AWS::EC2::Instance"),
        ("i-0aaaaaaaaaaaaaaa2", "AWS::EC2::Instance"),
        ("vol-1", "AWS::EC2::Volume"),
        ("vol-2", "AWS::EC2::Volume"),
    ]


def test_tags_of_the_request_count_where_the_response_has_none() -> None:
    detail = launch(["i-0aaaaaaaaaaaaaaa1"], tags={"team": "core"})
    del detail["responseElements"]["instancesSet"]["items"][0]["tagSet"]
    assert read_event(detail).instances[0].tags == {"team": "core"}


def test_the_type_of_the_request_counts_where_the_response_has_none() -> None:
    detail = launch(["i-0aaaaaaaaaaaaaaa1"], "m7i.large")
    del detail["responseElements"]["instancesSet"]["items"][0]["instanceType"]
    assert read_event(detail).instances[0].type == "m7i.large"


def test_a_failed_launch_has_no_instances() -> None:
    detail = launch(["i-0aaaaaaaaaaaaaaa1"], errorCode="Client.InstanceLimitExceeded")
    assert read_event(detail).instances == ()


def test_resources_that_the_record_names() -> None:
    arn = "arn:aws:iam::123456789012:role/x"
    detail = record(
        eventName="AssumeRole",
        resources=[{"ARN": arn, "accountId": ACCOUNT, "type": "AWS::IAM::Role"}],
    )
    (resource,) = read_event(detail).resources
    assert (resource.id, resource.type, resource.account) == (arn, "AWS::IAM::Role", ACCOUNT)


# ---- security groups

_NESTED = {
    "groupId": "sg-1",
    "ipPermissions": {
        "items": [
            {
                "ipProtocol": "tcp",
                "fromPort": 20,
                "toPort": 30,
                "groups": {},
                "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}, {"cidrIp": "10.0.0.0/8"}]},
                "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]},
                "prefixListIds": {},
            }
        ]
    },
}
_FLAT = {
    "groupId": "sg-1",
    "ipPermissions": {},
    "cidrIp": "0.0.0.0/0",
    "ipProtocol": "tcp",
    "fromPort": 22,
    "toPort": 22,
}
_RULE_SET = {
    "_return": True,
    "securityGroupRuleSet": {
        "items": [
            {
                "groupOwnerId": ACCOUNT,
                "groupId": "sg-1",
                "securityGroupRuleId": "sgr-1",
                "isEgress": False,
                "ipProtocol": "tcp",
                "fromPort": 22,
                "toPort": 22,
                "cidrIpv4": "0.0.0.0/0",
            }
        ]
    },
}
_MODIFY = {
    "ModifySecurityGroupRulesRequest": {
        "GroupId": "sg-1",
        "SecurityGroupRule": {
            "SecurityGroupRuleId": "sgr-1",
            "tag": 1,
            "SecurityGroupRule": {
                "CidrIpv6": "::/0",
                "FromPort": 22,
                "ToPort": 22,
                "IpProtocol": "tcp",
            },
        },
    }
}


def _group_call(request: dict[str, Any], response: dict[str, Any] | None = None) -> Event:
    return read_event(
        record(
            eventName="AuthorizeSecurityGroupIngress",
            requestParameters=request,
            responseElements=response,
        )
    )


def test_security_group_rules_nested() -> None:
    rules = security_group_rules(_group_call(_NESTED))
    assert [rule.peer for rule in rules] == ["0.0.0.0/0", "10.0.0.0/8", "::/0"]
    assert all(rule.covers(22) and not rule.covers(31) for rule in rules)


def test_security_group_rules_flat_as_the_cli_sends_them() -> None:
    (rule,) = security_group_rules(_group_call(_FLAT))
    assert (rule.peer, rule.from_port, rule.group, rule.id) == ("0.0.0.0/0", 22, "sg-1", "")


def test_security_group_rules_are_taken_from_the_response_first() -> None:
    (rule,) = security_group_rules(_group_call(_NESTED, _RULE_SET))
    assert (rule.id, rule.peer, rule.egress) == ("sgr-1", "0.0.0.0/0", False)


def test_security_group_rules_of_a_modification() -> None:
    event = read_event(record(eventName="ModifySecurityGroupRules", requestParameters=_MODIFY))
    (rule,) = security_group_rules(event)
    assert (rule.id, rule.group, rule.peer, rule.to_port) == ("sgr-1", "sg-1", "::/0", 22)


def test_every_protocol_means_every_port() -> None:
    request = {"groupId": "sg-1", "ipProtocol": "-1", "cidrIp": "0.0.0.0/0"}
    (rule,) = security_group_rules(_group_call(request))
    assert rule.covers(1)
    assert rule.covers(65535)


# ---- policies


def test_policy_documents_in_each_spelling() -> None:
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*"}}
    raw = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*"}}'
    encoded = (
        "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A"
        "%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22%2A%22%7D%7D"
    )
    assert policy_document(document) == policy_document(raw) == policy_document(encoded) == document
    assert statements(document) == [{"Effect": "Allow", "Action": "*"}]
    assert policy_document("no policy") is None
    assert policy_document(None) is None
    assert statements(None) == []


# ---- never raises

_WHOLE = [
    envelope(
        launch(
            ["i-0aaaaaaaaaaaaaaa1"],
            identity=BOB_BY_SSO,
            tags={"team": "core"},
            volumes={"i-0aaaaaaaaaaaaaaa1": ["vol-1"]},
        )
    ),
    envelope(record(eventName="AuthorizeSecurityGroupIngress", requestParameters=_NESTED)),
    envelope(record(eventName="AuthorizeSecurityGroupIngress", responseElements=_RULE_SET)),
    envelope(record(eventName="ModifySecurityGroupRules", requestParameters=_MODIFY)),
    envelope(record(eventName="ConsoleLogin", userIdentity=ROOT, resources=[{"ARN": "x"}])),
]


def _read_all(envelope: object) -> None:
    """Reads whatever can be read of an event."""
    event = read_event(envelope)
    assert isinstance(event.instances, tuple)
    assert isinstance(event.resources, tuple)
    assert isinstance(security_group_rules(event), tuple)
    assert all(rule.covers(22) in (True, False) for rule in security_group_rules(event))
    assert isinstance(event.failed, bool)
    assert isinstance(event.omitted, bool)
    assert event.tool
    assert event.actor.owner
    assert event.actor.label
    assert isinstance(event.actor.service, str)
    statements(policy_document(event.request.get("policyDocument")))


@given(JSON)
def test_anything_at_all_is_read(value: object) -> None:
    _read_all(value)
    _read_all({"detail": value})
    policy_document(value)


@settings(max_examples=400)
@given(st.sampled_from(_WHOLE), st.data())
def test_an_event_with_odd_parts_is_read(whole: dict[str, Any], data: st.DataObject) -> None:
    _read_all(data.draw(odd(whole)))


@pytest.mark.parametrize("whole", _WHOLE)
def test_an_event_with_any_part_missing_is_read(whole: dict[str, Any]) -> None:
    for path in paths(whole)[1:]:
        value = copy.deepcopy(whole)
        inner: Any = value
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        _read_all(value)


def test_very_long_numbers_are_read() -> None:
    _read_all(envelope(record(awsRegion=10**5000, eventID=10**5000)))
    _read_all(_group_call({**_FLAT, "fromPort": "9" * 5000}).detail)
