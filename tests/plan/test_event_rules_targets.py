"""modules/event-rules: what each kind of target is wired with, and what is refused of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import (
    PARTITION_OF_REGION,
    REGIONS,
    Called,
    Settings,
    assert_refused,
    call,
)
from tests.plan.test_event_rules import (
    BUS,
    FUNCTION,
    TOPIC,
    emitted,
    one_target,
    queue,
    rule,
    rules,
    targets,
)
from tests.plan.test_event_rules_wiring import trust

pytestmark = pytest.mark.plan

OTHER = "210987654321"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"


def arn(service: str, resource: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{REGION}:{account}:{resource}"


def allow(action: str | list[str], *resources: str, **condition: Any) -> dict[str, Any]:
    actions = [action] if isinstance(action, str) else action
    allowed = {"Effect": "Allow", "Action": actions, "Resource": list(resources)}
    return allowed | ({"Condition": condition} if condition else {})


CLUSTER, TASK = arn("ecs", "cluster/scans"), arn("ecs", "task-definition/scan")
OWN_RUNBOOK = arn("ssm", "document/tag")
AWS_RUNBOOK = f"arn:aws:ssm:{REGION}::document/AWS-StopEC2Instance"
SHELL = f"arn:aws:ssm:{REGION}::document/AWS-RunShellScript"
SUBNETS = {"network_configuration": {"subnets": ["subnet-1"]}}
ECS_TASK = {
    "cluster": {"arn": CLUSTER},
    "task_definition": {
        "arn": f"{TASK}:7",
        "execution_role_arn": f"{ROLE}/pull",
        "task_role_arn": f"{ROLE}/scan",
    },
    **SUBNETS,
}
INSTANCES = [arn("ec2", "instance/*"), arn("ssm", "managed-instance/*")]

# A target by the name of what it shows: itself, its ARN and what its role may.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-iam-roles.html
WITH_ROLE: dict[str, tuple[Settings, str, list[dict[str, Any]]]] = {
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
    "api_destination": (
        {
            "api_destination": {"arn": arn("events", "api-destination/t/1-2"), "name": "t"},
            "http": {
                "header_parameters": {"X-Rule": "r"},
                "path_parameter_values": ["$.account"],
                "query_string_parameters": {"from": "aws"},
            },
        },
        arn("events", "api-destination/t/1-2"),
        [allow("events:InvokeApiDestination", arn("events", "api-destination/t/*"))],
    ),
    "api_destination_by_arn": (
        {"api_destination": {"arn": arn("events", "api-destination/t/1-2")}},
        arn("events", "api-destination/t/1-2"),
        [allow("events:InvokeApiDestination", arn("events", "api-destination/t/1-2"))],
    ),
    "automation": (
        {
            "automation": {
                "document": {"arn": OWN_RUNBOOK},
                "assume_role": {"arn": f"{ROLE}/runbook"},
            }
        },
        arn("ssm", "automation-definition/tag:$DEFAULT"),
        [
            allow("ssm:StartAutomationExecution", arn("ssm", "automation-definition/tag:$DEFAULT")),
            # https://docs.aws.amazon.com/systems-manager/latest/userguide/automation-setup-iam.html
            allow(
                "iam:PassRole",
                f"{ROLE}/runbook",
                StringEquals={"iam:PassedToService": "ssm.amazonaws.com"},
            ),
        ],
    ),
    "automation_of_aws": (
        {"automation": {"document": {"arn": AWS_RUNBOOK}}},
        f"arn:aws:ssm:{REGION}::automation-definition/AWS-StopEC2Instance:$DEFAULT",
        [
            allow(
                "ssm:StartAutomationExecution",
                f"arn:aws:ssm:{REGION}::automation-definition/AWS-StopEC2Instance:$DEFAULT",
            )
        ],
    ),
    "automation_of_a_version": (
        {"automation": {"document": {"arn": arn("ssm", "automation-definition/tag:3")}}},
        arn("ssm", "automation-definition/tag:3"),
        [allow("ssm:StartAutomationExecution", arn("ssm", "automation-definition/tag:3"))],
    ),
    "bus": ({"bus": BUS}, BUS["arn"], [allow("events:PutEvents", BUS["arn"])]),
    "delivery_stream": (
        {"delivery_stream": {"arn": arn("firehose", "deliverystream/lake")}},
        arn("firehose", "deliverystream/lake"),
        [
            allow(
                ["firehose:PutRecord", "firehose:PutRecordBatch"],
                arn("firehose", "deliverystream/lake"),
            )
        ],
    ),
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/CWE_IAM_role.html
    "ecs_task": (
        {"ecs_task": ECS_TASK},
        CLUSTER,
        [
            allow("ecs:RunTask", f"{TASK}:*", ArnEquals={"ecs:cluster": CLUSTER}),
            allow(
                "iam:PassRole",
                f"{ROLE}/pull",
                f"{ROLE}/scan",
                StringEquals={"iam:PassedToService": "ecs-tasks.amazonaws.com"},
            ),
        ],
    ),
    "ecs_task_without_roles": (
        {
            "ecs_task": {
                "cluster": {"arn": CLUSTER},
                "task_definition": {"arn": TASK},
                "launch_type": "EC2",
                "task_count": 2,
            }
        },
        CLUSTER,
        [allow("ecs:RunTask", f"{TASK}:*", ArnEquals={"ecs:cluster": CLUSTER})],
    ),
    "function_abroad": (
        {
            "function": {"arn": arn("lambda", "function:react", OTHER)},
            "cross_account": True,
        },
        arn("lambda", "function:react", OTHER),
        [allow("lambda:InvokeFunction", arn("lambda", "function:react", OTHER))],
    ),
    "queue_abroad": (
        {"queue": {"arn": arn("sqs", "central", OTHER)}, "cross_account": True},
        arn("sqs", "central", OTHER),
        [allow("sqs:SendMessage", arn("sqs", "central", OTHER))],
    ),
    "run_command": (
        {
            "run_command": {
                "document": {"arn": SHELL},
                "targets": {"tag:Role": ["web", "db"], "InstanceIds": ["i-1", "mi-2"]},
            },
            "input": '{"commands":["date"]}',
        },
        SHELL,
        [
            allow("ssm:SendCommand", SHELL),
            allow(
                "ssm:SendCommand", arn("ec2", "instance/i-1"), arn("ssm", "managed-instance/mi-2")
            ),
            # https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html
            allow(
                "ssm:SendCommand",
                *INSTANCES,
                StringEquals={"ssm:resourceTag/Role": ["web", "db"]},
            ),
        ],
    ),
    "state_machine": (
        {"state_machine": {"arn": arn("states", "stateMachine:review")}},
        arn("states", "stateMachine:review"),
        [allow("states:StartExecution", arn("states", "stateMachine:review"))],
    ),
    "stream": (
        {"stream": {"arn": arn("kinesis", "stream/s")}, "partition_key_path": "$.account"},
        arn("kinesis", "stream/s"),
        [allow("kinesis:PutRecord", arn("kinesis", "stream/s"))],
    ),
    "stream_abroad": (
        {"stream": {"arn": arn("kinesis", "stream/s", OTHER)}, "cross_account": True},
        arn("kinesis", "stream/s", OTHER),
        [allow("kinesis:PutRecord", arn("kinesis", "stream/s", OTHER))],
    ),
    "topic_abroad": (
        {"topic": {"arn": arn("sns", "central", OTHER)}, "cross_account": True},
        arn("sns", "central", OTHER),
        [allow("sns:Publish", arn("sns", "central", OTHER))],
    ),
}
LOG_GROUP = {"arn": arn("logs", "log-group:/aws/events/acme:*"), "name": "/aws/events/acme"}
LINE = {"input_paths": {"t": "$.time"}, "input_template": '{"timestamp":<t>,"message":"x"}'}
PARTNER = "aws.partner/example.com/acme/1"

CALLS: dict[str, Settings] = {
    **{label: one_target(target) for label, (target, _, _) in WITH_ROLE.items()},
    "five": rules(
        r=rule(
            {"stream": {"arn": arn("kinesis", "stream/a")}},
            {"stream": {"arn": arn("kinesis", "stream/b")}},
            {"state_machine": {"arn": arn("states", "stateMachine:m")}},
            {"topic": TOPIC},
            {"function": FUNCTION},
        )
    ),
    "logs": rules(
        r=rule({"log_group": LOG_GROUP}, {"log_group": LOG_GROUP, "input_transformer": LINE}),
        s=rule({"log_group": {"arn": arn("logs", "log-group:other")}}),
    ),
    "nothing": rules(r=rule()),
    "partner": {
        "name": "acme",
        "event_bus": {"arn": arn("events", f"event-bus/{PARTNER}"), "name": PARTNER},
        "rules": {
            "named": rule({"topic": TOPIC}, pattern=json.dumps({"source": [PARTNER]})),
            # Nobody but the partner puts events on its bus.
            "bare": rule(
                {"stream": {"arn": arn("kinesis", "stream/s")}},
                pattern='{"account":["111122223333"]}',
            ),
        },
    },
    # GuardDuty's findings come to the default bus like any event of AWS.
    "guardduty": rules(
        r=rule(
            {"state_machine": {"arn": arn("states", "stateMachine:m")}},
            pattern=json.dumps({"source": ["aws.guardduty"], "detail": {"severity": [7, 8]}}),
        )
    ),
    "given_role": one_target(WITH_ROLE["topic_abroad"][0]) | {"role": {"arn": f"{ROLE}/mine"}},
}


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    return tf.plan("".join(call("event-rules", s, label) for label, s in CALLS.items()))


def in_order(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(statements, key=lambda statement: json.dumps(statement, sort_keys=True))


@pytest.mark.parametrize("label", WITH_ROLE)
def test_what_a_role_may(many: Plan, label: str) -> None:
    """The role serves this rule alone, and may do what the target takes and nothing else."""
    plan, (_, address, statements) = Called(many, label), WITH_ROLE[label]
    assert targets(plan)["r/a"]["arn"] == address
    assert plan.unknown('aws_cloudwatch_event_target.this["r/a"]')["role_arn"] is True
    policy = json.loads(plan.one("aws_iam_role_policy")["policy"])
    assert policy["Version"] == "2012-10-17"
    assert in_order(policy["Statement"]) == in_order(statements)
    trusted = json.loads(plan.one("aws_iam_role")["assume_role_policy"])
    assert trusted == trust(arn("events", "rule/acme-r"))
    # Nothing is written where another account has to write.
    assert plan.of_type("aws_lambda_permission") == plan.of_type("aws_sqs_queue_policy") == {}


@pytest.mark.parametrize("partition", REGIONS)
def test_what_a_role_may_in_each_partition(tf: Planner, partition: str) -> None:
    region = REGIONS[partition]
    start = f"arn:{partition}:ssm:{region}"
    command = {"document": {"arn": f"{start}::document/D"}, "targets": {"tag:a": ["b"]}}
    plan = tf.plan(
        PARTITION_OF_REGION
        + call(
            "event-rules",
            rules(
                r=rule(
                    {"run_command": command},
                    {
                        "log_group": {
                            "arn": f"arn:{partition}:logs:{region}:{ACCOUNT}:log-group:g",
                            "name": "g",
                        }
                    },
                )
            ),
        ),
        region=region,
    )
    statements = json.loads(plan.one("aws_iam_role_policy")["policy"])["Statement"]
    assert statements[1]["Resource"] == [
        f"arn:{partition}:ec2:{region}:{ACCOUNT}:instance/*",
        f"{start}:{ACCOUNT}:managed-instance/*",
    ]
    logs = json.loads(plan.one("aws_cloudwatch_log_resource_policy")["policy_document"])
    assert logs["Statement"][0]["Resource"] == [
        f"arn:{partition}:logs:{region}:{ACCOUNT}:log-group:g:*"
    ]


def test_one_role_for_what_needs_one(many: Plan) -> None:
    plan = Called(many, "five")
    (policy,) = (json.loads(p["policy"]) for p in plan.of_type("aws_iam_role_policy").values())
    assert policy["Statement"] == [
        allow("states:StartExecution", arn("states", "stateMachine:m")),
        allow("kinesis:PutRecord", arn("kinesis", "stream/a"), arn("kinesis", "stream/b")),
    ]
    known = {key: "role_arn" in target for key, target in targets(plan).items()}
    # A topic and a function of this account admit the rule by their own policies.
    assert known == {"r/a": False, "r/b": False, "r/c": False, "r/d": True, "r/e": True}
    assert targets(plan)["r/d"]["role_arn"] is None


def test_what_a_kind_has_of_its_own(many: Plan) -> None:
    def only(label: str, block: str) -> dict[str, Any]:
        (found,) = targets(Called(many, label))["r/a"][block]
        return dict(found)

    assert only("api_destination", "http_target") == {
        "header_parameters": {"X-Rule": "r"},
        "path_parameter_values": ["$.account"],
        "query_string_parameters": {"from": "aws"},
    }
    assert only("stream", "kinesis_target") == {"partition_key_path": "$.account"}
    task = only("ecs_task", "ecs_target")
    assert (task["launch_type"], task["task_count"]) == ("FARGATE", 1)
    assert task["task_definition_arn"] == f"{TASK}:7"
    (network,) = task["network_configuration"]
    assert (network["subnets"], network["assign_public_ip"]) == (["subnet-1"], False)
    assert only("ecs_task_without_roles", "ecs_target")["network_configuration"] == []
    commands = targets(Called(many, "run_command"))["r/a"]["run_command_targets"]
    assert {c["key"]: c["values"] for c in commands} == {
        "InstanceIds": ["i-1", "mi-2"],
        "tag:Role": ["web", "db"],
    }


def test_log_groups_share_one_policy(many: Plan) -> None:
    """An account has ten in a Region; its name and Sid are this module's alone.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    plan = Called(many, "logs")
    made = plan.one("aws_cloudwatch_log_resource_policy")
    assert made["policy_name"] == "EventBridgeRules-acme"
    assert json.loads(made["policy_document"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EventBridgeRules-acme",
                "Effect": "Allow",
                "Principal": {"Service": ["delivery.logs.amazonaws.com", "events.amazonaws.com"]},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": [
                    arn("logs", "log-group:/aws/events/acme:*"),
                    arn("logs", "log-group:other:*"),
                ],
            }
        ],
    }
    assert targets(plan)["r/a"]["arn"] == arn("logs", "log-group:/aws/events/acme")
    assert targets(plan)["r/a"]["role_arn"] is None
    assert plan.of_type("aws_iam_role") == {}


def test_every_target_has_the_dead_letter_queue(many: Plan) -> None:
    for label in CALLS:
        plan = Called(many, label)
        for key in targets(plan):
            unknown = plan.unknown(f'aws_cloudwatch_event_target.this["{key}"]')
            assert unknown["dead_letter_config"] == [{"arn": True}]


def test_a_rule_that_leads_nowhere(many: Plan) -> None:
    plan = Called(many, "nothing")
    assert plan.managed == [
        'aws_cloudwatch_event_rule.this["r"]',
        "aws_sqs_queue.dead_letters[0]",
    ]


def test_rules_on_a_partners_bus(many: Plan) -> None:
    plan = Called(many, "partner")
    found = plan.of_type("aws_cloudwatch_event_rule").values()
    assert {(r["name"], r["event_bus_name"]) for r in found} == {
        ("acme-named", PARTNER),
        ("acme-bare", PARTNER),
    }
    trusted = json.loads(plan.one("aws_iam_role")["assume_role_policy"])
    assert trusted == trust(arn("events", f"rule/{PARTNER}/acme-bare"))
    assert len(Called(many, "guardduty").of_type("aws_cloudwatch_event_rule")) == 1


def test_what_another_account_has_to_admit(many: Plan) -> None:
    """Its policy names the role, which is known once it is made, or given.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
    """
    told = Called(many, "given_role").shown["target_policies"]
    assert json.loads(told["r/a"]) == {
        "Sid": "EventBridgeRules-acme",
        "Effect": "Allow",
        "Principal": {"AWS": f"{ROLE}/mine"},
        "Action": "sns:Publish",
        "Resource": arn("sns", "central", OTHER),
    }
    for label in ("function_abroad", "queue_abroad", "stream_abroad", "topic_abroad"):
        change = many.json["output_changes"][label]
        assert change["after_unknown"]["target_policies"] == {"r/a": True}
    assert emitted(Called(many, "queue_abroad")).keys() == {"acme-dead-letters"}


def test_ids_differ_between_buses_and_modules(tf: Planner) -> None:
    """Two modules may have rules of one name, on two buses, that invoke one function."""
    bus = {"arn": arn("events", "event-bus/hub"), "name": "hub"}
    here = {"name": "acme", "rules": {"r": rule({"function": FUNCTION}, name="same")}}
    plan = tf.plan(
        call("event-rules", here, "one")
        + call("event-rules", here | {"event_bus": bus}, "two")
        + call("event-rules", here | {"name": "other"}, "three")
    )
    ids = {p["statement_id"] for p in plan.of_type("aws_lambda_permission").values()}
    assert len(ids) == 3


def test_what_is_refused_of_the_kinds(tf: Planner) -> None:
    def kept(**statement: Any) -> dict[str, Any]:
        filled = {"Sid": "Mine", "Effect": "Allow", "Action": "sqs:SendMessage"} | statement
        return {"work": json.dumps({"Version": "2012-10-17", "Statement": [filled]})}

    twenty = [{"Sid": f"s{i}", "Effect": "Allow", "Action": "sqs:*"} for i in range(19)]
    many_statements = {"work": json.dumps({"Version": "2012-10-17", "Statement": twenty})}
    eight = [f"sqs:A{i}" for i in range(8)]
    conditions = {f"Bool{i}": {"a": "b"} for i in range(9)}
    people = {"AWS": [f"arn:aws:iam::{i:012}:root" for i in range(49)]}
    work = one_target({"queue": queue()})
    policy = "The policy of the queue work would have "
    names = "The target r/a has settings that go by other names here: "
    key = "The target r/a is encrypted with AWS's own key for SNS or SQS"
    abroad = {"topic": {"arn": arn("sns", "t", OTHER)}}
    home = "is in the rules' own account: leave cross_account out."
    elsewhere = "is not in the rules' account and Region"
    only = "The target r/a has cross_account, which is for a function, a queue, a stream or a topic"
    instances = "run_command.targets of the target r/a must have one to five keys, each"
    template = "The target r/a is a log group, which takes an input_template with a timestamp"
    text = {"input_paths": {}, "input_template": '"text"'}
    two = (FUNCTION, {"arn": arn("lambda", "function:other"), "function_name": "other"})
    whole = "queue_policies is missing: who writes the policy of the queue work?"

    def command(targets: Any) -> dict[str, Any]:
        return one_target({"run_command": {"document": {"arn": SHELL}, "targets": targets}})

    assert_refused(
        tf,
        "event-rules",
        [
            (work | {"existing_queue_policies": many_statements}, f"{policy}21 statements"),
            (
                rules(**{f"r{i}": rule({"function": two[i % 2]}) for i in range(40)}),
                "The targets a of 40 rules are several functions, and from 40 rules on",
            ),
            (work | {"existing_queue_policies": kept(Action=eight)}, f"{policy}8 actions in a"),
            (
                work | {"existing_queue_policies": kept(Condition=conditions)},
                f"{policy}11 conditions",
            ),
            (work | {"existing_queue_policies": kept(Principal=people)}, f"{policy}51 principals"),
            (
                one_target({"topic": TOPIC, "retry_policy": {"maximum_retry_attempts": 2}}),
                f"{names}retry_policy (here: retry = ",
            ),
            (
                one_target({"topic": TOPIC, "dead_letter_arn": "x", "role_arn": "y"}),
                f"{names}dead_letter_arn (here: dead_letter_queue of the module), role_arn",
            ),
            (
                one_target({"queue": queue() | {"kms_master_key_id": "alias/aws/sqs"}}),
                key,
            ),
            (one_target({"topic": TOPIC | {"kms_master_key_id": "alias/aws/sns"}}), key),
            (one_target(abroad), f"is not in the rules' account ({ACCOUNT}): say cross_account"),
            (one_target({"topic": TOPIC, "cross_account": True}), home),
            (
                one_target({"state_machine": {"arn": arn("states", "stateMachine:m", OTHER)}}),
                elsewhere,
            ),
            (one_target({"bus": BUS, "cross_account": True}), only),
            (
                one_target({"ecs_task": {k: v for k, v in ECS_TASK.items() if k not in SUBNETS}}),
                "The target r/a is a task on Fargate, which has a network interface of its own",
            ),
            (command({}), instances),
            (command({"Role": ["web"]}), instances),
            (command({"tag:Role": []}), instances),
            (
                one_target({"topic": TOPIC, "partition_key_path": "$.id"}),
                "The target r/a has partition_key_path, which is for a stream",
            ),
            (
                one_target({"topic": TOPIC, "http": {}}),
                "The target r/a has http, which is for an api_destination",
            ),
            (one_target({"log_group": LOG_GROUP, "input_transformer": text}), template),
            (
                one_target({"delivery_stream": {"arn": arn("kinesis", "stream/s")}}),
                "The arn of the target r/a must be that of a Firehose stream",
            ),
        ],
    )
    assert whole in tf.plan_error(call("event-rules", {**work, "queue_policies": None}))


EXAMPLE: dict[str, Any] = {
    "api_key": "key",
    "bucket_name": "events",
    "security": {
        "function_arn": arn("lambda", "function:react", OTHER),
        "queue_arn": arn("sqs", "central", OTHER),
        "topic_arn": arn("sns", "central", OTHER),
    },
    "subnet_ids": ["subnet-1"],
}


def test_the_example_of_targets(tf: Planner) -> None:
    """Each kind once, of resources that the same apply makes."""
    plan = tf.plan(Path("examples/targets"), EXAMPLE)
    assert plan.warnings == ()
    found = plan.of_type("aws_cloudwatch_event_target")
    start = "module.event_rules.aws_cloudwatch_event_target.this"
    assert sorted(found) == [
        f'{start}["bucket-changed/lake"]',
        f'{start}["bucket-changed/log"]',
        f'{start}["bucket-changed/review"]',
        f'{start}["bucket-changed/stream"]',
        f'{start}["bucket-changed/ticket"]',
        f'{start}["instance-launched/inventory"]',
        f'{start}["instance-launched/scan"]',
        f'{start}["instance-launched/tag"]',
        f'{start}["trail-tampered/code"]',
        f'{start}["trail-tampered/people"]',
        f'{start}["trail-tampered/work"]',
    ]
    rules_ = plan.of_type("aws_cloudwatch_event_rule").values()
    assert {r["name"] for r in rules_} == {
        "targets-bucket-changed",
        "targets-instance-launched",
        "targets-trail-tampered",
        "targets-watched",
    }
    assert plan.one("aws_cloudwatch_event_api_destination")["invocation_rate_limit_per_second"] == 5


def test_the_example_refuses_what_does_not_fit(tf: Planner) -> None:
    wrong = {**EXAMPLE["security"], "queue_arn": "central"}
    error = tf.plan_error(Path("examples/targets"), {**EXAMPLE, "security": wrong})
    assert "security has the ARN of a Lambda function (function_arn), of an SQS queue" in error
