"""modules/detections: filters, placeholders, exclusions, refusals, and what event-rules gets."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from reactor.detections.definition import read_definition
from reactor.event import read_event
from reactor.patterns import EventPattern

from localaws.events.router.model import Rule
from localaws.events.router.transform import fill
from tests.harness.local_aws import ACCOUNT, REGION, REPOSITORY
from tests.harness.plans import Plan, Planner
from tests.plan.calls import Raw, assert_refused, call, readme_example
from trailctl.replay.catalogue import load_catalogue, load_sequences

pytestmark = pytest.mark.plan

CATALOGUE = load_catalogue()
OWN = {
    name: [*placeholder.example, *(["other-guard"] if name == "function_names" else [])]
    for entry in CATALOGUE.values()
    for name, placeholder in entry.placeholders.items()
    if placeholder.required
}
WAITING = {"kill-switch-changed", "reaction-role-tamper", "reaction-tamper"}
DEPLOY = "arn:aws:iam::111122223333:role/deploy"
CASES: dict[str, dict[str, Any]] = {
    "everything": {},
    "told": {"placeholders": OWN},
    "some": {"ids": ["root-login", "sg-open"]},
    "without": {"exclude_ids": ["ec2-launched", "ec2-burst"], "techniques": ["T1496"]},
    "critical": {"min_severity": "critical"},
    "cis": {"benchmark": "cis-6.0", "decided_by": "pattern"},
    "technique": {"techniques": ["T1562", "T1098.003"]},
    "half_told": {
        "ids": ["reaction-tamper", "ec2-large"],
        "placeholders": {"rule_names": ["a", "b"], "instance_sizes": ["4xlarge", "metal"]},
    },
    "excluding": {"exclude_role_arns": [DEPLOY], "placeholders": OWN},
}
RULE = Rule(
    "r", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/r", "default", "ENABLED", "{}", ACCOUNT, REGION
)
RULES = """
locals {
  targets = { alert = { topic = { arn = "%s" } } }
}
module "rules" {
  source = "${modules}/event-rules"
  name   = "detect"
  rules = {
    for key, rule in module.told.rules : key => merge(rule, {
      targets = { for name, target in local.targets : name => merge(target, {
        input_transformer = rule.input_transformer
      }) }
    })
  }
}
"""


@pytest.fixture(scope="session")
def plan(tf: Planner) -> Plan:
    """One plan of all CASES, and of event-rules that takes one of them."""
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
    text = "\n".join(call("detections", settings, label) for label, settings in CASES.items())
    return tf.plan(text + RULES.replace("%s", topic))


def shown(plan: Plan, label: str) -> dict[str, Any]:
    """What one of the calls puts out."""
    found: dict[str, Any] = plan.json["output_changes"][label]["after"]
    return found


def selected(plan: Plan, label: str) -> set[str]:
    return set(shown(plan, label)["coverage"])


def test_without_filters_everything_is_there(plan: Plan) -> None:
    assert selected(plan, "everything") == set(CATALOGUE)
    assert len(CATALOGUE) > 50
    found = shown(plan, "everything")
    assert set(found["rules"]) == {key for entry in CATALOGUE.values() for key in entry.rules()}
    assert {rule["id"] for rule in found["rules"].values()} == set(CATALOGUE) - WAITING
    assert found["waiting"] == {
        "kill-switch-changed": ["kill_switch_names"],
        "reaction-role-tamper": ["role_names"],
        "reaction-tamper-alarms": ["function_names"],
        "reaction-tamper-functions": ["function_names"],
        "reaction-tamper-items": ["table_names", "role_names"],
        "reaction-tamper-keys": ["key_ids"],
        "reaction-tamper-layers": ["function_names"],
        "reaction-tamper-logs": ["log_group_names"],
        "reaction-tamper-queues": ["queue_names"],
        "reaction-tamper-rules": ["rule_names"],
        "reaction-tamper-schedules": ["function_names", "role_names"],
        "reaction-tamper-tables": ["table_names"],
        "reaction-tamper-topics": ["topic_arns"],
    }
    assert found["coverage"]["reaction-tamper"]["rules"] == []


def test_a_rule_hands_over_its_definition_beside_the_event(plan: Plan) -> None:
    """What the local EventBridge makes of each template is what the function reads."""
    rules = shown(plan, "told")["rules"]
    for key, rule in rules.items():
        entry = CATALOGUE[rule["id"]]
        event = entry.samples.match[0].event
        given = rule["detection_input"]
        text = fill(given["input_template"], given["input_paths"], event, RULE, datetime.now(UTC))
        read = read_event(json.loads(text))
        assert read == replace(read_event(event), detection=read.detection), key
        # Replay predicts by its own reading of the catalogue.
        assert read_definition(read.detection) == entry.definition(load_sequences().values()), key


def test_sequences_wait_for_their_steps(plan: Plan) -> None:
    assert set(shown(plan, "told")["sequences"]) == set(load_sequences())
    assert shown(plan, "told")["sequences_waiting"] == {}
    few = shown(plan, "some")
    assert few["sequences"] == {}
    assert few["sequences_waiting"]["root-taken"] == [
        "mfa-disabled",
        "root-access-key",
        "root-credential",
    ]
    assert '"sequences"' not in few["rules"]["root-login"]["detection_input"]["input_template"]


def test_placeholders_complete_what_waits(plan: Plan) -> None:
    found = shown(plan, "told")
    assert found["waiting"] == {}
    pattern = json.loads(found["rules"]["reaction-tamper-functions"]["pattern"])
    assert pattern["detail"]["requestParameters"]["functionName"] == [
        "other-guard",
        "trail-guard",
        {"suffix": ":function:other-guard"},
        {"suffix": ":function:trail-guard"},
    ]


def test_patterns_are_those_that_replay_runs(plan: Plan) -> None:
    """Terraform and Python fill placeholders in alike."""
    for label, values in (("everything", {}), ("told", OWN), ("half_told", None)):
        given = values if values is not None else CASES["half_told"]["placeholders"]
        rules = shown(plan, label)["rules"]
        assert rules
        for key, rule in rules.items():
            entry = CATALOGUE[rule["id"]]
            mine = entry.rules({name: sorted(each) for name, each in given.items()})
            assert json.loads(rule["pattern"]) == mine[key], key


def test_split_entries_keep_the_keys_of_the_rest(plan: Plan) -> None:
    assert set(shown(plan, "half_told")["rules"]) == {"reaction-tamper-rules", "ec2-large"}
    assert shown(plan, "half_told")["coverage"]["reaction-tamper"] == {
        "attack": ["T1562"],
        "benchmarks": {},
        "decision": False,
        "global": False,
        "read_only": False,
        "rules": ["reaction-tamper-rules"],
        "runbook": CATALOGUE["reaction-tamper"].runbook,
        "severity": "critical",
        "title": "A part of the reactions was changed",
        "waiting_for": [
            "function_names",
            "key_ids",
            "log_group_names",
            "queue_names",
            "role_names",
            "table_names",
            "topic_arns",
        ],
        "why": CATALOGUE["reaction-tamper"].why,
    }


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("some", {"root-login", "sg-open"}),
        (
            "without",
            {
                e.id
                for e in CATALOGUE.values()
                if any(t.startswith("T1496") for t in e.attack)
                and e.id not in ("ec2-launched", "ec2-burst")
            },
        ),
        ("critical", {e.id for e in CATALOGUE.values() if e.severity == "critical"}),
        (
            "cis",
            {e.id for e in CATALOGUE.values() if "cis-6.0" in e.benchmarks and not e.decision},
        ),
        (
            "technique",
            {
                e.id
                for e in CATALOGUE.values()
                if any(t == "T1098.003" or t.startswith("T1562") for t in e.attack)
            },
        ),
    ],
)
def test_filters(plan: Plan, label: str, expected: set[str]) -> None:
    assert selected(plan, label) == expected
    assert 1 <= len(expected) < len(CATALOGUE)


def test_regions_and_read_only_events_are_told(plan: Plan) -> None:
    found = shown(plan, "everything")
    assert set(found["global_ids"]) == {e.id for e in CATALOGUE.values() if e.regions == "global"}
    assert set(found["read_only_ids"]) == {e.id for e in CATALOGUE.values() if e.read_only}
    assert found["rules"]["assume-root"]["read_only_events"] is True
    assert found["rules"]["root-login"]["global"] is True
    assert set(found["decided_ids"]) == {e.id for e in CATALOGUE.values() if e.decision}


def test_excluded_roles_are_not_seen_and_everybody_else_is(plan: Plan) -> None:
    """`anything-but` alone would drop root and IAM users, who have no session issuer."""
    matched = refused = 0
    for key, rule in shown(plan, "excluding")["rules"].items():
        entry = CATALOGUE[rule["id"]]
        assert len(rule["pattern"]) <= 2048, key
        pattern = EventPattern(rule["pattern"])
        bare = EventPattern(json.loads(shown(plan, "told")["rules"][key]["pattern"]))
        for sample in entry.samples.match:
            event = sample.event
            session = event["detail"].get("userIdentity", {}).get("sessionContext") or {}
            own = session.get("sessionIssuer", {}).get("arn") == DEPLOY
            assert pattern.matches(event) is (bare.matches(event) and not own), (key, sample.case)
            refused += own
            matched += not own
    assert refused >= 5
    assert matched >= 100


def test_rules_go_into_event_rules_as_they_are(plan: Plan) -> None:
    made = plan.of_type("aws_cloudwatch_event_rule")
    told = shown(plan, "told")["rules"]
    assert {rule["name"] for rule in made.values()} == {f"detect-{key}" for key in told}
    for rule in made.values():
        key = rule["name"].removeprefix("detect-")
        assert json.loads(rule["event_pattern"]) == json.loads(told[key]["pattern"])
        reads = rule["state"] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
        assert reads is told[key]["read_only_events"]
    targets = plan.of_type("aws_cloudwatch_event_target")
    templates = {t["rule"]: t["input_transformer"][0]["input_template"] for t in targets.values()}
    assert templates["detect-root-login"].startswith('"The root user of account <account> signed')


def test_the_readme_shows_what_the_module_puts_out(plan: Plan) -> None:
    readme = (REPOSITORY / "modules" / "detections" / "README.md").read_text(encoding="utf-8")
    assert shown(plan, "everything")["coverage_markdown"] in readme


def test_the_readmes_example_can_be_planned(tf: Planner) -> None:
    plan = tf.plan(readme_example("detections"))
    expected = [
        entry
        for entry in CATALOGUE.values()
        if "cis-5.0" in entry.benchmarks
        and entry.severity not in ("info", "low")
        and not entry.decision
    ]
    assert len(plan.of_type("aws_cloudwatch_event_rule")) == len(expected) >= 8


def test_refusals(tf: Planner) -> None:
    assert_refused(
        tf,
        "detections",
        [
            ({"min_severity": "urgent"}, "min_severity must be one of info, low, medium, high"),
            ({"decided_by": "code"}, 'decided_by must be "any" or "pattern"'),
            (
                {"exclude_role_arns": ["arn:aws:sts::111122223333:assumed-role/x/y"]},
                "exclude_role_arns must hold ARNs of roles",
            ),
            (
                {"placeholders": {"rule_names": ['a"b']}},
                "must not be empty or hold spaces, quotes, backslashes or braces. Correct those of:"
                " rule_names.",
            ),
        ],
    )


def test_names_that_are_not_in_the_catalogue_nor_in_entries(tf: Planner) -> None:
    told = {"ids": ["reaction-tamper"], "placeholders": {"rule_names": []}}
    sentence = "can't work before placeholders says what it is about: reaction-tamper needs"
    assert_refused(
        tf,
        "detections",
        [
            ({"ids": ["root-logn"]}, "ids names what is not in the catalogue: root-logn. Its ids"),
            ({"exclude_ids": ["nothing"]}, "exclude_ids names what is not in the catalogue: noth"),
            ({"benchmark": "cis-9.9"}, "benchmark must be one of cis-1.4, cis-1.5, cis-2.0"),
            ({"techniques": ["T9999"]}, "techniques names what no detection is for: T9999."),
            (
                {"placeholders": {"functions": ["x"]}},
                "placeholders has names that no detection uses: functions. There are: function_",
            ),
            ({"ids": ["reaction-tamper"]}, sentence),
            (told, sentence),
        ],
    )


def test_filters_without_a_result_and_long_patterns_are_refused(tf: Planner) -> None:
    many = Raw(f'[for i in range(60) : "{DEPLOY}-with-a-long-name-${{i}}"]')
    assert_refused(
        tf,
        "detections",
        [
            (
                {"ids": ["root-login"], "min_severity": "low", "benchmark": "cis-5.0"}
                | {"exclude_ids": ["root-login"]},
                "No detection passes the filters at once",
            ),
            (
                {"ids": ["root-login"], "exclude_role_arns": many},
                "A pattern has at most 2,048 characters.",
            ),
        ],
    )
