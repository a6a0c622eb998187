"""Roles limited to one resource or one condition, for each kind of call that a reaction makes.

Each case lets a role do one thing: that thing succeeds, its twin is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.strict.support import Account, allow, package, policy, trusts

pytestmark = pytest.mark.e2e

DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
BLOCKED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
LIFECYCLE = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}]}
EC2_SERVICE = {"Service": "ec2.amazonaws.com"}
EC2_TRUST = trusts(EC2_SERVICE)
OPEN = policy(allow("s3:*"))


@contextmanager
def denied() -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    assert caught.value.response["Error"]["Code"] in DENIED, caught.value


@dataclass(frozen=True)
class Case:
    """`call(client, which)` with `which` one of two things; only "mine" is allowed."""

    service: str
    statements: Callable[[Account], list[dict[str, Any]]]
    call: Callable[[Any, str, Account], Any]
    make: Callable[[Account], Any] = lambda _: None


# --- S3 ----------------------------------------------------------------------------------------


def _buckets(account: Account) -> None:
    account.bucket("-mine")
    account.bucket("-yours")


def _name(account: Account, which: str) -> str:
    return f"bucket-{account.number}-{which}"


def s3(action: str, operation: str, **more: Any) -> Case:
    def call(client: Any, which: str, account: Account) -> None:
        getattr(client, operation)(Bucket=_name(account, which), **more)

    return Case(
        "s3",
        lambda account: [allow(action, f"arn:aws:s3:::{_name(account, 'mine')}")],
        call,
        _buckets,
    )


# --- IAM ---------------------------------------------------------------------------------------


def _roles(account: Account) -> None:
    iam = account.client("iam")
    for which in ("mine", "yours"):
        tags = [{"Key": "team", "Value": which}]
        iam.create_role(RoleName=which, Path="/app/", AssumeRolePolicyDocument=EC2_TRUST, Tags=tags)
        iam.put_role_policy(RoleName=which, PolicyName="own", PolicyDocument=OPEN)
        arn = iam.create_policy(PolicyName=which, PolicyDocument=OPEN)["Policy"]["Arn"]
        if which == "mine":
            iam.attach_role_policy(RoleName="mine", PolicyArn=arn)


def _profiles(account: Account) -> None:
    _roles(account)
    iam = account.client("iam")
    for which in ("mine", "yours"):
        iam.create_instance_profile(InstanceProfileName=which, Path="/app/")
        iam.add_role_to_instance_profile(InstanceProfileName=which, RoleName=which)


def iam(operation: str, action: str, **more: Any) -> Case:
    def call(client: Any, which: str, account: Account) -> None:
        given = {k: v(account) if callable(v) else v for k, v in more.items()}
        getattr(client, operation)(RoleName=which, **given)

    return Case(
        "iam",
        lambda account: [allow(action, account.arn("iam", "role/app/mine"))],
        call,
        _roles,
    )


def _policy(which: str) -> Callable[[Account], str]:
    return lambda account: account.arn("iam", f"policy/{which}")


def iam_when(action: str, condition: Callable[[Account], Any], call: Any) -> Case:
    return Case("iam", lambda a: [allow(action, Condition=condition(a))], call, _roles)


# --- the others --------------------------------------------------------------------------------


def _topics(account: Account) -> None:
    for which in ("mine", "yours"):
        account.client("sns").create_topic(Name=which)


def _queues(account: Account) -> None:
    for which in ("mine", "yours"):
        account.client("sqs").create_queue(QueueName=which)


def _send(client: Any, which: str, account: Account) -> None:
    url = account.client("sqs").get_queue_url(QueueName=which)["QueueUrl"]
    client.send_message(QueueUrl=url, MessageBody="x")


def _settings(account: Account) -> None:
    for which in ("mine", "yours"):
        account.client("ssm").put_parameter(Name=f"/{which}/key", Value="v", Type="String")


def _tables(account: Account) -> None:
    for which in ("mine", "yours"):
        account.client("dynamodb").create_table(
            TableName=which,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )


def _trails(account: Account) -> None:
    bucket = account.bucket()
    everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    account.client("s3").put_bucket_policy(
        Bucket=bucket,
        Policy=policy(allow("s3:*", everything, Principal={"Service": "cloudtrail.amazonaws.com"})),
    )
    for which in ("mine", "yours"):
        account.client("cloudtrail").create_trail(Name=which, S3BucketName=bucket)


def _rules(account: Account) -> None:
    for which in ("mine", "yours"):
        account.client("events").put_rule(Name=which, EventPattern='{"source":["x"]}')


def _groups(account: Account) -> None:
    for which in ("mine", "yours"):
        account.client("logs").create_log_group(logGroupName=which)


def _keys(account: Account) -> None:
    for which in ("mine", "yours"):
        key = account.client("kms").create_key()["KeyMetadata"]["KeyId"]
        account.client("kms").create_alias(AliasName=f"alias/{which}", TargetKeyId=key)


def _key(account: Account, which: str) -> str:
    found = account.client("kms").describe_key(KeyId=f"alias/{which}")
    return str(found["KeyMetadata"]["Arn"])


def plain(
    service: str,
    action: str | list[str],
    resource: str,
    make: Callable[[Account], Any],
    call: Callable[[Any, str, Account], Any],
) -> Case:
    return Case(service, lambda a: [allow(action, a.arn(service, resource))], call, make)


def _trail_call(operation: str, **more: Any) -> Callable[[Any, str, Account], Any]:
    def call(client: Any, which: str, _: Account) -> None:
        name = "TrailName" if "selectors" in operation else "Name"
        getattr(client, operation)(**{name: which}, **more)

    return call


def trail(operation: str, action: str, **more: Any) -> Case:
    call = _trail_call(operation, **more)
    return plain("cloudtrail", f"cloudtrail:{action}", "trail/mine", _trails, call)


def _describe(client: Any, which: str, _: Account) -> None:
    client.get_item(TableName=which, Key={"id": {"S": "a"}})


CASES: dict[str, Case] = {
    "s3 public access": s3(
        "s3:PutBucketPublicAccessBlock",
        "put_public_access_block",
        PublicAccessBlockConfiguration=BLOCKED,
    ),
    "s3 encryption": s3(
        "s3:PutEncryptionConfiguration",
        "put_bucket_encryption",
        ServerSideEncryptionConfiguration=ENCRYPTED,
    ),
    "s3 versioning": s3(
        "s3:PutBucketVersioning",
        "put_bucket_versioning",
        VersioningConfiguration={"Status": "Enabled"},
    ),
    "s3 versioning, read": s3("s3:GetBucketVersioning", "get_bucket_versioning"),
    "s3 lifecycle": s3(
        "s3:PutLifecycleConfiguration",
        "put_bucket_lifecycle_configuration",
        LifecycleConfiguration=LIFECYCLE,
    ),
    "s3 metrics": s3("s3:GetMetricsConfiguration", "list_bucket_metrics_configurations"),
    "s3 policy": s3("s3:DeleteBucketPolicy", "delete_bucket_policy"),
    "iam detach": iam("detach_role_policy", "iam:DetachRolePolicy", PolicyArn=_policy("mine")),
    "iam attach": iam("attach_role_policy", "iam:AttachRolePolicy", PolicyArn=_policy("yours")),
    "iam inline policy": iam("delete_role_policy", "iam:DeleteRolePolicy", PolicyName="own"),
    "iam trust": iam(
        "update_assume_role_policy", "iam:UpdateAssumeRolePolicy", PolicyDocument=EC2_TRUST
    ),
    "iam tags": iam("tag_role", "iam:TagRole", Tags=[{"Key": "reactor:owner", "Value": "ana"}]),
    "iam read": iam("get_role", "iam:GetRole"),
    "iam policies, read": iam("list_attached_role_policies", "iam:ListAttachedRolePolicies"),
    "iam instance profile": plain(
        "iam",
        "iam:RemoveRoleFromInstanceProfile",
        "instance-profile/app/mine",
        _profiles,
        lambda c, which, _: c.remove_role_from_instance_profile(
            InstanceProfileName=which, RoleName=which
        ),
    ),
    "iam:PolicyARN": iam_when(
        "iam:AttachRolePolicy",
        lambda a: {"ArnEquals": {"iam:PolicyARN": a.arn("iam", "policy/mine")}},
        lambda c, which, a: c.attach_role_policy(
            RoleName="yours", PolicyArn=a.arn("iam", f"policy/{which}")
        ),
    ),
    "iam:PermissionsBoundary": iam_when(
        "iam:PutRolePermissionsBoundary",
        lambda a: {"StringEquals": {"iam:PermissionsBoundary": a.arn("iam", "policy/mine")}},
        lambda c, which, a: c.put_role_permissions_boundary(
            RoleName="yours", PermissionsBoundary=a.arn("iam", f"policy/{which}")
        ),
    ),
    "iam:PermissionsBoundary of a new role": iam_when(
        "iam:CreateRole",
        lambda a: {"StringEquals": {"iam:PermissionsBoundary": a.arn("iam", "policy/mine")}},
        lambda c, which, a: c.create_role(
            RoleName=f"new-{which}",
            AssumeRolePolicyDocument=EC2_TRUST,
            PermissionsBoundary=a.arn("iam", f"policy/{which}"),
        ),
    ),
    "iam aws:ResourceTag": iam_when(
        "iam:DeleteRolePolicy",
        lambda _: {"StringEquals": {"aws:ResourceTag/team": "mine"}},
        lambda c, which, _: c.delete_role_policy(RoleName=which, PolicyName="own"),
    ),
    "iam aws:TagKeys": iam_when(
        "iam:TagRole",
        lambda _: {"ForAllValues:StringEquals": {"aws:TagKeys": ["mine"]}},
        lambda c, which, _: c.tag_role(RoleName="yours", Tags=[{"Key": which, "Value": "x"}]),
    ),
    "sns": plain(
        "sns",
        "sns:Publish",
        "mine",
        _topics,
        lambda c, which, a: c.publish(TopicArn=a.arn("sns", which), Message="x"),
    ),
    "sqs": plain("sqs", "sqs:SendMessage", "mine", _queues, _send),
    "ssm": plain(
        "ssm",
        "ssm:GetParameter",
        "parameter/mine/key",
        _settings,
        lambda c, which, _: c.get_parameter(Name=f"/{which}/key"),
    ),
    "ssm, several": plain(
        "ssm",
        "ssm:GetParameters",
        "parameter/mine/key",
        _settings,
        lambda c, which, _: c.get_parameters(Names=["/mine/key", f"/{which}/key"]),
    ),
    "ssm, by path": plain(
        "ssm",
        "ssm:GetParametersByPath",
        "parameter/mine",
        _settings,
        lambda c, which, _: c.get_parameters_by_path(Path=f"/{which}"),
    ),
    "dynamodb": plain("dynamodb", "dynamodb:GetItem", "table/mine", _tables, _describe),
    "cloudtrail start": trail("start_logging", "StartLogging"),
    "cloudtrail status": trail("get_trail_status", "GetTrailStatus"),
    "cloudtrail update": trail("update_trail", "UpdateTrail", EnableLogFileValidation=True),
    "cloudtrail selectors": trail(
        "put_event_selectors", "PutEventSelectors", EventSelectors=[{"ReadWriteType": "All"}]
    ),
    "events rule": plain(
        "events",
        "events:EnableRule",
        "rule/mine",
        _rules,
        lambda c, which, _: c.enable_rule(Name=which),
    ),
    "logs": plain(
        "logs",
        "logs:CreateLogStream",
        "log-group:mine:*",
        _groups,
        lambda c, which, _: c.create_log_stream(logGroupName=which, logStreamName="s"),
    ),
    "cloudwatch:namespace": Case(
        "cloudwatch",
        lambda _: [
            allow(
                "cloudwatch:PutMetricData",
                Condition={"StringEquals": {"cloudwatch:namespace": "mine"}},
            )
        ],
        lambda c, which, _: c.put_metric_data(
            Namespace=which, MetricData=[{"MetricName": "m", "Value": 1}]
        ),
    ),
    "kms": Case(
        "kms",
        lambda a: [allow("kms:GenerateDataKey", _key(a, "mine"))],
        lambda c, which, a: c.generate_data_key(KeyId=_key(a, which), KeySpec="AES_256"),
        _keys,
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_one_thing_and_no_other(account: Account, what: str) -> None:
    case = CASES[what]
    case.make(account)
    client = account.client(case.service, account.session("limited", *case.statements(account)))
    with denied():
        case.call(client, "yours", account)
    case.call(client, "mine", account)


def test_a_log_group_without_its_streams_is_not_enough(account: Account) -> None:
    _groups(account)
    who = account.session(
        "limited", allow("logs:CreateLogStream", account.arn("logs", "log-group:mine"))
    )
    with denied():
        account.client("logs", who).create_log_stream(logGroupName="mine", logStreamName="s")


def test_what_is_allowed_is_done_in_the_callers_name(account: Account) -> None:
    """The layer passes it on as root; the record must not say so."""
    _roles(account)
    who = account.session("limited", allow("iam:TagRole", account.arn("iam", "role/app/mine")))
    account.client("iam", who).tag_role(RoleName="mine", Tags=[{"Key": "k", "Value": "v"}])
    found = account.client("cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "TagRole"}]
    )["Events"]
    [record] = [json.loads(event["CloudTrailEvent"]) for event in found]
    assert record["userIdentity"]["arn"].endswith(":assumed-role/limited/test")


@contextmanager
def passing(account: Account, service: str) -> Iterator[tuple[Any, Any]]:
    """Two sessions that may all but pass a role to a service: without the right, and with it."""
    everything = allow(["lambda:*", "events:*", "cloudtrail:*", "ec2:*"])
    right = allow(
        "iam:PassRole",
        account.arn("iam", "role/passed"),
        Condition={"StringEquals": {"iam:PassedToService": service}},
    )
    yield account.session("bare", everything), account.session("able", everything, right)


def test_a_function_takes_a_role_that_may_be_passed(account: Account) -> None:
    role = account.role("passed", {"Service": "lambda.amazonaws.com"})
    settings: dict[str, Any] = {
        "FunctionName": "f",
        "Runtime": "python3.13",
        "Handler": "m.h",
        "Role": role,
        "Code": {"ZipFile": package()},
    }
    with passing(account, "lambda.amazonaws.com") as (bare, able):
        with denied():
            account.client("lambda", bare).create_function(**settings)
        account.client("lambda", able).create_function(**settings)


def test_a_target_takes_a_role_that_may_be_passed(account: Account) -> None:
    role = account.role("passed", {"Service": "events.amazonaws.com"})
    _rules(account)
    bus = account.arn("events", "event-bus/hub")
    targets = [{"Id": "t", "Arn": bus, "RoleArn": role}]
    with passing(account, "events.amazonaws.com") as (bare, able):
        with denied():
            account.client("events", bare).put_targets(Rule="mine", Targets=targets)
        account.client("events", able).put_targets(Rule="mine", Targets=targets)


def test_an_instance_profile_takes_a_role_that_may_be_passed(account: Account) -> None:
    account.role("passed", EC2_SERVICE)
    account.client("iam").create_instance_profile(InstanceProfileName="web")
    adding = allow("iam:AddRoleToInstanceProfile", account.arn("iam", "instance-profile/web"))
    right = allow("iam:PassRole", account.arn("iam", "role/passed"))
    call = {"InstanceProfileName": "web", "RoleName": "passed"}
    with denied():
        bare = account.client("iam", account.session("bare", adding))
        bare.add_role_to_instance_profile(**call)
    able = account.client("iam", account.session("able", adding, right))
    able.add_role_to_instance_profile(**call)


def test_an_instance_takes_a_role_that_may_be_passed(account: Account) -> None:
    account.role("passed", EC2_SERVICE)
    iam = account.client("iam")
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="passed")
    [instance] = account.launch()
    profile = {"IamInstanceProfile": {"Name": "web"}, "InstanceId": instance}
    with passing(account, "ec2.amazonaws.com") as (bare, able):
        with denied():
            account.client("ec2", bare).associate_iam_instance_profile(**profile)
        account.client("ec2", able).associate_iam_instance_profile(**profile)


# --- the key behind a thing ----------------------------------------------------------------------


def test_who_uses_an_encrypted_thing_uses_its_key(account: Account) -> None:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html"""
    arn = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    bucket = account.bucket()
    url = account.client("sqs").create_queue(QueueName="q", Attributes={"KmsMasterKeyId": arn})[
        "QueueUrl"
    ]
    topic = account.client("sns").create_topic(Name="t", Attributes={"KmsMasterKeyId": arn})[
        "TopicArn"
    ]
    stored = {"Bucket": bucket, "Key": "a", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn}
    everything = allow(["s3:*", "sns:*", "sqs:*"])
    unable = account.user("unable", everything)
    able = account.user("able", everything, allow(["kms:Decrypt", "kms:GenerateDataKey"], arn))
    named = account.user("named", everything)
    root = allow("kms:*", Principal={"AWS": account.arn("iam", "root")})
    own = allow("kms:*", Principal={"AWS": account.arn("iam", "user/named")})
    account.client("kms").put_key_policy(KeyId=arn, PolicyName="default", Policy=policy(root, own))
    calls: list[tuple[str, str, dict[str, Any], str]] = [
        ("s3", "put_object", {**stored, "Body": b"x"}, "AccessDenied"),
        ("s3", "get_object", {"Bucket": bucket, "Key": "a"}, "AccessDenied"),
        ("sns", "publish", {"TopicArn": topic, "Message": "m"}, "KMSAccessDenied"),
        ("sqs", "send_message", {"QueueUrl": url, "MessageBody": "m"}, "KMS.AccessDeniedException"),
        ("sqs", "receive_message", {"QueueUrl": url}, "KMS.AccessDeniedException"),
    ]
    for service, operation, given, code in calls:
        for who in (able, named):
            getattr(account.client(service, who), operation)(**given)
        with pytest.raises(ClientError) as caught:
            getattr(account.client(service, unable), operation)(**given)
        assert caught.value.response["Error"]["Code"] == code
