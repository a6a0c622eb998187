"""What may be meant and would surprise most people is planned, with a warning on what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import Raw, Settings, call, expression
from tests.plan.misuses import EXCLUSION, FOREVER, OTHER, RIGHT

pytestmark = pytest.mark.plan

TOPIC = {"topic": {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}}
FUNCTION = {"function": {"arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:notify"}}
ALL = {"source": [{"prefix": "aws."}], "detail-type": ["AWS API Call via CloudTrail"]}
SIGNED_IN = {**ALL, "detail-type": ["AWS Console Sign In via CloudTrail"]}
FAILED = {**ALL, "detail": {"errorCode": [{"exists": True}]}}
STREAM = {"stream": {"arn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/lake"}}
REACTION: Settings = {
    "name": "guard",
    "guard": {
        "handler": "reactor.reactions.notify.handler",
        "event_pattern": None,
        "policy_json": None,
        "settings": None,
    },
    "powertools_layer_arn": RIGHT["reaction"].settings["powertools_layer_arn"],
    "public_powertools_layer": False,
}
MEMBERS = {"name": "member", "external_id": "s3cret", "accounts": [OTHER]}
QUERY = RIGHT["log-query"].settings
GLACIER = {"GLACIER_IR": 1, "GLACIER": 90}


def detected(target: Settings) -> Raw:
    """Rules of the catalogue that all have one target."""
    every = {"*": {"targets": {"one": target}}}
    return Raw(f"merge(module.found.rules, {expression(every)})")


def rule_of(pattern: Settings, target: Settings) -> dict[str, Any]:
    return {"pattern": json.dumps(pattern), "targets": {"one": target}}


def asked(days: int, readable_days: int | None) -> Settings:
    return {
        **QUERY,
        "days": days,
        "logs": {"trail": {"bucket": {"name": "acme-logs", "readable_days": readable_days}}},
    }


# The module, its settings, and which check fails with which words; "" if none does.
CASES: dict[str, tuple[str, Settings, str, str]] = {
    "mailed": (
        "event-rules",
        {"name": "a", "rules": detected(TOPIC)},
        "unfiltered",
        "what is excluded: login-failures, login-failures-center, sg-open. Lead them to a notify",
    ),
    "decided": ("event-rules", {"name": "b", "rules": detected(FUNCTION)}, "", ""),
    "flooded": (
        "event-rules",
        {
            "name": "c",
            "rules": {
                "all": rule_of(ALL, TOPIC),
                "called": rule_of(ALL, FUNCTION),
                "failed": rule_of(FAILED, TOPIC),
                "kept": rule_of(ALL, STREAM),
                "signed-in": rule_of(SIGNED_IN, TOPIC),
            },
        },
        "everything",
        "those that it causes itself among them: all, called. Narrow their patterns",
    ),
    "idle": (
        "reaction",
        {**REACTION, "exempt_accounts": {ACCOUNT: FOREVER}},
        "own_account",
        f"it acts in the account {ACCOUNT} only, which is in exempt_accounts",
    ),
    "elsewhere": (
        "reaction",
        {**REACTION, "exempt_accounts": {ACCOUNT: FOREVER}, "member_role": MEMBERS},
        "",
        "",
    ),
    "gone": (
        "log-lifecycle",
        {"bucket_name": "acme-logs", "expire_after_days": 6},
        "time_to_read",
        "before a week is over",
    ),
    "cold": (
        "log-lifecycle",
        {"bucket_name": "acme-logs", "account_ids": [ACCOUNT], "transitions": {"GLACIER": 2}},
        "time_to_read",
        "before a week is over",
    ),
    "aged": (
        "log-lifecycle",
        {"bucket_name": "acme-logs", "account_ids": [ACCOUNT], "transitions": GLACIER},
        "",
        "",
    ),
    "overlooked": ("log-query", asked(91, 90), "days", "without a word: trail after 90 days"),
    "found_again": ("log-query", asked(90, 90), "", ""),
    "never_cold": ("log-query", asked(3650, None), "", ""),
}


@pytest.fixture(scope="module")
def plan(tf: Planner) -> Plan:
    """All of them in one plan."""
    found: Settings = {
        "ids": ["login-failures", "root-login", "sg-open"],
        "exclusions": {"sg-open": [EXCLUSION]},
    }
    cases = [call(module, settings, label) for label, (module, settings, *_) in CASES.items()]
    return tf.plan("\n".join([call("detections", found, "found"), *cases]))


@pytest.mark.parametrize("label", CASES)
def test_a_surprise_is_told_and_nothing_else(plan: Plan, label: str) -> None:
    _, _, check, words = CASES[label]
    told = {
        one["address"]["to_display"].rpartition(".")[2]: instance["problems"][0]["message"]
        for one in plan.json["checks"]
        if one["address"]["kind"] == "check"
        for instance in one["instances"]
        if instance["address"]["to_display"].startswith(f"module.{label}.")
        and instance["status"] == "fail"
    }
    assert [*told] == ([check] if check else [])
    assert words in "".join(told.values())


def test_a_log_bucket_tells_for_how_long_its_logs_can_be_read(tf: Planner) -> None:
    bucket = {"name": "acme-logs", "trail_name": "acme"}
    cases: dict[str, Settings] = {
        "kept": bucket,
        "cold": {**bucket, "account_ids": [ACCOUNT], "transitions": GLACIER},
        "gone": {**bucket, "expire_after_days": 400},
    }
    shown = "\n".join(
        f'output "days_{label}" {{\n  value = module.{label}.readable_days\n}}' for label in cases
    )
    made = [call("log-bucket", settings, label) for label, settings in cases.items()]
    outputs = tf.plan("\n".join([*made, shown])).outputs
    assert [outputs.get(f"days_{label}") for label in cases] == [None, 90, 400]
