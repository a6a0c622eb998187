"""modules/event-rules: rules, targets, their permissions and queues, and what is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import (
    PARTITION_OF_REGION,
    REGIONS,
    Raw,
    Settings,
    assert_refused,
    call,
    calls,
    readme_example,
    shown,
)

pytestmark = pytest.mark.plan

PATTERN = json.dumps(
    {
        "source": ["aws.ec2"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventName": ["RunInstances"], "errorCode": [{"exists": False}]},
    }
)
FUNCTION = {"arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:react", "function_name": "react"}
TOPIC = {"arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"}


def queue(name: str = "work", partition: str = "aws", region: str = REGION) -> dict[str, str]:
    return {
        "arn": f"arn:{partition}:sqs:{region}:{ACCOUNT}:{name}",
        "name": name,
        "url": f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}",
    }


def rule(*targets: Settings, **more: Any) -> dict[str, Any]:
    """A rule with these targets, named a, b, c and so on."""
    named = {chr(ord("a") + i): target for i, target in enumerate(targets)}
    return {"pattern": PATTERN, "targets": named} | more


def rules(**named: Any) -> dict[str, Any]:
    return {"name": "acme", "rules": named}


def one_target(target: Settings) -> dict[str, Any]:
    return rules(r=rule(target))


def matching(pattern: Any) -> dict[str, Any]:
    """A rule of one target with this pattern."""
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    return rules(r=rule({"topic": TOPIC}, pattern=text))


def queue_policy(arn: str, *rule_arns: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "EventBridgeRules",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": list(rule_arns)}},
            },
        ][: 2 if rule_arns else 1],
    }


def rule_arn(name: str, partition: str = "aws", region: str = REGION) -> str:
    return f"arn:{partition}:events:{region}:{ACCOUNT}:rule/{name}"


def managed(plan: Plan) -> list[str]:
    return sorted(
        address.removeprefix("module.this.")
        for address, resource in plan.resources.items()
        if resource["mode"] == "managed"
    )


def targets(plan: Plan) -> dict[str, dict[str, Any]]:
    prefix = 'module.this.aws_cloudwatch_event_target.this["'
    found = plan.of_type("aws_cloudwatch_event_target").items()
    return {address.removeprefix(prefix).removesuffix('"]'): t for address, t in found}


@pytest.mark.parametrize("partition", REGIONS)
def test_policies_in_each_partition(tf: Planner, partition: str) -> None:
    """Queue policies are grouped by queue: a second policy would replace the first."""
    region = REGIONS[partition]
    work, other = queue("work", partition, region), queue("other", partition, region)
    settings = rules(
        launches=rule({"queue": work}, {"queue": other}),
        buckets=rule({"queue": work}, {"queue": work, "input": '"again"'}),
    )
    plan = tf.plan(PARTITION_OF_REGION + call("event-rules", settings), region=region)
    launches, buckets = (
        rule_arn(f"acme-{name}", partition, region) for name in ("launches", "buckets")
    )
    policies = {
        address: json.loads(values["policy"])
        for address, values in plan.of_type("aws_sqs_queue_policy").items()
    }
    assert policies == {
        'module.this.aws_sqs_queue_policy.this["work"]': queue_policy(
            work["arn"], buckets, launches
        ),
        'module.this.aws_sqs_queue_policy.this["other"]': queue_policy(other["arn"], launches),
    }
    letters = f"arn:{partition}:sqs:{region}:{ACCOUNT}:acme-dead-letters"
    assert json.loads(plan.one("aws_sqs_queue")["policy"]) == queue_policy(
        letters, buckets, launches
    )
    emitted = {name: json.loads(text) for name, text in shown(plan)["queue_policies"].items()}
    assert emitted == {
        "work": queue_policy(work["arn"], buckets, launches),
        "other": queue_policy(other["arn"], launches),
        "acme-dead-letters": queue_policy(letters, buckets, launches),
    }


def test_a_target_of_each_kind(tf: Planner) -> None:
    settings = rules(
        launches=rule({"function": FUNCTION}, {"topic": TOPIC}, {"queue": queue()})
        | {"description": "Every launch"}
    )
    plan = tf.plan(call("event-rules", {**settings, "tags": {"team": "platform"}}))
    assert managed(plan) == [
        'aws_cloudwatch_event_rule.this["launches"]',
        'aws_cloudwatch_event_target.this["launches/a"]',
        'aws_cloudwatch_event_target.this["launches/b"]',
        'aws_cloudwatch_event_target.this["launches/c"]',
        'aws_lambda_permission.this["launches/a"]',
        "aws_sqs_queue.dead_letters[0]",
        'aws_sqs_queue_policy.this["work"]',
    ]
    made = plan.one("aws_cloudwatch_event_rule")
    assert (made["name"], made["description"]) == ("acme-launches", "Every launch")
    assert (made["state"], made["event_bus_name"]) == ("ENABLED", "default")
    assert made["tags"] == {"team": "platform"}
    assert json.loads(made["event_pattern"]) == json.loads(PATTERN)
    found = targets(plan)
    assert {key: (t["target_id"], t["rule"], t["arn"]) for key, t in found.items()} == {
        "launches/a": ("a", "acme-launches", FUNCTION["arn"]),
        "launches/b": ("b", "acme-launches", TOPIC["arn"]),
        "launches/c": ("c", "acme-launches", queue()["arn"]),
    }
    for key, target in found.items():
        # Lambda, SNS and SQS admit the rule by their own policies, not by a role of the target.
        assert target["role_arn"] is None
        assert (target["input"], target["input_transformer"]) == (None, [])
        assert target["retry_policy"] == []
        change = plan.resource_changes[f'module.this.aws_cloudwatch_event_target.this["{key}"]']
        assert change["change"]["after_unknown"]["dead_letter_config"] == [{"arn": True}]
    permission = plan.one("aws_lambda_permission")
    assert permission["action"] == "lambda:InvokeFunction"
    assert (permission["function_name"], permission["qualifier"]) == ("react", None)
    assert permission["principal"] == "events.amazonaws.com"
    assert permission["statement_id"].startswith("acme-launches-a-")
    change = plan.resource_changes['module.this.aws_lambda_permission.this["launches/a"]']
    assert change["change"]["after_unknown"]["source_arn"] is True
    letters = plan.one("aws_sqs_queue")
    assert letters["name"] == "acme-dead-letters"
    assert letters["sqs_managed_sse_enabled"] is True
    assert letters["message_retention_seconds"] == 14 * 24 * 3600
    assert letters["tags"] == {"team": "platform"}
    outputs = shown(plan)
    assert outputs["rules"]["launches"]["name"] == "acme-launches"
    assert outputs["dead_letter_queue"]["name"] == "acme-dead-letters"
    assert outputs["operations"]["alarms"] == {}


def test_a_permission_is_of_one_rule_and_one_target(tf: Planner) -> None:
    """The ids differ also where names run into one another, and fit where names are long."""
    settings = {
        "name": "x",
        "rules": {
            "a-b": {"pattern": PATTERN, "targets": {"c": {"function": FUNCTION}}},
            "a": {"pattern": PATTERN, "targets": {"b-c": {"function": FUNCTION}}},
            "a.b": {"pattern": PATTERN, "targets": {"c": {"function": FUNCTION}}},
            "l" * 62: {"pattern": PATTERN, "targets": {"t" * 64: {"function": FUNCTION}}},
        },
    }
    permissions = tf.plan(call("event-rules", settings)).of_type("aws_lambda_permission")
    ids = [permission["statement_id"] for permission in permissions.values()]
    assert len(set(ids)) == len(permissions) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", statement) for statement in ids)


def test_an_alias_of_a_function(tf: Planner) -> None:
    live = {"arn": FUNCTION["arn"] + ":live", "function_name": "react"}
    plan = tf.plan(call("event-rules", one_target({"function": live})))
    assert plan.one("aws_lambda_permission")["qualifier"] == "live"
    assert targets(plan)["r/a"]["arn"] == live["arn"]


def test_states(tf: Planner) -> None:
    topic = {"topic": TOPIC}
    settings = rules(
        on=rule(topic), off=rule(topic, enabled=False), reads=rule(topic, read_only_events=True)
    )
    found = tf.plan(call("event-rules", settings)).of_type("aws_cloudwatch_event_rule")
    assert {values["name"]: values["state"] for values in found.values()} == {
        "acme-on": "ENABLED",
        "acme-off": "DISABLED",
        "acme-reads": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
    }


def test_what_a_target_gets(tf: Planner) -> None:
    """jsonencode's escapes are undone: EventBridge would see no placeholder in them."""
    settings = rules(
        r=rule(
            {"topic": TOPIC, "input": Raw('jsonencode({ text = "a < b & c > d \\\\u003c" })')},
            {
                "topic": TOPIC,
                "input_transformer": {
                    "input_paths": {"who": "$.detail.userIdentity.arn", "n-0": "$.detail.a[0]"},
                    "input_template": Raw(
                        'jsonencode("<who> & <n-0> by <aws.events.rule-name> \\\\<no>")'
                    ),
                },
            },
            {
                "topic": TOPIC,
                "input_transformer": {"input_paths": {}, "input_template": "<aws.events.event>"},
            },
        )
    )
    found = targets(tf.plan(call("event-rules", settings)))
    text = found["r/a"]["input"]
    assert json.loads(text) == {"text": "a < b & c > d \\u003c"}
    assert "a < b & c > d" in text
    assert found["r/b"]["input_transformer"] == [
        {
            "input_paths": {"who": "$.detail.userIdentity.arn", "n-0": "$.detail.a[0]"},
            "input_template": '"<who> & <n-0> by <aws.events.rule-name> \\\\<no>"',
        }
    ]
    assert found["r/c"]["input_transformer"][0]["input_template"] == "<aws.events.event>"


def test_retry(tf: Planner) -> None:
    """What is left out of `retry` is EventBridge's default, and 0 is a number like any other."""
    settings = rules(
        r=rule(
            {"topic": TOPIC, "retry": {"max_attempts": 0}},
            {"topic": TOPIC, "retry": {"max_age_seconds": 60}},
            {"topic": TOPIC, "retry": {"max_age_seconds": 86400, "max_attempts": 185}},
        )
    )
    found = targets(tf.plan(call("event-rules", settings)))
    policies = {key: target["retry_policy"][0] for key, target in found.items()}
    assert {
        key: (p["maximum_event_age_in_seconds"], p["maximum_retry_attempts"])
        for key, p in policies.items()
    } == {"r/a": (86400, 0), "r/b": (60, 185), "r/c": (86400, 185)}


def test_a_dead_letter_queue_of_ones_own(tf: Planner) -> None:
    """Given whole, it gets a policy like a target's queue; given by its ARN, it is left alone."""
    letters = queue("letters")
    whole = {**one_target({"topic": TOPIC}), "dead_letter_queue": letters}
    plan = tf.plan(call("event-rules", whole))
    assert not plan.of_type("aws_sqs_queue")
    assert targets(plan)["r/a"]["dead_letter_config"] == [{"arn": letters["arn"]}]
    policy = queue_policy(letters["arn"], rule_arn("acme-r"))
    assert json.loads(plan.one("aws_sqs_queue_policy")["policy"]) == policy
    arn_alone = {**whole, "dead_letter_queue": {"arn": letters["arn"]}}
    plan = tf.plan(call("event-rules", arn_alone))
    assert targets(plan)["r/a"]["dead_letter_config"] == [{"arn": letters["arn"]}]
    assert managed(plan) == [
        'aws_cloudwatch_event_rule.this["r"]',
        'aws_cloudwatch_event_target.this["r/a"]',
    ]
    assert shown(plan)["queue_policies"] == {}


def test_policies_emitted(tf: Planner) -> None:
    """For queues that have a policy already: nothing is written, all is told."""
    settings = {
        **one_target({"queue": queue()}),
        "dead_letter_queue": queue("letters"),
        "queue_policies": "emit",
    }
    plan = tf.plan(call("event-rules", settings))
    assert not plan.of_type("aws_sqs_queue_policy")
    emitted = {name: json.loads(text) for name, text in shown(plan)["queue_policies"].items()}
    assert emitted == {
        name: queue_policy(queue(name)["arn"], rule_arn("acme-r")) for name in ("work", "letters")
    }


def test_everything_of_the_same_apply(tf: Planner) -> None:
    """Whole resources, whose ARNs and URLs are not known yet."""
    resources = """
resource "aws_sqs_queue" "work" {
  name = "work"
}
resource "aws_sqs_queue" "letters" {
  name = "letters"
}
resource "aws_sns_topic" "alerts" {
  name = "alerts"
}
resource "aws_lambda_function" "react" {
  function_name = "react"
  role          = "arn:aws:iam::123456789012:role/react"
  package_type  = "Image"
  image_uri     = "x"
}
"""
    settings = {
        "name": "acme",
        "alarm_topic": Raw("aws_sns_topic.alerts"),
        "dead_letter_queue": Raw("aws_sqs_queue.letters"),
        "rules": {
            "r": rule(
                {"function": Raw("aws_lambda_function.react")},
                {"topic": Raw("aws_sns_topic.alerts")},
                {"queue": Raw("aws_sqs_queue.work")},
            )
        },
    }
    plan = tf.plan(resources + call("event-rules", settings))
    assert len(plan.of_type("aws_cloudwatch_event_target")) == 3
    assert len(plan.of_type("aws_lambda_permission")) == 1
    assert len(plan.of_type("aws_cloudwatch_metric_alarm")) == 1
    policies = plan.of_type("aws_sqs_queue_policy").values()
    # Known before apply, since its ARNs are made of names.
    assert sorted(json.loads(p["policy"])["Statement"][1]["Resource"] for p in policies) == [
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:work",
    ]


@pytest.mark.parametrize("given", [None, "letters"])
def test_an_alarm_on_the_dead_letter_queue(tf: Planner, given: str | None) -> None:
    settings = {
        **one_target({"topic": TOPIC}),
        "alarm_topic": TOPIC,
        "dead_letter_queue": queue(given) if given else None,
    }
    plan = tf.plan(call("event-rules", settings))
    name = given or "acme-dead-letters"
    alarm = plan.one("aws_cloudwatch_metric_alarm")
    assert alarm["alarm_name"] == "acme-dead-letters"
    assert alarm["alarm_actions"] == alarm["ok_actions"] == [TOPIC["arn"]]
    assert alarm["dimensions"] == {"QueueName": name}
    assert alarm["metric_name"] == "ApproximateNumberOfMessagesVisible"
    assert (alarm["threshold"], alarm["comparison_operator"]) == (0, "GreaterThanThreshold")
    assert alarm["treat_missing_data"] == "notBreaching"
    assert name in alarm["alarm_description"]
    operations = shown(plan)["operations"]
    assert operations["alarms"]["dead-letters"]["name"] == "acme-dead-letters"
    assert operations["queues"]["dead-letters"]["name"] == name


def test_no_rules_at_all(tf: Planner) -> None:
    """A catalogue can be filtered down to nothing; the queue then admits nobody."""
    plan = tf.plan(call("event-rules", {"name": "acme", "rules": {}}))
    assert managed(plan) == ["aws_sqs_queue.dead_letters[0]"]
    letters = plan.one("aws_sqs_queue")
    assert json.loads(letters["policy"]) == queue_policy(
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:acme-dead-letters"
    )


# Sizes at the limit: 2,048 characters once <, > and & are no longer escaped.
LONGEST = {"source": ["aws.ec2"], "detail": {"a": [{"numeric": ["<", 9]}], "b": [""]}}
LONGEST["detail"]["b"] = ["<" * (2048 - len(json.dumps(LONGEST, separators=(",", ":"))))]  # type: ignore[index]

ACCEPTED_PATTERNS: list[Any] = [
    LONGEST,
    {"source": [{"prefix": "aws."}]},
    {"source": [{"prefix": {"equals-ignore-case": "aws."}}]},
    {"source": [{"equals-ignore-case": "aws.ec2"}, "aws.s3"]},
    {"source": [{"wildcard": "aws.*"}]},
    {"$or": [{"source": ["aws.ec2"]}, {"source": ["aws.s3"], "detail": {"a": ["b"]}}]},
    {"source": ["aws.ec2"], "detail": {"$or": [{"a": ["1"]}, {"b": [{"exists": False}]}]}},
    {"source": ["aws.ec2"], "$or": [{"account": ["1"]}, {"$or": [{"region": ["a"]}]}]},
    {"$or": [{"$or": [{"source": ["aws.a"]}, {"source": ["aws.b"]}]}, {"source": ["aws.c"]}]},
    {"source": ["aws.ec2"], "detail": {"a": [{"anything-but": {"prefix": ["x", "y"]}}]}},
    {"source": ["aws.ec2"], "detail": {"a": [{"anything-but": ["x"]}, None, True, 1.5, ""]}},
    {"source": ["aws.ec2"], "detail": {'q"uo[te': ['[]{}:"S:1'], "x\\": ["\\"], "$orly": ["o"]}},
    # In lines, as a heredoc or a file has it.
    json.dumps({"source": ["aws.ec2"], "detail": {"eventName": ["RunInstances"]}}, indent=4),
]


def test_accepted_patterns(tf: Planner) -> None:
    plan = tf.plan(calls("event-rules", [matching(pattern) for pattern in ACCEPTED_PATTERNS]))
    found = plan.of_type("aws_cloudwatch_event_rule")
    for index, pattern in enumerate(ACCEPTED_PATTERNS):
        made = found[f'module.case_{index}.aws_cloudwatch_event_rule.this["r"]']
        wanted = json.loads(pattern) if isinstance(pattern, str) else pattern
        assert json.loads(made["event_pattern"]) == wanted


# Each of these stands in a plan of its own kind: Terraform looks at variables first.
NOT_JSON = ["", "aws.ec2", '["aws.ec2"]', '"aws.ec2"', "null", "{source: []}"]

UNPINNED: list[Any] = [
    {"detail-type": ["AWS API Call via CloudTrail"]},
    {"source": ["my.app"]},
    {"source": ["aws.ec2", "my.app"]},
    {"source": ["aws"]},
    {"source": [{"prefix": "aws"}]},
    {"source": [{"suffix": ".ec2"}]},
    {"source": [{"anything-but": "aws.ec2"}]},
    {"source": [{"exists": True}]},
    {"source": [{"wildcard": "*"}]},
    {"source": [1]},
    {"$or": [{"source": ["aws.ec2"]}, {"account": ["1"]}]},
    {"$or": [{"source": ["aws.ec2"]}, {"source": ["my.app"]}]},
    # In event-ruler the last one wins: the $or would override the pinned source.
    {"source": ["aws.ec2"], "$or": [{"source": ["my.app"]}, {"account": ["1"]}]},
    {"source": ["aws.ec2"], "$or": [{"$or": [{"source": ["my.app"]}]}]},
    {"source": ["aws.ec2"], "$or": [{"$or": [{"$or": [{"source": ["my.app"]}]}]}]},
    {"detail": {"source": ["aws.ec2"]}},
]

BARE: list[Any] = [
    {"source": ["aws.ec2"], "detail": {"eventName": "RunInstances"}},
    {"source": ["aws.ec2"], "detail": {"a": {"b": 1}}},
    {"source": ["aws.ec2"], "detail": {"a": True}},
    {"source": ["aws.ec2"], "detail": {"a": None}},
    {"source": ["aws.ec2"], "detail": {"a": []}},
    {"source": ["aws.ec2"], "detail": {}},
    {"source": ["aws.ec2"], "detail": {"a": [["b"]]}},
    {"source": ["aws.ec2"], "$or": [{"account": "1"}, {"region": ["a"]}]},
    {"source": ["aws.ec2"], "$or": ["account"]},
    {"source": ["aws.ec2"], "$or": []},
]


def test_refused_patterns(tf: Planner) -> None:
    object_ = "The pattern of a rule must be a JSON object; write it with jsonencode({ ... })."
    assert_refused(tf, "event-rules", [(matching(bad), object_) for bad in NOT_JSON])
    pinned = "The pattern of the rule r must pin its source to AWS, as in source = "
    listed = "In the pattern of the rule r, every value must be a list of at least one item"
    longer = {**LONGEST, "region": ["a"]}
    size = len(json.dumps(longer, separators=(",", ":")))
    assert_refused(
        tf,
        "event-rules",
        [
            *((matching(bad), pinned) for bad in UNPINNED),
            *((matching(bad), listed) for bad in BARE),
            (
                matching(longer),
                f"The pattern of the rule r has {size} characters, and EventBridge takes 2,048",
            ),
        ],
    )


def test_refused_rules(tf: Planner) -> None:
    topic = {"topic": TOPIC}
    name = "name must be 1 to 60 letters, digits, underscores and hyphens."
    key = 'since it becomes part of the rule\'s name. Rename: "a b".'
    names = "A rule's name is 1 to 64 letters, digits, dots, underscores and hyphens. Shorten"
    count = "in a second rule with the same pattern). Not so: r"
    read = "read_only_events and enabled = false contradict each other"
    same = "Two rules have the same name, and a name is unique on its bus."
    mode = 'queue_policies must be "attach" (this module writes the queues\' policies) or "emit"'
    assert_refused(
        tf,
        "event-rules",
        [
            ({**rules(r=rule(topic)), "name": "a.b"}, name),
            ({**rules(r=rule(topic)), "name": "a" * 61}, name),
            (rules(r=rule(*[topic] * 6)), f"{count} (6)."),
            (rules(r=rule()), f"{count} (0)."),
            (rules(r=rule(topic, enabled=False, read_only_events=True)), f"{read}: a disabled"),
            (rules(r=rule(topic, description="d" * 513)), "description has up to 512 characters"),
            ({**rules(r=rule(topic)), "queue_policies": "merge"}, mode),
        ],
    )
    assert_refused(
        tf,
        "event-rules",
        [
            (rules(**{"a b": rule(topic, name="ab")}), key),
            (rules(r=rule(topic, name="a/b")), "a name of its own: a/b."),
        ],
    )
    # The module's own name has a say in these.
    assert_refused(
        tf,
        "event-rules",
        [
            (rules(**{"r" * 60: rule(topic)}), f"{names} the key, or give the rule a name"),
            (rules(a=rule(topic), b=rule(topic, name="acme-a")), same),
        ],
    )


def test_refused_targets(tf: Planner) -> None:
    def shape(template: str, **paths: str) -> dict[str, Any]:
        return {
            "topic": TOPIC,
            "input_transformer": {"input_paths": paths, "input_template": template},
        }

    kinds = "A target is exactly one of function, topic or queue. Not so: r/a"
    paths = 'as in user = "$.detail.userIdentity.arn". Correct: r/a: '
    holders = "or EventBridge refuses the target. Add it for: r/a: "
    retry = "retry.max_age_seconds is a whole number from 60 to 86400, retry.max_attempts one"
    arns = "as its kind says; pass the target whole (topic = module.alert_topic). Correct: r/a"
    both = "A target has input (the same text for every event) or input_transformer"
    length = "An input_template has 1 to 8,192 characters."
    many = {f"p{i}": "$.id" for i in range(101)}
    whole = {"arn": FUNCTION["arn"], "function_name": FUNCTION["arn"]}
    fifo = {"arn": TOPIC["arn"] + ".fifo"}
    assert_refused(
        tf,
        "event-rules",
        [
            (rules(r={"pattern": PATTERN, "targets": {"a b": {"topic": TOPIC}}}), "Rename: r/a b."),
            (one_target({}), f"{kinds} (0)."),
            (one_target({"topic": TOPIC, "queue": queue()}), f"{kinds} (2)."),
            (one_target({"topic": {"arn": "alerts"}}), f"{arns} (alerts)."),
            (one_target({"topic": {"arn": queue()["arn"]}}), f"{arns} ({queue()['arn']})."),
            (one_target({"function": whole}), "function.function_name is the function's bare name"),
            (one_target({"topic": fifo}), "A FIFO topic can't be a target: give a standard topic"),
            (one_target({"queue": queue("a.fifo")}), "queue.name is the bare name of a standard"),
            (one_target({**shape("t"), "input": '"t"'}), both),
            (one_target({"topic": TOPIC, "input": "text"}), "A target's input must be JSON of up"),
            (one_target(shape("")), length),
            (one_target(shape("t" * 8193)), length),
            (one_target(shape("t", **many)), "A transformer takes up to 100 input_paths."),
            (one_target(shape("t", who="detail.arn")), f"{paths}who = detail.arn."),
            (one_target(shape("t", who="$detail")), f"{paths}who = $detail."),
            (one_target(shape("t", AWSx="$.id")), f"{paths}AWSx = $.id."),
            (one_target(shape("<who> <what>", who="$.id")), f"{holders}<what>."),
            (one_target(shape(Raw('jsonencode("<aws.x>")'))), f"{holders}<aws.x>."),  # type: ignore[arg-type]
            *(
                (one_target({"topic": TOPIC, "retry": bad}), retry)
                for bad in (
                    {"max_age_seconds": 59},
                    {"max_age_seconds": 86401},
                    {"max_age_seconds": 60.5},
                    {"max_attempts": -1},
                    {"max_attempts": 186},
                )
            ),
        ],
    )


def test_refused_queues_and_places(tf: Planner) -> None:
    """What only the Region, the account or another setting tells."""
    topic = one_target({"topic": TOPIC})
    theirs = {**queue("x-dead-letters"), "owner": "x"}
    no_url = {"arn": queue()["arn"], "name": "work"}
    abroad = {"arn": TOPIC["arn"].replace(REGION, "eu-west-1")}
    foreign = queue() | {"arn": queue()["arn"].replace(ACCOUNT, "210987654321")}
    mixed = queue() | {"arn": queue("play")["arn"]}
    fifo = {"arn": queue("letters.fifo")["arn"]}
    place = "is not in the rules' account and Region"
    assert_refused(
        tf,
        "event-rules",
        [
            ({**topic, "dead_letter_queue": fifo}, "dead_letter_queue is a FIFO queue"),
            (
                {**topic, "dead_letter_queue": {"arn": "letters"}},
                "dead_letter_queue.arn must be the ARN of an SQS queue",
            ),
            (
                {**topic, "alarm_topic": {"arn": "alerts"}},
                "alarm_topic.arn must be the ARN of a standard SNS topic",
            ),
        ],
    )
    assert_refused(
        tf,
        "event-rules",
        [
            (
                {**topic, "dead_letter_queue": theirs},
                "dead_letter_queue is the queue of another event-rules module (x), whose policy",
            ),
            (
                {**topic, "dead_letter_queue": no_url},
                "dead_letter_queue has a name but no url, which its policy is written through",
            ),
            (
                {**topic, "alarm_topic": TOPIC, "dead_letter_queue": {"arn": queue()["arn"]}},
                "An alarm on a dead-letter queue of one's own needs the queue's name",
            ),
            (
                {**topic, "alarm_topic": abroad},
                f"alarm_topic is in eu-west-1, and an alarm can only report to a topic of its own "
                f"Region, {REGION}",
            ),
            (one_target({"topic": abroad}), f"The target r/a ({abroad['arn']}) {place}"),
            (one_target({"queue": foreign}), f"The target r/a ({foreign['arn']}) {place}"),
            (
                one_target({"queue": mixed}),
                f"The queue work was given with the ARN of another one ({mixed['arn']})",
            ),
        ],
    )


def test_a_queue_policy_has_its_limit(tf: Planner) -> None:
    def eighty(target: Settings) -> dict[str, Any]:
        return {"name": "acme", "rules": {f"{'r' * 50}-{i}": rule(target) for i in range(80)}}

    limit = "would exceed the 8,192 characters that SQS takes: 80 rules are too many for one queue."
    letters = {"arn": queue("letters")["arn"]}
    assert_refused(
        tf,
        "event-rules",
        [
            (eighty({"topic": TOPIC}), f"The policy of the dead-letter queue {limit}"),
            (
                eighty({"queue": queue()}) | {"dead_letter_queue": letters},
                f"The policy of the queue work {limit}",
            ),
        ],
    )


def test_a_setting_that_is_misspelt_is_an_error(tf: Planner) -> None:
    error = tf.plan_error(call("event-rules", {**rules(r=rule({"topic": TOPIC})), "rule": {}}))
    assert 'An argument named "rule" is not expected here.' in error


def test_the_readmes_example(tf: Planner) -> None:
    plan = tf.plan(readme_example("event-rules"))
    assert plan.warnings == ()
    assert len(plan.of_type("aws_cloudwatch_metric_alarm")) == 1
