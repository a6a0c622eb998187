"""modules/metric-filters: a filter and an alarm for each control, and what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Plan, Planner
from tests.plan.calls import Called, Settings, assert_refused, call

pytestmark = pytest.mark.plan

TOPIC: Settings = {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}
LEAST: Settings = {"alarm_topic": TOPIC, "log_group": {"name": "/aws/cloudtrail/audit"}}
CONTROLS: dict[str, Any] = json.loads(
    (REPOSITORY / "modules/metric-filters/controls.json").read_text(encoding="utf-8")
)
CALLS: dict[str, Settings] = {
    "least": LEAST,
    "some": {
        **LEAST,
        "benchmark": "cis-7.0",
        "controls": ["5.1", "5.3"],
        "name": "acme",
        "namespace": "CISBenchmark",
        "tags": {"owner": "security"},
        "thresholds": {"5.1": 10},
    },
}


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    return tf.plan("".join(call("metric-filters", s, label) for label, s in CALLS.items()))


def test_every_control_has_its_text_and_an_alarm_on_its_metric(many: Plan) -> None:
    called = Called(many, "least")
    filters = {f["name"]: f for f in called.of_type("aws_cloudwatch_log_metric_filter").values()}
    alarms = called.of_type("aws_cloudwatch_metric_alarm").values()
    assert len(filters) == 17
    assert len(alarms) == 15
    metrics = set()
    for number, control in CONTROLS.items():
        for at, wanted in enumerate(control["filters"]):
            made = filters[f"cis-4.{number}" + (f"-{at + 1}" if at else "")]
            assert made["pattern"] == wanted["pattern"]
            assert made["log_group_name"] == "/aws/cloudtrail/audit"
            (metric,) = made["metric_transformation"]
            assert metric["name"] == f"cis-{control['metric']}"
            assert metric["namespace"] == "LogMetrics"
            assert (metric["value"], metric["default_value"]) == (str(wanted["value"]), "0")
            metrics.add(metric["name"])
    for alarm in alarms:
        assert alarm["metric_name"] in metrics
        assert alarm["namespace"] == "LogMetrics"
        assert alarm["alarm_actions"] == [TOPIC["arn"]]
        assert alarm["comparison_operator"] == "GreaterThanOrEqualToThreshold"
        assert (alarm["statistic"], alarm["period"], alarm["threshold"]) == ("Sum", 300, 1)
        assert alarm["treat_missing_data"] == "notBreaching"
        assert len(alarm["alarm_description"]) <= 1024


def test_what_was_made_and_which_detections_are_about_it(many: Plan) -> None:
    made = Called(many, "least").shown["controls"]
    assert list(made) == sorted(f"4.{n}" for n in range(1, 16))
    assert made["4.5"] == {
        "detections": ["trail-change", "trail-tamper"],
        "filters": ["cis-4.5"],
        "metric": "cis-TrailChanges",
        "security_hub": "CloudWatch.5",
        "severity": "critical",
        "title": "Changes of trails",
    }
    assert made["4.10"]["filters"] == ["cis-4.10", "cis-4.10-2"]


def test_settings(many: Plan) -> None:
    called = Called(many, "some")
    alarms = called.of_type("aws_cloudwatch_metric_alarm").values()
    assert {alarm["alarm_name"]: alarm["threshold"] for alarm in alarms} == {
        "acme-5.1-UnauthorizedApiCalls": 10,
        "acme-5.3-RootUsage": 1,
    }
    assert {alarm["namespace"] for alarm in alarms} == {"CISBenchmark"}
    assert all(alarm["tags"] == {"owner": "security"} for alarm in alarms)
    (root,) = [alarm for alarm in alarms if "5.3" in alarm["alarm_name"]]
    assert root["alarm_description"] == (
        "[critical] Use of the root user: CIS 7.0, control 5.3. The log group "
        "/aws/cloudtrail/audit has the calls; the detections about them are root-activity, "
        "root-login, root-read. Runbook: docs/runbook.md#metric-filters-control"
    )


# What Terraform tells from one variable alone, and what it tells from two together.
ALONE: list[tuple[Settings, str]] = [
    ({**LEAST, "benchmark": "pci-4"}, "benchmark must be a version of the CIS AWS Foundations"),
    ({**LEAST, "log_group": {"name": "a b"}}, "log_group.name is not the name of a log group"),
    ({**LEAST, "name": "a:b"}, "name must be 1 to 64 letters"),
    ({**LEAST, "namespace": "AWS/Logs"}, "namespace must be 1 to 255 of letters"),
    ({**LEAST, "alarm_topic": {"arn": "alerts"}}, "alarm_topic.arn is not the ARN of an SNS topic"),
    (
        {**LEAST, "alarm_topic": {**TOPIC, "kms_master_key_id": "alias/aws/sns"}},
        "alarm_topic is encrypted with alias/aws/sns",
    ),
    ({**LEAST, "controls": []}, "controls is empty: name some, or leave it out for all of them"),
    ({**LEAST, "thresholds": {"4.1": 0.5}}, "A threshold must be a whole number from 1 on"),
]
GROUP: Settings = {"name": "g", "arn": f"arn:aws:logs:sa-east-1:{ACCOUNT}:log-group:g"}
TOGETHER: list[tuple[Settings, str]] = [
    ({**LEAST, "controls": ["4.16"]}, "Correct: 4.16."),
    ({**LEAST, "controls": ["5.1"]}, "Correct: 5.1."),
    (
        {**LEAST, "controls": ["4.1"], "thresholds": {"4.2": 2}},
        "thresholds names controls that there are no alarms for: 4.2.",
    ),
    ({**LEAST, "log_group": GROUP}, "alarm_topic is in another Region than log_group"),
]


@pytest.mark.parametrize("cases", [ALONE, TOGETHER], ids=["alone", "together"])
def test_refused(tf: Planner, cases: list[tuple[Settings, str]]) -> None:
    assert_refused(tf, "metric-filters", cases)
