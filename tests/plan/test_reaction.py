"""modules/reaction: what it plans, what a user may bring, what it refuses and how it says so."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from reactor.exemptions import Exemptions
from reactor.settings import Deployment

from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Plan, Planner, fill, lay_out
from tests.plan.calls import Raw, call

pytestmark = pytest.mark.plan

BUNDLED = REPOSITORY / "lambda_src" / "dist" / "reactor.zip"
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:powertools:7"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed-events"
SIEM = f"arn:aws:sqs:{REGION}:{ACCOUNT}:siem"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/audit"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/bound"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/security/own"
SIGNING = f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0"
OWN_STATEMENT = {"Sid": "Own", "Effect": "Allow", "Action": "s3:GetBucket*", "Resource": "*"}
OWN_FILE = Path(__file__)  # planning does not look into a zip
S3_PACKAGE = {
    "s3_bucket": "packages",
    "s3_key": "own.zip",
    "s3_object_version": "v1",
    "source_code_hash": "abc=",
}

LOG = {
    "Sid": "WriteOwnLog",
    "Effect": "Allow",
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": [f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/watch:*"],
}
KEEP = {
    "Sid": "KeepFailedEvents",
    "Effect": "Allow",
    "Action": ["sqs:SendMessage"],
    "Resource": [f"arn:aws:sqs:{REGION}:{ACCOUNT}:watch-failures"],
}
LEDGER = {
    "Sid": "KeepLedger",
    "Effect": "Allow",
    "Action": [
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    ],
    "Resource": [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/watch-ledger"],
}
PUBLISH = {
    "Sid": "PublishAlerts",
    "Effect": "Allow",
    "Action": ["sns:Publish"],
    "Resource": [TOPIC],
}


QUEUE_KEYS: dict[str, tuple[dict[str, str], str | None]] = {
    "plain": ({}, None),
    "key": ({"kms_key_arn": KEY}, KEY),
    "queue_key_arn": ({"kms_master_key_id": KEY}, KEY),
    "queue_key_id": ({"kms_master_key_id": KEY.rpartition("/")[2]}, KEY),
    "aws_key": ({"kms_master_key_id": "alias/aws/sqs"}, None),
    "alias_and_key": ({"kms_master_key_id": "alias/own", "kms_key_arn": KEY}, KEY),
}


# One plan for all of them: most of a plan's time is its start.
CASES: dict[str, dict[str, Any]] = {
    "least": {},
    "alarms": {"alarm_topic": {"arn": TOPIC}},
    "alerts": {"alert_topic": {"arn": TOPIC}},
    "alerts_abroad": {
        "alert_topic": {
            "arn": TOPIC.replace(REGION, "eu-west-1"),
            "kms_key_arn": KEY.replace(REGION, "eu-west-1"),
        }
    },
    "whole_topic": {"alert_topic": {"arn": TOPIC, "kms_master_key_id": KEY}},
    "aws_topic": {"alert_topic": {"arn": TOPIC, "kms_master_key_id": "alias/aws/sns"}},
    "plain_topic": {"alert_topic": {"arn": TOPIC, "kms_master_key_id": ""}},
    "encrypted_alerts": {"alert_topic": {"arn": TOPIC, "kms_key_arn": KEY}},
    "findings": {
        "chat_alerts": True,
        "finding_target": {"arn": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:hub/default"},
        "mode": "notify",
    },
    "findings_in_a_queue": {"finding_target": {"arn": SIEM, "kms_master_key_id": KEY}},
    "findings_on_a_bus": {"finding_target": {"arn": BUS}},
    "file": {"package": {"filename": str(OWN_FILE)}, "handler": "watch.handler"},
    "engine": {
        "alarm_topic": {"arn": TOPIC},
        "actions_per_hour": 7,
        "actions_per_principal": 3,
        "audit_bus": {"arn": BUS},
        "exempt_accounts": {ACCOUNT: "2999-12-31"},
        "exempt_principals": {"arn:aws:iam::*:role/admin": "2999-12-31"},
        "exempt_role_paths": {"/ci/": "2999-12-31"},
        "exempt_tags": {"exempt=yes": "2999-12-31"},
        "iac_principals": ["arn:aws:iam::*:role/tf-b", "arn:aws:iam::*:role/tf-a"],
        "kill_switch": {"name": "/reactor/mode"},
        "ledger_days": 60,
        "ledger_table": {"name": "shared"},
        "member_role": {
            "name": "member",
            "path": "/security/",
            "external_id": "shared-secret",
            "accounts": ["222222222222", "111111111111"],
        },
        "mode": "enforce",
        "settle_seconds": 30,
    },
    "unlimited": {
        "act_within_seconds": -1,
        "actions_per_hour": -1,
        "alarm_topic": {"arn": TOPIC},
        "member_role": {"name": "member", "external_id": "shared"},
    },
    "file_and_layer": {
        "handler": "watch.handler",
        "package": {"filename": str(OWN_FILE)},
        "reactor_layer_arn": LAYER + "1",
        "own_reactor_layer": False,
    },
    "file_of_ours": {
        "handler": "reactor.reactions.ec2_launch_guard.handler",
        "package": {"filename": str(OWN_FILE)},
    },
    "full_environment": {"settings": json.dumps({"a": "<" * 3660})},
    "guards_own": {
        "guard": {"actions_per_hour": 7, "memory_size": 512, "settle_seconds": 30, "timeout": 90}
    },
    "overridden": {
        "guard": {"actions_per_hour": 7, "memory_size": 512, "settle_seconds": 30, "timeout": 90},
        "actions_per_hour": -1,
        "memory_size": 128,
        "settle_seconds": 20,
        "timeout": 50,
    },
    "open": {
        "event_pattern": '{"source": ["aws.s3"], "detail": {"arn": ["{{role_arn}}"]}}',
        "policy_json": json.dumps(
            {
                "Statement": {
                    "Effect": "Allow",
                    "Action": "s3:*",
                    "Resource": ["arn:{{partition}}:x:{{region}}:{{account_id}}:y", "{{role_arn}}"],
                }
            }
        ),
        "role_path": "/security/",
    },
    "key": {"kms_key_arn": KEY},
    "log_group": {"log_group": {"name": "/shared/reactions"}},
    "longest": {"name": "a" * 48, "alarm_topic": {"arn": TOPIC}, "mode": "enforce"},
    "one_statement": {"policy_json": json.dumps({"Statement": OWN_STATEMENT})},
    "role": {"role": {"arn": ROLE}},
    "s3": {"package": S3_PACKAGE},
    "shaped": {
        "code_signing_config_arn": SIGNING,
        "description": "Watches.",
        "environment": {"COLOUR": "blue"},
        "log_level": "DEBUG",
        "log_retention_days": 30,
        "max_event_age_seconds": 600,
        "max_retries": 1,
        "memory_size": 512,
        "mode": "enforce",
        "permissions_boundary": BOUNDARY,
        "reserved_concurrency": 5,
        "role_path": "/security/reactions/",
        "settings": '{"a": 1}',
        "tags": {"team": "platform"},
        "timeout": 120,
        "tracing": True,
    },
    "two_statements": {"policy_json": json.dumps({"Statement": [OWN_STATEMENT, OWN_STATEMENT]})},
    "vpc": {"vpc_config": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}},
    **{
        f"queue_{name}": {
            "failure_queue": {"arn": QUEUE} | key,
            "kms_key_arn": KEY[:-1] + "6",  # the module's own key is not that queue's
        }
        for name, (key, _) in QUEUE_KEYS.items()
    },
}
# Given as what they are: resources, known only after apply.
RESOURCES = """
module "given_resources" {
  source               = "${modules}/reaction"
  name                 = "watch"
  guard = {
    handler       = "reactor.watch.handler"
    policy_json   = null
    settings      = null
    event_pattern = null
  }
  powertools_layer_arn = aws_lambda_layer_version.own.arn
  reactor_layer_arn    = aws_lambda_layer_version.own.arn
  own_reactor_layer    = false

  public_powertools_layer = false

  alert_topic          = aws_sns_topic.own
  failure_queue        = aws_sqs_queue.own
  log_group            = aws_cloudwatch_log_group.own
  role                 = aws_iam_role.own
  kms_key_arn          = aws_kms_key.own.arn
}

resource "aws_lambda_layer_version" "own" {
  layer_name = "own"
  filename   = "${lambda_src}/dist/reactor.zip"
}

resource "aws_sns_topic" "own" {
  name = "own"
}

resource "aws_sqs_queue" "own" {
  name = "own"
}

resource "aws_cloudwatch_log_group" "own" {
  name = "own"
}

resource "aws_iam_role" "own" {
  name               = "own"
  assume_role_policy = "{}"
}

resource "aws_kms_key" "own" {}
"""


# What is said of the guard; the rest is said of the reaction.
OF_THE_GUARD = {
    "alerts", "description", "event_pattern", "handler", "mode", "policy_json", "settings",
}  # fmt: skip


def hcl(label: str = "reaction", **settings: Any) -> str:
    """A configuration with a reaction and its guard in place, and an output with all of it."""
    given: dict[str, Any] = {"name": "watch"}
    if "public_powertools_layer" not in settings:
        given |= {"powertools_layer_arn": LAYER, "public_powertools_layer": False}
    guard: dict[str, Any] = {
        "handler": "reactor.watch.handler", "policy_json": None, "settings": None,
        "event_pattern": None,
    }  # fmt: skip
    for name, value in settings.items():
        (guard if name in OF_THE_GUARD else given)[name] = value
    given = {name: value for name, value in given.items() if value is not None}
    return call("reaction", {**given, "guard": given.pop("guard", {}) | guard}, label)


def hash_of(path: Path) -> str:
    return base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


@dataclass(frozen=True)
class Made:
    """What one call of the module makes."""

    plan: Plan
    label: str = "reaction"

    def all(self) -> dict[str, dict[str, Any]]:
        start = f"module.{self.label}."
        return {
            address.removeprefix(start): resource
            for address, resource in self.plan.resources.items()
            if address.startswith(start) and resource["mode"] == "managed"
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        return {a: r["values"] for a, r in self.all().items() if r["type"] == kind}

    def one(self, kind: str) -> dict[str, Any]:
        found = self.of_type(kind)
        assert len(found) == 1, f"not exactly one {kind}: {sorted(found)}"
        return next(iter(found.values()))

    def statements(self) -> list[dict[str, Any]]:
        """The statements of the function's role's only policy."""
        (text,) = (
            policy["policy"]
            for address, policy in self.of_type("aws_iam_role_policy").items()
            if address.startswith("aws_iam_role_policy.this")
        )
        policy = json.loads(text)
        assert policy["Version"] == "2012-10-17"
        found: list[dict[str, Any]] = policy["Statement"]
        return found

    def by_sid(self) -> dict[str, dict[str, Any]]:
        return {statement["Sid"]: statement for statement in self.statements()}

    def outputs(self) -> dict[str, Any]:
        """The outputs, as far as they are known before apply."""
        found: dict[str, Any] = self.plan.json["output_changes"][self.label]["after"]
        return found


@pytest.fixture(scope="session")
def cases(tf: Planner) -> dict[str, Made]:
    """The plan of CASES and RESOURCES, by case."""
    config = "".join(hcl(label, **settings) for label, settings in CASES.items()) + RESOURCES
    plan = tf.plan(config)
    return {label: Made(plan, label) for label in (*CASES, "given_resources")}


def test_the_least_that_it_makes(cases: dict[str, Made]) -> None:
    made = cases["least"]
    assert sorted(resource["type"] for resource in made.all().values()) == [
        "aws_cloudwatch_log_group",
        "aws_dynamodb_table",
        "aws_iam_role",
        "aws_iam_role_policy",
        "aws_lambda_function",
        "aws_lambda_function_event_invoke_config",
        "aws_sqs_queue",
    ]
    function = made.one("aws_lambda_function")
    assert function["function_name"] == "watch"
    assert function["runtime"] == "python3.13"
    assert function["architectures"] == ["arm64"]
    assert function["handler"] == "reactor.watch.handler"
    assert function["layers"] == [LAYER]
    assert function["memory_size"] == 256
    assert function["timeout"] == 60
    assert function["reserved_concurrent_executions"] == -1
    assert function["vpc_config"] == []
    assert function["code_signing_config_arn"] is None
    assert function["logging_config"][0]["log_group"] == "/aws/lambda/watch"
    assert function["environment"] == [
        {
            "variables": {
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": "CloudTrailReactor",
                "POWERTOOLS_SERVICE_NAME": "watch",
                "REACTION_ACT_WITHIN_SECONDS": "86400",
                "REACTION_BUDGET": "100",
                "REACTION_LEDGER_DAYS": "30",
                "REACTION_LEDGER_TABLE": "watch-ledger",
                "REACTION_MODE": "dry_run",
                "REACTION_NAME": "watch",
                "REACTION_ROLE": f"arn:aws:iam::{ACCOUNT}:role/watch-{REGION}",
                "REACTION_SETTINGS": "{}",
            }
        }
    ]
    group = made.one("aws_cloudwatch_log_group")
    assert (group["name"], group["retention_in_days"]) == ("/aws/lambda/watch", 365)
    invoke = made.one("aws_lambda_function_event_invoke_config")
    assert invoke["maximum_event_age_in_seconds"] == 21600
    assert invoke["maximum_retry_attempts"] == 2


def test_its_role_is_for_lambda_and_may_only_log_and_keep_failed_events(
    cases: dict[str, Made],
) -> None:
    role = cases["least"].one("aws_iam_role")
    assert (role["name"], role["path"]) == (f"watch-{REGION}", "/")
    assert role["permissions_boundary"] is None
    assert json.loads(role["assume_role_policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"},
            }
        ],
    }
    assert cases["least"].statements() == [LOG, KEEP, LEDGER]


def test_its_failure_queue_is_encrypted_and_takes_nothing_without_tls(
    cases: dict[str, Made],
) -> None:
    queue = cases["least"].one("aws_sqs_queue")
    assert queue["name"] == "watch-failures"
    assert queue["sqs_managed_sse_enabled"] is True
    assert queue["message_retention_seconds"] == 14 * 24 * 3600
    assert json.loads(queue["policy"])["Statement"] == [
        {
            "Sid": "DenyWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"],
            "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:watch-failures",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_the_bundled_zip_is_found_from_the_module_and_judged_by_its_hash(
    cases: dict[str, Made],
) -> None:
    function = cases["least"].one("aws_lambda_function")
    # As Terraform names the module's place: abspath() would make it this machine's, and a saved
    # plan is applied from another folder.
    assert function["filename"].endswith("modules/reaction/../../lambda_src/dist/reactor.zip")
    assert function["source_code_hash"] == hash_of(BUNDLED)


def test_permissions_and_log_group_come_before_the_function(cases: dict[str, Made]) -> None:
    configuration = cases["least"].plan.json["configuration"]["root_module"]["module_calls"]
    module = configuration["least"]["module"]
    function = next(r for r in module["resources"] if r["address"] == "aws_lambda_function.this")
    assert set(function["depends_on"]) >= {
        "aws_cloudwatch_log_group.this",
        "aws_iam_role_policy.this",
    }
    # Whoever is given the ARN finds the failure queue in place.
    assert module["outputs"]["arn"]["depends_on"] == [
        "aws_lambda_function_event_invoke_config.this"
    ]


def test_the_layer_comes_from_the_public_parameter_of_a_pinned_version(tf: Planner) -> None:
    plan = tf.plan(hcl(public_powertools_layer=True))
    parameter = plan.data["module.reaction.data.aws_ssm_parameter.powertools[0]"]["values"]
    prefix = "/aws/service/powertools/python/arm64/python3.13/"
    assert parameter["name"].startswith(prefix)
    major, *rest = parameter["name"].removeprefix(prefix).split(".")
    assert major == "3"
    assert len(rest) == 2
    assert all(part.isdigit() for part in rest)
    # In the clear: what a function is made of should be read in a plan.
    assert Made(plan).one("aws_lambda_function")["layers"] == [parameter["insecure_value"]]


def test_a_layer_of_ones_own_needs_no_parameter(cases: dict[str, Made]) -> None:
    assert not [address for address in cases["least"].plan.data if "ssm" in address]


def test_resources_of_the_same_apply_can_be_given_whole(cases: dict[str, Made]) -> None:
    made = cases["given_resources"]
    assert set(made.all()) == {
        "aws_dynamodb_table.ledger[0]",
        "aws_lambda_function.this",
        "aws_lambda_function_event_invoke_config.this",
    }
    change = made.plan.resource_changes["module.given_resources.aws_lambda_function.this"]
    assert change["change"]["after_unknown"]["layers"]
    assert change["change"]["after_unknown"]["role"]


def test_an_alert_topic_may_be_published_to(cases: dict[str, Made]) -> None:
    assert cases["alerts"].statements() == [LOG, KEEP, LEDGER, PUBLISH]
    variables = cases["alerts"].one("aws_lambda_function")["environment"][0]["variables"]
    assert variables["ALERT_TOPIC_ARN"] == TOPIC


def test_an_encrypted_alert_topic_with_its_key(cases: dict[str, Made]) -> None:
    assert cases["encrypted_alerts"].statements() == [
        LOG,
        KEEP,
        LEDGER,
        PUBLISH,
        {
            "Sid": "EncryptAlerts",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": [KEY],
            "Condition": {"StringEquals": {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}},
        },
    ]


def test_a_topic_that_is_passed_whole_names_its_key_as_a_topic_does(cases: dict[str, Made]) -> None:
    assert cases["whole_topic"].by_sid() == cases["encrypted_alerts"].by_sid()
    # AWS's own key admits whoever may publish to the topic.
    assert "EncryptAlerts" not in cases["aws_topic"].by_sid()
    # What a topic without encryption has once it is made.
    assert "EncryptAlerts" not in cases["plain_topic"].by_sid()


def test_alerts_to_a_topic_of_another_region(cases: dict[str, Made]) -> None:
    granted = cases["alerts_abroad"].by_sid()
    assert granted["PublishAlerts"]["Resource"] == [TOPIC.replace(REGION, "eu-west-1")]
    # The function publishes in the topic's Region, so the key is asked there.
    assert granted["EncryptAlerts"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "sns.eu-west-1.amazonaws.com"}
    }


def test_a_vpc_brings_permissions_that_only_the_service_may_use(cases: dict[str, Made]) -> None:
    vpc = cases["vpc"].one("aws_lambda_function")["vpc_config"][0]
    assert vpc["subnet_ids"] == ["subnet-1"]
    assert vpc["security_group_ids"] == ["sg-1"]
    assert vpc["ipv6_allowed_for_dual_stack"] is False
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:watch"
    assert cases["vpc"].statements() == [
        LOG,
        KEEP,
        LEDGER,
        {
            "Sid": "AttachToVpc",
            "Effect": "Allow",
            "Action": [
                "ec2:AssignPrivateIpAddresses",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSubnets",
                "ec2:UnassignPrivateIpAddresses",
            ],
            "Resource": ["*"],
        },
        {
            "Sid": "LeaveVpcToTheService",
            "Effect": "Deny",
            "Action": [
                "ec2:AssignPrivateIpAddresses",
                "ec2:CreateNetworkInterface",
                "ec2:DeleteNetworkInterface",
                "ec2:UnassignPrivateIpAddresses",
            ],
            "Resource": ["*"],
            "Condition": {"ArnEquals": {"lambda:SourceFunctionArn": function}},
        },
    ]


def test_a_key_encrypts_log_group_environment_and_queue(cases: dict[str, Made]) -> None:
    made = cases["key"]
    assert made.one("aws_cloudwatch_log_group")["kms_key_id"] == KEY
    assert made.one("aws_lambda_function")["kms_key_arn"] == KEY
    assert made.one("aws_sqs_queue")["kms_master_key_id"] == KEY
    assert made.statements() == [
        LOG,
        KEEP,
        LEDGER,
        {
            "Sid": "EncryptFailedEvents",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": [KEY],
            "Condition": {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}},
        },
        {
            "Sid": "EncryptLedger",
            "Effect": "Allow",
            "Action": [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            "Resource": [KEY],
            "Condition": {"StringEquals": {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}},
        },
    ]
    (table,) = made.of_type("aws_dynamodb_table").values()
    assert table["server_side_encryption"] == [{"enabled": True, "kms_key_arn": KEY}]


def test_the_ledger_forgets_by_itself_and_can_be_restored(cases: dict[str, Made]) -> None:
    table = cases["least"].one("aws_dynamodb_table")
    assert (table["name"], table["hash_key"]) == ("watch-ledger", "id")
    assert table["billing_mode"] == "PAY_PER_REQUEST"
    assert table["attribute"] == [{"name": "id", "type": "S"}]
    assert table["point_in_time_recovery"][0]["enabled"] is True
    assert (table["ttl"][0]["attribute_name"], table["ttl"][0]["enabled"]) == ("expiration", True)


def test_findings_go_to_one_target_and_the_role_may_write_there_alone(
    cases: dict[str, Made],
) -> None:
    made = cases["findings"]
    hub = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:hub/default"
    variables = made.one("aws_lambda_function")["environment"][0]["variables"]
    assert (variables["REACTION_FINDINGS"], variables["REACTION_CHAT"]) == (hub, "true")
    deployment = Deployment.from_environment(variables, "x")
    assert (deployment.findings, deployment.chat) == (hub, True)
    product = hub.replace("hub/default", f"product/{ACCOUNT}/default")
    for case, action, resource in (
        ("findings", "securityhub:BatchImportFindings", product),
        ("findings_in_a_queue", "sqs:SendMessage", SIEM),
        ("findings_on_a_bus", "events:PutEvents", BUS),
    ):
        statement = cases[case].by_sid()["DeliverFindings"]
        assert (statement["Action"], statement["Resource"]) == ([action], [resource])
    encrypted = cases["findings_in_a_queue"].by_sid()["EncryptFindings"]
    assert encrypted["Resource"] == [KEY]
    assert "EncryptFindings" not in cases["findings"].by_sid()
    assert "DeliverFindings" not in cases["least"].by_sid()
    without = cases["least"].one("aws_lambda_function")["environment"][0]["variables"]
    assert not {"REACTION_FINDINGS", "REACTION_CHAT"} & {*without}


def test_the_environment_has_the_engines_settings(cases: dict[str, Made]) -> None:
    made = cases["engine"]
    variables = made.one("aws_lambda_function")["environment"][0]["variables"]
    engine = {n: v for n, v in variables.items() if n.startswith("REACTION_")}
    deployment = Deployment.from_environment(engine, "x")
    assert deployment == Deployment(
        name="watch",
        mode="enforce",
        topic_arn="",
        settings="{}",
        ledger_table="shared",
        ledger_days=60,
        budget=7,
        principal_budget=3,
        kill_switch="/reactor/mode",
        audit_bus=BUS,
        exemptions=engine["REACTION_EXEMPTIONS"],
        settle_seconds=30,
        act_within_seconds=86400,
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/watch-{REGION}",
        member_role="security/member",
        external_id="shared-secret",
        schedule_role=f"arn:aws:iam::{ACCOUNT}:role/watch-{REGION}-later",
        failure_queue=f"arn:aws:sqs:{REGION}:{ACCOUNT}:watch-failures",
    )
    day = date(2999, 12, 31)
    assert Exemptions.parse(deployment.exemptions) == Exemptions(
        principals={"arn:aws:iam::*:role/admin": day},
        role_paths={"/ci/": day},
        accounts={ACCOUNT: day},
        tags={"exempt=yes": day},
        iac=("arn:aws:iam::*:role/tf-a", "arn:aws:iam::*:role/tf-b"),
    )
    statements = made.by_sid()
    assert statements["KeepLedger"]["Resource"][0].endswith(":table/shared")
    assert statements["ReadKillSwitch"]["Resource"] == [
        f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/reactor/mode"
    ]
    assert statements["PutAuditRecords"]["Resource"] == [BUS]
    assert statements["ActInMemberAccounts"]["Resource"] == [
        "arn:aws:iam::111111111111:role/security/member",
        "arn:aws:iam::222222222222:role/security/member",
    ]
    assert made.of_type("aws_dynamodb_table") == {}
    assert sorted(made.outputs()["operations"]["alarms"]) == [
        "budget-spent",
        "errors",
        "events-lost",
        "failure-queue",
        "kill-switch",
        "kill-switch-thrown",
        "refused",
        "throttles",
    ]


def test_no_budget_means_no_limit_and_no_alarm(cases: dict[str, Made]) -> None:
    made = cases["unlimited"]
    variables = made.one("aws_lambda_function")["environment"][0]["variables"]
    assert "REACTION_BUDGET" not in variables
    assert "budget-spent" not in made.outputs()["operations"]["alarms"]
    assert made.by_sid()["ActInMemberAccounts"]["Resource"] == ["arn:aws:iam::*:role/member"]


def test_a_handler_of_ones_own_finds_the_engine_in_a_layer(cases: dict[str, Made]) -> None:
    layer = cases["file"].one("aws_lambda_layer_version")
    assert layer["layer_name"] == "watch-reactor"
    assert layer["source_code_hash"] == hash_of(BUNDLED.with_name("reactor-layer.zip"))
    assert cases["file_and_layer"].one("aws_lambda_function")["layers"] == [LAYER, LAYER + "1"]
    for label in ("file_and_layer", "least", "file_of_ours"):
        assert cases[label].of_type("aws_lambda_layer_version") == {}


def test_settings_of_function_and_role_are_in_the_plan(cases: dict[str, Made]) -> None:
    made = cases["shaped"]
    function = made.one("aws_lambda_function")
    assert function["code_signing_config_arn"] == SIGNING
    assert function["description"] == "Watches."
    assert function["memory_size"] == 512
    assert function["reserved_concurrent_executions"] == 5
    assert function["timeout"] == 120
    assert function["tracing_config"] == [{"mode": "Active"}]
    variables = function["environment"][0]["variables"]
    assert variables["COLOUR"] == "blue"
    assert variables["POWERTOOLS_LOG_LEVEL"] == "DEBUG"
    assert variables["REACTION_MODE"] == "enforce"
    assert variables["REACTION_SETTINGS"] == '{"a": 1}'
    roles = made.of_type("aws_iam_role").values()
    assert [(role["permissions_boundary"], role["path"]) for role in roles] == [
        (BOUNDARY, "/security/reactions/")
    ] * 2
    assert made.one("aws_cloudwatch_log_group")["retention_in_days"] == 30
    invoke = made.one("aws_lambda_function_event_invoke_config")
    assert invoke["maximum_event_age_in_seconds"] == 600
    assert invoke["maximum_retry_attempts"] == 1
    later = f"arn:aws:iam::{ACCOUNT}:role/security/reactions/watch-{REGION}-later"
    assert made.statements() == [
        LOG,
        KEEP,
        LEDGER,
        {
            "Sid": "ScheduleLater",
            "Effect": "Allow",
            "Action": ["scheduler:CreateSchedule"],
            "Resource": [f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/watch/*"],
        },
        {
            "Sid": "LetSchedulesStart",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": [later],
            "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        },
        {
            "Sid": "WriteTraces",
            "Effect": "Allow",
            "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
            "Resource": ["*"],
        },
    ]
    tagged = {a: r["values"]["tags"] for a, r in made.all().items() if "tags" in r["values"]}
    assert tagged == {
        address: {"team": "platform"}
        for address in (
            "aws_cloudwatch_log_group.this[0]",
            "aws_dynamodb_table.ledger[0]",
            'aws_iam_role.schedule["this"]',
            "aws_iam_role.this[0]",
            "aws_lambda_function.this",
            'aws_scheduler_schedule_group.this["this"]',
            "aws_sqs_queue.failures[0]",
        )
    }


def test_an_existing_log_group_is_written_to_and_not_made(cases: dict[str, Made]) -> None:
    made = cases["log_group"]
    assert made.of_type("aws_cloudwatch_log_group") == {}
    logging = made.one("aws_lambda_function")["logging_config"][0]
    assert logging["log_group"] == "/shared/reactions"
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/shared/reactions"
    assert made.statements() == [LOG | {"Resource": [f"{group}:*"]}, KEEP, LEDGER]
    assert made.outputs()["log_group"] == {"name": "/shared/reactions", "arn": group}


@pytest.mark.parametrize("key", QUEUE_KEYS)
def test_a_failure_queue_of_ones_own(cases: dict[str, Made], key: str) -> None:
    made = cases[f"queue_{key}"]
    assert made.of_type("aws_sqs_queue") == {}
    invoke = made.one("aws_lambda_function_event_invoke_config")
    assert invoke["destination_config"][0]["on_failure"][0]["destination"] == QUEUE
    granted = made.by_sid()
    assert granted["KeepFailedEvents"]["Resource"] == [QUEUE]
    expected = QUEUE_KEYS[key][1]
    if expected is None:
        assert "EncryptFailedEvents" not in granted
    else:
        assert granted["EncryptFailedEvents"]["Resource"] == [expected]
    queue = made.outputs()["failure_queue"]
    assert (queue["arn"], queue["name"]) == (QUEUE, "failed-events")


def test_a_role_of_ones_own_is_told_what_it_must_allow(cases: dict[str, Made]) -> None:
    made = cases["role"]
    assert made.of_type("aws_iam_role") == {}
    assert made.of_type("aws_iam_role_policy") == {}
    assert made.one("aws_lambda_function")["role"] == ROLE
    outputs = made.outputs()
    assert (outputs["role_arn"], outputs["role_name"]) == (ROLE, "own")
    assert json.loads(outputs["policy_json"])["Statement"] == [LOG, KEEP, LEDGER]


def test_a_package_of_ones_own_as_a_file(cases: dict[str, Made]) -> None:
    function = cases["file"].one("aws_lambda_function")
    assert function["filename"] == str(OWN_FILE)
    assert function["source_code_hash"] == hash_of(OWN_FILE)


def test_a_package_of_ones_own_in_s3(cases: dict[str, Made]) -> None:
    function = cases["s3"].one("aws_lambda_function")
    assert {name: function[name] for name in S3_PACKAGE} == S3_PACKAGE
    assert function["filename"] is None


def test_the_reactions_own_permissions_are_added(cases: dict[str, Made]) -> None:
    assert cases["one_statement"].statements() == [LOG, KEEP, LEDGER, OWN_STATEMENT]
    assert cases["two_statements"].statements() == [LOG, KEEP, LEDGER, OWN_STATEMENT, OWN_STATEMENT]


def test_alarms_say_what_happened_and_what_to_do(cases: dict[str, Made]) -> None:
    made = cases["alarms"]
    alarms = {a["alarm_name"]: a for a in made.of_type("aws_cloudwatch_metric_alarm").values()}
    function, queue = {"FunctionName": "watch"}, {"QueueName": "watch-failures"}
    assert {
        name: (alarm["namespace"], alarm["metric_name"], alarm["dimensions"])
        for name, alarm in alarms.items()
    } == {
        "watch-budget-spent": ("CloudTrailReactor", "BudgetSpent", {"service": "watch"}),
        "watch-errors": ("AWS/Lambda", "Errors", function),
        "watch-events-lost": ("AWS/Lambda", "DestinationDeliveryFailures", function),
        "watch-failure-queue": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue),
        "watch-throttles": ("AWS/Lambda", "Throttles", function),
    }
    for alarm in alarms.values():
        assert alarm["alarm_actions"] == [TOPIC]
        assert alarm["ok_actions"] == [TOPIC]
        assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)
        assert alarm["treat_missing_data"] == "notBreaching"
        assert "watch" in alarm["alarm_description"]
    operations = made.outputs()["operations"]
    assert {alarm["name"] for alarm in operations["alarms"].values()} == set(alarms)


def test_operations_name_what_to_look_at(cases: dict[str, Made]) -> None:
    assert cases["least"].outputs()["operations"] == {
        "alarms": {},
        "functions": {
            "reaction": {
                "arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:watch",
                "name": "watch",
            }
        },
        "log_groups": {
            "reaction": {
                "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/watch",
                "name": "/aws/lambda/watch",
            }
        },
        "parameters": {},
        "queues": {
            "failures": {
                "arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:watch-failures",
                "name": "watch-failures",
            }
        },
        "schedules": {},
        "tables": {
            "ledger": {
                "arn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/watch-ledger",
                "name": "watch-ledger",
            }
        },
    }


def test_the_longest_name_fits_everywhere(cases: dict[str, Made]) -> None:
    made = cases["longest"]
    longest_region = "us-isof-south-1"
    for role in made.of_type("aws_iam_role").values():
        assert len(role["name"].replace(REGION, longest_region)) <= 64
    assert len(made.one("aws_sqs_queue")["name"]) <= 80
    for alarm in made.of_type("aws_cloudwatch_metric_alarm").values():
        assert len(alarm["alarm_name"]) <= 255
        assert len(alarm["alarm_description"]) <= 1024


def elsewhere(region: str) -> str:
    """A provider in another partition: its Region decides that, as long as it does not ask STS."""
    return f"""
provider "aws" {{
  region                      = "{region}"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}}
"""


def test_another_partition(tf: Planner) -> None:
    region = "cn-north-1"
    topic, key, layer = (
        arn.replace("arn:aws:", "arn:aws-cn:").replace(REGION, region)
        for arn in (TOPIC, KEY, LAYER)
    )
    made = Made(
        tf.plan(
            hcl(
                alert_topic={"arn": topic, "kms_key_arn": key},
                kms_key_arn=key,
                powertools_layer_arn=layer,
                public_powertools_layer=False,
            )
            + elsewhere(region)
        )
    )
    granted = made.by_sid()
    where = f"{region}:{ACCOUNT}"
    assert granted["WriteOwnLog"]["Resource"] == [
        f"arn:aws-cn:logs:{where}:log-group:/aws/lambda/watch:*"
    ]
    assert granted["KeepFailedEvents"]["Resource"] == [f"arn:aws-cn:sqs:{where}:watch-failures"]
    assert granted["EncryptAlerts"]["Condition"]["StringEquals"] == {
        "kms:ViaService": f"sns.{region}.amazonaws.com.cn"
    }
    assert made.one("aws_iam_role")["name"] == f"watch-{region}"


def test_where_aws_publishes_no_layer_parameter_it_asks_for_the_layer(tf: Planner) -> None:
    said = tf.plan_error(hcl(public_powertools_layer=True) + elsewhere("us-gov-west-1"))
    assert "exists in commercial Regions only. Set `public_powertools_layer = false`" in said


def test_settings_that_do_not_fit_are_refused(tf: Planner) -> None:
    # The limit is in bytes, and é has two of them; CASES has what just fits.
    much = json.dumps({"a": "é" * 2000}, ensure_ascii=False)
    abroad = "eu-west-1"
    said = tf.plan_error(
        hcl("much", settings=much)
        + hcl("missing", package={"filename": "/nowhere/own.zip"})
        + hcl("far_alarms", alarm_topic={"arn": TOPIC.replace(REGION, abroad)})
        + hcl("far_queue", failure_queue={"arn": QUEUE.replace(REGION, abroad)})
    )
    assert len(set(said.splitlines())) == 4
    assert f"where AWS does not take them from: alarm_topic ({abroad})" in said
    assert f"failure_queue is in {abroad}, which a function of {REGION} can't reach: give" in said
    assert "The environment of the function is over Lambda's limit of 4 KB" in said
    assert "Shorten their lists" in said
    assert "There is no zip at /nowhere/own.zip." in said
    assert "give `package` a file that exists, or an S3 object" in said


# Many at once: each variable is judged by itself, and a plan takes its time.
WRONG: dict[str, dict[str, tuple[Any, str]]] = {
    "first": {
        "alarm_topic": ({"arn": "alarms"}, "alarm_topic.arn is not the ARN of an SNS topic: give"),
        "alert_topic": ({"arn": "alerts"}, "alert_topic.arn is not the ARN of an SNS topic: give"),
        "code_signing_config_arn": ("csc-1", "is not the ARN of a code signing configuration"),
        "environment": ({"REACTION_MODE": "enforce"}, "a name that this module or Lambda sets"),
        "failure_queue": ({"arn": "q"}, "failure_queue.arn is not the ARN of an SQS queue: give"),
        "kms_key_arn": ("alias/own", "kms_key_arn is not the ARN of a KMS key (an alias does not"),
        "log_group": ({"name": "a b"}, "log_group.name is not the name of a log group"),
        "log_level": ("info", "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."),
        "log_retention_days": (31, "log_retention_days must be one that CloudWatch Logs knows: 0"),
        "max_event_age_seconds": (59, "max_event_age_seconds must be a whole number from 60 to"),
        "max_retries": (3, "max_retries must be 0, 1 or 2, Lambda's limits."),
        "memory_size": (64, "memory_size must be a whole number of MB from 128 to 10240"),
        "package": ({"s3_bucket": "b"}, "package.s3_bucket and package.s3_key belong together"),
        "permissions_boundary": ("bound", "permissions_boundary is not the ARN of an IAM policy"),
        "powertools_layer_arn": (LAYER[:-2], "with the version at its end."),
        "reserved_concurrency": (0, "0 would stop the reaction without a word: use mode ="),
        "role_path": ("security", "role_path must start and end with a slash, as in"),
        "timeout": (901, "timeout must be a whole number of seconds from 1 to 900"),
        "vpc_config": (
            {"subnet_ids": [], "security_group_ids": ["sg-1"]},
            "vpc_config needs at least one subnet and one security group; leave it out",
        ),
    },
    # Of the guard and the name: other checks look at them too, and come after them.
    "guard": {
        "name": ("a" * 49, "name must be 1 to 48 letters, digits, hyphens and underscores"),
        "description": ("d" * 257, "description is longer than Lambda's limit of 256 characters"),
        "handler": ("handler", "handler must be a Python module and a function in it, as in"),
        "mode": ("dryrun", "mode must be dry_run, notify or enforce: start with dry_run"),
        "policy_json": ("{}", "policy_json is not an IAM policy document: give JSON with a"),
        "settings": ("[]", "settings is not a JSON object: give it as jsonencode({ ... }), or"),
        "event_pattern": ("[]", "guard.event_pattern is not a JSON object: give it as jsonencode("),
    },
    "guard, once more": {
        "name": ("-a", "name must be 1 to 48 letters, digits, hyphens and underscores"),
        "handler": ("watch handler.f", "handler must be a Python module and a function in it"),
        "policy_json": ("no JSON", "policy_json is not an IAM policy document: give JSON with a"),
        "settings": (
            "no JSON",
            "settings is not a JSON object: give it as jsonencode({ ... }), or",
        ),
        "event_pattern": (
            '{"source": ["{{role}}"]}',
            "has a placeholder that is not filled in: there are {{account_id}}, {{partition}}, "
            "{{region}}, {{role_arn}} and {{session_arn}}.",
        ),
    },
    "code that is nowhere": {
        "handler": ("own.handler", "guard.handler is own.handler, which the zip of this"),
    },
    "keys that let nobody in": {
        "alarm_topic": (
            {"arn": TOPIC, "kms_master_key_id": "alias/aws/sns"},
            "alarm_topic is encrypted with alias/aws/sns, and that key can't admit CloudWatch",
        ),
        "alert_topic": (
            {"arn": TOPIC, "kms_master_key_id": "alias/own"},
            "alert_topic is encrypted with a key that it names by its alias or id, and the",
        ),
    },
    "alerts that nobody hears": {
        "alerts": ("odd buckets", "its guard alerts on odd buckets. Give alert_topic, or"),
        "mode": ("enforce", "The alerts of watch would reach nobody: in mode enforce its guard"),
    },
    "nothing but alerts that nobody hears": {
        "mode": ("notify", "in mode notify its guard does nothing but alert. Give alert_topic"),
    },
    "second": {
        "alert_topic": ({"arn": TOPIC + ".fifo"}, "alert_topic is a FIFO topic, which people can"),
        "environment": ({"A-B": "c"}, "or one that is not letters, digits and underscores"),
        "failure_queue": ({"arn": QUEUE + ".fifo"}, "failure_queue is a FIFO queue, which Lambda"),
        "max_retries": (1.5, "max_retries must be 0, 1 or 2, Lambda's limits."),
        "memory_size": (128.5, "memory_size must be a whole number of MB from 128 to 10240"),
        "package": (
            {"filename": "a.zip", "s3_bucket": "b", "s3_key": "k"},
            "package must be either a zip file (filename) or an S3 object (s3_bucket and s3_key): "
            "give one of them, not both",
        ),
        "reserved_concurrency": (1.5, "reserved_concurrency must be a whole number from 1"),
        "role": ({"arn": "own"}, "role.arn is not the ARN of an IAM role: give"),
        "timeout": (0, "timeout must be a whole number of seconds from 1 to 900"),
    },
    "third": {
        "alert_topic": (
            {"arn": TOPIC, "kms_key_arn": "alias/alerts"},
            "alert_topic.kms_key_arn is not the ARN of a KMS key (an alias does not work",
        ),
        "failure_queue": (
            {"arn": QUEUE, "kms_master_key_id": "alias/own"},
            "failure_queue is encrypted with a key given by its alias, which does not work in a "
            "policy: give failure_queue.kms_key_arn too.",
        ),
        "package": ({"filenam": "a.zip"}, "package must be either a zip file (filename) or"),
    },
    "engine": {
        "act_within_seconds": (60, "act_within_seconds must be a whole number from 900"),
        "actions_per_principal": (0, "actions_per_principal must be a whole number from 1, or"),
        "actions_per_hour": (0, 'to take no action at all use the guard\'s mode = "notify".'),
        "audit_bus": ({"arn": "audit"}, "audit_bus.arn is not the ARN of an event bus: give"),
        "exempt_accounts": ({"12": "2999-12-31"}, "exempt_accounts must map account ids of"),
        "finding_target": ({"arn": TOPIC}, "finding_target.arn is not the ARN of a Security Hub"),
        "exempt_principals": ({"admin": "2999-12-31"}, "exempt_principals must map ARNs of users"),
        "exempt_role_paths": ({"/": "2999-12-31"}, "(and are not / alone, which is every role)"),
        "exempt_tags": ({"exempt": "2999-12-31"}, "exempt_tags must map tags, written key=value"),
        "iac_principals": (["terraform"], "iac_principals must hold ARNs of users and roles"),
        "kill_switch": ({"name": "a b"}, "kill_switch.name is not the name of an SSM parameter"),
        "ledger_days": (14, "events come back from a failure queue for 14 days."),
        "ledger_table": ({"name": "a"}, "ledger_table.name is not the name of a DynamoDB table"),
        "member_role": (
            {"name": "a/b", "external_id": "shared"},
            "member_role.name must be a role's name without its path, and path start and end",
        ),
        "reactor_layer_arn": (LAYER[:-2], "with the version at its end."),
        "own_reactor_layer": (False, ""),
        "settle_seconds": (-1, "settle_seconds must be a whole number of seconds from 0."),
    },
    "engine, once more": {
        "actions_per_hour": (1.5, "actions_per_hour must be a whole number from 1"),
        "exempt_accounts": ({ACCOUNT: "soon"}, "to the last day that they are exempt, as in"),
        "exempt_principals": ({"arn:x": "2999-13-01"}, "exempt_principals must map ARNs"),
        "exempt_role_paths": ({"ci": "2999-12-31"}, "exempt_role_paths must map paths"),
        "exempt_tags": ({"exempt=yes": ""}, "to the last day that they exempt a resource"),
        "member_role": (
            {"name": "a", "external_id": "shared", "accounts": []},
            "member_role.accounts must hold at least one account id of twelve digits",
        ),
    },
    "too little time": {
        "settle_seconds": (50, "settle_seconds leaves the function less than 20 seconds to act"),
    },
    "fourth": {
        "package": (
            {"filename": "a.zip", "s3_object_version": "v1"},
            "package.s3_object_version is of no use without package.s3_bucket and package.s3_key",
        ),
    },
}


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, wrong in WRONG.items() for name in wrong]
)
def test_wrong_settings_are_refused_with_a_sentence(tf: Planner, group: str, name: str) -> None:
    wrong = WRONG[group]
    said = tf.plan_error(hcl(**{each: value for each, (value, _) in wrong.items()}))
    assert wrong[name][1] in said
    # Nothing else is complained of: no crash of an expression behind the sentences.
    assert len(said.splitlines()) == len(said.split("Invalid value for variable")) - 1


def test_a_setting_that_does_not_exist_is_an_error(tf: Planner) -> None:
    said = tf.plan_error(hcl(alert_topc={"arn": TOPIC}))
    assert 'An argument named "alert_topc" is not expected here.' in said


LATER = """
resource "terraform_data" "network" {
  input = "x"
}
"""


def test_depends_on_leaves_names_and_policies_known_where_the_place_is_told(tf: Planner) -> None:
    """A lookup waits for the apply then; an unknown name would replace the role."""
    late = {"depends_on": Raw("[terraform_data.network]"), "alarm_topic": {"arn": TOPIC}}
    told = {"account_id": ACCOUNT, "region": REGION}
    guard = {"event_pattern": '{"source": ["aws.s3"], "detail": {"arn": ["{{role_arn}}"]}}'}
    plan = tf.plan(LATER + hcl("told", **late, **told, **guard) + hcl("looked_up", **late))
    unknown = {
        address: name
        for address, change in plan.resource_changes.items()
        if address.startswith("module.told.") and change["mode"] == "managed"
        for name in ("name", "function_name", "alarm_name", "policy", "assume_role_policy")
        if change["change"]["after_unknown"].get(name)
    }
    assert unknown == {}
    assert Made(plan, "told").outputs()["rule"]["pattern"]
    assert Made(plan, "looked_up").one("aws_lambda_function")["function_name"] == "watch"


def test_a_place_that_is_another_is_refused(tf: Planner) -> None:
    said = tf.plan_error(hcl(account_id="210987654321", region="eu-west-1"))
    assert "account_id is 210987654321, and the provider is in the account" in said
    assert f"region is eu-west-1, and the provider is in {REGION}" in said


def test_a_mocked_provider_plans(tf: Planner, tmp_path: Path) -> None:
    """A consumer's own `terraform test` has no AWS and no answers of it."""
    root = Path("root")
    lay_out(tmp_path, root, None)
    source = (
        hcl(public_powertools_layer=True, alarm_topic=Raw("aws_sns_topic.own"))
        + 'resource "aws_sns_topic" "own" {\n  name = "own"\n}\n'
    )
    (tmp_path / root / "main.tf").write_text(fill(source, root), encoding="utf-8")
    test = 'mock_provider "aws" {}\nrun "plans" {\n  command = plan\n  assert {\n    condition = '
    test += 'module.reaction.mode == "dry_run"\n    error_message = "mode"\n  }\n}\n'
    (tmp_path / root / "it.tftest.hcl").write_text(test, encoding="utf-8")
    environment = tf.aws.environment()
    for command in (("init", "-backend=false", "-no-color"), ("test", "-no-color")):
        done = tf.terraform.run(*command, cwd=tmp_path / root, environment=environment, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", ["security", "/security", "security/", "//", "/a//b/", "/a b/"])
def test_a_path_is_checked_alike_wherever_one_is_given(tf: Planner, path: str) -> None:
    member = {"name": "member", "external_id": "shared", "path": path}
    said = tf.plan_error(
        hcl("own", role_path=path)
        + hcl("assuming", member_role=member)
        + call(
            "reaction-member-role",
            {
                "external_id": "shared",
                "guards": {"own": {"policy_json": json.dumps({"Statement": OWN_STATEMENT})}},
                "hub_account_id": ACCOUNT,
                "hub_role_names": ["watch-*"],
                "organization_id": None,
                "path": path,
            },
            "assumed",
        )
    )
    assert said.count("start and end with a slash") == 3


MISSPELT = ("handlr", "polcy_json", "setings", "event_patern")


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_member_of_a_guard_in_place_is_refused(tf: Planner, name: str) -> None:
    right = ("handler", "policy_json", "settings", "event_pattern")
    guard = {
        written: "reactor.watch.handler" if written.startswith("handl") else None
        for written in (name if number == MISSPELT.index(name) else each
                        for number, each in enumerate(right))
    }  # fmt: skip
    said = tf.plan_error(call("reaction", {"name": "watch", "guard": guard}))
    assert f'attribute "{right[MISSPELT.index(name)]}" is required' in said


def test_a_guard_brings_defaults_and_its_reaction_overrides_them(cases: dict[str, Made]) -> None:
    def told(label: str) -> tuple[Any, ...]:
        function = cases[label].one("aws_lambda_function")
        variables = function["environment"][0]["variables"]
        names = ("REACTION_BUDGET", "REACTION_SETTLE_SECONDS")
        return (function["memory_size"], function["timeout"], *map(variables.get, names))

    def limit(label: str) -> Any:
        variables = cases[label].one("aws_lambda_function")["environment"][0]["variables"]
        return variables.get("REACTION_ACT_WITHIN_SECONDS")

    assert (limit("least"), limit("unlimited")) == ("86400", None)
    assert told("least") == (256, 60, "100", None)
    assert told("guards_own") == (512, 90, "7", "30")
    assert told("overridden") == (128, 50, None, "20")


def test_what_a_guard_leaves_open_is_filled_in(cases: dict[str, Made]) -> None:
    made = cases["open"]
    role = f"arn:aws:iam::{ACCOUNT}:role/security/watch-{REGION}"
    assert made.statements()[-1] == {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": [f"arn:aws:x:{REGION}:{ACCOUNT}:y", role],
    }
    rule = made.outputs()["rule"]
    assert json.loads(rule["pattern"]) == {"source": ["aws.s3"], "detail": {"arn": [role]}}
    # The ARN is known after the apply.
    assert rule["targets"] == {"guard": {"function": {"function_name": "watch"}}}
    assert cases["least"].outputs()["rule"]["pattern"] is None


def test_only_what_names_a_role_of_the_same_apply_waits_for_it(tf: Planner) -> None:
    def guard(text: str) -> dict[str, Any]:
        pattern = json.dumps({"source": ["aws.s3"], "detail": {"arn": [text]}})
        return {"role": Raw("aws_iam_role.own"), "event_pattern": pattern}

    role = 'resource "aws_iam_role" "own" {\n  name = "own"\n  assume_role_policy = "{}"\n}\n'
    plan = tf.plan(
        hcl("naming", **guard("{{role_arn}}")) + hcl("other", **guard("{{account_id}}")) + role
    )
    shown = {label: Made(plan, label).outputs()["rule"] for label in ("naming", "other")}
    assert shown["other"]["pattern"] is not None
    assert "pattern" not in shown["naming"]


def example_of(heading: str) -> str:
    """The first configuration under a heading of the README, as it can be planned here."""
    readme = (REPOSITORY / "modules" / "reaction" / "README.md").read_text(encoding="utf-8")
    section = readme.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    example = section.partition("```hcl\n")[2].partition("```")[0]
    example = re.sub(r'"git::\S+//modules/([\w-]+)\?ref=\S+"', r'"${modules}/\1"', example)
    topic = 'module "alert_topic" {\n  source = "${modules}/alert-topic"\n  name = "alerts"\n}\n'
    return example.replace("${path.root}/bucket-watch.zip", str(OWN_FILE)) + topic


@pytest.mark.parametrize(
    ("heading", "functions", "rules"), [("Usage", 2, 2), ("A handler of one's own", 1, 0)]
)
def test_the_readmes_examples(tf: Planner, heading: str, functions: int, rules: int) -> None:
    plan = tf.plan(example_of(heading))
    assert plan.warnings == ()
    assert len(plan.of_type("aws_lambda_function")) == functions
    assert len(plan.of_type("aws_lambda_permission")) == rules
