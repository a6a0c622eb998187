"""modules/event-rules: rules, targets, their permissions and queues, and what is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from reactor.patterns import PatternError, parse_pattern

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import (
    PARTITION_OF_REGION,
    REGIONS,
    Called,
    Raw,
    Settings,
    assert_refused,
    call,
    calls,
    readme_example,
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
BUS = {"arn": "arn:aws:events:eu-west-1:210987654321:event-bus/hub"}


def queue(name: str = "work", partition: str = "aws", region: str = REGION) -> dict[str, Any]:
    """A queue as a whole resource has it."""
    return {
        "arn": f"arn:{partition}:sqs:{region}:{ACCOUNT}:{name}",
        "fifo_queue": False,
        "name": name,
        "url": f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}",
    }


def rule(*targets: Settings, **more: Any) -> dict[str, Any]:
    """A rule with these targets, named a, b, c and so on."""
    named = {chr(ord("a") + i): target for i, target in enumerate(targets)}
    return {"pattern": PATTERN, "targets": named} | more


def ticking(target: Settings, schedule: str = "rate(1 hour)", **more: Any) -> dict[str, Any]:
    """A rule of a schedule."""
    return {"schedule": schedule, "targets": {"a": target}} | more


def rules(**named: Any) -> dict[str, Any]:
    return {"name": "acme", "queue_policies": "attach", "rules": named}


def one_target(target: Settings) -> dict[str, Any]:
    return rules(r=rule(target))


def matching(pattern: Any) -> dict[str, Any]:
    """A rule of one target with this pattern."""
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    return rules(r=rule({"topic": TOPIC}, pattern=text))


def queue_policy(arn: str, *rule_arns: str, sid: str = "acme") -> dict[str, Any]:
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
                "Sid": f"EventBridgeRules-{sid}",
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


def targets(plan: Called) -> dict[str, dict[str, Any]]:
    prefix = 'aws_cloudwatch_event_target.this["'
    found = plan.of_type("aws_cloudwatch_event_target").items()
    return {address.removeprefix(prefix).removesuffix('"]'): t for address, t in found}


def emitted(plan: Called) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in plan.shown["queue_policies"].items()}


WITNESS = {
    "delivery_stream": {"arn": f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/seen"},
    "role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/notes"},
}
AWAY_WITNESS = WITNESS | {
    "delivery_stream": {"arn": f"arn:aws:firehose:eu-north-1:{ACCOUNT}:deliverystream/seen"}
}

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

RESOURCES = """
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
TO_TOPIC = one_target({"topic": TOPIC})
CALLS: dict[str, Settings] = {
    "kinds": {
        **rules(
            launches=rule({"function": FUNCTION}, {"topic": TOPIC}, {"queue": queue()})
            | {"description": "Every launch"}
        ),
        "tags": {"team": "platform"},
    },
    # Names that run into one another, and long ones.
    "names": {
        "name": "x",
        "rules": {
            "a-b": {"pattern": PATTERN, "targets": {"c": {"function": FUNCTION}}},
            "a": {"pattern": PATTERN, "targets": {"b-c": {"function": FUNCTION}}},
            "a.b": {"pattern": PATTERN, "targets": {"c": {"function": FUNCTION}}},
            "l" * 62: {"pattern": PATTERN, "targets": {"t" * 64: {"function": FUNCTION}}},
        },
    },
    "alias": one_target({"function": {**FUNCTION, "arn": FUNCTION["arn"] + ":live"}}),
    "states": rules(
        on=rule({"topic": TOPIC}),
        off=rule({"topic": TOPIC}, enabled=False),
        reads=rule({"topic": TOPIC}, read_only_events=True),
        named=rule({"topic": TOPIC}, name="Other.name"),
    ),
    "texts": rules(
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
    ),
    "retry": rules(
        r=rule(
            {"topic": TOPIC, "retry": {"max_attempts": 0}},
            {"topic": TOPIC, "retry": {"max_age_seconds": 60}},
            {"topic": TOPIC, "retry": {"max_age_seconds": 86400, "max_attempts": 185}},
        )
    ),
    "letters": {**TO_TOPIC, "dead_letter_queue": queue("letters")},
    "letters_by_arn": {**TO_TOPIC, "dead_letter_queue": {"arn": queue("letters")["arn"]}},
    "emit": {
        **one_target({"queue": queue()}),
        "dead_letter_queue": queue("letters"),
        "queue_policies": "emit",
    },
    "made": {
        "name": "acme",
        "alarm_topic": Raw("aws_sns_topic.alerts"),
        "queue_policies": "attach",
        "dead_letter_queue": Raw("aws_sqs_queue.letters"),
        "rules": {
            "r": rule(
                {"function": Raw("aws_lambda_function.react")},
                {"topic": Raw("aws_sns_topic.alerts")},
                {"queue": Raw("aws_sqs_queue.work")},
            )
        },
    },
    "alarm": {**TO_TOPIC, "alarm_topic": TOPIC},
    "alarm_letters": {**TO_TOPIC, "alarm_topic": TOPIC, "dead_letter_queue": queue("letters")},
    "alarm_by_arn": {
        **TO_TOPIC,
        "alarm_topic": TOPIC,
        "dead_letter_queue": {"arn": queue("letters")["arn"]},
    },
    "no_rules": {"name": "acme", "rules": {}},
}


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    named = "".join(call("event-rules", settings, label) for label, settings in CALLS.items())
    patterns = [matching(pattern) for pattern in ACCEPTED_PATTERNS]
    return tf.plan(RESOURCES + named + calls("event-rules", patterns))


@pytest.mark.parametrize("partition", REGIONS)
def test_policies_in_each_partition(tf: Planner, partition: str) -> None:
    """Queue policies are grouped by queue: a second policy would replace the first."""
    region = REGIONS[partition]
    work, other = queue("work", partition, region), queue("other", partition, region)
    settings = rules(
        launches=rule({"queue": work}, {"queue": other}),
        buckets=rule({"queue": work}, {"queue": work, "input": '"again"'}),
    )
    whole = tf.plan(PARTITION_OF_REGION + call("event-rules", settings), region=region)
    plan = Called(whole, "this")
    launches, buckets = (
        rule_arn(f"acme-{name}", partition, region) for name in ("launches", "buckets")
    )
    policies = {
        address: json.loads(values["policy"])
        for address, values in plan.of_type("aws_sqs_queue_policy").items()
    }
    assert policies == {
        'aws_sqs_queue_policy.this["work"]': queue_policy(work["arn"], buckets, launches),
        'aws_sqs_queue_policy.this["other"]': queue_policy(other["arn"], launches),
    }
    letters = f"arn:{partition}:sqs:{region}:{ACCOUNT}:acme-dead-letters"
    assert json.loads(plan.one("aws_sqs_queue")["policy"]) == queue_policy(
        letters, buckets, launches
    )
    assert emitted(plan) == {
        "work": queue_policy(work["arn"], buckets, launches),
        "other": queue_policy(other["arn"], launches),
        "acme-dead-letters": queue_policy(letters, buckets, launches),
    }


def test_a_target_of_each_kind(many: Plan) -> None:
    plan = Called(many, "kinds")
    assert plan.managed == [
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
        unknown = plan.unknown(f'aws_cloudwatch_event_target.this["{key}"]')
        assert unknown["dead_letter_config"] == [{"arn": True}]
    permission = plan.one("aws_lambda_permission")
    assert permission["action"] == "lambda:InvokeFunction"
    assert (permission["function_name"], permission["qualifier"]) == ("react", None)
    assert permission["principal"] == "events.amazonaws.com"
    assert permission["statement_id"].startswith("acme-launches-a-")
    assert plan.unknown('aws_lambda_permission.this["launches/a"]')["source_arn"] is True
    letters = plan.one("aws_sqs_queue")
    assert letters["name"] == "acme-dead-letters"
    assert letters["sqs_managed_sse_enabled"] is True
    assert letters["message_retention_seconds"] == 14 * 24 * 3600
    assert letters["tags"] == {"team": "platform"}
    outputs = plan.shown
    assert outputs["rules"]["launches"]["name"] == "acme-launches"
    assert outputs["dead_letter_queue"]["name"] == "acme-dead-letters"
    assert outputs["operations"]["alarms"] == {}


def test_a_permission_is_of_one_rule_and_one_target(many: Plan) -> None:
    """The ids differ also where names run into one another, and fit where names are long."""
    permissions = Called(many, "names").of_type("aws_lambda_permission")
    ids = [permission["statement_id"] for permission in permissions.values()]
    assert len(set(ids)) == len(permissions) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,100}", statement) for statement in ids)


def test_an_alias_of_a_function(many: Plan) -> None:
    plan = Called(many, "alias")
    assert plan.one("aws_lambda_permission")["function_name"] == "react"
    assert plan.one("aws_lambda_permission")["qualifier"] == "live"
    assert targets(plan)["r/a"]["arn"] == FUNCTION["arn"] + ":live"


def test_states(many: Plan) -> None:
    found = Called(many, "states").of_type("aws_cloudwatch_event_rule")
    assert {values["name"]: values["state"] for values in found.values()} == {
        "acme-on": "ENABLED",
        "acme-off": "DISABLED",
        "acme-reads": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        "Other.name": "ENABLED",
    }


def test_what_a_target_gets(many: Plan) -> None:
    """jsonencode's escapes are undone: EventBridge would see no placeholder in them."""
    found = targets(Called(many, "texts"))
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


def test_retry(many: Plan) -> None:
    """What is left out of `retry` is EventBridge's default, and 0 is a number like any other."""
    found = targets(Called(many, "retry"))
    policies = {key: target["retry_policy"][0] for key, target in found.items()}
    assert {
        key: (p["maximum_event_age_in_seconds"], p["maximum_retry_attempts"])
        for key, p in policies.items()
    } == {"r/a": (86400, 0), "r/b": (60, 185), "r/c": (86400, 185)}


def test_a_dead_letter_queue_of_ones_own(many: Plan) -> None:
    """Given whole, it gets a policy like a target's queue; given by its ARN, it is left alone."""
    letters = queue("letters")
    plan = Called(many, "letters")
    assert not plan.of_type("aws_sqs_queue")
    assert targets(plan)["r/a"]["dead_letter_config"] == [{"arn": letters["arn"]}]
    policy = queue_policy(letters["arn"], rule_arn("acme-r"))
    assert json.loads(plan.one("aws_sqs_queue_policy")["policy"]) == policy
    plan = Called(many, "letters_by_arn")
    assert targets(plan)["r/a"]["dead_letter_config"] == [{"arn": letters["arn"]}]
    assert plan.managed == [
        'aws_cloudwatch_event_rule.this["r"]',
        'aws_cloudwatch_event_target.this["r/a"]',
    ]
    assert emitted(plan) == {}


def test_policies_emitted(many: Plan) -> None:
    """For queues that have a policy already: nothing is written, all is told."""
    plan = Called(many, "emit")
    assert not plan.of_type("aws_sqs_queue_policy")
    assert emitted(plan) == {
        name: queue_policy(queue(name)["arn"], rule_arn("acme-r")) for name in ("work", "letters")
    }


def test_everything_of_the_same_apply(many: Plan) -> None:
    """Whole resources, whose ARNs and URLs are not known yet."""
    plan = Called(many, "made")
    assert len(plan.of_type("aws_cloudwatch_event_target")) == 3
    assert len(plan.of_type("aws_lambda_permission")) == 1
    assert len(plan.of_type("aws_cloudwatch_metric_alarm")) == 2
    policies = plan.of_type("aws_sqs_queue_policy").values()
    # Known before apply, since its ARNs are made of names.
    assert sorted(json.loads(p["policy"])["Statement"][1]["Resource"] for p in policies) == [
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:work",
    ]


@pytest.mark.parametrize(
    ("label", "name"),
    [("alarm", "acme-dead-letters"), ("alarm_letters", "letters"), ("alarm_by_arn", "letters")],
)
def test_alarms_on_the_dead_letter_queue(many: Plan, label: str, name: str) -> None:
    plan = Called(many, label)
    alarms = plan.of_type("aws_cloudwatch_metric_alarm").values()
    for alarm in alarms:
        assert alarm["alarm_actions"] == alarm["ok_actions"] == [TOPIC["arn"]]
        assert alarm["dimensions"] == {"QueueName": name}
        assert alarm["comparison_operator"] == "GreaterThanThreshold"
        assert alarm["treat_missing_data"] == "notBreaching"
        assert name in alarm["alarm_description"]
    assert {a["alarm_name"]: (a["metric_name"], a["threshold"]) for a in alarms} == {
        "acme-dead-letters": ("ApproximateNumberOfMessagesVisible", 0),
        "acme-dead-letters-age": ("ApproximateAgeOfOldestMessage", 24 * 3600),
    }
    operations = plan.shown["operations"]
    assert operations["alarms"]["dead-letters"]["name"] == "acme-dead-letters"
    assert operations["alarms"]["dead-letters-age"]["name"] == "acme-dead-letters-age"
    if label != "alarm_by_arn":
        assert operations["queues"]["dead-letters"]["name"] == name


def test_no_rules_at_all(many: Plan) -> None:
    """A catalogue can be filtered down to nothing; the queue then admits nobody."""
    plan = Called(many, "no_rules")
    assert plan.managed == ["aws_sqs_queue.dead_letters[0]"]
    assert json.loads(plan.one("aws_sqs_queue")["policy"]) == queue_policy(
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:acme-dead-letters"
    )


def test_accepted_patterns(many: Plan) -> None:
    for index, pattern in enumerate(ACCEPTED_PATTERNS):
        made = Called(many, f"case_{index}").one("aws_cloudwatch_event_rule")
        wanted = json.loads(pattern) if isinstance(pattern, str) else pattern
        assert json.loads(made["event_pattern"]) == wanted


NOT_JSON = ["", "aws.ec2", '["aws.ec2"]', '"aws.ec2"', "null", "{source: []}"]

CIDR = "cidr is an address and the length of its prefix, as in 10.0.0.0/24, not"
RANGE = 'numeric is one comparison or a range, as in [">", 0, "<=", 5], not'
# What EventBridge's own check refuses (reactor.patterns judges), and the words for it.
MISWRITTEN: list[tuple[dict[str, Any], str]] = [
    (
        {"source": ["aws.ec2"], "detail": {"eventName": [{**matcher}]}},
        f"In the pattern of the rule r, {words}",
    )
    for matcher, words in (
        (
            {"prefx": "Run"},
            '"prefx" is no matcher, which are anything-but, cidr, equals-ignore',
        ),
        ({"Prefix": "Run"}, '"Prefix" is no matcher'),
        ({"regex": ["Run.*"]}, '"regex" is no matcher'),
        ({"anything-but": {"prefx": "Run"}}, 'anything-but takes no "prefx", but equals-ignore'),
        ({"anything-but": {"exists": False}}, 'anything-but takes no "exists", but'),
        ({"prefix": {"anything-but": "a"}}, 'prefix takes no "anything-but", but equals-ignore'),
        ({"prefix": "R", "suffix": "s"}, "a matcher has one key, and there is one with prefix"),
        ({"exists": True, "prefix": "s"}, "a matcher has one key, and there is one with exists"),
        ({"prefix": 5}, "prefix takes a text in quotes."),
        ({"suffix": ["a", "b"]}, "suffix takes a text in quotes."),
        ({"equals-ignore-case": True}, "equals-ignore-case takes a text in quotes"),
        ({"exists": "true"}, 'exists is true or false, not "true".'),
        ({"exists": 1}, "exists is true or false, not 1."),
        ({"cidr": "10.0.0.0/33"}, f"{CIDR} 10.0.0.0/33."),
        ({"cidr": "10.0.0.0"}, f"{CIDR} 10.0.0.0."),
        ({"cidr": 99}, f"{CIDR} 99."),
        ({"numeric": [">", "5"]}, f'{RANGE} [">","5"].'),
        ({"numeric": ["=>", 5]}, f'{RANGE} ["=>",5].'),
        ({"numeric": [">", 5, ">", 7]}, f'{RANGE} [">",5,">",7].'),
        ({"numeric": 5}, f"{RANGE} 5."),
        ({"wildcard": "a**b"}, 'a wildcard has no two asterisks side by side, as "a**b" has'),
        (
            {"anything-but": {"wildcard": ["a*", "b**"]}},
            'a wildcard has no two asterisks side by side, as ["a*","b**"] has.',
        ),
    )
] + [
    (
        {"source": ["aws.ec2"], "$or": [{"region": [{"perfix": "eu"}]}, {"account": ["1"]}]},
        'In the pattern of the rule r, "perfix" is no matcher',
    ),
]
# What EventBridge takes, and no event ever is.
NEVER = [
    (
        {"source": ["aws.ec2"], "detail_type": ["AWS API Call via CloudTrail"]},
        '"detail_type" is no field of an event, whose fields are $or, account, detail, detail-type',
    ),
    (
        {"source": ["aws.ec2"], "eventName": ["RunInstances"]},
        '"eventName" is no field of an event, whose fields are',
    ),
    (
        {"source": ["aws.ec2"], "detail-type": ["AWS API Call via Cloudtrail"]},
        'no event has the detail-type "AWS API Call via Cloudtrail"; CloudTrail\'s are AWS API',
    ),
    (
        {"source": ["aws.signin"], "detail-type": ["AWS Console SignIn via CloudTrail"]},
        'no event has the detail-type "AWS Console SignIn via CloudTrail"; CloudTrail\'s are',
    ),
]
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


# What follows goes into three plans: what a variable alone tells is refused before all else.


def test_what_a_variable_alone_tells(tf: Planner) -> None:
    name = "name must be 1 to 60 letters, digits, underscores and hyphens."
    mode = 'queue_policies must be "attach" (this module writes the queues\' policies) or "emit"'
    many = {"name": "acme", "rules": {str(i): rule({"topic": TOPIC}) for i in range(301)}}
    archive = "archive.name is 1 to 48 letters, digits, dots, underscores and hyphens."
    days = "archive.retention_days is a whole number of days, or 0 to keep events for ever."
    age = "dead_letter_max_age_hours is 1 to 312 (13 days)"
    sources = "sources_beyond_aws holds whole names of sources"
    fifo_queue = {"arn": queue("letters.fifo")["arn"]}
    managed_queue = queue("letters") | {"kms_master_key_id": "alias/aws/sqs"}
    managed_topic = TOPIC | {"kms_master_key_id": "alias/aws/sns"}
    bus = {"arn": BUS["arn"], "name": "default"}
    star = "targets of every rule that names none, and nothing else. Leave out of it: "
    assert_refused(
        tf,
        "event-rules",
        [
            (many, "An event bus has 300 rules at most, and these are 301"),
            (
                rules(**{"*": {"pattern": PATTERN, "targets": {"a": {"topic": TOPIC}}}}),
                f"{star}pattern.",
            ),
            (
                rules(**{"*": {"enabled": False, "name": "x", "targets": {}}}),
                f"{star}enabled, name.",
            ),
            (
                rules(r=rule(), **{"*": {}}),
                'The key "*" of rules holds the targets of every rule that names none, and it has',
            ),
            ({**TO_TOPIC, "name": "a.b"}, name),
            ({**TO_TOPIC, "name": "a" * 61}, name),
            ({**TO_TOPIC, "queue_policies": "merge"}, mode),
            ({**TO_TOPIC, "dead_letter_queue": fifo_queue}, "dead_letter_queue is a FIFO queue"),
            (
                {**TO_TOPIC, "dead_letter_queue": managed_queue},
                "dead_letter_queue is encrypted with AWS's own key for SQS",
            ),
            (
                {**TO_TOPIC, "dead_letter_queue": {"arn": "letters"}},
                "dead_letter_queue.arn must be the ARN of an SQS queue",
            ),
            (
                {**TO_TOPIC, "alarm_topic": {"arn": "alerts"}},
                "alarm_topic.arn must be the ARN of a standard SNS topic",
            ),
            (
                {**TO_TOPIC, "alarm_topic": managed_topic},
                "alarm_topic is encrypted with AWS's own key for SNS",
            ),
            ({**TO_TOPIC, "archive": {"name": "a b"}}, archive),
            ({**TO_TOPIC, "archive": {"pattern": "[]"}}, "archive.pattern is a JSON object of up"),
            ({**TO_TOPIC, "archive": {"retention_days": -1}}, days),
            ({**TO_TOPIC, "archive": {"retention_days": 1.5}}, days),
            ({**TO_TOPIC, "role": {"arn": "puts"}}, "role.arn must be the ARN of a role"),
            ({**TO_TOPIC, "dead_letter_max_age_hours": 0}, age),
            ({**TO_TOPIC, "dead_letter_max_age_hours": 313}, age),
            ({**TO_TOPIC, "event_bus": bus}, "For the default bus leave event_bus out."),
            (
                {**TO_TOPIC, "existing_queue_policies": {"work": "[]"}},
                "existing_queue_policies maps the name of a queue to its policy as JSON",
            ),
            ({**TO_TOPIC, "role_path": "reactor"}, "role_path starts and ends with a slash"),
            ({**TO_TOPIC, "sources_beyond_aws": ["acme.*"]}, sources),
            ({**TO_TOPIC, "sources_beyond_aws": ["aws.ec2"]}, sources),
        ],
    )


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in MISWRITTEN], ids=json.dumps)
def test_the_engine_refuses_what_is_refused_here(pattern: dict[str, Any]) -> None:
    with pytest.raises(PatternError):
        parse_pattern(pattern)


def test_what_is_refused_of_rules(tf: Planner) -> None:
    topic = {"topic": TOPIC}
    key = " must consist of letters, digits, dots, underscores and hyphens, and so must each key of"
    foreign = "The rule r has settings that go by other names here: "
    read = "read_only_events and enabled = false of the rule r contradict each other: a disabled"
    object_ = "The pattern of the rule r must be a JSON object: write it with jsonencode({ ... })."
    one_of = "The rule r must have exactly one of pattern (JSON), patterns (one or several by name)"
    schedule = ", and a schedule is rate(5 minutes), rate(1 hour) or cron("
    ticks = rules(r=ticking(topic)) | {"event_bus": {"arn": BUS["arn"], "name": "hub"}}
    pinned = "The pattern of the rule r must pin its source to AWS, as in source = "
    listed = "In the pattern of the rule r, every value must be a list of at least one item"
    longer = {**LONGEST, "resources": ["a"]}
    size = len(json.dumps(longer, separators=(",", ":")))
    name = f"The rule {'r' * 60} would be called acme-{'r' * 60}, and a rule's name is 1 to 64"
    same = "The rules a and b have the same name, acme-a, and a name is unique on its bus:"
    wild = json.dumps({"source": ["aws.ec2"], "detail": {"eventName": [{"wildcard": "a*b"}]}})
    sentence = {"input_paths": {}, "input_template": "<who>"}
    assert_refused(
        tf,
        "event-rules",
        [
            (rules(r=rule(*[topic] * 6)), 'The rule r has 6 targets, its own or those of "*", and'),
            (
                rules(r=rule(*[topic] * 5)) | {"witness": WITNESS},
                'The rule r has 5 targets, its own or those of "*", and the witness, and',
            ),
            (
                rules(r={"pattern": PATTERN, "targets": {"witness": topic}}) | {"witness": WITNESS},
                "The rule r has a target that is called witness, as the one that reconciliation",
            ),
            (
                rules(r=rule(topic)) | {"witness": AWAY_WITNESS},
                "witness is the stream arn:aws:firehose:eu-north-1:",
            ),
            (rules(r={"pattern": PATTERN}), "The rule r has no targets: give it one to five, or"),
            (
                rules(r={"pattern": PATTERN}, **{"*": rule(*[topic] * 6, pattern=None)}),
                'The rule r has 6 targets, its own or those of "*", and',
            ),
            *((matching(bad), object_) for bad in NOT_JSON),
            (rules(r=rule(topic, pattern=None, patterns={"main": "[]"})), object_),
            (rules(**{"a b": rule(topic)}), f"The key of the rule a b{key}"),
            (rules(**{"a/b": rule(topic, name="ab")}), f"The key of the rule a|b{key}"),
            (
                rules(r=rule(topic, pattern=None, patterns={"a b": PATTERN}, name="n")),
                f"The key of the rule r/a b{key}",
            ),
            (
                rules(r=rule(topic, patterns={"main": PATTERN})),
                f"{one_of} and schedule, and it has 2.",
            ),
            (rules(r=rule(topic, schedule="rate(1 day)")), f"{one_of} and schedule, and it has 2."),
            (rules(r=rule(topic, pattern=None)), f"{one_of} and schedule, and it has 0."),
            (
                rules(r=rule(topic, pattern=None, patterns={})),
                f"{one_of} and schedule, and it has 0.",
            ),
            *(
                (rules(r=ticking(topic, bad)), f"The schedule of the rule r is {bad}{schedule}")
                for bad in ("rate(1 minutes)", "rate(5 minute)", "every day", "cron(0 12 * * ?)")
            ),
            (
                rules(r=ticking(topic, read_only_events=True)),
                "The rule r has a schedule, which sees no events: read_only_events says nothing",
            ),
            (ticks, "EventBridge has schedules on the default event bus only:"),
            (rules(r=rule(topic, enabled=False, read_only_events=True)), read),
            (
                rules(r=rule(topic, description="d" * 513)),
                "The description of the rule r has more than 512 characters",
            ),
            *((matching(bad), pinned) for bad in UNPINNED),
            *((matching(bad), listed) for bad in BARE),
            *((matching(bad), words) for bad, words in MISWRITTEN),
            *((matching(bad), f"In the pattern of the rule r, {words}") for bad, words in NEVER),
            (
                matching(longer),
                f"The pattern of the rule r has {size} characters, and EventBridge takes 2,048",
            ),
            (rules(**{"r" * 60: rule(topic)}), name),
            (
                rules(**{f"r{i:02}": rule(topic, pattern=wild) for i in range(31)}),
                "The rule r30 is one of 31 with a wildcard in its pattern, and an event bus takes",
            ),
            (
                rules(r=rule(topic, state="DISABLED")),
                f"{foreign}state (here: enabled and read_only_events).",
            ),
            (
                rules(r=rule(topic, is_enabled=False, role_arn="x")),
                f"{foreign}is_enabled (here: enabled), role_arn (here: role of the module",
            ),
            (
                rules(r=rule(topic, input_transformer=sentence)),
                "Add for the rule r: <who>.",
            ),
        ],
    )
    error = tf.plan_error(call("event-rules", rules(a=rule(topic), b=rule(topic, name="acme-a"))))
    assert error.count(same) == len(error.splitlines()) == 1


def test_what_is_refused_of_targets(tf: Planner) -> None:
    def shape(template: str | Raw, **paths: str) -> dict[str, Any]:
        return one_target(
            {
                "topic": TOPIC,
                "input_transformer": {"input_paths": paths, "input_template": template},
            }
        )

    topic = {"topic": TOPIC}
    of = "of the target r/a"
    kinds = (
        "The target r/a must be exactly one of api_destination, automation, bus, delivery_stream, "
        "ecs_task, function, log_group, queue, run_command, state_machine, stream or topic, and it "
        "is"
    )
    paths = 'as in user = "$.detail.userIdentity.arn". Correct in the target r/a: '
    holders = "or EventBridge refuses the target. Add for the target r/a:"
    retry = "In the target r/a, retry.max_age_seconds must be a whole number from 60 to 86400"
    arns = "The arn of the target r/a must be that of an SNS topic"
    said = "as its kind says, and it is"
    both = "The target r/a has input (the same text for every event) and input_transformer"
    length = f"The input_template {of} must have 1 to 8,192 characters, and it has"
    as_is = "The target r/a is an event bus, which gets the event as it is: leave input and"
    many_paths = {f"p{i}": "$.id" for i in range(101)}
    odd = {"arn": FUNCTION["arn"], "function_name": "a b"}
    fifo_topic = {"arn": TOPIC["arn"] + ".fifo"}
    two = {"a": {"pattern": PATTERN}, "b": {"pattern": PATTERN}}
    assert_refused(
        tf,
        "event-rules",
        [
            (
                rules(r={"pattern": PATTERN}, **{"*": {"targets": {"a b": topic}}}),
                "The key of the target */a b must be 1 to 64 letters",
            ),
            # One of "*" is every rule's, and told once.
            (
                rules(**two, **{"*": {"targets": {"a": {}}}}),
                "The target */a must be exactly one of api_destination, automation, bus",
            ),
            (
                rules(r={"pattern": PATTERN, "targets": {"a b": topic}}),
                "The key of the target r/a b must be 1 to 64 letters",
            ),
            (one_target({}), f"{kinds} 0 of them:"),
            (one_target({"topic": TOPIC, "queue": queue()}), f"{kinds} 2 of them:"),
            (one_target({"topic": {"arn": "alerts"}}), f"{arns}, {said} alerts:"),
            (one_target({"topic": {"arn": queue()["arn"]}}), f"{said} {queue()['arn']}:"),
            (one_target({"bus": TOPIC}), f"{said} {TOPIC['arn']}:"),
            (one_target({"bus": BUS, "input": "{}"}), as_is),
            (
                one_target({"function": odd}),
                f"function.function_name {of} must be the function's",
            ),
            (one_target({"topic": fifo_topic}), "The target r/a is a FIFO topic, which can't be a"),
            (one_target({"queue": queue("a.fifo")}), f"queue.name {of} must be the bare name of a"),
            (rules(r=rule({**shape("t")["rules"]["r"]["targets"]["a"], "input": '"t"'})), both),
            (one_target({"topic": TOPIC, "input": "text"}), f"The input {of} must be JSON of up"),
            (shape(""), f"{length} 0."),
            (shape("t" * 8193), f"{length} 8193."),
            (shape("t", **many_paths), f"The transformer {of} has 101 input_paths"),
            (shape("t", who="detail.arn"), f"{paths}who = detail.arn."),
            (shape("t", who="$detail"), f"{paths}who = $detail."),
            (shape("t", AWSx="$.id"), f"{paths}AWSx = $.id."),
            (shape("<who> <what>", who="$.id"), f"{holders} <what>."),
            (shape(Raw('jsonencode("<aws.x>")')), f"{holders} <aws.x>."),
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


def test_what_is_refused_on_a_closer_look(tf: Planner) -> None:
    """What two settings together, or the account and Region tell."""

    def eighty(target: Settings) -> dict[str, Any]:
        named = {str(i): rule(target, name=f"{'r' * 50}-{i}") for i in range(80)}
        return {"name": "acme", "queue_policies": "attach", "rules": named}

    topic = {"topic": TOPIC}
    unseen = {key: value for key, value in queue().items() if key != "fifo_queue"}
    policy = {"Version": "2012-10-17", "Statement": [{"Sid": "Mine"}, {"Sid": "Theirs"}]}
    strange = queue() | {"policy": json.dumps(policy)}
    mine = {"work": json.dumps(policy | {"Statement": {"Sid": "Mine"}})}
    here = {"arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"}
    needs = "failed_invocation_alarms needs alarm_topic to report to, or alarms = true."
    lost = "The queue work has a policy with statements from elsewhere, which would be lost: "
    letters = {"arn": queue("letters")["arn"]}
    theirs = {**queue("x-dead-letters"), "owner": "x"}
    no_url = {"arn": queue()["arn"], "name": "work"}
    abroad = {"arn": TOPIC["arn"].replace(REGION, "eu-west-1")}
    foreign = queue() | {"arn": queue()["arn"].replace(ACCOUNT, "210987654321")}
    mixed = queue() | {"arn": queue("play")["arn"]}
    elsewhere = "is in another Region, and a rule reaches only event buses there"
    other = f"is not in the rules' account ({ACCOUNT}): say cross_account = true"
    limit = "would exceed the 8,192 characters that SQS takes: 80 rules are too many for one queue"
    assert_refused(
        tf,
        "event-rules",
        [
            (
                {**TO_TOPIC, "dead_letter_queue": theirs},
                "dead_letter_queue is the queue of another event-rules module (x), whose policy",
            ),
            (
                {**TO_TOPIC, "dead_letter_queue": no_url},
                "dead_letter_queue has a name but no url, which its policy is written through",
            ),
            (
                {**TO_TOPIC, "alarm_topic": abroad},
                "alarm_topic is in eu-west-1, and an alarm can only report to a topic of its own "
                f"Region, {REGION}",
            ),
            (
                {**TO_TOPIC, "failed_invocation_alarms": ["x"], "alarms": True},
                "failed_invocation_alarms names no rule: x.",
            ),
            ({**TO_TOPIC, "failed_invocation_alarms": ["r"]}, needs),
            (
                {**TO_TOPIC, "alarm_topic": TOPIC, "alarms": False},
                "alarms = false contradicts alarm_topic and failed_invocation_alarms",
            ),
            (
                {**TO_TOPIC, "existing_queue_policies": {"work": ""}},
                "existing_queue_policies names queues that no rule sends to: work.",
            ),
            (
                rules(r=ticking(topic)) | {"archive": {}},
                "archive has no pattern, and no rule has one that it could take",
            ),
            (
                {**TO_TOPIC, "name": "n" * 49, "archive": {}},
                "An archive's name has 48 characters at most, and name has more",
            ),
            (one_target({"bus": here}), "The target r/a is the event bus that the rule is on"),
            (
                one_target({"queue": unseen}),
                "Whether the queue work has a policy can't be seen from here",
            ),
            (one_target({"queue": strange}), f"{lost}Mine, Theirs."),
            (
                one_target({"queue": strange}) | {"existing_queue_policies": mine},
                f"{lost}Theirs.",
            ),
            (one_target({"topic": abroad}), f"The target r/a ({abroad['arn']}) {elsewhere}"),
            (one_target({"queue": foreign}), f"The target r/a ({foreign['arn']}) {other}"),
            (
                one_target({"queue": mixed}),
                f"The queue work was given with the ARN of another one ({mixed['arn']})",
            ),
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
    alarms = [a for a in plan.of_type("aws_cloudwatch_metric_alarm") if "event_rules" in a]
    assert len(alarms) == 2
