"""modules/trail: what it records, where to, and the buckets it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localaws.cloudtrail.selectors import selected
from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import (
    REGIONS,
    Called,
    Raw,
    Settings,
    assert_refused,
    call,
    calls,
    readme_example,
)

pytestmark = pytest.mark.plan

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
LEAST: Settings = {"name": "acme", "log_bucket": {"name": "acme-logs"}}


GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:mine"
OTHER = "210987654321"
ORGANIZATION = {
    "name": "org-logs",
    "organization_id": "o-a1b2c3d4e5",
    "trail_account_id": ACCOUNT,
    "trail_name": "acme",
}
OPTIONS: dict[str, Settings] = {
    "narrow": {
        **LEAST,
        "management_events": "write",
        "excluded_management_event_sources": ["rdsdata.amazonaws.com", "kms.amazonaws.com"],
        "insights": ["call_rate", "error_rate"],
    },
    "read": {**LEAST, "management_events": "read", "insights": ["error_rate"]},
    "data": {
        **LEAST,
        "log_bucket": {"name": "acme-logs", "access_log_bucket": "acme-logs-access-log"},
        "management_events": "none",
        "excluded_bucket_names": ["acme-archive"],
        "data_events": {
            "files": {
                "resource_type": "AWS::S3::Object",
                "read_write": "write",
                "resource_arns": {
                    "starts_with": ["arn:aws:s3:::acme-files/", "arn:aws:s3:::acme-tmp/"],
                    "not_starts_with": ["arn:aws:s3:::acme-tmp/"],
                },
            },
            "objects": {"resource_type": "AWS::S3::Object"},
            "tables": {
                "resource_type": "AWS::DynamoDB::Table",
                "read_write": "read",
                "event_names": {"equals": ["GetItem"], "not_ends_with": ["x"]},
            },
        },
        "network_activity_events": {
            "s3": {"event_source": "s3.amazonaws.com", "event_names": {"starts_with": ["Put"]}}
        },
    },
    "told": {**LEAST, "notification_topic": {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:files"}},
    "told_elsewhere": {
        **LEAST,
        "notification_topic": {"arn": f"arn:aws:sns:{REGION}:{OTHER}:files"},
    },
    "searched": {
        **LEAST,
        "cloudwatch_logs": "given",
        "log_group": {"arn": f"{GROUP}:*"},
        "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        "role_path": "/audit/",
    },
}


NAMES = ["abc", "a" * 128, "a.b_c-d", "9to5"]


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    bucket = {"name": "acme-logs", "trail_name": "acme", "key_prefix": "audit", "kms_key_arn": KEY}
    given = {"name": "acme", "log_bucket": bucket, "multi_region": False}
    return tf.plan(
        call("trail", {**LEAST, "tags": {"team": "platform"}}, "least")
        + call("trail", given, "given")
        + call("log-bucket", bucket, "logs")
        + call("trail", {"name": "acme", "log_bucket": Raw("module.logs")}, "whole")
        + call("log-bucket", ORGANIZATION, "org_logs")
        + call(
            "trail",
            {
                "name": "acme",
                "scope": "organization",
                "log_bucket": Raw("module.org_logs"),
                "cloudwatch_logs": "own",
            },
            "organization",
        )
        + "".join(call("trail", settings, label) for label, settings in OPTIONS.items())
        + calls("trail", [{**LEAST, "name": name} for name in NAMES])
    )


def test_the_least(many: Plan) -> None:
    """A bucket that this code did not make: its name is enough."""
    trail = Called(many, "least").one("aws_cloudtrail")
    assert (trail["name"], trail["s3_bucket_name"]) == ("acme", "acme-logs")
    assert (trail["s3_key_prefix"], trail["kms_key_id"]) == (None, None)
    assert trail["tags"] == {"team": "platform"}
    assert trail["enable_logging"] is True
    assert trail["enable_log_file_validation"] is True
    assert trail["is_multi_region_trail"] is True
    assert trail["include_global_service_events"] is True
    assert trail["is_organization_trail"] is False
    assert trail["event_selector"] == []
    selector = trail["advanced_event_selector"]
    assert [s["name"] for s in selector] == ["Management events"]
    fields = [(f["field"], f["equals"]) for f in selector[0]["field_selector"]]
    assert fields == [("eventCategory", ["Management"])]
    assert Called(many, "least").shown["name"] == "acme"


def test_everything_given(many: Plan) -> None:
    trail = Called(many, "given").one("aws_cloudtrail")
    assert (trail["s3_key_prefix"], trail["kms_key_id"]) == ("audit", KEY)
    assert trail["is_multi_region_trail"] is False
    # Needed of a multi-Region trail only; one Region has no claim to them.
    assert trail["include_global_service_events"] is False
    assert trail["enable_log_file_validation"] is True


def test_a_log_bucket_is_passed_whole(many: Plan) -> None:
    trail = Called(many, "whole").one("aws_cloudtrail")
    assert (trail["s3_key_prefix"], trail["kms_key_id"]) == ("audit", KEY)


def selectors(trail: dict[str, Any]) -> dict[str, dict[str, dict[str, list[str]]]]:
    """The selectors as planned: by name, then field, then operator."""
    return {
        selector["name"]: {
            field["field"]: {
                operator: values
                for operator, values in field.items()
                if operator != "field" and values
            }
            for field in selector["field_selector"]
        }
        for selector in trail["advanced_event_selector"]
    }


def test_less_noise_and_insights(many: Plan) -> None:
    trail = Called(many, "narrow").one("aws_cloudtrail")
    assert selectors(trail) == {
        "Management events": {
            "eventCategory": {"equals": ["Management"]},
            "readOnly": {"equals": ["false"]},
            "eventSource": {"not_equals": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]},
        }
    }
    assert {i["insight_type"] for i in trail["insight_selector"]} == {
        "ApiCallRateInsight",
        "ApiErrorRateInsight",
    }
    trail = Called(many, "read").one("aws_cloudtrail")
    assert selectors(trail)["Management events"]["readOnly"] == {"equals": ["true"]}
    assert trail["insight_selector"] == [{"insight_type": "ApiErrorRateInsight"}]


def test_data_and_network_events(many: Plan) -> None:
    own = [
        f"arn:aws:s3:::{name}/" for name in ("acme-logs", "acme-logs-access-log", "acme-archive")
    ]
    assert selectors(Called(many, "data").one("aws_cloudtrail")) == {
        "Data events: files": {
            "eventCategory": {"equals": ["Data"]},
            "resources.type": {"equals": ["AWS::S3::Object"]},
            "readOnly": {"equals": ["false"]},
            "resources.ARN": {
                "starts_with": ["arn:aws:s3:::acme-files/", "arn:aws:s3:::acme-tmp/"],
                "not_starts_with": ["arn:aws:s3:::acme-tmp/", *own],
            },
        },
        "Data events: objects": {
            "eventCategory": {"equals": ["Data"]},
            "resources.type": {"equals": ["AWS::S3::Object"]},
            "resources.ARN": {"not_starts_with": own},
        },
        "Data events: tables": {
            "eventCategory": {"equals": ["Data"]},
            "resources.type": {"equals": ["AWS::DynamoDB::Table"]},
            "readOnly": {"equals": ["true"]},
            "eventName": {"equals": ["GetItem"], "not_ends_with": ["x"]},
        },
        "Network activity events: s3": {
            "eventCategory": {"equals": ["NetworkActivity"]},
            "eventSource": {"equals": ["s3.amazonaws.com"]},
            "eventName": {"starts_with": ["Put"]},
        },
    }


@pytest.mark.parametrize(
    ("arn", "recorded"),
    [
        ("arn:aws:s3:::acme-files/report.csv", True),
        ("arn:aws:s3:::acme-logs-2/x", True),  # begins like the log bucket, and is not
        ("arn:aws:s3:::acme-logs/AWSLogs/x", False),
        ("arn:aws:s3:::acme-logs-access-log/x", False),
        ("arn:aws:s3:::acme-archive/AWSLogs/x", False),
    ],
)
def test_a_log_of_the_log_is_not_recorded(many: Plan, arn: str, recorded: bool) -> None:
    """The planned selectors, asked as CloudTrail asks them."""
    words = {
        "equals": "Equals",
        "starts_with": "StartsWith",
        "not_starts_with": "NotStartsWith",
        "not_ends_with": "NotEndsWith",
    }
    asked = [
        {
            "FieldSelectors": [
                {"Field": field, **{words[operator]: values for operator, values in ops.items()}}
                for field, ops in fields.items()
            ]
        }
        for fields in selectors(Called(many, "data").one("aws_cloudtrail")).values()
    ]
    record = {
        "eventCategory": "Data",
        "eventName": "PutObject",
        "eventSource": "s3.amazonaws.com",
        "readOnly": False,
        "resources": [{"type": "AWS::S3::Object", "ARN": arn}],
    }
    assert selected(record, asked) is recorded


def test_a_topic_is_named_as_cloudtrail_answers(many: Plan) -> None:
    """By its name where it is the trail's account and Region, by ARN otherwise: no lasting diff."""
    assert Called(many, "told").one("aws_cloudtrail")["sns_topic_name"] == "files"
    there = Called(many, "told_elsewhere").one("aws_cloudtrail")
    assert there["sns_topic_name"] == f"arn:aws:sns:{REGION}:{OTHER}:files"
    assert Called(many, "least").one("aws_cloudtrail")["sns_topic_name"] is None


def deliver(
    partition: str, region: str, group: str, organization: str | None = None
) -> dict[str, Any]:
    """As on AWS's page: an organization trail's streams begin with the organization's id."""
    begins = [f"{ACCOUNT}_CloudTrail_{region}*", *([f"{organization}_*"] if organization else [])]
    streams = f"arn:{partition}:logs:{region}:{ACCOUNT}:log-group:{group}:log-stream"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Deliver",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": [f"{streams}:{begin}" for begin in begins],
            }
        ],
    }


def test_a_given_log_group(many: Plan) -> None:
    plan = Called(many, "searched")
    assert plan.managed == [
        "aws_cloudtrail.this",
        "aws_iam_role.logs[0]",
        "aws_iam_role_policy.logs[0]",
    ]
    assert plan.one("aws_cloudtrail")["cloud_watch_logs_group_arn"] == f"{GROUP}:*"
    policy = json.loads(plan.one("aws_iam_role_policy")["policy"])
    assert policy == deliver("aws", REGION, "mine")
    role = plan.one("aws_iam_role")
    assert (role["name_prefix"], role["path"]) == ("acme-logs-", "/audit/")
    assert role["permissions_boundary"].endswith(":policy/boundary")
    assert plan.shown["log_group"] == {"arn": GROUP, "name": "mine"}


def test_an_organizations_trail(many: Plan) -> None:
    plan = Called(many, "organization")
    assert plan.one("aws_cloudtrail")["is_organization_trail"] is True
    group = plan.one("aws_cloudwatch_log_group")
    assert (group["name"], group["retention_in_days"]) == ("/aws/cloudtrail/acme", 90)
    policy = json.loads(plan.one("aws_iam_role_policy")["policy"])
    own = "/aws/cloudtrail/acme"
    assert policy == deliver("aws", REGION, own, ORGANIZATION["organization_id"])


@pytest.mark.parametrize("partition", REGIONS)
def test_policies_in_each_partition(tf: Planner, partition: str) -> None:
    region = REGIONS[partition]
    settings = {
        **LEAST,
        "cloudwatch_logs": "own",
        "data_events": {"objects": {"resource_type": "AWS::S3::Object"}},
    }
    plan = tf.plan(call("trail", settings), region=region)
    policy = json.loads(plan.one("aws_iam_role_policy")["policy"])
    assert policy == deliver(partition, region, "/aws/cloudtrail/acme")
    trust = json.loads(plan.one("aws_iam_role")["assume_role_policy"])["Statement"]
    assert trust == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
        }
    ]
    found = selectors(plan.one("aws_cloudtrail"))["Data events: objects"]["resources.ARN"]
    assert found == {"not_starts_with": [f"arn:{partition}:s3:::acme-logs/"]}


def test_the_trail_waits_for_its_role(many: Plan) -> None:
    module = many.json["configuration"]["root_module"]["module_calls"]["least"]["module"]
    [trail] = [r for r in module["resources"] if r["type"] == "aws_cloudtrail"]
    assert trail["depends_on"] == ["aws_iam_role_policy.logs"]


def test_what_is_accepted(many: Plan) -> None:
    made = {trail["name"] for trail in many.of_type("aws_cloudtrail").values()}
    assert made == {"acme", *NAMES}


def test_validation_can_not_be_switched_off(tf: Planner) -> None:
    error = tf.plan_error(call("trail", {**LEAST, "enable_log_file_validation": False}))
    assert 'An argument named "enable_log_file_validation" is not expected here.' in error


def test_what_is_refused(tf: Planner) -> None:
    name = "name must be a trail's name: 3 to 128 letters"
    bucket = "log_bucket.name is empty: pass the log-bucket module whole"
    assert_refused(
        tf,
        "trail",
        [
            *(
                ({**LEAST, "name": bad}, name)
                for bad in ("ab", "-abc", "abc_", "a..b", "a b", "a" * 129)
            ),
            ({**LEAST, "name": "10.0.0.1"}, "name must not be shaped like an IP address"),
            ({**LEAST, "log_bucket": {"name": ""}}, bucket),
        ],
    )


def data(**selector: Any) -> Settings:
    return {**LEAST, "data_events": {"mine": {"resource_type": "AWS::S3::Object", **selector}}}


def test_what_is_refused_of_selectors_and_delivery(tf: Planner) -> None:
    slash = "The resource_arns of S3 objects must name the bucket and a slash, as in"
    group = "log_group.arn must be a log group's ARN"
    topic = "notification_topic.arn must be the ARN of a standard SNS topic"
    long = {"equals": [f"arn:aws:s3:::b/{n}" for n in range(481)]}
    assert_refused(
        tf,
        "trail",
        [
            ({**LEAST, "scope": "ou"}, 'scope must be "account" or "organization".'),
            ({**LEAST, "management_events": "some"}, 'management_events must be "all", "write"'),
            (
                {**LEAST, "excluded_management_event_sources": ["s3.amazonaws.com"]},
                "excluded_management_event_sources can hold kms.amazonaws.com and "
                "rdsdata.amazonaws.com, the two that CloudTrail lets a trail exclude. "
                "Leave out: s3.amazonaws.com.",
            ),
            ({**LEAST, "insights": ["rate"]}, 'insights can hold "call_rate" and "error_rate".'),
            (data(resource_type="S3"), "resource_type must be a type as in AWS::S3::Object"),
            (data(read_write="both"), "read_write must be all, read or write. Correct: mine."),
            *(
                (data(**{name: value}), "read_write_type and values are names of the provider's")
                for name, value in (
                    ("read_write_type", "WriteOnly"),
                    ("values", ["arn:aws:s3:::b/"]),
                )
            ),
            *(
                (data(resource_arns={operator: [bad]}), slash)
                for operator, bad in (
                    ("starts_with", "arn:aws:s3:::bucket"),
                    ("equals", "bucket/key"),
                )
            ),
            (data(resource_arns=long), "A trail's selectors hold 500 values at most"),
            (
                {**LEAST, "network_activity_events": {"x": {"event_source": "s3"}}},
                "event_source must be a service as in s3.amazonaws.com. Correct: x.",
            ),
            ({**LEAST, "cloudwatch_logs": "on"}, 'cloudwatch_logs must be "off", "own"'),
            *(
                ({**LEAST, "role_path": bad}, "role_path starts and ends with a slash, as in")
                for bad in ("audit", "/audit", "/" + "a" * 511 + "/")
            ),
            (
                {**LEAST, "log_group_retention_days": 31},
                "log_group_retention_days must be a number",
            ),
            ({**LEAST, "cloudwatch_logs": "given", "log_group": {"arn": "mine"}}, group),
            *(
                ({**LEAST, "notification_topic": {"arn": bad}}, topic)
                for bad in ("files", f"arn:aws:sns:{REGION}:{ACCOUNT}:files.fifo")
            ),
        ],
    )


def test_what_is_refused_together(tf: Planner) -> None:
    none = {**LEAST, "management_events": "none"}
    other = {**none, "data_events": {"x": {"resource_type": "AWS::Lambda::Function"}}}
    both = 'cloudwatch_logs = "given" and log_group go together'
    own = "data_events asks for objects of the trail's own log bucket acme-logs"
    assert_refused(
        tf,
        "trail",
        [
            (none, "The trail would record nothing: set management_events to"),
            (
                {**other, "excluded_management_event_sources": ["kms.amazonaws.com"]},
                "excluded_management_event_sources narrows management events, and",
            ),
            (
                {**LEAST, "management_events": "read", "insights": ["call_rate"]},
                'The Insights "call_rate" are found in write management events',
            ),
            (
                {**other, "insights": ["error_rate"]},
                'The Insights "error_rate" are found in management events',
            ),
            *(
                (data(resource_arns={operator: ["arn:aws:s3:::acme-logs/AWSLogs/"]}), own)
                for operator in ("equals", "starts_with")
            ),
            ({**LEAST, "cloudwatch_logs": "given"}, both),
            ({**LEAST, "log_group": {"arn": GROUP}}, both),
            (
                {
                    **LEAST,
                    "scope": "organization",
                    "log_bucket": {"name": "acme-logs", "trail_name": "acme"},
                },
                "log_bucket admits the logs of one account only, and this trail is an organization",
            ),
            (
                {**LEAST, "scope": "organization", "cloudwatch_logs": "own"},
                "An organization's events go to log streams that begin with the organization's id",
            ),
        ],
    )


def test_a_long_name_is_cut_for_the_role(tf: Planner) -> None:
    plan = tf.plan(call("trail", {**LEAST, "name": "a" * 128, "cloudwatch_logs": "own"}))
    assert plan.one("aws_iam_role")["name_prefix"] == "a" * 38


def test_a_bucket_made_for_another_trail_is_refused(tf: Planner) -> None:
    theirs = {"name": "acme-logs", "trail_name": "other"}
    sentence = "log_bucket admits the trail other only, and this trail is named acme"
    assert_refused(tf, "trail", [({**LEAST, "log_bucket": theirs}, sentence)])


def test_the_readmes_example(tf: Planner) -> None:
    plan = tf.plan(readme_example("trail"))
    assert plan.warnings == ()
    assert len(plan.of_type("aws_s3_bucket_policy")) == 1
