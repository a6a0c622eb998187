"""Scheduled rules and EventBridge Scheduler: fired by the local AWS's own clock, as on AWS."""

from __future__ import annotations

import io
import itertools
import json
import time
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.localaws.conftest import ACCOUNT, REGION, OwnAws, allow, policy

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-local-aws")]

SCHEDULER = "scheduler.amazonaws.com"
OFF = {"Mode": "OFF"}
HOUR = 3600.0


def refused(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refusal:
        call(**parameters)
    error = refusal.value.response["Error"]
    return error["Code"], error["Message"]


def times(events: list[Any]) -> list[datetime]:
    return sorted(datetime.fromisoformat(event["time"]) for event in events)


# --- scheduled rules


def test_rate_rule_fires_every_period_that_a_jump_passes(own: OwnAws) -> None:
    queue = own.queue("ticks")
    before = own.aws.now()
    rule = own.rule("tick", queue, ScheduleExpression="rate(10 minutes)")

    own.aws.advance(HOUR)

    events = own.received(queue)
    moments = times(events)
    assert len(moments) == 6
    assert {b - a for a, b in itertools.pairwise(moments)} == {timedelta(minutes=10)}
    assert timedelta(minutes=9, seconds=55) < moments[0] - before < timedelta(minutes=10, seconds=5)
    event = events[0]
    assert set(event) == {"version", "id", "detail-type", "source", "account", "time", "region",
                          "resources", "detail"}  # fmt: skip
    assert event["detail-type"] == "Scheduled Event"
    assert event["source"] == "aws.events"
    assert event["resources"] == [rule]
    assert event["detail"] == {}
    assert (event["account"], event["region"]) == (ACCOUNT, REGION)
    assert len({event["id"] for event in events}) == 6


def test_scheduled_event_goes_to_its_own_rule_only(own: OwnAws) -> None:
    ticks, others = own.queue("ticks"), own.queue("others")
    own.rule("tick", ticks, ScheduleExpression="rate(1 hour)")
    own.rule("other", others, {"source": ["aws.events"]})

    own.aws.advance(HOUR)

    assert len(own.received(ticks)) == 1
    assert own.received(others) == []


def test_rule_without_a_grant_on_its_target_delivers_nothing(own: OwnAws) -> None:
    own.client("sqs").create_queue(QueueName="closed")
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:closed"
    own.rule("tick", queue, ScheduleExpression="rate(1 hour)")

    own.aws.advance(HOUR)

    assert own.received(queue) == []
    assert [s["step"] for s in own.steps("router")] == ["matched", "refused", "dropped"]


def test_disabled_rule_sleeps_and_takes_up_its_rhythm_again(own: OwnAws) -> None:
    queue, events = own.queue("ticks"), own.client("events")
    own.rule("tick", queue, ScheduleExpression="rate(1 hour)")
    events.disable_rule(Name="tick")
    own.aws.advance(3 * HOUR)
    assert own.received(queue) == []

    events.enable_rule(Name="tick")
    own.aws.advance(HOUR)

    assert len(own.received(queue)) == 1


def test_what_was_due_before_a_rule_changed_is_fired_and_nothing_after(own: OwnAws) -> None:
    queue, events = own.queue("ticks"), own.client("events")
    own.rule("tick", queue, ScheduleExpression="rate(1 hour)")
    own.aws.advance(2 * HOUR)
    events.remove_targets(Rule="tick", Ids=["one"])
    events.delete_rule(Name="tick")
    own.aws.advance(2 * HOUR)
    assert len(own.received(queue)) == 2


def test_cron_rule_fires_at_its_times(own: OwnAws) -> None:
    queue = own.queue("ticks")
    own.rule("tick", queue, ScheduleExpression="cron(30 6 ? * MON-FRI *)")

    own.aws.advance(7 * 24 * HOUR)

    moments = times(own.received(queue))
    assert len(moments) == 5
    assert {(m.hour, m.minute) for m in moments} == {(6, 30)}
    assert {m.isoweekday() for m in moments} == {1, 2, 3, 4, 5}


def test_more_firings_than_anyone_needs_are_left_out_and_said(own: OwnAws) -> None:
    queue = own.queue("ticks")
    own.rule("tick", queue, ScheduleExpression="rate(1 minute)")

    own.aws.advance(1_100 * 60)

    assert len(own.received(queue)) == 1_000
    skipped = [s for s in own.steps("schedule") if s["step"] == "skipped"]
    assert [s["detail"].split()[0] for s in skipped] == ["100"]


@pytest.mark.parametrize(
    "expression",
    [
        "rate(5 minute)",
        "rate(1 minutes)",
        "rate(0 minutes)",
        "rate(5 seconds)",
        "every(5 minutes)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(0 24 * * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 10 32 * ? *)",
        "cron(0 10 ? * 8 *)",
        "cron(0 10 ? * MON#6 *)",
        "cron(0 10 * * ?)",
        "cron(0 10 * * ? 1969)",
        "at(2030-01-01T00:00:00)",
    ],
)
def test_rule_refuses_what_is_no_expression(own: OwnAws, expression: str) -> None:
    put = own.client("events").put_rule
    code, message = refused(put, Name="tick", ScheduleExpression=expression)
    assert (code, message) == ("ValidationException", "Parameter ScheduleExpression is not valid.")


def test_schedules_are_for_the_default_bus_and_the_plain_states(own: OwnAws) -> None:
    events = own.client("events")
    events.create_event_bus(Name="mine")
    code, message = refused(
        events.put_rule, Name="a", EventBusName="mine", ScheduleExpression="rate(1 day)"
    )
    assert (code, "default event bus" in message) == ("ValidationException", True)
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    code, _ = refused(events.put_rule, Name="a", State=state, ScheduleExpression="rate(1 day)")
    assert code == "ValidationException"
    code, _ = refused(events.put_rule, Name="a")
    assert code == "ValidationException"


# --- EventBridge Scheduler


def schedule(own: OwnAws, arn: str, expression: str, **settings: Any) -> dict[str, Any]:
    """A schedule `one` of a target whose queues its role may send to; `target` says the rest."""
    more = settings.pop("target", {})
    role = settings.pop("role", None) or own.role(
        "scheduler", SCHEDULER, allow(None, "sqs:SendMessage", f"arn:aws:sqs:*:{ACCOUNT}:*")
    )
    given = {"FlexibleTimeWindow": OFF, "Name": "one"} | settings
    answer: dict[str, Any] = own.client("scheduler").create_schedule(
        ScheduleExpression=expression, Target={"Arn": arn, "RoleArn": role, **more}, **given
    )
    return answer


def plain_queue(own: OwnAws, name: str) -> str:
    own.client("sqs").create_queue(QueueName=name)
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def test_rate_schedule_starts_at_once_and_says_what_it_was_given(own: OwnAws) -> None:
    queue = plain_queue(own, "work")
    given = {
        "at": "<aws.scheduler.scheduled-time>",
        "arn": "<aws.scheduler.schedule-arn>",
        "id": "<aws.scheduler.execution-id>",
        "try": "<aws.scheduler.attempt-number>",
    }
    arn = schedule(own, queue, "rate(15 minutes)", target={"Input": json.dumps(given)})[
        "ScheduleArn"
    ]
    assert len(own.received(queue)) == 1

    own.aws.advance(HOUR)

    bodies = own.received(queue)
    assert len(bodies) == 4
    assert {body["arn"] for body in bodies} == {arn}
    assert {body["try"] for body in bodies} == {"1"}
    assert len({body["id"] for body in bodies}) == 4
    moments = sorted(datetime.fromisoformat(body["at"]) for body in bodies)
    assert {b - a for a, b in itertools.pairwise(moments)} == {timedelta(minutes=15)}


def test_schedule_without_input_sends_scheduler_s_own_event(own: OwnAws) -> None:
    queue = plain_queue(own, "work")
    arn = schedule(own, queue, "rate(1 hour)")["ScheduleArn"]
    (event,) = own.received(queue)
    assert event["source"] == "aws.scheduler"
    assert event["detail-type"] == "Scheduled Event"
    assert event["resources"] == [arn]
    assert event["detail"] == "{}"


def test_cron_follows_its_time_zone_through_the_year(own: OwnAws) -> None:
    queue = plain_queue(own, "work")
    schedule(own, queue, "cron(0 9 1 * ? *)", ScheduleExpressionTimezone="Europe/Berlin")

    own.aws.advance(366 * 24 * HOUR)

    moments = times(own.received(queue))
    assert len(moments) in (12, 13)
    summer = {m.hour for m in moments if 4 <= m.month <= 10}
    winter = {m.hour for m in moments if m.month in (11, 12, 1, 2, 3)}
    assert (summer, winter) == ({7}, {8})


def test_start_and_end_bound_a_schedule(own: OwnAws) -> None:
    queue = plain_queue(own, "work")
    start = (own.aws.now() + timedelta(hours=2)).replace(microsecond=0)
    end = start + timedelta(hours=3)
    schedule(own, queue, "rate(1 hour)", StartDate=start, EndDate=end)

    own.aws.advance(24 * HOUR)

    assert times(own.received(queue)) == [start + timedelta(hours=n) for n in range(4)]


def test_one_time_schedule_fires_once_and_goes_where_asked_to(own: OwnAws) -> None:
    queue, scheduler = plain_queue(own, "work"), own.client("scheduler")
    when = (own.aws.now() + timedelta(days=1)).replace(microsecond=0)
    text = f"at({when.strftime('%Y-%m-%dT%H:%M:%S')})"
    schedule(own, queue, text, ActionAfterCompletion="DELETE")
    own.aws.advance(12 * HOUR)
    assert own.received(queue) == []

    own.aws.advance(36 * HOUR)

    assert times(own.received(queue)) == [when]
    assert scheduler.list_schedules()["Schedules"] == []
    own.aws.advance(48 * HOUR)
    assert own.received(queue) == []


def test_a_schedule_fires_when_its_time_comes_with_nobody_moving_the_clock(own: OwnAws) -> None:
    queue = plain_queue(own, "work")
    when = own.aws.now() + timedelta(seconds=2)
    schedule(own, queue, f"at({when.strftime('%Y-%m-%dT%H:%M:%S')})")
    fired: list[Any] = []
    until = time.monotonic() + 10
    while not fired and time.monotonic() < until:
        time.sleep(0.1)
        fired = own.received(queue)
    assert times(fired) == [when.replace(microsecond=0)]
    assert own.aws.now() >= when.replace(microsecond=0)


def test_flexible_window_fires_within_it_and_keeps_the_scheduled_time(own: OwnAws) -> None:
    queue = plain_queue(own, "work")
    start = (own.aws.now() + timedelta(hours=1)).replace(microsecond=0)
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}
    schedule(own, queue, "rate(12 hours)", StartDate=start, FlexibleTimeWindow=window)

    own.aws.advance((start - own.aws.now()).total_seconds() + 3600)

    assert times(own.received(queue)) == [start]
    fired = [s for s in own.steps("schedule") if s["step"] == "fired"]
    assert (
        start <= datetime.fromisoformat(fired[0]["time"]) <= start + timedelta(hours=1, minutes=1)
    )


def test_disabled_schedule_does_nothing_and_a_deleted_one_is_gone(own: OwnAws) -> None:
    queue, scheduler = plain_queue(own, "work"), own.client("scheduler")
    schedule(own, queue, "rate(1 hour)", State="DISABLED")
    own.aws.advance(5 * HOUR)
    assert own.received(queue) == []
    scheduler.delete_schedule(Name="one")
    own.aws.advance(5 * HOUR)
    assert own.received(queue) == []


HANDLER = """
import json, os, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=json.dumps(event))
"""


def test_schedule_runs_a_function_by_its_own_role(own: OwnAws) -> None:
    queue = plain_queue(own, "out")
    url = own.client("sqs").get_queue_url(QueueName="out")["QueueUrl"]
    runs = own.role("runs", "lambda.amazonaws.com", allow(None, "sqs:SendMessage", queue))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", HANDLER)
    function = own.client("lambda").create_function(
        FunctionName="hourly",
        Runtime="python3.13",
        Handler="app.handler",
        Role=runs,
        Code={"ZipFile": buffer.getvalue()},
        Environment={"Variables": {"OUT": url}},
        Timeout=20,
    )["FunctionArn"]
    invokes = own.role("invokes", SCHEDULER, allow(None, "lambda:InvokeFunction", function))
    schedule(own, function, "rate(1 hour)", role=invokes, target={"Input": '{"run":"hourly"}'})
    assert own.received(queue) == [{"run": "hourly"}]

    own.aws.advance(2 * HOUR)

    assert own.received(queue) == [{"run": "hourly"}] * 2


def test_role_that_may_not_is_refused_and_dead_lettered(own: OwnAws) -> None:
    queue, dead = plain_queue(own, "work"), plain_queue(own, "dead")
    role = own.role("scheduler", SCHEDULER, allow(None, "sqs:SendMessage", dead))
    arn = schedule(
        own,
        queue,
        "rate(1 hour)",
        role=role,
        target={"Input": '{"n":1}', "DeadLetterConfig": {"Arn": dead}},
    )["ScheduleArn"]

    assert own.received(queue) == []
    (message,) = own.messages(dead)
    assert json.loads(message["Body"]) == {"n": 1}
    said = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert said["SCHEDULE_ARN"] == arn
    assert said["TARGET_ARN"] == queue
    assert said["ERROR_CODE"] == "NO_PERMISSIONS"
    assert role in said["ERROR_MESSAGE"]
    assert "sqs:SendMessage" in said["ERROR_MESSAGE"]
    assert {"EXECUTION_ID", "SCHEDULED_TIME", "RETRY_ATTEMPTS"} <= said.keys()
    assert "RULE_ARN" not in said


def test_target_that_is_gone_is_dead_lettered(own: OwnAws) -> None:
    dead = plain_queue(own, "dead")
    gone = f"arn:aws:sqs:{REGION}:{ACCOUNT}:gone"
    schedule(
        own,
        gone,
        "rate(1 hour)",
        target={
            "DeadLetterConfig": {"Arn": dead},
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
        },
    )
    assert own.aws.drain()
    (message,) = own.messages(dead)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def test_schedule_puts_events_on_a_bus(own: OwnAws) -> None:
    queue = own.queue("seen")
    own.rule("mine", queue, {"source": ["my.app"]})
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    role = own.role("puts", SCHEDULER, allow(None, "events:PutEvents", bus))
    schedule(
        own,
        bus,
        "rate(1 hour)",
        role=role,
        target={
            "Input": '{"n":1}',
            "EventBridgeParameters": {"Source": "my.app", "DetailType": "Tick"},
        },
    )
    (event,) = own.received(queue)
    assert (event["source"], event["detail-type"], event["detail"]) == ("my.app", "Tick", {"n": 1})


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"ScheduleExpression": "rate(0 minutes)"}, "Invalid Schedule Expression"),
        ({"ScheduleExpression": "cron(0 9 * * * *)"}, "Invalid Schedule Expression"),
        ({"ScheduleExpression": "at(2030-13-01T00:00:00)"}, "Invalid Schedule Expression"),
        ({"ScheduleExpressionTimezone": "Mars/Base"}, "Mars/Base"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}}, "OFF"),
        (
            {
                "StartDate": datetime(2031, 1, 1, tzinfo=UTC),
                "EndDate": datetime(2030, 1, 1, tzinfo=UTC),
            },
            "EndDate",
        ),
    ],
)
def test_scheduler_refuses(own: OwnAws, settings: dict[str, Any], word: str) -> None:
    role = own.role("scheduler", SCHEDULER)
    given = {
        "Name": "one",
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": OFF,
        "Target": {"Arn": plain_queue(own, "work"), "RoleArn": role},
    } | settings
    code, message = refused(own.client("scheduler").create_schedule, **given)
    assert code == "ValidationException"
    assert word in message


def test_scheduler_refuses_a_role_that_does_not_let_it_in(own: OwnAws) -> None:
    group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/default"
    single = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/one"
    right = own.role("right", SCHEDULER, condition={"ArnEquals": {"aws:SourceArn": group}})
    wrong = [
        f"arn:aws:iam::{ACCOUNT}:role/nobody",
        own.role("other", "lambda.amazonaws.com"),
        # One schedule can't be named in a trust policy, its group can.
        own.role("single", SCHEDULER, condition={"ArnEquals": {"aws:SourceArn": single}}),
    ]
    create = own.client("scheduler").create_schedule
    given = {"Name": "one", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": OFF}
    queue = plain_queue(own, "work")
    for role in wrong:
        code, message = refused(create, Target={"Arn": queue, "RoleArn": role}, **given)
        assert (code, message) == (
            "ValidationException",
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the "
            "role.",
        )
    create(Target={"Arn": queue, "RoleArn": right}, **given)


def test_encrypted_queue_needs_the_role_s_right_to_its_key(own: OwnAws) -> None:
    key = own.client("kms").create_key()["KeyMetadata"]["Arn"]
    own.client("sqs").create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": key})
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:sealed"
    role = own.role("scheduler", SCHEDULER, allow(None, "sqs:SendMessage", queue))
    schedule(own, queue, "rate(1 hour)", role=role)
    assert own.received(queue) == []

    own.client("iam").put_role_policy(
        RoleName="scheduler",
        PolicyName="key",
        PolicyDocument=policy(allow(None, "kms:*", key)),
    )
    own.aws.advance(HOUR)
    assert len(own.received(queue)) == 1
