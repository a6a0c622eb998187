"""Uses of the log and event modules from public bug reports: each plans, or says why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import Raw, call, terraform_test

pytestmark = pytest.mark.plan

LATER = 'resource "terraform_data" "network" {\n  input = "x"\n}\n'
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:powertools:7"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
TOPIC = {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}
OTHER = "210987654321"

# What a resource of these modules is replaced for: the provider's ForceNew arguments.
FORCE_NEW = {
    "aws_cloudtrail": ["name"],
    "aws_cloudwatch_event_bus_policy": ["event_bus_name"],
    "aws_cloudwatch_event_rule": ["name", "event_bus_name"],
    "aws_cloudwatch_log_group": ["name"],
    "aws_cloudwatch_metric_alarm": ["alarm_name"],
    "aws_dynamodb_table": ["name", "hash_key"],
    "aws_iam_role": ["name", "name_prefix", "path"],
    "aws_iam_role_policy": ["name"],
    "aws_kms_alias": ["name"],
    "aws_lambda_function": ["function_name"],
    "aws_s3_bucket": ["bucket"],
    "aws_scheduler_schedule": ["name"],
    "aws_sns_topic": ["name"],
    "aws_sqs_queue": ["name"],
}
WHOLE: dict[str, dict[str, Any]] = {
    "alert-topic": {
        "name": "alerts",
        "https_subscribers": {"pager": "https://example.com/pager"},
    },
    "digest-validation": {
        "name": "proof",
        "trail_name": "acme",
        "bucket_name": "acme-logs",
        "alarm_topic": TOPIC,
        "powertools_layer_arn": LAYER,
        "public_powertools_layer": False,
    },
    "event-forwarding": {
        "name": "hub",
        "bus_policy": "own",
        "account_ids": [OTHER],
        "canaries": {"home": {}},
        "canary_schedule": "rate(5 minutes)",
    },
    "log-archive": {
        "name": "acme-archive",
        "replication_role_arn": f"arn:aws:iam::{ACCOUNT}:role/acme",
    },
    "log-bucket": {
        "name": "acme-logs",
        "trail_name": "acme",
        "access_log": "own",
        "expire_after_days": 800,
    },
    "log-replication": {
        "name": "acme",
        "log_bucket": {"name": "acme-logs", "kms_key_arn": KEY},
        "archive": {"name": "acme-archive", "kms_key_arn": KEY},
        "alarm_topic": TOPIC,
    },
    "trail": {
        "name": "acme",
        "log_bucket": {"name": "acme-logs"},
        "cloudwatch_logs": "own",
    },
}
SPOKE = {
    "name": "spoke",
    "hub_bus": {"arn": f"arn:aws:events:eu-west-1:{OTHER}:event-bus/default"},
    "canary_schedule": "rate(5 minutes)",
}


def deferred(module: str, settings: dict[str, Any]) -> str:
    """The call with `depends_on`: its data sources are read when it is applied."""
    return LATER + call(module, {**settings, "depends_on": Raw("[terraform_data.network]")})


def unknown_names(plan: Plan) -> list[str]:
    """Arguments that replace a resource and are not known in the plan."""
    found = []
    for address, change in plan.resource_changes.items():
        if change["mode"] == "managed" and change["type"] != "terraform_data":
            unknown = change["change"]["after_unknown"]
            given = change["change"]["after"]
            for name in FORCE_NEW.get(change["type"], []):
                # name and name_prefix: one of the two is given, the other is computed from it.
                other = given.get("name_prefix") if name == "name" else given.get("name")
                if unknown.get(name) and not (name in ("name", "name_prefix") and other):
                    found.append(f"{address}.{name}")
    return found


@pytest.mark.parametrize("module", WHOLE)
def test_depends_on_leaves_every_name_known(tf: Planner, module: str) -> None:
    """An unknown name replaces what bears it, with all that it holds."""
    plan = tf.plan(deferred(module, WHOLE[module]))
    kinds = {change["type"] for change in plan.resource_changes.values() if "name" in change}
    assert kinds & set(FORCE_NEW), kinds
    assert unknown_names(plan) == []


def test_depends_on_a_spoke(tf: Planner) -> None:
    plan = tf.plan(deferred("event-forwarding", SPOKE))
    rules = {rule["name"] for rule in plan.of_type("aws_cloudwatch_event_rule").values()}
    assert rules == {"spoke-alarms", "spoke-canary", "spoke-global-services"}
    assert unknown_names(plan) == []


@pytest.mark.parametrize("module", ["alert-topic", "log-bucket", "log-replication", "trail"])
def test_what_is_told_keeps_policies_known_beside_depends_on(tf: Planner, module: str) -> None:
    told = {**WHOLE[module], "account_id": ACCOUNT, "region": REGION}
    plan = tf.plan(deferred(module, told))
    for address, values in plan.of_type("aws_iam_role_policy").items():
        assert ACCOUNT in values["policy"] or "acme-logs" in values["policy"], address
    changes = plan.resource_changes.items()
    unknown = [
        address
        for address, change in changes
        if change["type"] in ("aws_iam_role_policy", "aws_s3_bucket_policy", "aws_sns_topic")
        and change["change"]["after_unknown"].get("policy")
    ]
    assert unknown == []


def test_a_hub_admits_an_account_that_the_same_apply_makes(tf: Planner) -> None:
    account = 'resource "aws_organizations_account" "new" {\n'
    account += '  name  = "sandbox"\n  email = "sandbox@example.com"\n}\n'
    made = Raw("[aws_organizations_account.new.id]")
    settings = {"name": "hub", "account_ids": made}
    plan = tf.plan(account + call("event-forwarding", settings))
    assert any("Nothing admits account_ids" in warning for warning in plan.warnings)
    plan = tf.plan(account + call("event-forwarding", {**settings, "bus_policy": "own"}))
    assert len(plan.of_type("aws_cloudwatch_event_bus_policy")) == 1
    organization = 'resource "aws_organizations_organization" "ours" {}\n'
    ours = Raw("aws_organizations_organization.ours.id")
    settings = {"name": "hub", "organization_id": ours, "bus_policy": "shared"}
    plan = tf.plan(organization + call("event-forwarding", settings))
    assert len(plan.of_type("aws_cloudwatch_event_permission")) == 1


@pytest.mark.parametrize("module", ["alert-topic", "log-archive", "log-bucket"])
def test_a_key_that_the_same_apply_makes(tf: Planner, module: str) -> None:
    mine = 'resource "aws_kms_key" "mine" {\n  description = "logs"\n}\n'
    given = {**WHOLE[module], "kms_key_arn": Raw("aws_kms_key.mine.arn")}
    plan = tf.plan(mine + call(module, given))
    assert any("Check block assertion known after apply" in w for w in plan.warnings)
    plan = tf.plan(mine + call(module, {**given, "own_kms_key": False}))
    assert list(plan.of_type("aws_kms_key")) == ["aws_kms_key.mine"]


def test_a_layer_that_the_same_apply_makes(tf: Planner) -> None:
    layer = 'resource "aws_lambda_layer_version" "mine" {\n'
    layer += '  layer_name = "powertools"\n  s3_bucket = "b"\n  s3_key = "k"\n}\n'
    given = {
        **WHOLE["digest-validation"],
        "powertools_layer_arn": Raw("aws_lambda_layer_version.mine.arn"),
    }
    tf.plan(layer + call("digest-validation", given))


def test_accounts_that_the_same_apply_makes_are_archived(tf: Planner) -> None:
    account = 'resource "aws_organizations_account" "new" {\n'
    account += '  name  = "sandbox"\n  email = "sandbox@example.com"\n}\n'
    settings = {
        "bucket_name": "acme-logs",
        "account_ids": Raw("[aws_organizations_account.new.id]"),
        "transitions": {"GLACIER_IR": 90},
    }
    tf.plan(account + call("log-lifecycle", settings))


def test_an_address_from_a_parameter_store(tf: Planner) -> None:
    """What a data source answers of a parameter is sensitive, always."""
    secret = {"name": "alerts", "email_subscribers": Raw('[sensitive("a@example.com")]')}
    shown = call("alert-topic", secret).replace(
        "value = module", "sensitive = true\n  value = module"
    )
    plan = tf.plan(shown)
    [(address, subscription)] = plan.of_type("aws_sns_topic_subscription").items()
    assert subscription["endpoint"] == "a@example.com"
    assert "example" not in address
    change = plan.resource_changes[address]["change"]
    assert change["after_sensitive"]["endpoint"] is True


def test_an_address_that_the_same_apply_makes(tf: Planner) -> None:
    named = {
        "name": "alerts",
        "named_email_subscribers": {
            "made": Raw('"${terraform_data.network.id}@example.com"'),
            "secret": Raw('sensitive("b@example.com")'),
        },
    }
    shown = call("alert-topic", named).replace(
        "value = module", "sensitive = true\n  value = module"
    )
    plan = tf.plan(LATER + shown)
    assert sorted(plan.of_type("aws_sns_topic_subscription")) == [
        'module.this.aws_sns_topic_subscription.email["made"]',
        'module.this.aws_sns_topic_subscription.email["secret"]',
    ]


def test_a_queue_that_has_no_name_yet(tf: Planner) -> None:
    queue = 'resource "aws_sqs_queue" "down" {\n  name_prefix = "down-"\n}\n'
    settings = {
        "name": "alerts",
        "queue_subscribers": {"down": Raw("aws_sqs_queue.down")},
        "queue_policies": "attach",
    }
    plan = tf.plan(queue + call("alert-topic", settings))
    assert 'module.this.aws_sqs_queue_policy.this["down"]' in plan.resources


def test_one_queue_with_two_writers_is_told_of_in_the_plan(tf: Planner) -> None:
    queue = 'resource "aws_sqs_queue" "down" {\n  name = "down"\n}\n'
    settings = {"name": "alerts", "queue_subscribers": {"down": Raw("aws_sqs_queue.down")}}
    error = tf.plan_error(queue + call("alert-topic", settings))
    assert "A queue has one policy, and two writers overwrite each other." in error
    assert 'Set "emit" if an event-rules module or an aws_sqs_queue_policy writes it' in error


def test_a_queue_of_another_account_subscribes(tf: Planner) -> None:
    """SNS delivers across accounts and Regions; its policy is then written there."""
    arn = f"arn:aws:sqs:eu-west-1:{OTHER}:audit"
    theirs = {
        "arn": arn,
        "name": "audit",
        "url": f"https://sqs.eu-west-1.amazonaws.com/{OTHER}/audit",
    }
    settings = {
        "name": "alerts",
        "queue_subscribers": {"theirs": theirs},
        "queue_policies": "emit",
    }
    plan = tf.plan(call("alert-topic", settings))
    emitted = plan.json["output_changes"]["this"]["after"]["queue_policies"]["theirs"]
    assert {s["Resource"] for s in json.loads(emitted)["Statement"]} == {arn}


def test_a_queue_under_awss_own_key_is_refused(tf: Planner) -> None:
    queue = 'resource "aws_sqs_queue" "sub" {\n  name = "sub"\n'
    queue += '  kms_master_key_id = "alias/aws/sqs"\n}\n'
    settings = {"name": "alerts", "queue_subscribers": {"x": Raw("aws_sqs_queue.sub")}}
    error = tf.plan_error(queue + call("alert-topic", settings))
    assert "that key can't admit SNS: no message would arrive." in error


MOCKED = """
mock_provider "aws" {}

run "plan_only" {
  command = plan
}

run "applied" {
  command = apply
}
"""
PLANNED = MOCKED.partition('run "applied"')[0]
APPLIES = """
resource "aws_kms_key" "mine" {}

module "topic" {
  source = "${modules}/alert-topic"
  name   = "alerts"
}

module "log_bucket" {
  source           = "${modules}/log-bucket"
  name             = "acme-logs"
  trail_name       = "acme"
  access_log       = "own"
  kms_key_arn      = aws_kms_key.mine.arn
  own_kms_key      = false
  object_lock_mode = "governance"
  object_lock_days = 3
  transitions      = { GLACIER = 9 }
}

module "archive" {
  source               = "${modules}/log-archive"
  name                 = "acme-archive"
  kms_key_arn          = aws_kms_key.mine.arn
  own_kms_key          = false
  replication_role_arn = "arn:aws:iam::111122223333:role/acme"
}
"""
PLANS = """
resource "aws_cloudwatch_event_bus" "hub" {
  name = "hub"
}

resource "aws_kms_key" "mine" {}

resource "aws_sns_topic" "people" {
  name = "people"
}

resource "aws_sqs_queue" "audit" {
  name = "audit"
}

module "topic" {
  source            = "${modules}/alert-topic"
  name              = "alerts"
  alarm_topic       = aws_sns_topic.people
  checks            = false
  email_subscribers = ["ana@example.com"]
  queue_policies    = "attach"
  queue_subscribers = { audit = aws_sqs_queue.audit }
}

module "log_bucket" {
  source     = "${modules}/log-bucket"
  name       = "acme-logs"
  trail_name = "acme"
}

module "trail" {
  source             = "${modules}/trail"
  name               = "acme"
  log_bucket         = module.log_bucket
  cloudwatch_logs    = "own"
  notification_topic = aws_sns_topic.people
}

module "archive" {
  source               = "${modules}/log-archive"
  name                 = "acme-archive"
  replication_role_arn = module.replication.role_arn
}

module "replication" {
  source      = "${modules}/log-replication"
  name        = "acme-replication"
  log_bucket  = module.log_bucket
  archive     = module.archive
  alarm_topic = aws_sns_topic.people
}

module "hub" {
  source      = "${modules}/event-forwarding"
  name        = "hub"
  event_bus   = aws_cloudwatch_event_bus.hub
  bus_policy  = "own"
  account_ids = ["210987654321"]
  alarm_topic = aws_sns_topic.people
}

module "spoke" {
  source          = "${modules}/event-forwarding"
  name            = "spoke"
  hub_bus         = module.hub
  canary_schedule = "rate(5 minutes)"
}

module "proof" {
  source          = "${modules}/digest-validation"
  name            = "proof"
  trail_name      = "acme"
  bucket_name     = module.log_bucket.name
  log_kms_key_arn = module.log_bucket.kms_key_arn
  kms_key_arn     = aws_kms_key.mine.arn
  alarm_topic     = aws_sns_topic.people
  alert_topic     = aws_sns_topic.people
}
"""


@pytest.mark.parametrize(
    ("source", "test"), [(PLANS, PLANNED), (APPLIES, MOCKED)], ids=["plan", "apply"]
)
def test_a_mocked_provider(tf: Planner, tmp_path: Path, source: str, test: str) -> None:
    """A consumer's `terraform test`.

    The provider itself takes no mocked ARN of a role or topic when it applies, whoever's
    configuration it is: those are only planned.
    """
    done = terraform_test(tf, tmp_path, source, test)
    assert done.passed, done.said


MFA_DELETE = """
provider "aws" {}

module "bucket" {
  source     = "${modules}/log-bucket"
  name       = "acme-logs-28"
  trail_name = "acme"
  mfa_delete = true
  checks     = CHECKS
}
"""
STANDS = """
mock_provider "aws" {}

run "stands" {
  command = apply

  assert {
    condition     = module.bucket.trail_name == "acme"
    error_message = "trail_name"
  }
}
"""


@pytest.mark.parametrize("checks", [True, False])
def test_checks_can_be_switched_off_for_a_test(tf: Planner, tmp_path: Path, checks: bool) -> None:
    source = MFA_DELETE.replace("CHECKS", str(checks).lower())
    done = terraform_test(tf, tmp_path, source, STANDS)
    assert done.passed is not checks, done.said
    assert ("MFA delete is to be on for the bucket acme-logs-28" in done.said) is checks
