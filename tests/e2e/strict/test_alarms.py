"""CloudWatch alarms: whole in every protocol, as they were put and in their state."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.e2e.strict.support import Account, allow, form, policy, refused

pytestmark = pytest.mark.e2e

ALARM: dict[str, Any] = {
    "AlarmName": "dead-letters",
    "AlarmDescription": "Read the queue & redrive it.",
    "ActionsEnabled": True,
    "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:alerts"],
    "OKActions": ["arn:aws:sns:us-east-1:111122223333:alerts"],
    "Namespace": "AWS/SQS",
    "MetricName": "ApproximateNumberOfMessagesVisible",
    "Dimensions": [{"Name": "QueueName", "Value": "dead"}],
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 2,
    "DatapointsToAlarm": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}


def test_json(account: Account) -> None:
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM)
    [found] = cloudwatch.describe_alarms()["MetricAlarms"]
    assert {key: found[key] for key in ALARM} == ALARM


def test_xml(account: Account) -> None:
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM)
    cloudwatch.set_alarm_state(AlarmName="dead-letters", StateValue="ALARM", StateReason="a test")
    answer = form(account, "monitoring", {"Action": "DescribeAlarms", "Version": "2010-08-01"})
    root = ET.fromstring(answer)
    namespace = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"
    [alarm] = root.iter(f"{namespace}MetricAlarms")
    found = {
        element.tag.removeprefix(namespace): [leaf.text for leaf in element.iter() if leaf.text]
        for element in alarm[0]
    }
    for name in ALARM.keys() - {"ActionsEnabled", "Dimensions"}:
        value = ALARM[name]
        assert found[name] == (value if isinstance(value, list) else [str(value)]), name
    assert found["ActionsEnabled"] == ["true"]
    assert found["Dimensions"] == ["QueueName", "dead"]
    assert (found["StateValue"], found["StateReason"]) == (["ALARM"], ["a test"])
    by_state = {"Action": "DescribeAlarms", "Version": "2010-08-01", "StateValue": "OK"}
    assert "dead-letters" not in form(account, "monitoring", by_state)


def test_an_alarm_on_an_expression_has_its_queries_and_no_metric(account: Account) -> None:
    queries: list[dict[str, Any]] = [
        {"Id": "arrived", "Expression": "FILL(sent, 0)", "ReturnData": True},
        {
            "Id": "sent",
            "MetricStat": {
                "Metric": {"Namespace": "AWS/SQS", "MetricName": "NumberOfMessagesSent"},
                "Period": 900,
                "Stat": "Sum",
            },
            "ReturnData": False,
        },
    ]
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="silent",
        ComparisonOperator="LessThanThreshold",
        EvaluationPeriods=1,
        Threshold=1,
        Metrics=queries,
    )
    [found] = cloudwatch.describe_alarms(AlarmNames=["silent"])["MetricAlarms"]
    assert found["Metrics"] == queries
    assert not {"Period", "Statistic", "MetricName"} & set(found)


# --- from a subscriber that fails to the alarm ---------------------------------------------------


def test_a_failed_delivery_is_kept_and_rings(account: Account) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html"""
    sqs, sns, cloudwatch = (account.client(s) for s in ("sqs", "sns", "cloudwatch"))
    topics = [sns.create_topic(Name=name)["TopicArn"] for name in ("alerts", "others")]
    by_sns: dict[str, Any] = {"Principal": {"Service": "sns.amazonaws.com"}}

    def queue(name: str, *statements: dict[str, Any]) -> tuple[str, str]:
        settings = {"Policy": policy(*statements)} if statements else {}
        url = sqs.create_queue(QueueName=name, Attributes=settings)["QueueUrl"]
        return url, account.arn("sqs", name)

    def bodies(url: str) -> list[Any]:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(m["Body"]) for m in answer.get("Messages", ())]

    closed, people, dead = (
        queue("closed"),
        queue("people", allow("sqs:SendMessage", **by_sns)),
        queue("undelivered", allow("sqs:SendMessage", **by_sns)),
    )
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead[1]})}
    for topic in topics:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=closed[1], Attributes=redrive)
        cloudwatch.put_metric_alarm(
            AlarmName=topic.rpartition(":")[2],
            AlarmActions=topics,
            Namespace="AWS/SNS",
            MetricName="NumberOfNotificationsFailed",
            Dimensions=[{"Name": "TopicName", "Value": topic.rpartition(":")[2]}],
            Statistic="Sum",
            Period=300,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )
    sns.subscribe(TopicArn=topics[1], Protocol="sqs", Endpoint=people[1])
    # A topic that CloudWatch may not publish to.
    statement = allow("sns:Publish", topics[0], Principal={"AWS": account.arn("iam", "root")})
    sns.set_topic_attributes(
        TopicArn=topics[0], AttributeName="Policy", AttributeValue=policy(statement)
    )
    sns.publish(TopicArn=topics[0], Message="door open", Subject="alert")
    assert account.aws.drain()
    assert [b["Message"] for b in bodies(dead[0]) if b["TopicArn"] == topics[0]] == ["door open"]
    states = {a["AlarmName"]: a["StateValue"] for a in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert states["alerts"] == "ALARM"
    told = json.loads(bodies(people[0])[0]["Message"])
    assert (told["AlarmName"], told["NewStateValue"]) == ("alerts", "ALARM")


@pytest.mark.parametrize(
    ("trusted", "actions", "logged"),
    [
        ("sns", ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], True),
        ("sns", ["logs:CreateLogStream", "logs:PutLogEvents"], False),
        ("events", ["logs:*"], False),
    ],
)
def test_a_failure_is_logged_with_the_topic_s_role(
    account: Account, trusted: str, actions: list[str], logged: bool
) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/topics-attrib.html"""
    place = account.arn("logs", "log-group:sns/*")
    role = account.role("r", {"Service": f"{trusted}.amazonaws.com"}, allow(actions, place))
    sns, logs = account.client("sns"), account.client("logs")
    topic = sns.create_topic(Name="t", Attributes={"SQSFailureFeedbackRoleArn": role})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=account.arn("sqs", "gone"))
    sns.publish(TopicArn=topic, Message="m")
    assert account.aws.drain()
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert groups == ([f"sns/us-east-1/{account.number}/t/Failure"] if logged else [])
    if logged:
        [event] = logs.filter_log_events(logGroupName=groups[0])["events"]
        said = json.loads(event["message"])
        assert (said["status"], said["notification"]["topicArn"]) == ("FAILURE", topic)


def test_metrics_of_aws_are_aws_s_own(account: Account) -> None:
    with refused("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid."):
        account.client("cloudwatch").put_metric_data(
            Namespace="AWS/SNS",
            MetricData=[{"MetricName": "NumberOfMessagesPublished", "Value": 1}],
        )
