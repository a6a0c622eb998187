"""Uses of modules/event-rules from public bug reports: each plans, or says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Planner
from tests.plan.calls import Called, Raw, call, terraform_test
from tests.plan.test_event_rules import PATTERN, TOPIC, one_target, queue, rule, rules, targets

pytestmark = pytest.mark.plan

LATER = 'resource "terraform_data" "network" {\n  input = "x"\n}\n'
BUS = {"arn": f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/central"}
DOWN = 'resource "aws_sqs_queue" "down" {\n  name = "down"\n}\n'
TO_DOWN = {
    "name": "acme",
    "rules": {"r": rule({"queue": Raw("aws_sqs_queue.down")})},
}


def test_depends_on_leaves_every_name_known(tf: Planner) -> None:
    """An unknown name replaces what bears it. tests/e2e applies this, and an archive beside it."""
    settings = one_target({"bus": BUS}) | {"archive": {}, "alarm_topic": TOPIC}
    later = {"depends_on": Raw("[terraform_data.network]")}
    plan = Called(tf.plan(LATER + call("event-rules", settings | later)), "this")
    assert plan.one("aws_iam_role")["name_prefix"] == "acme-r-"
    for address in plan.managed:
        unknown = plan.unknown(address)
        assert not unknown.get("name") or address.startswith("aws_iam_role.this"), address
    told = settings | later | {"account_id": ACCOUNT, "region": REGION}
    plan = Called(tf.plan(LATER + call("event-rules", told)), "this")
    assert json.loads(plan.one("aws_sqs_queue")["policy"])["Statement"]
    assert plan.one("aws_cloudwatch_event_archive")["event_source_arn"].endswith("bus/default")


def test_a_role_of_the_same_apply(tf: Planner) -> None:
    """The switch is whether a role is given, not whether its ARN is known."""
    made = 'resource "aws_iam_role" "mine" {\n  name               = "mine"\n'
    made += '  assume_role_policy = "{}"\n}\n'
    settings = one_target({"bus": BUS}) | {"role": Raw("aws_iam_role.mine")}
    plan = tf.plan(made + call("event-rules", settings))
    assert list(plan.of_type("aws_iam_role")) == ["aws_iam_role.mine"]


def test_values_that_are_secret(tf: Planner) -> None:
    """What comes from a parameter store is sensitive: keys and choices must not hang on it."""
    secret = {
        "name": "acme",
        "queue_policies": "emit",
        "archive": {"pattern": Raw(f"sensitive({json.dumps(PATTERN)})")},
        "alarm_topic": {"arn": Raw(f'sensitive("{TOPIC["arn"]}")')},
        "dead_letter_queue": {"arn": Raw(f'sensitive("{queue()["arn"]}")')},
        "role": {"arn": Raw(f'sensitive("arn:aws:iam::{ACCOUNT}:role/mine")')},
        "rules": {
            "r": {
                "description": Raw('sensitive("Secret")'),
                "pattern": Raw(f"sensitive({json.dumps(PATTERN)})"),
                "targets": {
                    "central": {"topic": {"arn": Raw(f'sensitive("{TOPIC["arn"]}")')}},
                    "bus": {"bus": {"arn": Raw(f'sensitive("{BUS["arn"]}")')}},
                    "text": {"topic": TOPIC, "input": Raw('sensitive("{}")')},
                },
            },
        },
    }
    text = call("event-rules", secret).partition("output ")[0]
    plan = tf.plan(text)
    assert len(plan.of_type("aws_cloudwatch_event_target")) == 3
    assert len(plan.of_type("aws_cloudwatch_metric_alarm")) == 2


def test_a_queue_that_has_no_name_yet(tf: Planner) -> None:
    """Policies are grouped by the queue's name: without one they are emitted, not written."""
    made = 'resource "aws_sqs_queue" "down" {\n  name_prefix = "down-"\n}\n'
    settings = TO_DOWN | {"queue_policies": "emit"}
    assert len(tf.plan(made + call("event-rules", settings)).resources) == 4


def test_one_queue_with_two_writers_is_told_of_in_the_plan(tf: Planner) -> None:
    two = call("event-rules", TO_DOWN | {"name": "ateam"}, "a")
    two += call("event-rules", TO_DOWN | {"name": "bteam"}, "b")
    errors = tf.plan_error(DOWN + two).splitlines()
    assert len(errors) == 2
    for error in errors:
        assert "A queue has one policy, and two writers overwrite each other." in error
        assert 'Set "emit" if another event-rules module' in error


def test_what_another_module_wrote_is_a_stranger(tf: Planner) -> None:
    """Its statements have its name: what it wrote is seen, refused, and kept if given."""
    theirs = Called(tf.plan(call("event-rules", rules(r=rule({"queue": queue()})))), "this")
    policy = theirs.one("aws_sqs_queue_policy")["policy"]
    mine = rules(r=rule({"queue": queue() | {"policy": policy}})) | {"name": "other"}
    error = tf.plan_error(call("event-rules", mine))
    assert "statements from elsewhere, which would be lost: EventBridgeRules-acme." in error
    kept = tf.plan(call("event-rules", mine | {"existing_queue_policies": {"work": policy}}))
    written = json.loads(Called(kept, "this").one("aws_sqs_queue_policy")["policy"])
    assert [s["Sid"] for s in written["Statement"]] == [
        "DenyInsecureTransport",
        "EventBridgeRules-other",
        "EventBridgeRules-acme",
    ]


MANAGED = """
resource "aws_sqs_queue" "down" {
  name              = "down-07"
  kms_master_key_id = "alias/aws/sqs"
}

resource "aws_sqs_queue" "dlq" {
  name              = "dlq-07"
  kms_master_key_id = "alias/aws/sqs"
}

resource "aws_sns_topic" "people" {
  name              = "people-07"
  kms_master_key_id = "alias/aws/sns"
}
"""


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"dead_letter_queue": Raw("aws_sqs_queue.dlq")}, "dead_letter_queue is encrypted with"),
        ({"alarm_topic": Raw("aws_sns_topic.people")}, "alarm_topic is encrypted with AWS's own"),
        (
            {"rules": {"r": rule({"queue": Raw("aws_sqs_queue.down")})}},
            "The target r/a is encrypted with AWS's own key for SNS or SQS",
        ),
        (
            {"rules": {"r": rule({"topic": Raw("aws_sns_topic.people")})}},
            "The target r/a is encrypted with AWS's own key for SNS or SQS",
        ),
    ],
)
def test_what_awss_own_key_encrypts_is_refused(
    tf: Planner, settings: dict[str, object], sentence: str
) -> None:
    given = {**one_target({"topic": TOPIC}), **settings}
    assert sentence in tf.plan_error(MANAGED + call("event-rules", given))


ALIAS = """
resource "aws_lambda_function" "f" {
  function_name = "f-08"
  role          = "arn:aws:iam::123456789012:role/react"
  package_type  = "Image"
  image_uri     = "x"
  publish       = true
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.f.arn
  function_version = aws_lambda_function.f.version
}
"""


def test_an_alias_that_is_named_by_its_functions_arn(tf: Planner) -> None:
    """The provider's own page writes it so; tests below give the ARN that an apply would."""
    plan = tf.plan(
        ALIAS + call("event-rules", one_target({"function": Raw("aws_lambda_alias.live")}))
    )
    assert len(plan.of_type("aws_lambda_permission")) == 1
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f-08"
    alias = {"arn": f"{function}:live", "function_name": function}
    made = Called(tf.plan(call("event-rules", one_target({"function": alias}))), "this")
    permission = made.one("aws_lambda_permission")
    assert (permission["function_name"], permission["qualifier"]) == ("f-08", "live")
    assert targets(made)["r/a"]["arn"] == f"{function}:live"


def test_a_topic_of_another_account(tf: Planner) -> None:
    central = {"topic": {"arn": f"arn:aws:sns:{REGION}:444455556666:central-alerts"}}
    settings = rules(launches={"pattern": PATTERN, "targets": {"central": central}})
    error = tf.plan_error(call("event-rules", settings))
    assert "say cross_account = true, so that the rule gets a role for it" in error
    central["cross_account"] = True  # type: ignore[assignment]
    plan = Called(tf.plan(call("event-rules", settings)), "this")
    assert len(plan.of_type("aws_iam_role")) == 1


def test_settings_of_other_names_are_refused(tf: Planner) -> None:
    target = {
        "queue": Raw("aws_sqs_queue.down"),
        "retry_policy": {"maximum_retry_attempts": 2},
        "dead_letter_arn": "arn:aws:sqs:us-east-1:111122223333:mine",
    }
    settings = TO_DOWN | {"queue_policies": "attach"}
    off = settings | {"rules": {"launches": rule(target, state="DISABLED")}}
    error = tf.plan_error(DOWN + call("event-rules", off))
    assert "The rule launches has settings that go by other names here: state" in error
    on = settings | {"rules": {"launches": rule(target)}}
    error = tf.plan_error(DOWN + call("event-rules", on))
    assert "dead_letter_arn (here: dead_letter_queue of the module), retry_policy (here:" in error


MOCKED = """
mock_provider "aws" {}

run "plan_only" {
  command = plan

  assert {
    condition     = aws_sqs_queue.down.name == "down"
    error_message = "name"
  }
}
"""
APPLIED = """
run "applied" {
  command = apply

  assert {
    condition     = length(module.rules.rules) == 2
    error_message = "two rules"
  }
}
"""
CONSUMER = """
resource "aws_cloudwatch_event_bus" "hub" {
  name = "hub"
}

resource "aws_lambda_function" "f" {
  function_name = "f"
  role          = "arn:aws:iam::123456789012:role/react"
  package_type  = "Image"
  image_uri     = "x"
}

module "topic" {
  source = "${modules}/alert-topic"
  name   = "alerts"
}

module "rules" {
  source         = "${modules}/event-rules"
  name           = "acme"
  queue_policies = "attach"
  alarm_topic    = module.topic
  rules = {
    launches = {
      pattern = jsonencode({ source = ["aws.ec2"], detail-type = ["AWS API Call via CloudTrail"], detail = { eventName = ["RunInstances"] } })
      targets = { people = { topic = module.topic }, down = { queue = aws_sqs_queue.down } }
    }
    moved = {
      pattern = jsonencode({ source = ["aws.ec2"] })
      targets = { live = { function = aws_lambda_function.f }, hub = { bus = aws_cloudwatch_event_bus.hub } }
    }
  }
}
"""  # noqa: E501


def test_a_mocked_provider(tf: Planner, tmp_path: Path) -> None:
    """A consumer's `terraform test`: a mocked queue has no fifo_queue, and its ARN is a word."""
    done = terraform_test(tf, tmp_path, DOWN + CONSUMER, MOCKED + APPLIED)
    assert done.passed, done.said
