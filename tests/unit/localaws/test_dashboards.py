"""What PutDashboard refuses: by AWS's published structure, a fault a case."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localaws.cloudwatch.dashboards import faults

pytestmark = pytest.mark.unit

METRIC: dict[str, Any] = {
    "metrics": [["AWS/SQS", "NumberOfMessagesSent", "QueueName", "q", {"id": "m1"}]],
    "region": "us-east-1",
}


def widget(kind: str = "metric", properties: Any = None, **more: Any) -> dict[str, Any]:
    return {"type": kind, "properties": METRIC if properties is None else properties, **more}


def metric(**properties: Any) -> dict[str, Any]:
    return widget(properties={**METRIC, **properties})


# The documentation's own examples, in short.
GOOD = {
    "start": "-PT6H",
    "periodOverride": "inherit",
    "widgets": [
        widget(x=0, y=0, width=12, height=6),
        widget("text", {"markdown": "Hello world", "background": "transparent"}, x=0, y=7),
        widget("log", {"region": "us-east-1", "query": "SOURCE 'a'", "view": "table"}),
        widget("alarm", {"alarms": ["arn"], "sortBy": "timestamp", "states": ["OK"]}),
        widget("explorer", {"metrics": []}),
        widget(properties={"annotations": {"alarms": ["arn"]}, "region": "us-east-1"}),
        metric(
            metrics=[
                ["AWS/EC2", "DiskReadBytes", "InstanceId", "i-123", {"id": "m1", "stat": "p99.9"}],
                [".", ".", ".", "i-abc", {"visible": False, "color": "#9467bd"}],
                [{"expression": "SUM(METRICS())", "label": "Sum", "id": "e3"}],
            ],
            period=300,
            stat="p50",
            view="gauge",
            yAxis={"left": {"min": 0, "max": 1}},
        ),
    ],
}

CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "no widgets": ({}, "", "Should have required property 'widgets'"),
    "too many": (
        {"widgets": [widget()] * 501},
        "/widgets",
        "Should NOT have more than 500 items",
    ),
    "start": (
        {"widgets": [], "start": "yesterday"},
        "/start",
        "Should be equal to one of the allowed values",
    ),
    "kind": (
        {"widgets": [widget("graph")]},
        "/widgets/0/type",
        "Should be equal to one of the allowed values",
    ),
    "no widget": ({"widgets": ["x"]}, "/widgets/0", "Should be object"),
    "column": ({"widgets": [widget(x=24, y=0)]}, "/widgets/0/x", "Should be <= 23"),
    "no row": ({"widgets": [widget(x=0)]}, "/widgets/0", "Should have required property 'y'"),
    "width": ({"widgets": [widget(width=25)]}, "/widgets/0/width", "Should be <= 24"),
    "flag": ({"widgets": [widget(width=True)]}, "/widgets/0/width", "Should be integer"),
    "height": ({"widgets": [widget(height=0)]}, "/widgets/0/height", "Should be >= 1"),
    "no text": (
        {"widgets": [widget("text", {"text": "x"})]},
        "/widgets/0/properties",
        "Should have required property 'markdown'",
    ),
    "alarm": (
        {"widgets": [widget("alarm", {"alarms": [1]})]},
        "/widgets/0/properties/alarms/0",
        "Should be string",
    ),
    "alarms": (
        {"widgets": [widget("alarm", {"alarms": ["a"] * 101})]},
        "/widgets/0/properties/alarms",
        "Should NOT have more than 100 items",
    ),
    "no Region": (
        {"widgets": [widget(properties={"metrics": METRIC["metrics"]})]},
        "/widgets/0/properties",
        "The metric widget should have specified a region and a data source or an alarm annotation",
    ),
    "period": (
        {"widgets": [metric(period=90)]},
        "/widgets/0/properties/period",
        "Should be multiple of 60",
    ),
    "no value": (
        {"widgets": [metric(metrics=[["AWS/SQS", "Sent", "QueueName"]])]},
        "/widgets/0/properties/metrics/0",
        "Should NOT have more than 2 items",
    ),
    "expression with a name": (
        {"widgets": [metric(metrics=[["AWS/SQS", "Sent", {"expression": "1"}]])]},
        "/widgets/0/properties/metrics/0",
        "Should NOT have more than 2 items",
    ),
    # https://github.com/pulumi/pulumi/issues/13059 and others have AWS's words.
    "dimension": (
        {"widgets": [metric(metrics=[["AWS/SQS", "Sent", {"QueueName": "q"}, {"stat": "Sum"}]])]},
        "/widgets/0/properties/metrics/0/2",
        "Invalid metric field type, only 'String' type is allowed",
    ),
    "id": (
        {"widgets": [metric(metrics=[["AWS/SQS", "Sent", {"id": "M1"}]])]},
        "/widgets/0/properties/metrics/0/2/id",
        "Should be equal to one of the allowed values",
    ),
    # https://github.com/aws/aws-cdk/issues/20024
    "color": (
        {"widgets": [metric(metrics=[["AWS/SQS", "Sent", {"color": "red"}]])]},
        "/widgets/0/properties/metrics/0/2/color",
        "Should be equal to one of the allowed values",
    ),
}


def test_what_the_documentation_shows_is_taken() -> None:
    assert list(faults(json.dumps(GOOD))) == []


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_named_by_its_path(name: str) -> None:
    body, path, message = CASES[name]
    assert (path, message) in list(faults(json.dumps(body)))


def test_what_is_no_object_is_refused() -> None:
    assert [message for _, message in faults("{")] == [
        "The field DashboardBody must be a valid JSON object"
    ]
    assert list(faults("[]")) == [("", "Should be object")]
