"""Every gap of ministack that the layer closes, shown on ministack alone.

A test that fails here is good news with work in it: an upgrade closed the gap, so that the
workaround it names can go.
"""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.strict.conftest import new_account
from tests.e2e.strict.support import IMAGE, Account, allow, form, package, policy
from tests.e2e.test_log_query import finished
from tests.harness.local_aws import REPOSITORY, LocalAws
from trailctl.terraform import clean_environment

pytestmark = pytest.mark.e2e

PATTERN = '{"source":["aws.ec2"]}'
LAUNCH = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:m"
GHOST = "arn:aws:iam::111122223333:role/ghost"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """ministack as the local AWS runs it, with nothing in front."""
    folder = tmp_path_factory.mktemp("ministack")
    script = Path(__file__).with_name("ministack_alone.py")
    paths = f"{REPOSITORY}:{REPOSITORY / 'lambda_src'}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-u", str(script), str(folder)],
            env={**clean_environment(home=folder), "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        printed = process.stdout.readline()
        assert printed.startswith("port "), (folder / "log").read_text()
        yield LocalAws(port=int(printed.split()[1]), log=folder / "log")
    finally:
        process.terminate()
        process.wait(15)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def account(alone: LocalAws) -> Account:
    return new_account(alone)


def news(what: str, where: str) -> str:
    return f"ministack now {what} itself: remove the workaround in localaws/{where}"


# --- what it accepts and AWS refuses -----------------------------------------------------------


def _trail(account: Account) -> None:
    account.client("cloudtrail").create_trail(Name="audit", S3BucketName="no-such-bucket")


def _bucket_policy(account: Account) -> None:
    bucket = account.bucket()
    document = policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": GHOST}))
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)


def _bucket_policy_syntax(account: Account) -> None:
    account.client("s3").put_bucket_policy(Bucket=account.bucket(), Policy="not json")


def _key_policy(account: Account) -> None:
    root = allow("kms:*", Principal={"AWS": account.arn("iam", "root")})
    account.client("kms").create_key(
        Policy=policy(root, allow("kms:Decrypt", Principal={"AWS": GHOST}))
    )


def _key_lockout(account: Account) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    locked = policy(allow("kms:Decrypt", Principal={"AWS": account.arn("iam", "root")}))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=locked)


def _trust_policy(account: Account) -> None:
    account.role("r", {"AWS": GHOST})


def _topic_policy(account: Account) -> None:
    sns = account.client("sns")
    arn = sns.create_topic(Name="t")["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=arn,
        AttributeName="Policy",
        AttributeValue=policy(allow("sns:Publish", arn, Principal={"AWS": GHOST})),
    )


def _queue_policy(account: Account) -> None:
    document = policy(allow("sqs:SendMessage", account.arn("sqs", "q"), Principal={"AWS": GHOST}))
    account.client("sqs").create_queue(QueueName="q", Attributes={"Policy": document})


def _put_rule(**settings: Any) -> Callable[[Account], None]:
    def act(account: Account) -> None:
        account.client("events").put_rule(**{"Name": "r", **settings})

    return act


def _put_target(**settings: Any) -> Callable[[Account], None]:
    def act(account: Account) -> None:
        events = account.client("events")
        events.put_rule(Name="r", EventPattern=PATTERN)
        target = {"Id": "t", "Arn": account.arn("sqs", "q"), **settings}
        answer = events.put_targets(Rule="r", Targets=[target])
        assert answer["FailedEntryCount"] == 0

    return act


def _six_targets(account: Account) -> None:
    events = account.client("events")
    events.put_rule(Name="r", EventPattern=PATTERN)
    queue = account.arn("sqs", "q")
    answer = events.put_targets(Rule="r", Targets=[{"Id": str(n), "Arn": queue} for n in range(6)])
    assert answer["FailedEntryCount"] == 0


def _many_rules(account: Account) -> None:
    events = account.client("events")
    for number in range(301):
        events.put_rule(Name=f"r{number}", EventPattern=PATTERN)


def _scheduled_on_a_bus(account: Account) -> None:
    events = account.client("events")
    events.create_event_bus(Name="hub")
    events.put_rule(Name="r", ScheduleExpression="rate(1 hour)", EventBusName="hub")


def _launch(**change: Any) -> Callable[[Account], None]:
    def act(account: Account) -> None:
        account.client("ec2").run_instances(**{**LAUNCH, **change})

    return act


def _dry_run(account: Account) -> None:
    ec2 = account.client("ec2")
    ec2.create_security_group(GroupName="g", Description="g", DryRun=True)
    assert ec2.describe_security_groups(GroupNames=["g"])["SecurityGroups"]


def _function(**change: Any) -> Callable[[Account], None]:
    def act(account: Account) -> None:
        role = account.role("f", {"Service": change.pop("trusts", "lambda.amazonaws.com")})
        account.client("lambda").create_function(
            **{
                "FunctionName": "f",
                "Runtime": "python3.13",
                "Handler": "m.h",
                "Role": role,
                "Code": {"ZipFile": package()},
                **change,
            }
        )

    return act


def _permission(account: Account) -> None:
    _function()(account)
    account.client("lambda").add_permission(
        FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal=GHOST
    )


def _mfa(account: Account) -> None:
    account.client("s3").put_bucket_versioning(
        Bucket=account.bucket(),
        VersioningConfiguration={"Status": "Enabled", "MFADelete": "Enabled"},
    )


def _object_lock(account: Account) -> None:
    s3, bucket = account.client("s3"), f"lock-{account.number}"
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def _root_assumes(account: Account) -> None:
    role = account.role("r", {"AWS": account.arn("iam", "root")})
    account.client("sts").assume_role(RoleArn=role, RoleSessionName="test")


def _attach_ghost(account: Account) -> None:
    account.role("r", {"Service": "ec2.amazonaws.com"})
    account.client("iam").attach_role_policy(
        RoleName="r", PolicyArn=account.arn("iam", "policy/ghost")
    )


def _big() -> str:
    return policy(allow("s3:GetObject", "arn:aws:s3:::" + "x" * 11_000))


def _big_managed(account: Account) -> None:
    account.client("iam").create_policy(PolicyName="p", PolicyDocument=_big())


def _big_inline(account: Account) -> None:
    account.role("r", {"Service": "ec2.amazonaws.com"})
    account.client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=_big())


def _call(service: str, operation: str, **settings: Any) -> Callable[[Account], None]:
    return lambda account: getattr(account.client(service), operation)(**settings)


def _read_without_the_key(account: Account) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    where = {"Bucket": account.bucket(), "Key": "a"}
    account.client("s3").put_object(
        **where, Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key
    )
    reader = account.user("reader", allow("s3:GetObject"))
    account.client("s3", reader).get_object(**where)


ACCEPTED: dict[str, tuple[Callable[[Account], None], str]] = {
    "a trail without its bucket": (_trail, "cloudtrail/admission.py"),
    "a principal of a bucket policy": (_bucket_policy, "s3/policy.py"),
    "a bucket policy's syntax": (_bucket_policy_syntax, "s3/policy.py"),
    "a principal of a key policy": (_key_policy, "kms/policy.py"),
    "a key policy that locks out": (_key_lockout, "kms/policy.py"),
    "a principal of a trust policy": (_trust_policy, "iam/trust.py"),
    "a principal of a topic policy": (_topic_policy, "sns/policy.py"),
    "a principal of a queue policy": (_queue_policy, "sqs/policy.py"),
    "a principal of a function's policy": (_permission, "functions/permission.py"),
    "whether a policy to attach is there": (_attach_ghost, "iam/policies.py"),
    "a managed policy's size": (_big_managed, "iam/policies.py"),
    "an inline policy's size": (_big_inline, "iam/policies.py"),
    "a rule's name": (_put_rule(Name="has space", EventPattern=PATTERN), "events/rules.py"),
    "a pattern's length": (
        _put_rule(EventPattern=json.dumps({"source": ["x" * 2048]})),
        "events/rules.py",
    ),
    "a rule of neither pattern nor schedule": (_put_rule(), "events/rules.py"),
    "a rate's plural": (_put_rule(ScheduleExpression="rate(1 hours)"), "events/rules.py"),
    "a rule's state": (_put_rule(EventPattern=PATTERN, State="ON"), "events/rules.py"),
    "the state of a schedule": (
        _put_rule(
            ScheduleExpression="rate(1 hour)",
            State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        ),
        "events/rules.py",
    ),
    "a schedule on a bus of one's own": (_scheduled_on_a_bus, "events/rules.py"),
    "the number of rules": (_many_rules, "events/rules.py"),
    "the number of targets": (_six_targets, "events/rules.py"),
    "a target's dead-letter queue": (
        _put_target(DeadLetterConfig={"Arn": "arn:aws:sqs:us-east-1:111122223333:ghost"}),
        "events/rules.py",
    ),
    "a target's input": (_put_target(Input="{"), "events/rules.py"),
    "a target's two inputs": (_put_target(Input="{}", InputPath="$.a"), "events/rules.py"),
    "a target's retries": (
        _put_target(RetryPolicy={"MaximumRetryAttempts": 186}),
        "events/rules.py",
    ),
    "an instance type": (_launch(InstanceType="zzz"), "ec2/instances.py"),
    "an image": (_launch(ImageId="ami-00000000000000bad"), "ec2/instances.py"),
    "a subnet": (_launch(SubnetId="subnet-0123456789abcdef0"), "ec2/instances.py"),
    "a security group": (
        _launch(SecurityGroupIds=["sg-0123456789abcdef0"]),
        "ec2/instances.py",
    ),
    "a key pair": (_launch(KeyName="mine"), "ec2/instances.py"),
    "DryRun of a launch": (_launch(DryRun=True), "ec2/instances.py"),
    "DryRun": (_dry_run, "ec2/instances.py"),
    "whether Lambda may assume a role": (
        _function(trusts="ec2.amazonaws.com"),
        "functions/create.py",
    ),
    "a function's environment": (
        _function(Environment={"Variables": {"SETTINGS": "x" * 5000}}),
        "functions/create.py",
    ),
    "reserved names in an environment": (
        _function(Environment={"Variables": {"AWS_REGION": "x"}}),
        "functions/create.py",
    ),
    "a function's name": (_function(FunctionName="has space"), "functions/create.py"),
    "a function's runtime": (_function(Runtime="python1.0"), "functions/create.py"),
    "a function's timeout": (_function(Timeout=901), "functions/create.py"),
    "the role of a target": (_put_target(Arn=MACHINE), "events/rules.py"),
    "MFA delete without a token": (_mfa, "s3/buckets.py"),
    "versioning under Object Lock": (_object_lock, "s3/buckets.py"),
    "whether root assumes a role": (_root_assumes, "iam/sessions.py"),
    "an object's key": (_read_without_the_key, "s3/keys.py"),
    "a topic's name": (_call("sns", "create_topic", Name="no spaces"), "sns/settings.py"),
    "a queue's name": (_call("sqs", "create_queue", QueueName="no spaces"), "sqs/attributes.py"),
    "a key's tags": (
        _call("kms", "create_key", Tags=[{"TagKey": "aws:a", "TagValue": "b"}]),
        "kms/settings.py",
    ),
    "whose a namespace is": (
        _call(
            "cloudwatch", "put_metric_data", Namespace="AWS/SNS", MetricData=[{"MetricName": "M"}]
        ),
        "cloudwatch/metrics.py",
    ),
    "an alarm's periods": (
        _call(
            "cloudwatch",
            "put_metric_alarm",
            AlarmName="a",
            Namespace="Own",
            MetricName="M",
            Statistic="Sum",
            Period=90,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        ),
        "cloudwatch/alarms.py",
    ),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_it_accepts(account: Account, what: str) -> None:
    act, where = ACCEPTED[what]
    try:
        act(account)
    except ClientError as error:
        pytest.fail(f"{news(f'checks {what}', where)} ({error})")


# --- what it answers otherwise than AWS ----------------------------------------------------------


def test_it_forgets_mfa_delete(account: Account) -> None:
    _mfa(account)
    found = account.client("s3").get_bucket_versioning(Bucket=f"bucket-{account.number}")
    assert "MFADelete" not in found, news("keeps MFA delete", "s3/buckets.py")


def test_it_forgets_who_pays(account: Account) -> None:
    s3, bucket = account.client("s3"), account.bucket()
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    found = s3.get_bucket_request_payment(Bucket=bucket)
    assert "Payer" not in found, news("keeps who pays", "s3/buckets.py")


@pytest.mark.parametrize("kind", ["analytics", "intelligent_tiering", "inventory", "metrics"])
def test_it_deletes_the_bucket_of_a_configuration(account: Account, kind: str) -> None:
    s3, bucket = account.client("s3"), account.bucket()
    getattr(s3, f"delete_bucket_{kind}_configuration")(Bucket=bucket, Id="one")
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError:
        return
    pytest.fail(news(f"knows {kind} configurations", "s3/bucket_configurations.py"))


def test_it_ignores_the_policy_of_put_permission(account: Account) -> None:
    events = account.client("events")
    statement = {
        "Sid": "no",
        "Effect": "Deny",
        "Principal": {"AWS": "111122223333"},
        "Action": "events:PutEvents",
        "Resource": account.arn("events", "event-bus/default"),
    }
    events.put_permission(Policy=policy(statement))
    kept = json.loads(events.describe_event_bus()["Policy"])["Statement"]
    assert kept != [statement], news("keeps a bus's whole policy", "events/buses.py")


def test_it_keeps_an_account_as_it_was_given(account: Account) -> None:
    events = account.client("events")
    events.put_permission(StatementId="s", Action="events:PutEvents", Principal="111122223333")
    [kept] = json.loads(events.describe_event_bus()["Policy"])["Statement"]
    assert kept["Principal"] == "111122223333", news(
        "names an account's root in a bus policy", "events/buses.py"
    )


def test_it_omits_most_of_an_alarm_in_xml(account: Account) -> None:
    account.client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        Namespace="N",
        MetricName="M",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    answer = form(account, "monitoring", {"Action": "DescribeAlarms", "Version": "2010-08-01"})
    assert "<AlarmName>a</AlarmName>" in answer
    assert "TreatMissingData" not in answer, news("answers alarms whole", "cloudwatch/alarms.py")


def test_it_does_not_know_insights(account: Account) -> None:
    trails = account.client("cloudtrail")
    _trail(account)
    try:
        trails.put_insight_selectors(
            TrailName="audit", InsightSelectors=[{"InsightType": "ApiCallRateInsight"}]
        )
    except ClientError:
        return
    pytest.fail(news("knows Insights selectors", "cloudtrail.py"))


def test_it_drops_most_of_a_trail(account: Account) -> None:
    trails = account.client("cloudtrail")
    made = trails.create_trail(
        Name="audit",
        S3BucketName="no-such-bucket",
        SnsTopicName="audit",
        TagsList=[{"Key": "k", "Value": "v"}],
    )
    tags = trails.list_tags(ResourceIdList=[made["TrailARN"]])["ResourceTagList"][0]["TagsList"]
    assert not (made.get("SnsTopicARN") and tags), news("keeps a trail whole", "cloudtrail.py")


def test_it_does_not_know_trusted_access(account: Account) -> None:
    organizations = account.client("organizations")
    try:
        organizations.list_aws_service_access_for_organization()
    except ClientError as error:
        assert "not implemented" in str(error)  # noqa: PT017 (no refusal would be the news)
        return
    pytest.fail(news("knows services with trusted access", "organizations/trusted_access.py"))


def test_it_does_not_know_security_hub(account: Account) -> None:
    try:
        account.client("securityhub").enable_security_hub()
    except ClientError:
        return
    pytest.fail(news("knows Security Hub", "securityhub/findings.py"))


@pytest.mark.parametrize(
    ("operation", "request_", "where"),
    [
        ("create_document", {"Name": "tag", "Content": "{}"}, "ssm/documents.py"),
        ("start_automation_execution", {"DocumentName": "AWS-StopEC2Instance"}, "ssm/commands.py"),
        (
            "send_command",
            {
                "DocumentName": "AWS-RunShellScript",
                "Targets": [{"Key": "tag:Role", "Values": ["web"]}],
            },
            "ssm/commands.py",
        ),
    ],
)
def test_it_does_not_know(
    account: Account, operation: str, request_: dict[str, Any], where: str
) -> None:
    try:
        getattr(account.client("ssm"), operation)(**request_)
    except ClientError:
        return
    pytest.fail(news(f"knows {operation}", where))


def test_it_leaves_out_the_time_zone_of_a_delivery_stream(account: Account) -> None:
    firehose, bucket = account.client("firehose"), account.bucket()
    destination = {
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "CustomTimeZone": "Europe/Berlin",
        "RoleARN": GHOST,
    }
    firehose.create_delivery_stream(
        DeliveryStreamName="lake", ExtendedS3DestinationConfiguration=destination
    )
    found = firehose.describe_delivery_stream(DeliveryStreamName="lake")
    (shown,) = found["DeliveryStreamDescription"]["Destinations"]
    told = shown["ExtendedS3DestinationDescription"]
    assert "CustomTimeZone" not in told, news("tells the time zone", "firehose/streams.py")


# --- whom it lets in ----------------------------------------------------------------------------


def test_it_asks_about_the_first_instance_only(account: Account) -> None:
    mine, yours = account.launch(MinCount=2, MaxCount=2)
    who = account.user("ana", allow("ec2:StopInstances", account.arn("ec2", f"instance/{mine}")))
    try:
        account.client("ec2", who).stop_instances(InstanceIds=[mine, yours])
    except ClientError as error:
        pytest.fail(f"{news('asks about every instance', 'needs.py')} ({error})")


def test_it_does_not_know_the_tags_of_an_instance(account: Account) -> None:
    [instance] = account.launch()
    account.client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "t", "Value": "v"}])
    condition = {"StringEquals": {"aws:ResourceTag/t": "v"}}
    who = account.user("ana", allow("ec2:StopInstances", Condition=condition))
    try:
        account.client("ec2", who).stop_instances(InstanceIds=[instance])
    except ClientError:
        return
    pytest.fail(news("knows aws:ResourceTag", "needs.py"))


def test_it_does_not_know_the_instance_type_of_a_launch(account: Account) -> None:
    denial = {
        "Effect": "Deny",
        "Action": "ec2:RunInstances",
        "Resource": "arn:aws:ec2:*:*:instance/*",
        "Condition": {"StringNotEquals": {"ec2:InstanceType": "t3.micro"}},
    }
    who = account.user("ana", allow("ec2:RunInstances"), denial)
    ec2 = account.client("ec2", who)
    try:
        ec2.run_instances(**{**LAUNCH, "InstanceType": "t3.large"})
    except ClientError as error:
        pytest.fail(f"{news('knows ec2:InstanceType', 'needs.py')} ({error})")


def test_it_lets_a_launch_tag_without_permission(account: Account) -> None:
    who = account.user("ana", allow("ec2:RunInstances"))
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "t", "Value": "v"}]}]
    try:
        account.client("ec2", who).run_instances(**LAUNCH, TagSpecifications=tags)
    except ClientError as error:
        pytest.fail(f"{news('asks about tags of a launch', 'needs.py')} ({error})")


def test_it_asks_about_any_resource_of_create_tags(account: Account) -> None:
    [instance] = account.launch()
    arn = account.arn("ec2", f"instance/{instance}")
    who = account.user(f"u{uuid.uuid4().hex[:8]}", allow("ec2:CreateTags", arn))
    try:
        account.client("ec2", who).create_tags(
            Resources=[instance], Tags=[{"Key": "t", "Value": "v"}]
        )
    except ClientError:
        return
    pytest.fail(news("asks about the resources of CreateTags", "needs.py"))


def test_it_reads_whole_tables_without_projection(account: Account) -> None:
    """Of a projected table of CloudTrail's format its Athena can answer nothing."""
    athena, glue, bucket = account.client("athena"), account.client("glue"), account.bucket()
    where = f"s3://{bucket}/log/"
    key = "log/1/x.json"
    account.client("s3").put_object(
        Bucket=bucket, Key=key, Body=b'{"Records": [{"eventName": "A"}]}'
    )
    glue.create_database(DatabaseInput={"Name": "logs"})
    projection = {"projection.enabled": "true", "projection.account.type": "injected"}
    glue.create_table(
        DatabaseName="logs",
        TableInput={
            "Name": "log",
            "Parameters": {**projection, "storage.location.template": where + "${account}/"},
            "PartitionKeys": [{"Name": "account", "Type": "string"}],
            "StorageDescriptor": {
                "Columns": [{"Name": "eventname", "Type": "string"}],
                "InputFormat": "com.amazon.emr.cloudtrail.CloudTrailInputFormat",
                "Location": where,
                "SerdeInfo": {"SerializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"},
            },
        },
    )
    id_ = athena.start_query_execution(
        QueryString="SELECT eventname FROM logs.log WHERE account = '1'",
        ResultConfiguration={"OutputLocation": f"s3://{bucket}/answers/"},
    )["QueryExecutionId"]
    if finished(athena, id_)["Status"]["State"] != "SUCCEEDED":
        return
    rows = athena.get_query_results(QueryExecutionId=id_)["ResultSet"]["Rows"]
    told = [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows]
    assert told != [["eventname"], ["A"]], news("projects partitions", "athena/executions.py")
