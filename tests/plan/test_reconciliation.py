"""Plans of reconciliation: what the function may do, what it is told of rules, every refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Planner
from tests.plan.calls import call, expression
from tests.plan.test_digest_validation import KEY, LAYER, LOG_KEY, TOPIC, statements

pytestmark = pytest.mark.plan

RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/users"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:guard"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:consumers"
ABROAD = f"arn:aws:sqs:{REGION}:444455556666:theirs"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/lake"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/proof-checkpoints"
PATTERN = '{"source":["aws.iam"]}'
READS = '{"source":["aws.sts"]}'
RULES = {
    "own": {
        "deployed": {
            "rules": {
                "users": {
                    "arn": RULE,
                    "pattern": PATTERN,
                    "targets": {
                        "consumers": {"arn": QUEUE},
                        "guard": {"arn": FUNCTION},
                        "people": {
                            "arn": TOPIC,
                            "kms_key_arn": KEY,
                            "input_transformer": {
                                "input_paths": {"user": "$.detail.requestParameters.userName"},
                                "input_template": '"<user>"',
                            },
                        },
                        "stream": {"arn": STREAM},
                        "theirs": {"arn": ABROAD},
                    },
                }
            }
        }
    }
}
LEAST = {
    "name": "missed",
    "trail_name": "main",
    "bucket_name": "trail-logs",
    "powertools_layer_arn": LAYER,
    "redeliver": False,
    "rules": RULES,
}
PROVEN = {"checkpoint_table": {"arn": TABLE, "name": "proof-checkpoints"}}
ALL = {
    **LEAST,
    "alarm_topic": {"arn": TOPIC},
    "alert_topic": {"arn": TOPIC, "kms_key_arn": KEY},
    "digest_validation": PROVEN,
    "forwarded": {
        "hub": None,
        "spokes": {
            "account_ids": ["444455556666"],
            "patterns": {"global": PATTERN, "reads": READS},
            "read_only_patterns": ["reads"],
            "regions": ["us-east-1"],
        },
    },
    "kms_key_arn": KEY,
    "log_kms_key_arn": LOG_KEY,
    "redeliver": True,
}

# What is known before the role has its name.
OUTPUTS = """
output "no_way_to" {
  value = module.this.not_redelivered
}
output "must_admit_us" {
  value = keys(module.this.target_policies)
}
"""


def test_without_a_proof_it_may_read_and_tell_and_reaches_no_target(tf: Planner) -> None:
    plan = tf.plan(call("reconciliation", LEAST))
    found = statements(plan)
    sqs, logs = (f"arn:aws:{each}:{REGION}:{ACCOUNT}" for each in ("sqs", "logs"))
    bucket = f"arn:aws:s3:::missed-{ACCOUNT}-{REGION}"
    assert found == {
        sid: {"Effect": "Allow", "Action": actions, "Resource": resources.split()}
        for sid, actions, resources in (
            ("WriteOwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"],
             f"{logs}:log-group:/aws/lambda/missed:*"),
            ("FindFiles", ["s3:ListBucket"], "arn:aws:s3:::trail-logs"),
            ("ReadFiles", ["s3:GetObject"], "arn:aws:s3:::trail-logs/AWSLogs/*"),
            ("KeepState", ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"],
             f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/missed-state"),
            ("FindLines", ["s3:ListBucket", "s3:ListBucketVersions"], bucket),
            ("ReadLines", ["s3:GetObject", "s3:GetObjectVersion"],
             f"{bucket}/rules.json {bucket}/witness/*"),
            ("LookAtRules", ["events:DescribeRule"], RULE),
            ("TakeAndGiveWork", ["sqs:DeleteMessage", "sqs:GetQueueAttributes",
                                 "sqs:ReceiveMessage", "sqs:SendMessage"], f"{sqs}:missed-work"),
            ("KeepFailedRuns", ["sqs:SendMessage"], f"{sqs}:missed-failures"),
        )
    }  # fmt: skip
    assert not [name for name in plan.resources if "alarm" in name]
    stream = plan.resources["module.this.aws_kinesis_firehose_delivery_stream.witness"]["values"]
    [s3] = stream["extended_s3_configuration"]
    assert s3["prefix"] == "witness/!{timestamp:yyyy/MM/dd/HH}/"
    noted = statements(plan, "aws_iam_role_policy.witness")["NoteWhatWasSeen"]
    assert noted["Resource"] == [
        f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/missed-witness"
    ]


def test_with_a_proof_it_reaches_what_the_rules_reach_and_knows_them(tf: Planner) -> None:
    plan = tf.plan(call("reconciliation", ALL) + OUTPUTS)
    found = statements(plan)
    assert found["ReadProofs"]["Resource"] == [TABLE]
    assert found["RedeliverToFunctions"]["Resource"] == [FUNCTION]
    assert found["RedeliverToTopics"]["Resource"] == [TOPIC]
    assert found["RedeliverToQueues"]["Resource"] == [QUEUE, ABROAD]
    assert found["EncryptRedelivered"]["Resource"] == [KEY]
    text = plan.resources["module.this.aws_s3_object.rules"]["values"]["content"]
    told = json.loads(text)
    assert (told["account"], told["region"]) == (ACCOUNT, REGION)
    assert told["forwarded"] == [
        {
            "accounts": ["444455556666"],
            "patterns": [PATTERN, READS],
            "read_only_patterns": [READS],
            "regions": ["us-east-1"],
        }
    ]
    [rule] = told["rules"]
    assert (rule["arn"], rule["pattern"], rule["read_only_events"]) == (RULE, PATTERN, False)
    people = next(each for each in rule["targets"] if each["id"] == "people")
    assert people["InputTransformer"] == {
        "InputPathsMap": {"user": "$.detail.requestParameters.userName"},
        "InputTemplate": '"<user>"',
    }
    assert plan.outputs["no_way_to"] == {"own/users/stream": STREAM}
    assert plan.outputs["must_admit_us"] == [ABROAD]
    alarms = {
        each["values"]["alarm_name"] for name, each in plan.resources.items() if "alarm" in name
    }
    assert alarms == {"missed-errors", "missed-failures", "missed-missed", "missed-silence"}


def test_the_rules_of_a_whole_catalogue_fit_into_its_policy(tf: Planner) -> None:
    """A role's policies have 10,240 characters, and an object ten tags; a provider may have more.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
    """
    rules = {f"r{n}": {"arn": f"{RULE}-of-a-name-{n:03}", "pattern": PATTERN} for n in range(300)}
    tags = {f"tag{n}": "x" for n in range(30)}
    source = call(
        "reconciliation", {**LEAST, "rules": {"all": {"deployed": {"rules": rules}}}, "tags": tags}
    )
    tagged = {f"default{n}": "x" for n in range(20)}
    plan = tf.plan(
        f'provider "aws" {{\n  default_tags {{\n    tags = {expression(tagged)}\n  }}\n}}\n{source}'
    )
    assert statements(plan)["LookAtRules"]["Resource"] == [
        f"arn:aws:events:{REGION}:{ACCOUNT}:rule/*"
    ]
    policy = plan.resources["module.this.aws_iam_role_policy.function"]["values"]["policy"]
    assert len(policy) <= 10_240
    found = plan.resources["module.this.aws_s3_object.rules"]["values"]
    assert not found.get("tags")
    assert not found.get("tags_all")


REFUSALS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": "A_b"}, "name must be 2 to 31 small letters"),
    ({"redeliver": True}, "redeliver needs digest_validation"),
    (
        {"forwarded": {"x": {"account_ids": ["1"], "patterns": {"p": "no"}, "regions": ["moon"]}}},
        "forwarded.account_ids must hold | forwarded.regions must hold | forwarded.patterns must",
    ),
    ({"late_minutes": 0, "lag_minutes": 5}, "late_minutes must be | lag_minutes must be"),
    ({"stale_minutes": 60}, "stale_minutes must be a whole number from 420"),
    (
        {"rules": {"x": {"deployed": {"rules": {"a": {"arn": RULE, "pattern": "[]"}}}}}},
        "must have a pattern that is a JSON object",
    ),
    (
        {
            "rules": {
                "x": {
                    "deployed": {
                        "rules": {
                            "a": {
                                "arn": RULE.replace(REGION, "eu-north-1"),
                                "pattern": PATTERN,
                            }
                        }
                    }
                }
            }
        },
        "rules has rules of another account or Region",
    ),
)


@pytest.mark.parametrize(("given", "told"), REFUSALS, ids=[told for _, told in REFUSALS])
def test_refusals(tf: Planner, given: dict[str, Any], told: str) -> None:
    said = tf.plan_error(call("reconciliation", {**LEAST, **given}))
    for each in told.split(" | "):
        assert each in " ".join(str(said).split())
