"""modules/ec2-launch-guard: policy by mode, settings as the function reads them, refusals."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from reactor.patterns import EventPattern
from reactor.reactions import ec2_launch_guard
from reactor.settings import Deployment, parse_settings

from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Plan, Planner

pytestmark = pytest.mark.plan

LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:powertools:7"
TOPIC = {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"

# One plan for all of them: most of a plan's time is its start.
CASES: dict[str, dict[str, Any]] = {
    "least": {},
    "dry_run": {"mode": "dry_run", "alert_from_size": "large"},
    "notify": {"mode": "notify", "alert_topic": TOPIC},
    "enforce": {"mode": "enforce"},
    "prefixed": {"mode": "enforce", "tag_prefix": "acme/"},
    "stopping": {
        "alert_on_accelerators": True,
        "alert_topic": TOPIC,
        "mode": "enforce",
        "stop_flagged": True,
    },
    "set": {
        "alert_from_count": 10,
        "alert_from_vcpus": 128,
        "alert_on_accelerators": True,
        "stop_flagged": True,
        "alert_from_size": "metal-24xl",
        "alert_instance_types": ["p*", "*.metal", "g5.?xlarge"],
        "tag_prefix": "acme:",
    },
    "passed_on": {
        "alarm_topic": TOPIC,
        "alert_topic": TOPIC,
        "code_signing_config_arn": (
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0"
        ),
        "failure_queue": {"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"},
        "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1",
        "log_group": {"name": "/shared"},
        "log_level": "DEBUG",
        "max_event_age_seconds": 60,
        "max_retries": 0,
        "memory_size": 128,
        "package": {"s3_bucket": "packages", "s3_key": "own.zip"},
        "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/bound",
        "reserved_concurrency": 3,
        "role_path": "/security/",
        "tags": {"team": "platform"},
        "timeout": 30,
        "tracing": True,
        "vpc_config": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
    },
    "retained": {"log_retention_days": 7},
    "own_role": {"mode": "enforce", "role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/own"}},
}


def hcl(label: str = "guard", **settings: Any) -> str:
    """A configuration that calls the module with these settings and shows all it puts out."""
    given = {"name": "guard", "powertools_layer_arn": LAYER} | settings
    lines = [f"  {name} = {json.dumps(value)}" for name, value in given.items()]
    head = [f'module "{label}" {{', '  source = "${modules}/ec2-launch-guard"']
    shown = [f'output "{label}" {{', f"  value = module.{label}", "}"]
    return "\n".join([*head, *lines, "}", *shown, ""])


@pytest.fixture(scope="session")
def plan(tf: Planner) -> Plan:
    """The plan of all CASES."""
    return tf.plan("".join(hcl(label, **settings) for label, settings in CASES.items()))


def one(plan: Plan, label: str, kind: str) -> dict[str, Any]:
    """The values of the only resource of a kind that a case makes."""
    start = f"module.{label}."
    found = [v for address, v in plan.of_type(kind).items() if address.startswith(start)]
    assert len(found) == 1
    return found[0]


def outputs(plan: Plan, label: str) -> dict[str, Any]:
    """A case's outputs, as far as they are known before apply."""
    found: dict[str, Any] = plan.json["output_changes"][label]["after"]
    return found


def environment(plan: Plan, label: str) -> dict[str, str]:
    function = one(plan, label, "aws_lambda_function")
    found: dict[str, str] = function["environment"][0]["variables"]
    return found


def statements(text: str) -> dict[str, dict[str, Any]]:
    """A policy's statements by Sid."""
    return {each["Sid"]: each for each in json.loads(text)["Statement"]}


LOOKING = {
    "Sid": "LookAtInstances",
    "Effect": "Allow",
    "Action": ["ec2:DescribeInstances", "ec2:DescribeVolumes"],
    "Resource": ["*"],
}
STOPPING = {
    "Sid": "StopWhatIsFlagged",
    "Effect": "Allow",
    "Action": ["ec2:StopInstances"],
    "Resource": [f"{EC2}:instance/*"],
}


def tagging(prefix: str) -> dict[str, Any]:
    return {
        "Sid": "TagWhatWasLaunched",
        "Effect": "Allow",
        "Action": ["ec2:CreateTags"],
        "Resource": [f"{EC2}:instance/*", f"{EC2}:volume/*"],
        "Condition": {"ForAllValues:StringLike": {"aws:TagKeys": [f"{prefix}*"]}},
    }


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("least", {}),
        ("dry_run", {}),
        ("notify", {}),
        ("enforce", {"TagWhatWasLaunched": tagging("reactor:")}),
        ("prefixed", {"TagWhatWasLaunched": tagging("acme/")}),
    ],
)
def test_only_enforce_may_write_and_only_tags_of_its_prefix(
    plan: Plan, label: str, expected: dict[str, Any]
) -> None:
    granted = statements(one(plan, label, "aws_iam_role_policy")["policy"])
    runtime = {"WriteOwnLog", "KeepFailedEvents", "KeepLedger"} | (
        {"PublishAlerts"} if label == "notify" else set()
    )
    expected = {"LookAtInstances": LOOKING, **expected}
    assert {sid: each for sid, each in granted.items() if sid not in runtime} == expected
    assert runtime <= set(granted)


def test_stopping_and_types_are_permitted_where_they_are_asked_for(plan: Plan) -> None:
    granted = statements(one(plan, "stopping", "aws_iam_role_policy")["policy"])
    assert granted["StopWhatIsFlagged"] == STOPPING
    assert "ec2:DescribeInstanceTypes" in granted["LookAtInstances"]["Action"]
    held = statements(one(plan, "set", "aws_iam_role_policy")["policy"])
    assert "StopWhatIsFlagged" not in held
    assert "ec2:DescribeInstanceTypes" in held["LookAtInstances"]["Action"]


def test_it_starts_in_dry_run(plan: Plan) -> None:
    assert environment(plan, "least")["REACTION_MODE"] == "dry_run"
    assert outputs(plan, "least")["mode"] == "dry_run"
    assert environment(plan, "enforce")["REACTION_MODE"] == "enforce"


def test_the_handler_is_there(plan: Plan) -> None:
    module, _, name = one(plan, "least", "aws_lambda_function")["handler"].rpartition(".")
    assert module == ec2_launch_guard.__name__
    assert callable(getattr(ec2_launch_guard, name))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("least", ec2_launch_guard.Settings()),
        (
            "set",
            ec2_launch_guard.Settings(
                tag_prefix="acme:",
                alert_from_size="metal-24xl",
                alert_instance_types=("p*", "*.metal", "g5.?xlarge"),
                alert_from_count=10,
                alert_from_vcpus=128,
                alert_on_accelerators=True,
                stop_flagged=True,
            ),
        ),
    ],
)
def test_the_function_reads_the_settings_as_they_were_meant(
    plan: Plan, label: str, expected: ec2_launch_guard.Settings
) -> None:
    deployment = Deployment.from_environment(environment(plan, label), "ec2-launch-guard")
    assert deployment.name == "guard"
    assert parse_settings(ec2_launch_guard.Settings, deployment.settings) == expected


def test_its_pattern_takes_launches_that_succeeded(plan: Plan) -> None:
    text = outputs(plan, "least")["event_pattern"]
    assert json.loads(text) == {
        "source": ["aws.ec2"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["ec2.amazonaws.com"],
            "eventName": ["RunInstances"],
            "errorCode": [{"exists": False}],
        },
    }
    launch = {
        "source": "aws.ec2",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"},
    }
    pattern = EventPattern(text)
    assert pattern.matches(launch)
    failed = launch["detail"] | {"errorCode": "Client.InstanceLimitExceeded"}  # type: ignore[operator]
    assert not pattern.matches(launch | {"detail": failed})
    # Anyone in the account may put events, but not with a source of AWS.
    assert not pattern.matches(launch | {"source": "somebody"})


def test_what_a_user_brings_reaches_the_function(plan: Plan) -> None:
    given = CASES["passed_on"]
    function = one(plan, "passed_on", "aws_lambda_function")
    for name in ("code_signing_config_arn", "kms_key_arn", "memory_size", "tags", "timeout"):
        assert function[name] == given[name], name
    assert function["reserved_concurrent_executions"] == 3
    assert function["s3_bucket"] == "packages"
    assert function["tracing_config"] == [{"mode": "Active"}]
    assert function["vpc_config"][0]["subnet_ids"] == ["subnet-1"]
    assert function["logging_config"][0]["log_group"] == "/shared"
    assert function["layers"] == [LAYER]
    assert environment(plan, "passed_on")["POWERTOOLS_LOG_LEVEL"] == "DEBUG"
    assert environment(plan, "passed_on")["ALERT_TOPIC_ARN"] == TOPIC["arn"]
    role = one(plan, "passed_on", "aws_iam_role")
    assert role["permissions_boundary"] == given["permissions_boundary"]
    assert role["path"] == "/security/"
    invoke = one(plan, "passed_on", "aws_lambda_function_event_invoke_config")
    assert invoke["maximum_retry_attempts"] == 0
    assert invoke["maximum_event_age_in_seconds"] == 60
    assert outputs(plan, "passed_on")["failure_queue"]["name"] == "failed"
    assert len(outputs(plan, "passed_on")["operations"]["alarms"]) == 5
    assert one(plan, "retained", "aws_cloudwatch_log_group")["retention_in_days"] == 7


def test_a_role_of_ones_own_is_told_what_the_mode_needs(plan: Plan) -> None:
    told = statements(outputs(plan, "own_role")["policy_json"])
    assert told["TagWhatWasLaunched"] == tagging("reactor:")


def test_what_is_left_out_is_what_reaction_takes_by_default(plan: Plan) -> None:
    function = one(plan, "least", "aws_lambda_function")
    assert (function["memory_size"], function["timeout"]) == (256, 60)
    assert one(plan, "least", "aws_cloudwatch_log_group")["retention_in_days"] == 365


def declared(kind: str, module: str) -> set[str]:
    """The names of a module's variables or outputs."""
    folder = REPOSITORY / "modules" / module
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf")))
    return set(re.findall(rf'^{kind} "(\w+)"', text, re.MULTILINE))


def test_everything_that_reaction_takes_and_gives_is_taken_and_given() -> None:
    decided = {
        "description",
        "environment",
        "handler",
        "policy_json",
        "reactor_layer_arn",
        "settings",
    }
    own = {
        "alert_from_count",
        "alert_from_size",
        "alert_from_vcpus",
        "alert_instance_types",
        "alert_on_accelerators",
        "stop_flagged",
        "tag_prefix",
    }
    assert (declared("variable", "reaction") - decided) | own == declared(
        "variable", "ec2-launch-guard"
    )
    assert declared("output", "reaction") | {"event_pattern"} == declared(
        "output", "ec2-launch-guard"
    )


WRONG: dict[str, dict[str, tuple[Any, str]]] = {
    "first": {
        "alert_from_count": (0, "alert_from_count must be a whole number from 1, or null"),
        "alert_from_size": ("m5.4xlarge", "without its family: nano, micro, small, medium, large"),
        "alert_instance_types": (["P4D*"], "may hold instance types and wildcards of them only"),
        "tag_prefix": ("AWS:mine", 'tag_prefix must not start with "aws:", which AWS keeps for'),
    },
    "second": {
        "alert_from_count": (2.5, "alert_from_count must be a whole number from 1, or null"),
        "alert_from_size": ("4XLARGE", '("4xlarge", not "m5.4xlarge")'),
        "alert_instance_types": (["p*"] * 51, "alert_instance_types holds more than 50 wildcards"),
        "tag_prefix": ("t" * 65, "tag_prefix must be 1 to 64 letters, digits and + - = . _ : / @"),
    },
    "third": {
        "alert_from_size": ("0xlarge", "alert_from_size must be a size without its family"),
        "alert_instance_types": ([""], "may hold instance types and wildcards of them only"),
        "tag_prefix": ("", "tag_prefix must be 1 to 64 letters, digits and + - = . _ : / @"),
    },
    "checked in reaction": {
        "mode": ("enforced", "mode must be dry_run, notify or enforce: start with dry_run"),
        "name": ("n" * 49, "name must be 1 to 48 letters, digits, hyphens and underscores"),
        "timeout": (901, "timeout must be a whole number of seconds from 1 to 900"),
        "alert_topic": ({"arn": "alerts"}, "alert_topic.arn is not the ARN of an SNS topic: give"),
    },
    # A wildcard in the prefix would be one in the policy.
    "wildcard": {
        "tag_prefix": ("*", "tag_prefix must be 1 to 64 letters, digits and + - = . _ : / @"),
    },
    "nothing is flagged": {
        "stop_flagged": (True, "stop_flagged stops what is alerted on, but nothing is: give"),
    },
    "vcpus": {
        "alert_from_vcpus": (0, "alert_from_vcpus must be a whole number from 1, or null"),
    },
    "nobody is told": {
        "mode": ("notify", "would reach nobody: give alert_topic, or leave out what it alerts on"),
    },
    "nobody is told of sizes": {
        "mode": ("enforce", "Mode notify does nothing but alert, so it always needs alert_topic."),
        "alert_from_size": ("4xlarge", "The alerts of this guard would reach nobody"),
    },
}


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, wrong in WRONG.items() for name in wrong]
)
def test_what_is_wrong_is_refused_with_a_sentence(tf: Planner, group: str, name: str) -> None:
    wrong = WRONG[group]
    said = tf.plan_error(hcl(**{each: value for each, (value, _) in wrong.items()}))
    assert wrong[name][1] in said
    assert len(said.splitlines()) == said.count("Invalid value for variable")


MISSPELT = ("alert_form_size", "alert_instance_type", "tagprefix", "mod")


@pytest.mark.parametrize("setting", MISSPELT)
def test_a_misspelt_setting_is_an_error(tf: Planner, setting: str) -> None:
    said = tf.plan_error(hcl(**dict.fromkeys(MISSPELT, "4xlarge")))
    assert f'An argument named "{setting}" is not expected here.' in said


def test_the_readmes_example(tf: Planner) -> None:
    readme = (REPOSITORY / "modules" / "ec2-launch-guard" / "README.md").read_text(encoding="utf-8")
    [example] = re.findall(r"## Usage\n\n```hcl\n(.*?)```", readme, re.DOTALL)
    example = re.sub(r'"git::\S+//modules/([\w-]+)\?ref=\S+"', r'"${modules}/\1"', example)
    topic = 'module "alert_topic" {\n  source = "${modules}/alert-topic"\n  name = "alerts"\n}\n'
    plan = tf.plan(example + topic)
    assert plan.warnings == ()
    assert len(plan.of_type("aws_lambda_permission")) == 1
