"""modules/ec2-launch-guard: policy by mode, settings as the function reads them, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from reactor.patterns import EventPattern
from reactor.reactions import ec2_launch_guard
from reactor.settings import Deployment, parse_settings

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import react

pytestmark = pytest.mark.plan

LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:powertools:7"
TOPIC = {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"

# One plan for all of them: most of a plan's time is its start.
CASES: dict[str, dict[str, Any]] = {
    "least": {},
    "dry_run": {"mode": "dry_run", "alert_from_size": "large"},
    "notify": {"mode": "notify"},
    "enforce": {"mode": "enforce"},
    "prefixed": {"mode": "enforce", "tag_prefix": "acme/"},
    "stopping": {"alert_on_accelerators": True, "mode": "enforce", "stop_flagged": True},
    "set": {
        "alert_from_count": 10,
        "alert_from_vcpus": 128,
        "alert_on_accelerators": True,
        "stop_flagged": True,
        "alert_from_size": "metal-24xl",
        "alert_instance_types": ["p*", "*.metal", "g5.?xlarge"],
        "tag_prefix": "acme:",
    },
    "own_role": {"mode": "enforce"},
}


# What the reactions of some are given beside their guard.
GIVEN: dict[str, dict[str, Any]] = {
    "notify": {"alert_topic": TOPIC},
    "own_role": {"role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/own"}},
    "stopping": {"alert_topic": TOPIC},
}


def hcl(label: str = "guard", **settings: Any) -> str:
    """A configuration with a guard of these settings and its reaction."""
    return react(
        "ec2-launch-guard",
        settings,
        {"powertools_layer_arn": LAYER, "public_powertools_layer": False, **GIVEN.get(label, {})},
        label,
    )


@pytest.fixture(scope="session")
def plan(tf: Planner) -> Plan:
    """The plan of all CASES."""
    return tf.plan("".join(hcl(label, **settings) for label, settings in CASES.items()))


def one(plan: Plan, label: str, kind: str) -> dict[str, Any]:
    """The values of the only resource of a kind, the role aside that starts it later."""
    start = f"module.{label}."
    found = [
        values
        for address, values in plan.of_type(kind).items()
        if address.startswith(start) and ".schedule[" not in address
    ]
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
    if label in ("notify", "enforce", "prefixed"):
        runtime |= {"ScheduleLater", "LetSchedulesStart"}
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


def test_its_pattern_takes_launches_and_resizes_that_succeeded(plan: Plan) -> None:
    text = outputs(plan, "least")["rule"]["pattern"]
    assert text == outputs(plan, "least_guard")["event_pattern"]
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
    change = {"eventSource": "ec2.amazonaws.com", "eventName": "ModifyInstanceAttribute"}
    for request, taken in (
        ({"instanceType": {"value": "p4d.24xlarge"}}, True),
        ({"attribute": "instanceType", "value": "<sensitiveDataRemoved>"}, True),
        ({"attribute": "disableApiTermination", "value": "<sensitiveDataRemoved>"}, False),
        ({"groupSet": {"items": [{"groupId": "sg-0123456789abcdef0"}]}}, False),
    ):
        detail = {**change, "requestParameters": {"instanceId": "i-1", **request}}
        assert pattern.matches(launch | {"detail": detail}) is taken, request
        assert not pattern.matches(launch | {"detail": {**detail, "errorCode": "Server.X"}})


def test_a_role_of_ones_own_is_told_what_the_mode_needs(plan: Plan) -> None:
    told = statements(outputs(plan, "own_role")["policy_json"])
    assert told["TagWhatWasLaunched"] == tagging("reactor:")


def test_its_budget_is_its_own(plan: Plan) -> None:
    assert environment(plan, "least")["REACTION_BUDGET"] == "1000"


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
    "mode": {
        "mode": ("enforced", "mode must be dry_run, notify or enforce: start with dry_run"),
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
        "mode": (
            "notify",
            "The alerts of guard would reach nobody: in mode notify its guard does nothing but "
            "alert. Give alert_topic, or leave the guard's mode at dry_run.",
        ),
    },
    "nobody is told of sizes": {
        "mode": ("enforce", "The alerts of guard would reach nobody: in mode enforce its guard"),
        "alert_from_size": (
            "4xlarge",
            "alerts on the launches that alert_from_size, alert_instance_types flag (without these",
        ),
        "alert_instance_types": (["p*"], "settings it only tags). Give alert_topic"),
    },
}


@pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, wrong in WRONG.items() for name in wrong]
)
def test_wrong_settings_are_refused_with_a_sentence(tf: Planner, group: str, name: str) -> None:
    wrong = WRONG[group]
    said = tf.plan_error(hcl(**{each: value for each, (value, _) in wrong.items()}))
    assert wrong[name][1] in said
    assert len(said.splitlines()) == said.count("Invalid value for variable")


MISSPELT = ("alert_form_size", "alert_instance_type", "tagprefix", "mod")


@pytest.mark.parametrize("setting", MISSPELT)
def test_a_misspelt_setting_is_an_error(tf: Planner, setting: str) -> None:
    said = tf.plan_error(hcl(**dict.fromkeys(MISSPELT, "4xlarge")))
    assert f'An argument named "{setting}" is not expected here.' in said
