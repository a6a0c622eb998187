"""Plans of digest-validation: what the function may do, and every refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Planner
from tests.plan.calls import call

pytestmark = pytest.mark.plan

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
LOG_KEY = "arn:aws:kms:eu-west-1:999999999999:key/66666666-2222-3333-4444-555555555555"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:powertools:7"
LEAST = {
    "name": "proof",
    "trail_name": "main",
    "bucket_name": "trail-logs",
    "powertools_layer_arn": LAYER,
}
ALL = {
    **LEAST,
    "alarm_topic": {"arn": TOPIC},
    "alert_topic": {"arn": TOPIC, "kms_key_arn": KEY},
    "bucket_region": "eu-west-1",
    "key_prefix": "/central/",
    "kms_key_arn": KEY,
    "log_kms_key_arn": LOG_KEY,
    "organization_id": "o-exampleorgid",
    "reprove_days": 0,
    "retention_days": 365,
}


def statements(
    plan: Any, address: str = "aws_iam_role_policy.function", module: str = "this"
) -> dict[str, Any]:
    policy = json.loads(plan.resources[f"module.{module}.{address}"]["values"]["policy"])
    return {
        each["Sid"]: {k: v for k, v in each.items() if k != "Sid"} for each in policy["Statement"]
    }


def test_its_role_may_read_and_alert_and_nothing_else(tf: Planner) -> None:
    plan = tf.plan(call("digest-validation", LEAST))
    found = statements(plan)
    sqs, logs = (f"arn:aws:{each}:{REGION}:{ACCOUNT}" for each in ("sqs", "logs"))
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/proof-checkpoints"
    assert found == {
        sid: {"Effect": "Allow", "Action": actions, "Resource": [resource]}
        for sid, actions, resource in (
            ("WriteOwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"],
             f"{logs}:log-group:/aws/lambda/proof:*"),
            ("FindFiles", ["s3:ListBucket"], "arn:aws:s3:::trail-logs"),
            ("ReadFiles", ["s3:GetObject"], "arn:aws:s3:::trail-logs/AWSLogs/*"),
            ("ReadPublicKeys", ["cloudtrail:ListPublicKeys"], "*"),
            ("KeepCheckpoints", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"], table),
            ("TakeAndGiveWork", ["sqs:DeleteMessage", "sqs:GetQueueAttributes",
                                 "sqs:ReceiveMessage", "sqs:SendMessage"], f"{sqs}:proof-work"),
            ("KeepFailedRuns", ["sqs:SendMessage"], f"{sqs}:proof-failures"),
        )
    }  # fmt: skip
    assert not [name for name in plan.resources if "alarm" in name]
    started = statements(plan, "aws_iam_role_policy.schedule")["Start"]
    assert started["Resource"] == [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:proof"]


def test_given_resources_are_used(tf: Planner) -> None:
    plan = tf.plan(call("digest-validation", ALL))
    found = statements(plan)
    assert found["ReadFiles"]["Resource"] == ["arn:aws:s3:::trail-logs/central/AWSLogs/*"]
    assert found["DecryptFiles"]["Resource"] == [LOG_KEY]
    assert found["DecryptFiles"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
    }
    assert found["PublishAlerts"]["Resource"] == [TOPIC]
    alarms = {
        each["values"]["alarm_name"]: each["values"]
        for name, each in plan.resources.items()
        if "alarm" in name
    }
    assert set(alarms) == {"proof-errors", "proof-failures", "proof-findings", "proof-silence"}
    silence = alarms["proof-silence"]
    assert (silence["comparison_operator"], silence["threshold"]) == ("GreaterThanThreshold", 240)
    assert (silence["evaluation_periods"], silence["treat_missing_data"]) == (1, "breaching")
    expression, query = sorted(silence["metric_query"], key=lambda q: len(q["metric"]))
    assert (expression["expression"], expression["return_data"]) == ("FILL(age, 241)", True)
    # No run proves what is younger than 90 minutes: after 150 without one, the proof is 240 old.
    [metric] = query["metric"]
    assert (query["id"], metric["metric_name"]) == ("age", "ProofAgeMinutes")
    assert (metric["period"], metric["stat"]) == (150 * 60, "Maximum")
    assert "in at least one account and Region" in alarms["proof-silence"]["alarm_description"]
    schedule = plan.resources["module.this.aws_scheduler_schedule.hourly"]["values"]
    assert schedule["target"][0]["input"] == '{"scheduled_time":"<aws.scheduler.scheduled-time>"}'


def test_a_topic_that_is_passed_whole_has_its_key_with_it(tf: Planner) -> None:
    # AWS's own key admits every principal of the account that may publish; a topic without
    # encryption has "" once it is made.
    keys = {"own": KEY, "aws": "alias/aws/sns", "plain": ""}
    topics = {name: {"arn": TOPIC, "kms_master_key_id": key} for name, key in keys.items()}
    text = [
        call("digest-validation", {**LEAST, "alert_topic": topic}, name)
        for name, topic in topics.items()
    ]
    plan = tf.plan("".join(text))
    assert statements(plan, module="own")["EncryptAlerts"]["Resource"] == [KEY]
    for name in ("aws", "plain"):
        assert "EncryptAlerts" not in statements(plan, module=name)


REFUSALS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": "a b"}, "name must be 1 to 38"),
    ({"bucket_name": "arn:aws:s3:::logs"}, "give the name, not an ARN or URL"),
    ({"trail_name": "arn:x/y"}, "trail_name is not the name of a trail"),
    ({"organization_id": "acme"}, "it looks like o-exampleorgid"),
    ({"accounts": ["12"]}, "account ids of twelve digits"),
    ({"regions": ["everywhere"]}, "regions must hold Regions"),
    ({"home_region": "moon"}, "home_region is no Region"),
    ({"key_prefix": "/"}, "key_prefix must be 1 to 200"),
    ({"log_kms_key_arn": "alias/log"}, "log_kms_key_arn is not the ARN of a KMS key"),
    ({"alert_topic": {"arn": TOPIC, "kms_key_arn": "alias/x"}}, "alert_topic.kms_key_arn is not"),
    (
        {"lookback_hours": 1, "reprove_days": -1, "retention_days": 1},
        "lookback_hours must be a whole number from 4 | reprove_days must be a whole number from 0 "
        "| retention_days must be a whole number from 7",
    ),
    ({"max_workers": 1}, "max_workers must be a whole number from 2"),
    ({"stale_minutes": 200}, "at least two hours more than lag_minutes"),
    ({"role_path": "security"}, "role_path must start and end with a slash"),
    (
        {"public_powertools_layer": False, "powertools_layer_arn": None},
        "public_powertools_layer is false and powertools_layer_arn is missing",
    ),
    (
        {"alarm_topic": {"arn": TOPIC, "kms_master_key_id": "alias/aws/sns"}},
        "alarm_topic is encrypted with alias/aws/sns, and that key can't admit CloudWatch",
    ),
    (
        {"alert_topic": {"arn": TOPIC, "kms_master_key_id": "alias/mine"}},
        "alert_topic is encrypted with a key that it names by its alias or id",
    ),
    ({"schedule_expression": "hourly"}, "must be rate"),
    ({"trail_account_id": "1"}, "twelve digits"),
    ({"package": {"filename": "a.zip", "s3_bucket": "b", "s3_key": "k"}}, "give one of them"),
)


@pytest.mark.parametrize(("given", "told"), REFUSALS, ids=[told for _, told in REFUSALS])
def test_refusals(tf: Planner, given: dict[str, Any], told: str) -> None:
    said = tf.plan_error(call("digest-validation", {**LEAST, **given}))
    for each in told.split(" | "):
        assert each in " ".join(str(said).split())
