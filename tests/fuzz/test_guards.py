"""Every guard's plan over odd events, in an account that answers like AWS: moto.

The events name what is there, so that the guards look at it and decide, and then one to three parts
of the event are replaced by anything.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import boto3
import pytest
import reactor.reactions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reactor.actions import Action, Alert
from reactor.aws import Aws
from reactor.event import read_event
from reactor.reaction import MalformedEventError
from reactor.retry import Clock

from tests.unit.reactor.fuzz import odd
from tests.unit.reactor.world import ACCOUNT, IMAGE, REGION, Context, envelope, launch, record

pytestmark = pytest.mark.unit

EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True)
class Scene:
    """Events about what is in the account, and the settings under which a guard does most."""

    events: tuple[dict[str, Any], ...]
    settings: Mapping[str, Any]


class Kept(Aws):
    """Clients that ask each question once: a plan changes nothing."""

    def __init__(self, region: str) -> None:
        super().__init__(region)
        self._answers: dict[str, Any] = {}

    def read(self, service: str, operation: str, parameters: Mapping[str, Any], **more: Any) -> Any:
        """As `Aws.read`."""
        key = repr((service, operation, parameters, more))
        if key not in self._answers:
            self._answers[key] = super().read(service, operation, parameters, **more)
        return copy.deepcopy(self._answers[key])


def _buckets() -> Scene:
    boto3.client("s3").create_bucket(
        Bucket="bare", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    calls: dict[str, dict[str, Any]] = {
        "CreateBucket": {"CreateBucketConfiguration": {"LocationConstraint": REGION}},
        "PutBucketPolicy": {"bucketPolicy": ANYBODY},
        "DeleteBucketEncryption": {"encryption": ""},
    }
    return Scene(
        tuple(
            record(
                eventSource="s3.amazonaws.com",
                eventName=name,
                requestParameters={"bucketName": "bare", "Host": "bare.s3.amazonaws.com", **more},
            )
            for name, more in calls.items()
        ),
        {"encryption": "aws:kms", "log_bucket": "logs", "tags": ("team=none",)},
    )


def _launches() -> Scene:
    made = boto3.client("ec2").run_instances(
        ImageId=IMAGE, InstanceType="p3.2xlarge", MinCount=2, MaxCount=2
    )["Instances"]
    ids = [each["InstanceId"] for each in made]
    return Scene(
        (launch(ids, "p3.2xlarge", tags={"Name": "x"}),),
        {
            "alert_from_size": "large",
            "alert_from_count": 1,
            "alert_from_vcpus": 1,
            "alert_on_accelerators": True,
            "stop_flagged": True,
        },
    )


def _roles() -> Scene:
    iam = boto3.client("iam")
    iam.create_role(RoleName="app-admin", AssumeRolePolicyDocument=json.dumps(ANYBODY))
    iam.put_role_policy(
        RoleName="app-admin", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING)
    )
    calls: dict[str, dict[str, Any]] = {
        "CreateRole": {"assumeRolePolicyDocument": json.dumps(ANYBODY), "path": "/"},
        "PutRolePolicy": {"policyName": "all", "policyDocument": json.dumps(EVERYTHING)},
        "UpdateAssumeRolePolicy": {"policyDocument": json.dumps(ANYBODY)},
        "AttachRolePolicy": {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        "DeleteRolePermissionsBoundary": {},
    }
    return Scene(
        tuple(
            record(
                eventSource="iam.amazonaws.com",
                eventName=name,
                awsRegion="us-east-1",
                requestParameters={"roleName": "app-admin", **more},
            )
            for name, more in calls.items()
        ),
        {"forbidden_names": ("*-admin",)},
    )


def _groups() -> Scene:
    ec2 = boto3.client("ec2")
    group = ec2.create_security_group(GroupName="open", Description="open")["GroupId"]
    world = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    rules = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[{**world, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )["SecurityGroupRules"]
    permission = {
        "ipProtocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
        "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
    }
    return Scene(
        (
            record(
                eventName="AuthorizeSecurityGroupIngress",
                requestParameters={"groupId": group, "ipPermissions": {"items": [permission]}},
                responseElements={
                    "_return": True,
                    "securityGroupRuleSet": {
                        "items": [
                            {
                                "groupId": group,
                                "securityGroupRuleId": rules[0]["SecurityGroupRuleId"],
                                "isEgress": False,
                                "ipProtocol": "tcp",
                                "fromPort": 22,
                                "toPort": 22,
                                "cidrIpv4": "0.0.0.0/0",
                            }
                        ]
                    },
                },
            ),
        ),
        {},
    )


def _trails() -> Scene:
    boto3.client("s3").create_bucket(
        Bucket="trail-log", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    boto3.client("cloudtrail").create_trail(Name="main", S3BucketName="trail-log")
    arn = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/main"
    return Scene(
        tuple(
            record(
                eventSource="cloudtrail.amazonaws.com",
                eventName=name,
                requestParameters={key: value, **more},
                responseElements={"trailARN": arn},
            )
            for name, key, value, more in (
                ("StopLogging", "name", arn, {}),
                ("UpdateTrail", "name", "main", {"isMultiRegionTrail": False}),
                ("PutEventSelectors", "trailName", "main", {"eventSelectors": []}),
                ("DeleteTrail", "name", "main", {}),
            )
        ),
        {"event_selectors": json.dumps([{"ReadWriteType": "All", "DataResources": []}])},
    )


SCENES: dict[str, Callable[[], Scene]] = {
    "bucket_baseline": _buckets,
    "ec2_launch_guard": _launches,
    "iam_role_guard": _roles,
    "notify": lambda: Scene((record(),), {}),
    "security_group_guard": _groups,
    "trail_guard": _trails,
}


def test_every_guard_is_here() -> None:
    assert sorted(SCENES) == sorted(m.name for m in iter_modules(reactor.reactions.__path__))


@pytest.mark.parametrize("name", SCENES)
def test_an_odd_event_is_decided_or_refused_and_no_call_is_malformed(aws: None, name: str) -> None:
    module = import_module(f"reactor.reactions.{name}")
    scene = SCENES[name]()
    wanted = module.Settings(**scene.settings)
    clients = Kept(REGION)
    whole = [envelope(each, source=_source(each)) for each in scene.events]
    assert all(module.handler.is_for(read_event(event)) for event in whole)
    assert any(module.plan(read_event(event), wanted, _now(clients)) for event in whole)

    @settings(
        max_examples=max(20, settings().max_examples // 4),
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.sampled_from(whole).flatmap(odd))
    def check(event: object) -> None:
        try:
            steps = module.plan(read_event(event), wanted, _now(clients))
        except (MalformedEventError, ClientError, BotoCoreError, ResponseParserError):
            return  # the event goes to the failure queue, with the reason
        for step in steps:
            if isinstance(step, Action):
                _callable(step, clients)
            else:
                assert isinstance(step, Alert)
                json.dumps([step.subject, step.headline, step.details])

    check()


def _source(detail: Mapping[str, Any]) -> str:
    return "aws." + str(detail["eventSource"]).removesuffix(".amazonaws.com")


def _now(clients: Aws) -> Aws:
    clients.clock = Clock(Context(left=5.0))  # no time is left to wait for AWS to catch up
    return clients


def _callable(action: Action, clients: Aws) -> None:
    """The action and its way back are calls that AWS's own models accept."""
    calls = [(action.service, action.operation, action.parameters)]
    if action.undo is not None:
        calls.append((action.undo.service, action.undo.operation, action.undo.parameters))
    for service, operation, parameters in calls:
        client = clients.client(service)
        name = client.meta.method_to_api_mapping[operation]
        shape = client.meta.service_model.operation_model(name).input_shape
        report = ParamValidator().validate(dict(parameters), shape)
        assert not report.has_errors(), report.generate_report()
