"""modules/event-forwarding: a spoke, a hub, the canary, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import PLAN_SECONDS, Plan, Planner, diagnostics, fill, lay_out
from tests.plan.calls import (
    PARTITION_OF_REGION,
    REGIONS,
    Called,
    Settings,
    assert_refused,
    call,
    readme_example,
)

pytestmark = pytest.mark.plan

OTHER = "210987654321"
HUB = {"arn": f"arn:aws:events:eu-west-1:{OTHER}:event-bus/default"}
BUS = {"arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/hub", "name": "hub"}
SPOKE: Settings = {"name": "acme", "hub_bus": HUB}
LEAST: Settings = {"name": "acme"}
CANARY = "cloudtrail-reactor.canary"
GLOBAL = ["aws.account", "aws.cloudfront", "aws.iam", "aws.organizations", "aws.route53"]
GLOBAL += ["aws.signin"]
ALARMS = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}
HERE = {"account": [ACCOUNT], "region": [REGION]}

CALLS: dict[str, Settings] = {
    "spoke": {**SPOKE, "canary_schedule": "rate(5 minutes)"},
    "own": {
        **SPOKE,
        "alarm_state_changes": False,
        "patterns": {"roles": json.dumps({"source": ["aws.sts"]})},
        "read_only_patterns": ["roles"],
    },
    "hub": {
        **LEAST,
        "bus_policy": "own",
        "account_ids": [OTHER, "123456789012", ACCOUNT],
        "organization_id": "o-abcdefghij",
        "canary_schedule": "rate(5 minutes)",
        "canary_silence_minutes": 20,
        "canaries": {"home": {}, "away": {"account_id": OTHER, "region": "eu-west-1"}},
    },
    "hub_on_a_bus": {
        **LEAST,
        "account_ids": [OTHER],
        "bus_policy": "own",
        "event_bus": BUS,
        "canaries": {"home": {}},
    },
    "among_others": {**LEAST, "bus_policy": "shared", "organization_id": "o-abcdefghij"},
    "elsewhere": {**LEAST, "bus_policy": "emit", "account_ids": [OTHER]},
    "bare": LEAST,
}


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    named = (call("event-forwarding", settings, label) for label, settings in CALLS.items())
    return tf.plan("".join(named))


def patterns(plan: Called) -> dict[str, Any]:
    rules = plan.of_type("aws_cloudwatch_event_rule").values()
    return {rule["name"]: json.loads(rule["event_pattern"]) for rule in rules}


def test_a_spoke_where_global_events_arrive(many: Plan) -> None:
    plan = Called(many, "spoke")
    assert patterns(plan) == {
        "acme-alarms": ALARMS | HERE,
        "acme-canary": {"source": [CANARY]} | HERE,
        "acme-global-services": {"source": GLOBAL} | HERE,
    }
    found = plan.of_type("aws_cloudwatch_event_target").values()
    assert {target["arn"] for target in found} == {HUB["arn"]}
    assert len(plan.of_type("aws_iam_role")) == 4
    # Without a topic they report to nobody, and are forwarded themselves.
    alarms = plan.of_type("aws_cloudwatch_metric_alarm").values()
    assert [alarm["alarm_actions"] for alarm in alarms] in ([None, None], [[], []])
    assert plan.shown["arn"] == HUB["arn"]
    assert not plan.of_type("aws_cloudwatch_event_permission")
    assert not plan.of_type("aws_cloudwatch_event_bus_policy")


def test_a_spoke_tells_what_it_forwards(tf: Planner) -> None:
    """As reconciliation takes it: whole, and a hub's null says that nothing comes by it."""
    reads = {**SPOKE, "read_only_patterns": ["global-services"]}
    told = call("event-forwarding", reads, "spoke") + call("event-forwarding", LEAST, "hub")
    told += 'output "told" {\n  value = [module.spoke.forwarded, module.hub.forwarded]\n}\n'
    plan = tf.plan(told)
    spoke, hub = plan.outputs["told"]
    assert (spoke["account_ids"], spoke["regions"], hub) == ([ACCOUNT], [REGION], None)
    assert spoke["read_only_patterns"] == ["global-services"]
    found = {key: json.loads(text) for key, text in spoke["patterns"].items()}
    assert found == {"alarms": ALARMS, "global-services": {"source": GLOBAL}}


@pytest.mark.parametrize("partition", REGIONS)
def test_a_spoke_in_each_partition(tf: Planner, partition: str) -> None:
    region = REGIONS[partition]
    hub = f"arn:{partition}:events:{region}:{OTHER}:event-bus/default"
    settings = {"name": "acme", "hub_bus": {"arn": hub}, "canary_schedule": "rate(1 hour)"}
    source = PARTITION_OF_REGION + call("event-forwarding", settings)
    plan = Called(tf.plan(source, region=region), "this")
    # The same rules in every Region, since which there are is known before the Region is.
    assert set(patterns(plan)) == {"acme-alarms", "acme-canary", "acme-global-services"}
    sources = patterns(plan)["acme-global-services"]["source"]
    assert sources == (["aws.signin"] if partition == "aws" else GLOBAL)
    role = plan.of_type("aws_iam_role")["aws_iam_role.canary[0]"]
    group = f"arn:{partition}:scheduler:{region}:{ACCOUNT}:schedule-group/default"
    assert json.loads(role["assume_role_policy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnEquals": {"aws:SourceArn": group},
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
            },
        }
    ]
    default = f"arn:{partition}:events:{region}:{ACCOUNT}:event-bus/default"
    policies = plan.of_type("aws_iam_role_policy")
    allowed = {
        address: json.loads(values["policy"])["Statement"][0]["Resource"]
        for address, values in policies.items()
    }
    assert allowed.pop("aws_iam_role_policy.canary[0]") == default
    assert list(allowed.values()) == [[hub]] * 3


def test_patterns_of_ones_own(many: Plan) -> None:
    plan = Called(many, "own")
    assert patterns(plan) == {"acme-roles": {"source": ["aws.sts"]} | HERE}
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    assert plan.one("aws_cloudwatch_event_rule")["state"] == state
    assert not plan.of_type("aws_cloudwatch_metric_alarm")
    assert not plan.of_type("aws_scheduler_schedule")


def admits(bus: str, *accounts: str, organization: str = "") -> list[dict[str, Any]]:
    allow = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}
    named = {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]}
    member = {"StringEquals": {"aws:PrincipalOrgID": organization}}
    return [
        *(
            [allow | {"Sid": "EventForwarding-acme-Accounts", "Principal": named}]
            if named["AWS"]
            else []
        ),
        *(
            [
                allow
                | {
                    "Sid": "EventForwarding-acme-Organization",
                    "Principal": "*",
                    "Condition": member,
                }
            ]
            if organization
            else []
        ),
    ]


DEFAULT_BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"


def test_a_hub_writes_the_policy_of_its_bus_whole(many: Plan) -> None:
    """One call: of several that add a statement each, EventBridge keeps the last one's."""
    plan = Called(many, "hub")
    assert not plan.of_type("aws_cloudwatch_event_permission")
    written = plan.one("aws_cloudwatch_event_bus_policy")
    assert written["event_bus_name"] == "default"
    statements = admits(DEFAULT_BUS, OTHER, "123456789012", organization="o-abcdefghij")
    assert json.loads(written["policy"]) == {"Version": "2012-10-17", "Statement": statements}
    assert json.loads(plan.shown["bus_policy_statements"]) == statements
    assert plan.shown["arn"] == DEFAULT_BUS


def test_on_a_bus_of_several_writers_the_hub_adds_one_statement(many: Plan) -> None:
    plan = Called(many, "among_others")
    assert not plan.of_type("aws_cloudwatch_event_bus_policy")
    permission = plan.one("aws_cloudwatch_event_permission")
    assert permission["statement_id"] == "EventForwarding-acme-Organization"
    assert (permission["action"], permission["principal"]) == ("events:PutEvents", "*")
    assert permission["condition"] == [
        {"key": "aws:PrincipalOrgID", "type": "StringEquals", "value": "o-abcdefghij"}
    ]


def test_on_a_bus_of_somebody_else_accounts_are_put_out_as_json(many: Plan) -> None:
    plan = Called(many, "elsewhere")
    assert plan.managed == []
    assert json.loads(plan.shown["bus_policy_statements"]) == admits(DEFAULT_BUS, OTHER)


def test_senders_without_admission_are_warned_about(tf: Planner) -> None:
    plan = tf.plan(call("event-forwarding", {**LEAST, "account_ids": [OTHER]}))
    (warning,) = plan.warnings
    assert "Nothing admits account_ids and organization_id to the event bus default yet." in warning
    assert Called(plan, "this").managed == []


def test_hundreds_of_accounts_fit_into_a_policy(tf: Planner) -> None:
    def hub(number: int) -> str:
        accounts = [f"{i:012}" for i in range(number)]
        return call("event-forwarding", {**LEAST, "bus_policy": "own", "account_ids": accounts})

    policy = tf.plan(hub(290)).one("aws_cloudwatch_event_bus_policy")["policy"]
    assert len(policy) <= 10240
    assert "EventBridge takes 10,240: admit the organization" in tf.plan_error(hub(320))


def test_canaries_end_in_queues_that_alarms_watch(many: Plan) -> None:
    plan = Called(many, "hub")
    assert patterns(plan) == {
        "acme-canary-home": {"source": [CANARY]} | HERE,
        "acme-canary-away": {"source": [CANARY], "account": [OTHER], "region": ["eu-west-1"]},
    }
    alarms = {a["alarm_name"]: a for a in plan.of_type("aws_cloudwatch_metric_alarm").values()}
    assert sorted(alarms) == ["acme-canary-away", "acme-canary-home"]
    alarm = alarms["acme-canary-away"]
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("LessThanThreshold", 1)
    # One period: of several, CloudWatch would take older ones for those that have no data.
    assert (alarm["evaluation_periods"], alarm["treat_missing_data"]) == (1, "breaching")
    expression, query = sorted(alarm["metric_query"], key=lambda q: len(q["metric"]))
    assert (expression["expression"], expression["return_data"]) == ("FILL(sent, 0)", True)
    [metric] = query["metric"]
    assert (query["id"], metric["namespace"]) == ("sent", "AWS/SQS")
    assert (metric["metric_name"], metric["stat"]) == ("NumberOfMessagesSent", "Sum")
    assert metric["dimensions"] == {"QueueName": "acme-canary-away"}
    assert metric["period"] == 20 * 60
    assert OTHER in alarm["alarm_description"]
    schedule = plan.one("aws_scheduler_schedule")
    (target,) = schedule["target"]
    assert target["arn"] == f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    assert target["eventbridge_parameters"] == [{"detail_type": "Canary", "source": CANARY}]


def test_a_hub_on_a_bus_of_ones_own(many: Plan) -> None:
    plan = Called(many, "hub_on_a_bus")
    assert plan.one("aws_cloudwatch_event_bus_policy")["event_bus_name"] == "hub"
    assert plan.one("aws_cloudwatch_event_rule")["event_bus_name"] == "hub"
    assert plan.shown["arn"] == BUS["arn"]


def test_a_hub_of_its_own_account_alone_makes_nothing(many: Plan) -> None:
    plan = Called(many, "bare")
    assert plan.managed == []
    assert plan.shown["arn"] == f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"


def test_wrong_settings_are_refused(tf: Planner) -> None:
    schedule = "canary_schedule is rate(5 minutes), rate(1 hour) or cron("
    silence = "canary_silence_minutes is a whole number from 5 to 1440 (a day)"
    twice = "The module adds this account and Region to each pattern, so that nothing is forwarded"
    canary = "A canary has an account_id of twelve digits and a region such as us-east-1."
    own = "alarms and canary are names of the module's own patterns: rename yours."
    pattern = json.dumps({"source": ["aws.ec2"]})
    here = json.dumps({"source": ["aws.ec2"], "region": ["eu-west-1"]})
    assert_refused(
        tf,
        "event-forwarding",
        [
            ({"name": "a b"}, "name must be 1 to 30 letters, digits, underscores and hyphens."),
            ({"name": "a" * 31}, "name must be 1 to 30 letters, digits, underscores and hyphens."),
            ({**LEAST, "account_ids": ["1"]}, "account_ids must hold account ids of twelve digits"),
            ({**LEAST, "organization_id": "abc"}, "organization_id is the organization's id"),
            ({**LEAST, "canaries": {"a b": {}}}, "A key of canaries is 1 to 20 letters"),
            ({**LEAST, "canaries": {"a": {"account_id": "1"}}}, f"{canary}"),
            ({**LEAST, "canaries": {"a": {"region": "home"}}}, f"{canary}"),
            ({**LEAST, "canary_schedule": "rate(1 minutes)"}, schedule),
            ({**LEAST, "canary_schedule": "often"}, schedule),
            ({**LEAST, "canary_silence_minutes": 4}, silence),
            ({**LEAST, "canary_silence_minutes": 1441}, silence),
            ({**LEAST, "canary_silence_minutes": 7.5}, silence),
            ({**LEAST, "bus_policy": "merge"}, 'bus_policy must be "own" (this module alone'),
            ({**LEAST, "role_path": "reactor"}, "role_path starts and ends with a slash, as in"),
            (
                {
                    **LEAST,
                    "alarm_topic": {
                        "arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms",
                        "kms_master_key_id": "alias/aws/sns",
                    },
                },
                "alarm_topic is encrypted with alias/aws/sns, and that key can't admit CloudWatch",
            ),
            ({**LEAST, "hub_bus": {"arn": "default"}}, "hub_bus.arn must be the ARN of an event"),
            ({**SPOKE, "patterns": {"a": "[]"}}, "patterns must hold JSON objects"),
            ({**SPOKE, "patterns": {"a": here}}, f"{twice}"),
            ({**SPOKE, "patterns": {"canary": pattern}}, own),
        ],
    )


def test_wrong_combinations_are_refused(tf: Planner) -> None:
    hop = "EventBridge forwards an event once only, so a spoke can't be the hub of others."
    pattern = json.dumps({"source": ["aws.ec2"]})
    here = {"arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"}
    unpinned = json.dumps({"source": ["acme.app"]})
    one = 'bus_policy = "shared" adds one statement, the organization\'s'
    assert_refused(
        tf,
        "event-forwarding",
        [
            ({**SPOKE, "account_ids": [OTHER]}, hop),
            ({**SPOKE, "organization_id": "o-abcdefghij"}, hop),
            ({**SPOKE, "event_bus": BUS}, hop),
            ({**SPOKE, "bus_policy": "own"}, "bus_policy is about the hub's bus, and this is a"),
            *(
                ({**LEAST, "bus_policy": "shared", **admitted}, one)
                for admitted in ({}, {"account_ids": [OTHER], "organization_id": "o-abcdefghij"})
            ),
            (
                {**LEAST, "bus_policy": "own", "account_ids": [ACCOUNT]},
                'bus_policy = "own" has nobody to admit',
            ),
            ({**SPOKE, "canaries": {"a": {}}}, "canaries are the hub's: a spoke (hub_bus is set)"),
            ({**LEAST, "patterns": {"a": pattern}}, "patterns are a spoke's, and this is the hub"),
            (
                {**LEAST, "event_bus": BUS, "canary_schedule": "rate(1 hour)"},
                "The canary is put on the default bus, and this hub is on another",
            ),
            ({**SPOKE, "read_only_patterns": ["x"]}, "read_only_patterns names no pattern: x."),
            (
                {"name": "acme", "hub_bus": here, "alarm_state_changes": False},
                "The target global-services/hub is the event bus that the rule is on",
            ),
            (
                {**SPOKE, "patterns": {"a": unpinned}, "alarm_state_changes": False},
                "The pattern of the rule a must pin its source to AWS",
            ),
        ],
    )


def test_the_readmes_example(tf: Planner, tmp_path: Path) -> None:
    """Two Regions need two providers, and the planner's kept one can be configured once only."""
    root = Path("root")
    lay_out(tmp_path, root, None)
    source = fill(readme_example("event-forwarding"), root)
    (tmp_path / root / "main.tf").write_text(source, encoding="utf-8")
    environment = tf.aws.environment(region="eu-west-1")
    for command in (("init", "-backend=false"), ("plan", "-json", "-out", "plan.bin")):
        done = tf.terraform.run(
            *command, cwd=tmp_path / root, environment=environment, timeout=PLAN_SECONDS
        ).check()
    # Whether a subscription is confirmed is known after apply, which Terraform says.
    unknown = "Check block assertion known after apply"
    assert {found["summary"] for found in diagnostics(done.stdout)} == {unknown}
    shown = tf.terraform.run(
        "show", "-json", "plan.bin", cwd=tmp_path / root, environment=environment, timeout=60
    ).check()
    plan = json.loads(shown.stdout)
    schedules = [c for c in plan["resource_changes"] if c["type"] == "aws_scheduler_schedule"]
    assert len(schedules) == 2
