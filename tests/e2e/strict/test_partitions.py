"""Every ARN is of the partition that its Region is in, and one of another partition is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.strict.support import Account, allow, package, policy, refused, trusts
from tests.harness.local_aws import Credentials

pytestmark = pytest.mark.e2e

PLACES = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-eusc": "eusc-de-east-1"}
PATTERN = json.dumps({"source": ["my.app"]})


@pytest.mark.parametrize("partition", PLACES)
def test_what_is_made_has_the_region_s_partition(account: Account, partition: str) -> None:
    region = PLACES[partition]

    def client(service: str) -> Any:
        return account.client(service, region=region)

    def arn(service: str, resource: str, where: str = region) -> str:
        return f"arn:{partition}:{service}:{where}:{account.number}:{resource}"

    role = client("iam").create_role(
        RoleName="r",
        Path="/app/",
        AssumeRolePolicyDocument=trusts({"Service": "lambda.amazonaws.com"}),
    )["Role"]["Arn"]
    made = {
        client("sts").get_caller_identity()["Arn"]: arn("iam", "root", ""),
        role: arn("iam", "role/app/r", ""),
        client("sns").create_topic(Name="t")["TopicArn"]: arn("sns", "t"),
        client("events").put_rule(Name="r", EventPattern=PATTERN)["RuleArn"]: arn(
            "events", "rule/r"
        ),
        client("kms").create_key()["KeyMetadata"]["Arn"].split("/")[0]: arn("kms", "key"),
    }
    logs = client("logs")
    logs.create_log_group(logGroupName="g")
    made[logs.describe_log_groups()["logGroups"][0]["arn"]] = arn("logs", "log-group:g:*")
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    attributes = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    made[attributes["Attributes"]["QueueArn"]] = arn("sqs", "q")
    variables = {"TOPIC": arn("sns", "t"), "OTHER": "arn:aws:sns:us-east-1:111122223333:t"}
    function = client("lambda").create_function(
        FunctionName="f",
        Role=role,
        Runtime="python3.13",
        Handler="m.h",
        Code={"ZipFile": package()},
        Environment={"Variables": variables},
    )
    made[function["FunctionArn"]] = arn("lambda", "function:f")
    assert {found: found for found in made} == {found: made[found] for found in made}
    assert function["Environment"]["Variables"] == variables
    payload = json.dumps(variables).encode()
    answer = client("lambda").invoke(FunctionName="f", Payload=payload)["Payload"].read()
    assert json.loads(answer) == variables
    # In the protocol that writes a text's length before it.
    client("cloudwatch").put_metric_alarm(
        AlarmName="a",
        AlarmActions=[arn("sns", "t")],
        Namespace="Own",
        MetricName="M",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    [alarm] = client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert (alarm["AlarmArn"], alarm["AlarmActions"]) == (
        arn("cloudwatch", "alarm:a"),
        [arn("sns", "t")],
    )


@pytest.mark.parametrize("written", ["aws-cn", "aws"])
def test_a_policy_of_another_partition_admits_nobody(account: Account, written: str) -> None:
    region, right = "cn-north-1", written == "aws-cn"

    def arn(service: str, resource: str) -> str:
        return f"arn:{written}:{service}:{region}:{account.number}:{resource}"

    sqs, sns, events = (account.client(s, region=region) for s in ("sqs", "sns", "events"))
    urls = {}
    for name, who, source in (
        ("of-rule", "events.amazonaws.com", arn("events", "rule/r")),
        ("of-topic", "sns.amazonaws.com", arn("sns", "t")),
    ):
        statement = allow(
            "sqs:SendMessage",
            "*",
            Principal={"Service": who},
            Condition={"ArnEquals": {"aws:SourceArn": source}},
        )
        urls[name] = sqs.create_queue(QueueName=name, Attributes={"Policy": policy(statement)})[
            "QueueUrl"
        ]
    place = f"arn:aws-cn:sqs:{region}:{account.number}:"
    events.put_rule(Name="r", EventPattern=PATTERN)
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": f"{place}of-rule"}])
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"{place}of-topic")
    events.put_events(
        Entries=[{"Source": "my.app", "DetailType": "d", "Detail": json.dumps({"arn": topic})}]
    )
    sns.publish(TopicArn=topic, Message=topic)
    assert account.aws.drain()
    found = {
        name: [json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=url).get("Messages", ())]
        for name, url in urls.items()
    }
    assert [event["detail"] for event in found["of-rule"]] == ([{"arn": topic}] if right else [])
    told = [(m["TopicArn"], m["Message"]) for m in found["of-topic"]]
    assert told == ([(topic, topic)] if right else [])
    # A user's own policies.
    iam = account.client("iam", region=region)
    iam.create_user(UserName="ana")
    iam.put_user_policy(
        UserName="ana",
        PolicyName="own",
        PolicyDocument=policy(
            allow("sns:GetTopicAttributes", arn("sns", "t")),
            allow("cloudtrail:*", arn("cloudtrail", "trail/*")),
        ),
    )
    keys = iam.create_access_key(UserName="ana")
    ana = [
        account.client(service, Credentials.of(keys), region) for service in ("sns", "cloudtrail")
    ]
    if right:
        assert ana[0].get_topic_attributes(TopicArn=topic)
        with refused("TrailNotFoundException"):
            ana[1].start_logging(Name="audit")
        return
    with refused("AuthorizationError", status=403):
        ana[0].get_topic_attributes(TopicArn=topic)
    with refused("AccessDeniedException"):
        ana[1].start_logging(Name="audit")


def test_a_trail_in_another_partition(account: Account) -> None:
    region, s3 = "us-gov-west-1", account.client("s3", region="us-gov-west-1")
    bucket = account.bucket(region=region)
    trail = f"arn:aws-us-gov:cloudtrail:{region}:{account.number}:trail/audit"
    cloudtrail = account.client("cloudtrail", region=region)
    for partition in ("aws", "aws-us-gov"):
        place = f"arn:{partition}:s3:::{bucket}"
        who: dict[str, Any] = {
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceArn": trail}},
        }
        document = policy(
            allow("s3:GetBucketAcl", place, **who),
            allow("s3:PutObject", f"{place}/AWSLogs/*", **who),
        )
        if partition == "aws":
            with refused("MalformedPolicy"):
                s3.put_bucket_policy(Bucket=bucket, Policy=document)
            continue
        s3.put_bucket_policy(Bucket=bucket, Policy=document)
    made = cloudtrail.create_trail(Name="audit", S3BucketName=bucket, IsMultiRegionTrail=True)
    assert made["TrailARN"] == trail
    assert account.client("cloudtrail").describe_trails()["trailList"] == []
    body = b'{"arn": "arn:aws:s3:::as-it-is"}'
    s3.put_object(Bucket=bucket, Key="o", Body=body)
    assert s3.get_object(Bucket=bucket, Key="o")["Body"].read() == body
