"""Reconciliation: what the log proves against what the rules saw."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from reactor.alerts import inert
from reactor.reactions.notify import handler as notify
from reactor.testing import rehearse

from tests.unit.reactor.reconciled import (
    ALERTS,
    BEGIN,
    FUNCTION,
    HOUR,
    HUB,
    QUEUE,
    RULE,
    STREAM,
    TOPIC,
    KilledError,
    World,
    a_world,
    call,
    traffic,
)

pytestmark = pytest.mark.unit

SPOKE = ("444455556666", "us-east-1")
DAYS_BEFORE = BEGIN - 48 * HOUR
THEN = BEGIN + timedelta(minutes=30)


def one_missed(**settings: Any) -> tuple[World, Any]:
    """A world in which the rule users did not see an event."""
    world = a_world(**settings)
    world.rules(["users"], DAYS_BEFORE)
    event = call(HUB, THEN, "iam.amazonaws.com", "CreateUser")
    world.log_file(HUB, THEN + timedelta(minutes=5), [event])
    world.proven(HUB, BEGIN + HOUR)
    return world, event


def numbers(world: World, place: tuple[str, str] = HUB) -> Counter[str]:
    found: Counter[str] = Counter()
    item = world.tables["state"]["/".join(place)]
    for each in json.loads(item["days"]["S"]).values():
        found.update(each)
    return +found


ACCOUNTS, REGIONS = (HUB[0], SPOKE[0]), ("eu-central-1", "us-east-1", "sa-east-1")
PLACES = [(account, region) for region in REGIONS for account in ACCOUNTS]
BLIND = frozenset({"sa-east-1"})  # no rules, and no way to those elsewhere
FORWARDED = [{"accounts": [], "regions": sorted({*REGIONS} - BLIND), "patterns": []}]


def counted(world: World) -> Counter[str]:
    found: Counter[str] = Counter()
    for place in PLACES:
        found += numbers(world, place)
    return found


def test_of_100_000_events_every_loss_is_found_and_nothing_else() -> None:
    world = a_world()
    world.rules(["users", "denied"], DAYS_BEFORE, forwarded=FORWARDED)
    made = traffic(world, PLACES, 100_000, seed=17, blind=BLIND)
    for place in PLACES:
        world.proven(place, BEGIN + HOUR)
    assert world.run() == {"batchItemFailures": []}
    got = world.handed_on()
    assert got == dict.fromkeys(((id_, "lost") for id_, _ in made.lost), 1)
    assert len(got) > 400
    total = counted(world)
    assert total == {
        "seen": made.seen,
        "repeated": made.repeated,
        "lost": len(made.lost),
        "redelivered": len(made.lost),
        "blind": made.blind,
    }
    assert 0.04 < len(made.lost) / (len(made.lost) + made.seen) < 0.06
    assert 0.01 < made.repeated / made.seen < 0.03
    told = [text for text in world.alerts() if "Nothing leads" in text]
    assert len(told) == len(ACCOUNTS)
    for account, text in zip(sorted(ACCOUNTS), sorted(told), strict=True):
        assert f"account {account}, sa-east-1" in text
        assert "denied (" in text
        assert "users (" in text
    # Once more, by the next run and by messages that come again: nothing.
    assert world.run() == {"batchItemFailures": []}
    again = [{"account": account, "region": region} for account, region in [*PLACES, *PLACES]]
    records = [{"messageId": str(n), "body": json.dumps(e)} for n, e in enumerate(again)]
    assert world.worker().work(records) == {"batchItemFailures": []}
    assert world.handed_on() == got
    assert counted(world) == total
    assert sum("should have seen" in text for text in world.alerts()) == len(PLACES) - 2


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_it_loses_nothing_and_forgets_nothing(after: bool) -> None:
    def made() -> World:
        world = a_world()
        world.rules(["users"], DAYS_BEFORE)
        for minute in range(3):
            when = BEGIN + timedelta(minutes=10 * minute)
            event = call(HUB, when, "iam.amazonaws.com", "CreateUser", eventID=f"id-{minute}")
            world.log_file(HUB, when + timedelta(minutes=5), [event])
        world.proven(HUB, BEGIN + HOUR)
        return world

    whole = made()
    whole.run()
    steps = len(whole.calls) + 1
    assert steps > 10
    for step in range(steps):
        world = made()
        world.kill_at, world.after = step, after
        try:
            world.run()
        except KilledError:
            world.run()  # SQS gives the message again
        got = world.handed_on()
        assert {id_ for id_, _ in got} == {"id-0", "id-1", "id-2"}, step
        # Only what was under way comes twice; the ledger of a reaction knows it by its id.
        assert got.total() <= 4, step
        assert numbers(world) == {"lost": 3, "redelivered": 3}, step


def test_an_event_comes_in_eventbridges_own_envelope_and_says_that_it_is_late() -> None:
    world, event = one_missed()
    world.run()
    (invoked,) = world.made("lambda.invoke")
    assert (invoked["FunctionName"], invoked["InvocationType"]) == (FUNCTION, "Event")
    given = json.loads(invoked["Payload"])
    assert given["detail"] == event
    assert (given["source"], given["detail-type"]) == ("aws.iam", "AWS API Call via CloudTrail")
    late = round((world.now - THEN).total_seconds())
    assert given["redelivered"] == {
        "by": "reconciliation",
        "late_seconds": late,
        "reason": "lost",
    }
    people = [each for each in world.made("sns.publish") if each["TopicArn"] == TOPIC]
    assert [each["Message"] for each in people] == [
        '"CreateUser was called."\n'
        "This comes 2 h 30 min late: EventBridge did not deliver it, and the log has it."
    ]
    (alert,) = world.alerts()
    assert "1 event that rules should have seen did not reach them: account 111122223333" in alert
    assert "in the log files that CloudTrail delivered from " in alert
    assert "\nlost: EventBridge did not deliver it. " in alert
    targets = "guard (lambda function:guard), people (sns people)"
    assert alert.endswith(f"\nEventBridge rule users leads to {targets}.\n")
    assert f"{event['eventID']}, rule users: redelivered to guard, redelivered to people" in alert


def test_a_reaction_that_gets_it_late_says_so() -> None:
    world, _ = one_missed()
    world.run()
    (invoked,) = world.made("lambda.invoke")
    event = json.loads(invoked["Payload"])
    seen = rehearse(notify, event, mode="notify")
    assert "2 h 30 min late: EventBridge did not deliver it" in seen.alerts[0].text
    odds: tuple[Any, ...] = (None, [], {"late_seconds": "<b>"}, {"late_seconds": -1}, {})
    for odd in odds:
        told = rehearse(notify, {**event, "redelivered": odd}, mode="notify").alerts[0].text
        assert "late" not in told.lower()


def test_a_queue_gets_it_and_a_target_that_no_call_reaches_is_told() -> None:
    world, _ = one_missed()
    world.rules(
        ["users"],
        DAYS_BEFORE + HOUR,
        targets=[{"id": "consumers", "arn": QUEUE}, {"id": "lake", "arn": STREAM}],
    )
    world.run()
    (sent,) = world.made("sqs.send_message")
    assert sent["QueueUrl"].endswith("/111122223333/consumers")
    assert "not to lake (a target of kinesis can't be given an event directly)" in world.alerts()[0]


def test_a_target_of_another_account_that_refuses_says_who_must_admit_whom() -> None:
    world, _ = one_missed()
    theirs = QUEUE.replace(HUB[0], SPOKE[0])
    function = FUNCTION.replace(HUB[0], SPOKE[0])
    targets = [{"id": "theirs", "arn": theirs}, {"id": "guard", "arn": function}]
    world.rules(["users"], DAYS_BEFORE + HOUR, targets=targets)
    world.refuses.add(function)
    world.run()
    urls = [each["QueueUrl"] for each in world.made("sqs.send_message")]
    assert urls == [
        "https://sqs.eu-central-1.amazonaws.com/444455556666/consumers",
        "https://sqs/failures",
    ]
    assert (
        "redelivered to theirs, not to guard (account 444455556666 must admit the function's role, "
        "by the output target_policies; kept in the failure queue)"
    ) in world.alerts()[0]


def test_what_a_target_does_not_take_is_kept_and_holds_up_nothing() -> None:
    world, event = one_missed()
    world.refuses.add(FUNCTION)
    assert world.run() == {"batchItemFailures": []}
    (kept,) = world.made("sqs.send_message")
    assert kept["QueueUrl"] == "https://sqs/failures"
    assert json.loads(kept["MessageBody"])["detail"] == event
    assert kept["MessageAttributes"]["TARGET_ARN"]["StringValue"] == FUNCTION
    assert [e for e in world.made("sns.publish") if e["TopicArn"] == TOPIC]


@pytest.mark.parametrize(
    "state",
    [
        {"State": "DISABLED", "EventPattern": ""},
        {"State": "ENABLED", "EventPattern": '{"source":["aws.ec2"]}'},
        None,
    ],
)
def test_a_rule_that_somebody_disabled_changed_or_deleted_is_named(
    state: dict[str, Any] | None,
) -> None:
    world, event = one_missed()
    world.states.pop(RULE + "users")
    if state:
        world.states[RULE + "users"] = state
    world.run()
    assert numbers(world) == {"disabled": 1, "redelivered": 1}
    # Terraform says that it is to be there: its targets get the event.
    assert set(world.handed_on()) == {(event["eventID"], "disabled")}


def test_a_rule_that_can_not_be_looked_at_gets_its_event_all_the_same() -> None:
    world, event = one_missed()
    world.refuses.add(RULE + "users")
    assert world.run() == {"batchItemFailures": []}
    assert set(world.handed_on()) == {(event["eventID"], "lost")}


def test_a_rule_that_terraform_took_away_since_is_told_and_its_targets_get_nothing() -> None:
    world, _ = one_missed()
    world.rules([], BEGIN + 2 * HOUR)
    world.run()
    assert numbers(world) == {"changed": 1}
    assert world.handed_on() == {}
    assert "changed: iam.amazonaws.com CreateUser" in world.alerts()[0]


@pytest.mark.parametrize(
    ("minute", "found"), [(10, {}), (33, {}), (40, {"lost": 1, "redelivered": 1})]
)
def test_a_rule_added_in_the_middle_of_the_hour_owes_only_what_came_after(
    minute: int, found: dict[str, int]
) -> None:
    world = a_world()
    world.rules([], DAYS_BEFORE)
    world.rules(["users"], THEN)
    when = BEGIN + timedelta(minutes=minute)
    event = call(HUB, when, "iam.amazonaws.com", "CreateUser")
    world.log_file(HUB, when + timedelta(minutes=5), [event])
    world.proven(HUB, BEGIN + HOUR)
    world.run()
    assert numbers(world) == found


@pytest.mark.parametrize("minutes", [1, 14, 16, 120])
def test_a_witness_that_comes_late_is_found(minutes: int) -> None:
    world, event = one_missed()
    world.seen("users", event, THEN + timedelta(minutes=minutes))
    world.run()
    assert numbers(world) == {"late" if minutes > 15 else "seen": 1}
    assert world.handed_on() == {}


def come_late(world: World, event: Any, **more: Any) -> None:
    """The rule sees the event after all, an hour after it was told as missed."""
    world.now += HOUR
    world.seen("users", event, **{"when": world.now - timedelta(minutes=5), **more})
    world.run()


def test_a_witness_that_comes_after_the_judgement_makes_it_late_not_missed() -> None:
    world, event = one_missed()
    world.run()
    assert numbers(world) == {"lost": 1, "redelivered": 1}
    calls = len(world.calls)
    come_late(world, event)
    assert numbers(world) == {"late": 1, "redelivered": 1}
    # Nothing is handed on, and nobody is told but the line of the day before.
    since = world.calls[calls:]
    assert {name for name, _ in since} == {"dynamodb.put_item", "sns.publish"}
    assert [c["Message"][:11] for name, c in since if name == "sns.publish"] == ["2026-11-27:"]
    for _ in range(3):
        world.now += HOUR
        world.run()
    assert numbers(world) == {"late": 1, "redelivered": 1}
    world.now = BEGIN + 26 * HOUR
    world.proven(HUB, BEGIN + 25 * HOUR)
    for _ in range(6):
        world.run()
    assert world.alerts()[-1] == (
        "2026-11-28: 1 event of 1 rule in 1 account and 1 Region: all seen; 1 redelivered; "
        "1 late.\n"
    )


def test_a_witness_that_comes_after_the_days_line_is_in_the_next_one() -> None:
    world, event = one_missed()
    world.run()
    world.now = BEGIN + 24 * HOUR + timedelta(minutes=45)
    world.proven(HUB, BEGIN + 24 * HOUR)
    for _ in range(6):
        world.run()
    assert world.alerts()[-1].endswith("Region: 1 missed; 1 redelivered.\n")
    # EventBridge tried for nearly a day.
    come_late(world, event, when=BEGIN + 24 * HOUR + timedelta(minutes=20), written=world.now)
    assert numbers(world) == {"late": 1, "redelivered": 1, "belated": 1}
    world.now = BEGIN + 50 * HOUR
    world.proven(HUB, BEGIN + 49 * HOUR)
    for _ in range(6):
        world.run()
    assert world.alerts()[-1] == (
        "2026-11-29: 0 events of 1 rule in 1 account and 1 Region: all seen; 1 told as missed "
        "before and come late.\n"
    )
    assert world.handed_on().total() == 1


def test_a_line_that_was_under_way_for_long_counts_by_its_own_time() -> None:
    world, event = one_missed()
    world.run()
    then = THEN + timedelta(seconds=9)
    come_late(world, event, when=then, written=world.now + timedelta(minutes=50), times=2)
    assert numbers(world) == {"seen": 1, "redelivered": 1, "repeated": 1}


def test_what_nobody_can_see_any_more_is_not_looked_for() -> None:
    world, event = one_missed()
    world.run()
    for hours in (20, 23):
        world.now = BEGIN + hours * HOUR
        world.run()
        assert json.loads(world.tables["state"]["/".join(HUB)]["missed"]["S"])
    world.now = BEGIN + 26 * HOUR
    world.run()
    assert json.loads(world.tables["state"]["/".join(HUB)]["missed"]["S"]) == []
    come_late(world, event)
    assert numbers(world) == {"lost": 1, "redelivered": 1}


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_step_it_counts_a_late_witness_once(after: bool) -> None:
    def made() -> World:
        world, event = one_missed()
        other = call(HUB, THEN, "iam.amazonaws.com", "DeleteUser")
        world.log_file(HUB, THEN + timedelta(minutes=6), [other])
        world.run()
        world.now += HOUR
        world.seen("users", event, world.now - timedelta(minutes=5))
        world.calls.clear()
        return world

    whole = made()
    whole.run()
    assert numbers(whole) == {"late": 1, "lost": 1, "redelivered": 2}
    for step in range(len(whole.calls) + 1):
        world = made()
        world.kill_at, world.after = step, after
        try:
            world.run()
        except KilledError:
            world.run()
        assert numbers(world) == {"late": 1, "lost": 1, "redelivered": 2}, step
        assert world.handed_on() == {}, step


def test_far_too_many_missed_events_are_told_and_kept_as_far_as_they_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reactor.reconcile.state._IN_AN_ITEM", 2)
    monkeypatch.setattr("reactor.reconcile.state._MOST_OPEN", 2)
    world = a_world()
    world.rules(["users"], DAYS_BEFORE)
    events = [call(HUB, THEN, "iam.amazonaws.com", "CreateUser") for _ in range(5)]
    world.log_file(HUB, THEN + timedelta(minutes=5), events)
    world.proven(HUB, BEGIN + HOUR)
    world.run()
    assert world.handed_on().total() == 5
    assert len(json.loads(world.tables["state"]["/".join(HUB)]["missed"]["S"])) == 2
    world.now += HOUR
    for event in events:
        world.seen("users", event, world.now - timedelta(minutes=5))
    world.run()
    assert numbers(world) == {"late": 4, "lost": 1, "redelivered": 5}


def test_versions_of_the_rules_are_read_once_by_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactor.reconcile.sources._texts", {})
    world, _ = one_missed()
    world.rules(["users", "denied"], DAYS_BEFORE + HOUR)

    def read() -> list[str]:
        return [version for key, version in world.read if key == "rules.json"]

    world.run()
    assert sorted(read()) == ["0", "1"]
    for _ in range(3):
        world.now += HOUR
        world.run()
    assert sorted(read()) == ["0", "1"]
    world.rules(["users"], world.now)
    world.run()
    assert sorted(read()) == ["0", "1", "2"]


def test_no_name_and_no_call_writes_a_line_or_a_link_into_an_alert() -> None:
    hostile = "users<https://evil.example|here>\nlost: forged @channel \u202e"
    world = a_world()
    world.rules(["users"], DAYS_BEFORE)
    (when, text) = world.documents.pop()
    told = json.loads(text)
    told["rules"][0]["arn"] = RULE + hostile
    told["rules"][0]["pattern"] = json.dumps({"source": [{"prefix": "aws."}]})
    told["rules"][0]["targets"][0]["id"] = "<!here>"
    world.documents.append((when, json.dumps(told)))
    for place in (HUB, SPOKE):
        event = call(place, THEN, "iam.amazonaws.com", "<a href='https://evil.example'>\nCreate")
        world.log_file(place, THEN + timedelta(minutes=5), [event])
        world.proven(place, BEGIN + HOUR)
    world.run()
    alerts = [each for each in world.made("sns.publish") if each["TopicArn"] == ALERTS]
    assert len(alerts) == 2  # missed, blind
    for alert in alerts:
        for line in alert["Message"].splitlines():
            assert line == inert(line)
            assert not line.startswith("lost: forged")
        assert not {*"<>|@\u202e"} & {*alert["Message"]}
        assert "://" not in alert["Message"]
        assert alert["Subject"].isascii()
        assert alert["Subject"].isprintable()
        assert len(alert["Subject"]) <= 100
    assert sum("disabled: iam.amazonaws.com" in each["Message"] for each in alerts) == 1


def test_what_was_delivered_twice_is_seen_and_counted() -> None:
    world, event = one_missed()
    world.seen("users", event, THEN + timedelta(seconds=3), times=2)
    world.run()
    assert numbers(world) == {"seen": 1, "repeated": 1}
    assert (world.alerts(), world.handed_on()) == ([], {})


def test_a_digest_that_comes_late_only_delays() -> None:
    world, _ = one_missed()
    world.proven(HUB, BEGIN)
    world.run()
    assert (numbers(world), world.handed_on()) == ({}, {})
    world.now += 2 * HOUR
    world.proven(HUB, BEGIN + 3 * HOUR)
    world.run()
    assert numbers(world) == {"lost": 1, "redelivered": 1}


def test_forwarding_that_leaves_an_event_out_is_no_loss() -> None:
    world = a_world()
    pattern = json.dumps({"source": ["aws.signin"]})
    forwarded = [{"accounts": [SPOKE[0]], "regions": [], "patterns": [pattern]}]
    world.rules(["users"], DAYS_BEFORE, forwarded=forwarded)
    event = call(SPOKE, THEN, "iam.amazonaws.com", "CreateUser")
    world.log_file(SPOKE, THEN, [event])
    world.proven(SPOKE, BEGIN + HOUR)
    world.run()
    assert numbers(world, SPOKE) == {"filtered": 1}
    assert (world.alerts(), world.handed_on()) == ([], {})


@pytest.mark.parametrize(
    ("patterns", "read_only_patterns", "reads"),
    [
        ([{"source": ["aws.iam"]}], [], "filtered"),
        ([{"source": ["aws.iam"]}, {"source": ["aws.sts"]}], [{"source": ["aws.sts"]}], "filtered"),
        ([{"source": ["aws.iam"]}], [{"source": ["aws.iam"]}], "lost"),
        ([], [], "lost"),  # no patterns: everything
    ],
)
def test_read_only_events_that_a_way_leaves_out_are_no_loss(
    patterns: list[Any], read_only_patterns: list[Any], reads: str
) -> None:
    world = a_world()
    way = {
        "accounts": [SPOKE[0]],
        "patterns": [json.dumps(each) for each in patterns],
        "read_only_patterns": [json.dumps(each) for each in read_only_patterns],
    }
    world.rules(["denied"], DAYS_BEFORE, forwarded=[way], read_only_events=True)
    calls = [
        call(SPOKE, THEN, "iam.amazonaws.com", "ListUsers", error="AccessDenied", readOnly=True),
        call(SPOKE, THEN, "iam.amazonaws.com", "CreateUser", error="AccessDenied"),
    ]
    world.log_file(SPOKE, THEN, calls)
    world.proven(SPOKE, BEGIN + HOUR)
    world.run()
    found = numbers(world, SPOKE)
    del found["redelivered"]
    assert found == Counter(["lost", reads])


def test_a_blind_spot_is_told_once() -> None:
    world = a_world()
    world.rules(["users"], DAYS_BEFORE)
    for hour in range(2):
        when = THEN + hour * HOUR
        world.log_file(SPOKE, when, [call(SPOKE, when, "iam.amazonaws.com", "CreateUser")])
    world.proven(SPOKE, BEGIN + HOUR)
    world.run()
    world.proven(SPOKE, BEGIN + 2 * HOUR)
    world.run()
    assert numbers(world, SPOKE) == {"blind": 2}
    assert sum("Nothing leads" in text for text in world.alerts()) == 1


def test_what_eventbridge_is_too_small_for_is_told_and_not_handed_on() -> None:
    world = a_world()
    world.rules(["users"], DAYS_BEFORE)
    request = {"userName": "x" * 270_000}
    world.log_file(HUB, THEN, [call(HUB, THEN, "iam.amazonaws.com", "CreateUser", request=request)])
    world.proven(HUB, BEGIN + HOUR)
    world.run()
    assert numbers(world) == {"too large": 1}
    assert world.handed_on() == {}


def test_with_redelivery_off_it_only_tells() -> None:
    world, _ = one_missed(redeliver=False)
    world.run()
    assert numbers(world) == {"lost": 1}
    assert world.tables["state"].keys() & {"day"} == set()
    assert world.handed_on() == {}
    assert "not redelivered: redeliver is off" in world.alerts()[0]


def test_without_digest_validation_the_files_count_after_a_lag_and_the_day_says_so() -> None:
    world, _ = one_missed(checkpoint_table="", lag_minutes=90)
    world.now = BEGIN + 27 * HOUR
    world.tables["state"]["111122223333/eu-central-1"] = {
        "id": {"S": "111122223333/eu-central-1"},
        "version": {"N": "1"},
        "until": {"S": BEGIN.isoformat()},
        "days": {"S": "{}"},
        "told": {"S": "[]"},
    }
    for _ in range(5):
        world.run()
    world.run()
    assert numbers(world) == {"lost": 1, "redelivered": 1}
    assert world.alerts()[-1] == (
        "2026-11-28: 1 event of 1 rule in 1 account and 1 Region: 1 missed; 1 "
        "redelivered. The log itself is not proven: no digest validation is there.\n"
    )
    assert sum("2026-11-28: " in text for text in world.alerts()) == 1


def test_a_file_that_is_not_proven_is_left_out() -> None:
    world = a_world()
    world.rules(["users"], DAYS_BEFORE)
    world.files[HUB].append((THEN, "forged", None))
    world.proven(HUB, BEGIN + HOUR)
    world.run()
    assert numbers(world) == {"unread": 1}


@pytest.mark.parametrize("text", [b"{}", b'{"Records":[{"eventVersion":"1.11","a":"\\u0041"'])
def test_a_file_that_is_no_log_file_holds_up_nothing(text: bytes) -> None:
    world, event = one_missed()
    world.files[HUB].insert(0, (THEN, "odd", text))
    assert world.run() == {"batchItemFailures": []}
    assert numbers(world) == {"lost": 1, "redelivered": 1, "unread": 1}
    assert [id_ for id_, _ in world.handed_on()] == [event["eventID"]]


def test_a_place_that_nobody_found_is_refused() -> None:
    world = a_world()
    world.rules(["users"], DAYS_BEFORE)
    body = json.dumps({"account": HUB[0], "region": "mars-north-1"})
    answer = world.worker().work([{"messageId": "m", "body": body}])
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}


def test_two_workers_at_once_count_once() -> None:
    world, _ = one_missed()
    world.worker().fan_out()
    slow = world.worker()
    real = slow._state.load

    def load(account: str, region: str) -> Any:
        place = real(account, region)
        world.worker().reconcile(account, region)
        return replace(place)

    slow._state.load = load  # type: ignore[method-assign]
    slow.reconcile(*HUB)
    assert numbers(world) == {"lost": 1, "redelivered": 1}
    assert world.handed_on().total() == 1


def test_the_daily_line_says_how_it_went() -> None:
    from reactor.reconcile.daily import day_line

    places = [(f"{n:012}", region) for n in range(12) for region in ("eu-west-1", "us-east-1")]
    assert day_line("2026-11-28", {"seen": 41_205, "late": 3}, 38, places, 0, True) == (
        "2026-11-28: 41,208 events of 38 rules in 12 accounts and 2 Regions: all seen; 3 late."
    )
