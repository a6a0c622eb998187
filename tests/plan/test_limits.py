"""The longest names that modules take, with what they add to them, are none that AWS refuses.

What AWS takes is read from botocore's service models; what they do not tell has its page beside it.
"""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import Settings, call
from tests.plan.misuses import RIGHT, RULE, TOPIC

pytestmark = pytest.mark.plan

# Of all partitions: https://github.com/boto/botocore/blob/develop/botocore/data/endpoints.json
LONGEST_REGION = "us-isof-south-1"

# By resource and argument: the parameter of AWS's call, or a number and where AWS says so.
LIMITS: dict[str, tuple[str, ...] | int] = {
    "aws_athena_named_query.description": ("athena", "CreateNamedQuery", "Description"),
    "aws_athena_named_query.name": ("athena", "CreateNamedQuery", "Name"),
    "aws_athena_named_query.query": ("athena", "CreateNamedQuery", "QueryString"),
    "aws_athena_workgroup.description": ("athena", "CreateWorkGroup", "Description"),
    # https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateWorkGroup.html (its pattern)
    "aws_athena_workgroup.name": 128,
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-naming-requirements.html
    "aws_cloudtrail.name": 128,
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
    "aws_cloudwatch_dashboard.dashboard_name": 255,
    "aws_cloudwatch_event_archive.description": ("events", "CreateArchive", "Description"),
    "aws_cloudwatch_event_archive.event_pattern": 2048,
    "aws_cloudwatch_event_archive.name": ("events", "CreateArchive", "ArchiveName"),
    "aws_cloudwatch_event_permission.statement_id": ("events", "PutPermission", "StatementId"),
    "aws_cloudwatch_event_rule.description": ("events", "PutRule", "Description"),
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
    "aws_cloudwatch_event_rule.event_pattern": 2048,
    "aws_cloudwatch_event_rule.name": ("events", "PutRule", "Name"),
    # https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
    "aws_cloudwatch_event_target.target_id": 64,
    "aws_cloudwatch_log_group.name": ("logs", "CreateLogGroup", "logGroupName"),
    "aws_cloudwatch_log_metric_filter.name": ("logs", "PutMetricFilter", "filterName"),
    "aws_cloudwatch_log_metric_filter.pattern": ("logs", "PutMetricFilter", "filterPattern"),
    "aws_cloudwatch_log_resource_policy.policy_document": ("logs", "PutResourcePolicy", "policyDocument"),
    "aws_cloudwatch_metric_alarm.alarm_description": ("cloudwatch", "PutMetricAlarm", "AlarmDescription"),
    "aws_cloudwatch_metric_alarm.alarm_name": ("cloudwatch", "PutMetricAlarm", "AlarmName"),
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    "aws_dynamodb_table.name": 255,
    "aws_glue_catalog_database.description": ("glue", "CreateDatabase", "DatabaseInput", "Description"),
    "aws_glue_catalog_database.name": ("glue", "GetDatabase", "Name"),
    "aws_glue_catalog_table.description": ("glue", "CreateTable", "TableInput", "Description"),
    "aws_glue_catalog_table.name": ("glue", "GetTable", "Name"),
    "aws_iam_role.description": ("iam", "CreateRole", "Description"),
    "aws_iam_role.name": ("iam", "CreateRole", "RoleName"),
    "aws_iam_role.path": ("iam", "CreateRole", "Path"),
    "aws_iam_role_policy.name": ("iam", "PutRolePolicy", "PolicyName"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    "aws_iam_role.assume_role_policy": 2048,
    "aws_iam_role_policy.policy": 10_240,
    "aws_kinesis_firehose_delivery_stream.name": ("firehose", "CreateDeliveryStream", "DeliveryStreamName"),
    "aws_kms_alias.name": ("kms", "CreateAlias", "AliasName"),
    "aws_kms_key.description": ("kms", "CreateKey", "Description"),
    "aws_kms_key.policy": 32_768,
    "aws_lambda_function.description": ("lambda", "CreateFunction", "Description"),
    # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
    "aws_lambda_function.function_name": 64,
    "aws_lambda_layer_version.layer_name": 64,
    "aws_lambda_permission.statement_id": ("lambda", "AddPermission", "StatementId"),
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    "aws_s3_bucket.bucket": 63,
    "aws_scheduler_schedule.description": ("scheduler", "CreateSchedule", "Description"),
    "aws_scheduler_schedule.name": ("scheduler", "CreateSchedule", "Name"),
    "aws_scheduler_schedule_group.name": ("scheduler", "CreateScheduleGroup", "Name"),
    # https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
    "aws_sns_topic.name": 256,
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
    "aws_sqs_queue.name": 80,
}  # fmt: skip

# The longest that each variable's own validation takes.
LONG_KEY = "k" * 64
LONGEST: dict[str, Settings] = {
    "alert-topic": {"name": "n" * 238},
    "digest-validation": {"name": "n" * 38, "trail_name": "t" * 128, "bucket_name": "b" * 63},
    "event-forwarding": {"name": "n" * 30},
    "event-forwarding, hub": {"name": "n" * 30, "canaries": {"k" * 20: {}}},
    "event-rules": {
        "name": "n" * 60,
        "archive": {"name": "a" * 48},
        "failed_invocation_alarms": ["abc"],
        "rules": {
            "abc": RULE | {"description": "d" * 512, "targets": {LONG_KEY: {"topic": {"arn": TOPIC}}}},
            "def": RULE | {"targets": {LONG_KEY: {"function": {
                "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{'f' * 64}"}}}},
            "ghi": RULE | {"targets": {LONG_KEY: {"bus": {
                "arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{'b' * 256}"}}}},
        },
    },
    "log-archive": {"name": "n" * 63},
    "log-bucket": {"name": "n" * 63, "trail_name": "t" * 128},
    "log-query": {
        "name": "n" * 42,
        "own_results_bucket": True,
        "results_bucket_name": None,
        "logs": {"l" * 100: {"bucket": {"name": "b" * 63}, "insights": True}},
    },
    "log-replication": {"name": "n" * 64},
    "metric-filters": {"name": "n" * 64, "controls": None, "thresholds": {}},
    "reaction": {"name": "n" * 48, "role": None, "failure_queue": None, "ledger_table": None,
                 "log_group": None, "own_reactor_layer": True, "reactor_layer_arn": None},
    "reaction-member-role": {"name": "n" * 64, "external_id": "e" * 1224},
    "reconciliation": {"name": "n" * 31, "trail_name": "t" * 128, "bucket_name": "b" * 63},
    "trail": {"name": "n" * 128},
}  # fmt: skip


def limit(of: str) -> int:
    """The characters that AWS takes of an argument."""
    found = LIMITS[of]
    if isinstance(found, int):
        return found
    service, operation, *path = found
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    shape: Any = model.input_shape
    for parameter in path:
        shape = shape.members[parameter]
    return int(shape.metadata["max"])


@pytest.fixture(scope="module")
def plan(tf: Planner) -> Plan:
    """Every module with its longest names, in one plan."""
    assert {RIGHT[of].module for of in LONGEST} | {"dashboard"} >= {
        right.module for right in RIGHT.values() if "name" in right.settings
        and not right.module.startswith("..")
    }  # fmt: skip
    calls = [
        call(RIGHT[of].module, {**RIGHT[of].settings, **longest}, f"of_{number}")
        for number, (of, longest) in enumerate(LONGEST.items())
    ]
    return tf.plan("\n".join(calls))


def test_nothing_is_longer_than_aws_takes(plan: Plan) -> None:
    too_long, seen = [], set()
    for address, resource in plan.resources.items():
        for name, value in resource["values"].items():
            of = f"{resource['type']}.{name}"
            if of in LIMITS and isinstance(value, str):
                seen.add(of)
                if len(value.replace(REGION, LONGEST_REGION)) > limit(of):
                    too_long.append(f"{address}.{name}: {len(value)} of {limit(of)}")
    assert too_long == []
    assert len(seen) > 35


def test_every_name_is_judged(plan: Plan) -> None:
    named: set[str] = {
        f"{resource['type']}.{name}"
        for resource in plan.resources.values()
        for name, value in resource["values"].items()
        if resource["mode"] == "managed"
        and isinstance(value, str)
        and name in ("description", "name", "statement_id")
    }
    # A namespace's or another resource's own name, given again.
    assert named - set(LIMITS) == set()


def test_the_judge_tells() -> None:
    judged: dict[str, Any] = {of: limit(of) for of in LIMITS}
    assert judged["aws_cloudwatch_event_rule.name"] == 64
    assert judged["aws_cloudwatch_metric_alarm.alarm_description"] == 1024
    assert judged["aws_iam_role.name"] == 64
