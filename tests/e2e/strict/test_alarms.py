"""CloudWatch alarms: whole in every protocol, as they were put and in their state."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.e2e.strict.support import Account, form

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
