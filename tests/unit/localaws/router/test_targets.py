"""Each kind of target: delivered with the grant, refused without it, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localaws.events.router.delivery import Deliverer
from localaws.events.router.model import DeliveryError, Rule, Target
from localaws.events.router.services import Delivery

pytestmark = pytest.mark.unit

SEND = "sqs:SendMessage"
OTHER_RULE = "arn:aws:events:us-east-1:123456789012:rule/x"


def refusal(bench: Any) -> tuple[str | None, str]:
    """Code and reason of the one refusal there was."""
    (step,) = [step for step in bench.steps if step.kind == "refused"]
    return step.error_code, step.reason


# --- SQS ---------------------------------------------------------------------------------------


def test_a_queue_gets_the_event_as_compact_json(bench: Any, tools: Any) -> None:
    rule = tools.rule_arn("launches")
    queue = bench.queue("work", tools.allow(SEND, ArnEquals={"aws:SourceArn": rule}))
    assert bench.rule("launches", {"Id": "q", "Arn": queue}) == rule
    event = tools.call_event()
    assert bench.put(event) == ["matched", "delivered"]
    (message,) = bench.messages(queue)
    assert message["Body"] == json.dumps(event, separators=(",", ":"))
    step = bench.steps[-1]
    assert (step.rule, step.target_id, step.target_arn, step.target_kind) == (
        rule,
        "q",
        queue,
        "sqs",
    )
    assert (step.attempt, step.event_id, step.receipt) == (1, event["id"], message["MessageId"])


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        ([], "nothing allows it in the queue's policy"),
        ([{"ArnEquals": {"aws:SourceArn": OTHER_RULE}}], "aws:SourceArn does not hold"),
        ([{"StringEquals": {"aws:SourceAccount": "9" * 12}}], "aws:SourceAccount does not hold"),
        ([{}, "deny"], "denied by 'statement 2'"),
    ],
)
def test_a_queue_without_the_grant(bench: Any, tools: Any, statements: list[Any], why: str) -> None:
    made = [
        tools.allow(SEND) | {"Effect": "Deny"} if part == "deny" else tools.allow(SEND, **part)
        for part in statements
    ]
    queue = bench.queue("work", *made)
    bench.rule("launches", {"Id": "q", "Arn": queue})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    code, reason = refusal(bench)
    assert code == "NO_PERMISSIONS"
    assert why in reason
    assert bench.messages(queue) == []
    assert "no dead-letter queue" in bench.steps[-1].reason


def test_a_statement_for_the_account_grants(bench: Any, tools: Any) -> None:
    queue = bench.queue(
        "work", tools.allow(SEND, StringEquals={"aws:SourceAccount": tools.ACCOUNT})
    )
    bench.rule("launches", {"Id": "q", "Arn": queue})
    assert bench.put(tools.call_event()) == ["matched", "delivered"]


def test_a_queue_that_admits_an_organization(bench: Any, tools: Any) -> None:
    organizations = bench.aws.client("organizations", tools.ACCOUNT, tools.REGION)
    own = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    queue = bench.queue("work", tools.allow(SEND, StringEquals={"aws:SourceOrgID": own}))
    bench.rule("launches", {"Id": "q", "Arn": queue})
    assert bench.put(tools.call_event()) == ["matched", "delivered"]
    other = bench.queue("other", tools.allow(SEND, StringEquals={"aws:SourceOrgID": "o-2"}))
    bench.rule("launches", {"Id": "q", "Arn": other})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert "aws:SourceOrgID does not hold" in refusal(bench)[1]


def test_an_organization_where_there_is_none(bench: Any, tools: Any) -> None:
    queue = bench.queue("work", tools.allow(SEND, StringEquals={"aws:SourceOrgID": "o-1"}))
    bench.rule("launches", {"Id": "q", "Arn": queue})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert refusal(bench)[0] == "NO_PERMISSIONS"


def test_a_policy_taken_away_counts_at_once(bench: Any, tools: Any) -> None:
    queue = bench.queue("work", tools.allow(SEND))
    bench.rule("launches", {"Id": "q", "Arn": queue})
    assert bench.put(tools.call_event()) == ["matched", "delivered"]
    sqs = bench.aws.client("sqs", tools.ACCOUNT, tools.REGION)
    sqs.set_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName="work")["QueueUrl"], Attributes={"Policy": ""}
    )
    bench.router.observe("sqs", "SetQueueAttributes", tools.ACCOUNT, tools.REGION)
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]


def test_a_queue_that_is_not_there(bench: Any, tools: Any) -> None:
    arn = f"arn:aws:sqs:{tools.REGION}:{tools.ACCOUNT}:gone"
    bench.rule("launches", {"Id": "q", "Arn": arn})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert refusal(bench) == ("NO_RESOURCE", f"queue {arn} does not exist")


def test_a_queue_deleted_after_it_was_used(bench: Any, tools: Any) -> None:
    queue = bench.queue("work", tools.allow(SEND))
    bench.rule("launches", {"Id": "q", "Arn": queue})
    bench.put(tools.call_event())
    sqs = bench.aws.client("sqs", tools.ACCOUNT, tools.REGION)
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="work")["QueueUrl"])
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert refusal(bench)[0] == "NO_RESOURCE"


def test_a_fifo_queue_gets_its_group(bench: Any, tools: Any) -> None:
    queue = bench.queue(
        "work.fifo", tools.allow(SEND), FifoQueue="true", ContentBasedDeduplication="true"
    )
    target = {"Id": "q", "Arn": queue, "SqsParameters": {"MessageGroupId": "launches"}}
    bench.rule("launches", target)
    assert bench.put(tools.call_event()) == ["matched", "delivered"]
    assert bench.aws.made("SendMessage")[0]["MessageGroupId"] == "launches"


def test_a_fifo_queue_without_a_group(bench: Any, tools: Any) -> None:
    # PutTargets refuses this; an emulator may not.
    queue = bench.queue("work.fifo", tools.allow(SEND), FifoQueue="true")
    rule = Rule(
        "launches",
        tools.rule_arn("launches"),
        "default",
        "ENABLED",
        "{}",
        tools.ACCOUNT,
        tools.REGION,
    )
    delivery = Delivery(tools.call_event(), Target(rule, "q", queue, {}), tools.START, 0)
    deliverer = Deliverer(bench.aws, bench.clock, lambda *_: None, lambda *_: "")
    with pytest.raises(DeliveryError, match="MessageGroupId"):
        deliverer.deliver(delivery)


def test_a_queue_of_another_account_is_refused_without_a_role(bench: Any, tools: Any) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html"""
    queue = bench.queue("work", tools.allow(SEND), account=tools.OTHER)
    bench.rule("launches", {"Id": "q", "Arn": queue})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert bench.messages(queue) == []


def test_a_target_in_another_region_is_refused(bench: Any, tools: Any) -> None:
    arn = f"arn:aws:sqs:eu-west-1:{tools.ACCOUNT}:work"
    bench.rule("launches", {"Id": "q", "Arn": arn})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert refusal(bench)[0] == "INVALID_PARAMETER"


# --- SNS ---------------------------------------------------------------------------------------


def test_a_topic_gets_the_text_as_message(bench: Any, tools: Any) -> None:
    topic = bench.topic("alerts", tools.allow("sns:Publish"))
    transformer = {
        "InputPathsMap": {"n": "$.detail.eventName"},
        "InputTemplate": '"<n> was called"',
    }
    bench.rule("launches", {"Id": "t", "Arn": topic, "InputTransformer": transformer})
    assert bench.put(tools.call_event()) == ["matched", "delivered"]
    (published,) = bench.aws.made("Publish")
    assert published == {"TopicArn": topic, "Message": '"RunInstances was called"'}


def test_a_topic_does_not_grant_by_a_statement_with_a_condition(bench: Any, tools: Any) -> None:
    topic = bench.topic(
        "alerts",
        tools.allow("sns:Publish", ArnEquals={"aws:SourceArn": tools.rule_arn("launches")}),
    )
    bench.rule("launches", {"Id": "t", "Arn": topic})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    code, reason = refusal(bench)
    assert code == "NO_PERMISSIONS"
    assert "does not support conditions in a topic's policy" in reason
    assert not bench.aws.made("Publish")


def test_a_plain_statement_beside_a_conditional_one_grants(bench: Any, tools: Any) -> None:
    conditional = tools.allow("sns:Publish", StringEquals={"aws:SourceAccount": tools.ACCOUNT})
    topic = bench.topic("alerts", conditional, tools.allow("sns:Publish"))
    bench.rule("launches", {"Id": "t", "Arn": topic})
    assert bench.put(tools.call_event()) == ["matched", "delivered"]


def test_a_topics_deny_may_have_conditions(bench: Any, tools: Any) -> None:
    tls = tools.allow("sns:*", Bool={"aws:SecureTransport": "false"}) | {"Effect": "Deny"}
    topic = bench.topic("alerts", tls, tools.allow("sns:Publish"))
    bench.rule("launches", {"Id": "t", "Arn": topic})
    assert bench.put(tools.call_event()) == ["matched", "delivered"]
    other = tools.allow("sns:*", Bool={"aws:SecureTransport": "true"}) | {"Effect": "Deny"}
    topic = bench.topic("closed", other, tools.allow("sns:Publish"))
    bench.rule("launches", {"Id": "t", "Arn": topic})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]


def test_the_policy_sns_makes_by_itself_admits_no_event(bench: Any, tools: Any) -> None:
    bench.rule("launches", {"Id": "t", "Arn": bench.topic("alerts")})
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]


def test_a_topic_that_is_not_there(bench: Any, tools: Any) -> None:
    arn = f"arn:aws:sns:{tools.REGION}:{tools.ACCOUNT}:gone"
    bench.rule("launches", {"Id": "t", "Arn": arn})
    bench.put(tools.call_event())
    assert refusal(bench)[0] == "NO_RESOURCE"


# --- keys --------------------------------------------------------------------------------------

USE = ["kms:Decrypt", "kms:GenerateDataKey*"]


def encrypted(bench: Any, tools: Any, kind: str, key: str) -> None:
    if kind == "sqs":
        arn = bench.queue("work", tools.allow(SEND), KmsMasterKeyId=key)
    else:
        arn = bench.topic("alerts", tools.allow("sns:Publish"), KmsMasterKeyId=key)
    bench.rule("launches", {"Id": "x", "Arn": arn})
    bench.put(tools.call_event())


@pytest.mark.parametrize("kind", ["sqs", "sns"])
def test_a_key_that_admits_eventbridge(bench: Any, tools: Any, kind: str) -> None:
    encrypted(bench, tools, kind, bench.key(tools.allow(USE)))
    assert [step.kind for step in bench.steps] == ["matched", "delivered"]


@pytest.mark.parametrize(
    ("kind", "context_key"), [("sqs", "aws:sqs:arn"), ("sns", "aws:sns:topicArn")]
)
def test_a_key_scoped_to_its_user_by_encryption_context(
    bench: Any, tools: Any, kind: str, context_key: str
) -> None:
    name = "work" if kind == "sqs" else "alerts"
    arn = f"arn:aws:{kind}:{tools.REGION}:{tools.ACCOUNT}:{name}"
    scoped = tools.allow(USE, StringEquals={f"kms:EncryptionContext:{context_key}": arn})
    encrypted(bench, tools, kind, bench.key(scoped))
    assert [step.kind for step in bench.steps] == ["matched", "delivered"]


@pytest.mark.parametrize("kind", ["sqs", "sns"])
@pytest.mark.parametrize(
    ("actions", "condition", "why"),
    [
        ([], {}, "kms:GenerateDataKey"),
        (["kms:Decrypt"], {}, "kms:GenerateDataKey"),
        (["kms:GenerateDataKey"], {}, "kms:Decrypt"),
        (
            USE,
            {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            "SourceAccount does not hold",
        ),
        (USE, {"ArnLike": {"aws:SourceArn": "arn:aws:events:*"}}, "aws:SourceArn does not hold"),
    ],
)
def test_a_key_without_the_grant(
    bench: Any, tools: Any, kind: str, actions: list[str], condition: Any, why: str
) -> None:
    statements = [tools.allow(actions, **condition)] if actions else []
    encrypted(bench, tools, kind, bench.key(*statements))
    code, reason = refusal(bench)
    assert code == "NO_PERMISSIONS"
    assert why in reason


@pytest.mark.parametrize(("kind", "alias"), [("sqs", "alias/aws/sqs"), ("sns", "alias/aws/sns")])
def test_an_aws_managed_key_can_not_be_used(bench: Any, tools: Any, kind: str, alias: str) -> None:
    encrypted(bench, tools, kind, alias)
    code, reason = refusal(bench)
    assert code == "NO_PERMISSIONS"
    assert "AWS managed key" in reason


def test_a_key_by_alias_and_one_that_is_disabled(bench: Any, tools: Any) -> None:
    key = bench.key(tools.allow(USE))
    kms = bench.aws.client("kms", tools.ACCOUNT, tools.REGION)
    kms.create_alias(AliasName="alias/queues", TargetKeyId=key)
    encrypted(bench, tools, "sqs", "alias/queues")
    assert [step.kind for step in bench.steps] == ["matched", "delivered"]
    kms.disable_key(KeyId=key.rpartition("/")[2])
    bench.router.observe("kms", "DisableKey", tools.ACCOUNT, tools.REGION)
    bench.put(tools.call_event())
    assert "is Disabled" in refusal(bench)[1]


def test_sqs_own_encryption_needs_no_key(bench: Any, tools: Any) -> None:
    queue = bench.queue("work", tools.allow(SEND), SqsManagedSseEnabled="true")
    bench.rule("launches", {"Id": "q", "Arn": queue})
    assert bench.put(tools.call_event()) == ["matched", "delivered"]


# --- Lambda ------------------------------------------------------------------------------------


def test_a_function_is_invoked_asynchronously(bench: Any, tools: Any) -> None:
    function = bench.function("guard")
    bench.permit("guard", SourceArn=tools.rule_arn("launches"))
    bench.rule("launches", {"Id": "f", "Arn": function})
    event = tools.call_event()
    assert bench.put(event) == ["matched", "delivered"]
    ((invoked, payload),) = bench.invoked
    assert invoked == function
    assert json.loads(payload) == event
    assert bench.steps[-1].receipt == "invocation-1"


@pytest.mark.parametrize(
    ("permission", "granted"),
    [
        ({}, True),
        ({"SourceAccount": "123456789012"}, True),
        ({"SourceAccount": "999999999999"}, False),
        ({"SourceArn": "arn:aws:events:us-east-1:123456789012:rule/other"}, False),
        ({"SourceArn": "arn:aws:events:us-east-1:123456789012:rule/*"}, True),
        (None, False),
    ],
)
def test_a_functions_permission(
    bench: Any, tools: Any, permission: dict[str, str] | None, granted: bool
) -> None:
    function = bench.function("guard")
    if permission is not None:
        bench.permit("guard", **permission)
    bench.rule("launches", {"Id": "f", "Arn": function})
    kinds = bench.put(tools.call_event())
    assert kinds == (["matched", "delivered"] if granted else ["matched", "refused", "dropped"])
    if not granted:
        code, reason = refusal(bench)
        assert code == "NO_PERMISSIONS"
        assert "add a Lambda permission for events.amazonaws.com with source_arn" in reason
        assert bench.invoked == []


def test_a_function_that_is_not_there(bench: Any, tools: Any) -> None:
    arn = f"arn:aws:lambda:{tools.REGION}:{tools.ACCOUNT}:function:gone"
    bench.rule("launches", {"Id": "f", "Arn": arn})
    bench.put(tools.call_event())
    assert refusal(bench) == ("NO_RESOURCE", f"function {arn} does not exist")


# --- CloudWatch Logs ---------------------------------------------------------------------------

LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]


def log_group(bench: Any, tools: Any, *statements: dict[str, Any]) -> Any:
    logs = bench.aws.client("logs", tools.ACCOUNT, tools.REGION)
    logs.create_log_group(logGroupName="/aws/events/calls")
    if statements:
        logs.put_resource_policy(policyName="events", policyDocument=tools.policy(*statements))
    return logs


def log_target(tools: Any, **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:logs:{tools.REGION}:{tools.ACCOUNT}:log-group:/aws/events/calls"
    return {"Id": "l", "Arn": arn, **more}


def entries(logs: Any) -> list[tuple[int, str]]:
    found = logs.filter_log_events(logGroupName="/aws/events/calls")["events"]
    return [(entry["timestamp"], entry["message"]) for entry in found]


def test_a_log_group_gets_an_entry_an_event(bench: Any, tools: Any) -> None:
    scope = f"arn:aws:logs:{tools.REGION}:{tools.ACCOUNT}:log-group:/aws/events/*:*"
    logs = log_group(bench, tools, tools.allow(LOGS, scope))
    bench.rule("launches", log_target(tools))
    event = tools.call_event()
    assert bench.put(event) == ["matched", "delivered"]
    assert bench.put(event) == ["matched", "delivered"]
    text = json.dumps(event, separators=(",", ":"))
    stamp = int(tools.START.timestamp() * 1000)
    assert entries(logs) == [(stamp, text), (stamp, text)]


def test_a_log_group_with_a_template(bench: Any, tools: Any) -> None:
    logs = log_group(bench, tools, tools.allow(LOGS))
    transformer = {
        "InputPathsMap": {"at": "$.time", "n": "$.detail.eventName"},
        "InputTemplate": '{"timestamp": <at>, "message": "<n> was called"}',
    }
    bench.rule("launches", log_target(tools, InputTransformer=transformer))
    assert bench.put(tools.call_event()) == ["matched", "delivered"]
    assert entries(logs) == [(int(tools.START.timestamp() * 1000), "RunInstances was called")]
    transformer["InputTemplate"] = '{"message": <n>}'
    bench.rule("launches", log_target(tools, InputTransformer=transformer))
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert "timestamp" in refusal(bench)[1]


def test_a_log_group_that_rejects_the_entry(bench: Any, tools: Any) -> None:
    log_group(bench, tools, tools.allow(LOGS))
    transformer = {"InputTemplate": '{"timestamp": 86400000, "message": "from 1970"}'}
    bench.rule("launches", log_target(tools, InputTransformer=transformer))
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    assert "tooOldLogEventEndIndex" in refusal(bench)[1]


def test_a_log_group_without_the_grant(bench: Any, tools: Any) -> None:
    logs = log_group(bench, tools, tools.allow(["logs:CreateLogStream"]))
    bench.rule("launches", log_target(tools))
    assert bench.put(tools.call_event()) == ["matched", "refused", "dropped"]
    code, reason = refusal(bench)
    assert code == "NO_PERMISSIONS"
    assert "logs:PutLogEvents" in reason
    assert entries(logs) == []


def test_a_log_group_that_is_not_there(bench: Any, tools: Any) -> None:
    bench.rule("launches", log_target(tools))
    bench.put(tools.call_event())
    assert refusal(bench)[0] == "NO_RESOURCE"


# --- a target with a role ----------------------------------------------------------------------


def test_a_target_with_a_role_is_reached_with_its_rights(bench: Any, tools: Any) -> None:
    queue = bench.queue("work")  # its own policy says nothing
    role = bench.role("sender", tools.grants(SEND, queue))
    bench.rule("launches", {"Id": "q", "Arn": queue, "RoleArn": role})
    assert bench.put(tools.call_event()) == ["matched", "delivered"]


def test_a_role_without_the_right(bench: Any, tools: Any) -> None:
    queue = bench.queue("work", tools.allow(SEND))
    role = bench.role("sender", tools.grants(SEND, queue + "2"))
    bench.rule("launches", {"Id": "q", "Arn": queue, "RoleArn": role})
    bench.put(tools.call_event())
    assert refusal(bench)[0] == "NO_PERMISSIONS"


# --- what is no target here --------------------------------------------------------------------


def test_an_unknown_kind_says_so(bench: Any, tools: Any) -> None:
    arn = f"arn:aws:codebuild:{tools.REGION}:{tools.ACCOUNT}:project/calls"
    bench.rule("launches", {"Id": "k", "Arn": arn})
    bench.put(tools.call_event())
    code, reason = refusal(bench)
    assert code == "INVALID_PARAMETER"
    assert "does not deliver to" in reason


def test_one_target_without_grant_does_not_stop_the_others(bench: Any, tools: Any) -> None:
    closed, opened = bench.queue("closed"), bench.queue("open", tools.allow(SEND))
    bench.rule("launches", {"Id": "a", "Arn": closed}, {"Id": "b", "Arn": opened})
    kinds = bench.put(tools.call_event())
    assert sorted(kinds) == ["delivered", "dropped", "matched", "refused"]
    assert len(bench.messages(opened)) == 1
