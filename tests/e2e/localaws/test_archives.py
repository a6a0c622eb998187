"""Archives and replays: filled by the router, played again to the rules that are named."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.localaws.conftest import ACCOUNT, REGION, OwnAws

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-local-aws")]

BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
ARCHIVE = f"arn:aws:events:{REGION}:{ACCOUNT}:archive/all"
BUCKETS = {"source": ["aws.s3"], "detail": {"eventName": ["CreateBucket"]}}


def put(own: OwnAws, number: int, bus: str = "default") -> None:
    entry = {"Source": "my.app", "DetailType": "Made", "Detail": json.dumps({"n": number})}
    answer = own.client("events").put_events(Entries=[entry | {"EventBusName": bus}])
    assert answer["FailedEntryCount"] == 0


def replay(own: OwnAws, name: str = "again", **more: Any) -> Any:
    now = own.aws.now()
    given = {
        "ReplayName": name,
        "EventSourceArn": ARCHIVE,
        "EventStartTime": now - timedelta(days=2),
        "EventEndTime": now + timedelta(seconds=1),
        "Destination": {"Arn": BUS},
    } | more
    return own.client("events").start_replay(**given)


def test_calls_and_put_events_are_archived_and_played_again(own: OwnAws) -> None:
    own.trail()
    queue, events = own.queue("seen"), own.client("events")
    own.rule("made", queue, {"source": ["my.app"]})
    own.rule("buckets", queue, BUCKETS)
    assert own.aws.drain()  # or the records of the calls above are archived, too
    assert events.create_archive(ArchiveName="all", EventSourceArn=BUS)["ArchiveArn"] == ARCHIVE
    own.client("s3").create_bucket(Bucket="fresh")
    own.client("s3").list_buckets()  # read-only: not archived
    put(own, 1)
    first = own.received(queue)
    assert len(first) == 2
    archive = events.describe_archive(ArchiveName="all")
    assert archive["EventCount"] == 3  # CreateArchive's own record is the first
    assert archive["SizeBytes"] > 1000
    (listed,) = events.list_archives()["Archives"]
    assert listed["EventCount"] == 3

    answer = replay(own)

    assert answer["State"] == "STARTING"
    again = own.received(queue)
    assert all(event.pop("replay-name") == "again" for event in again)
    key = json.dumps
    assert sorted(map(key, again)) == sorted(map(key, first))
    described = events.describe_replay(ReplayName="again")
    assert described["State"] == "COMPLETED"
    assert described["EventLastReplayedTime"] <= described["ReplayEndTime"]
    # StartReplay is a call of its own, and a replayed event is not archived again.
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 4


def test_pattern_and_bus_decide_what_is_kept(own: OwnAws) -> None:
    events = own.client("events")
    events.create_event_bus(Name="other")
    pattern = json.dumps({"detail": {"n": [{"numeric": [">", 1]}]}})
    events.create_archive(ArchiveName="all", EventSourceArn=BUS, EventPattern=pattern)
    put(own, 1)
    put(own, 2)
    put(own, 3, bus="other")
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 1

    events.update_archive(ArchiveName="all", EventPattern=json.dumps({"source": ["my.app"]}))
    put(own, 1)
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 2


def test_replay_goes_to_the_rules_it_names(own: OwnAws) -> None:
    one, two = own.queue("one"), own.queue("two")
    own.rule("one", one, {"source": ["my.app"]})
    named = own.rule("two", two, {"source": ["my.app"]})
    own.client("events").create_archive(ArchiveName="all", EventSourceArn=BUS)
    put(own, 1)
    assert (len(own.received(one)), len(own.received(two))) == (1, 1)

    replay(own, Destination={"Arn": BUS, "FilterArns": [named]})

    assert (len(own.received(one)), len(own.received(two))) == (0, 1)


def test_rule_can_leave_replays_out_or_wait_for_them(own: OwnAws) -> None:
    live, replayed = own.queue("live"), own.queue("replayed")
    own.rule("live", live, {"source": ["my.app"], "replay-name": [{"exists": False}]})
    own.rule("replayed", replayed, {"replay-name": ["again"]})
    own.client("events").create_archive(ArchiveName="all", EventSourceArn=BUS)
    put(own, 1)
    assert (len(own.received(live)), len(own.received(replayed))) == (1, 0)

    replay(own)

    assert (len(own.received(live)), len(own.received(replayed))) == (0, 1)


def test_replay_takes_the_time_it_is_given(own: OwnAws) -> None:
    queue = own.queue("seen")
    own.rule("made", queue, {"source": ["my.app"]})
    own.client("events").create_archive(ArchiveName="all", EventSourceArn=BUS)
    for number in (1, 2, 3):
        put(own, number)
        assert own.aws.drain()
        own.aws.advance(3600)
    own.received(queue)
    now = own.aws.now()

    replay(
        own,
        EventStartTime=now - timedelta(hours=2, minutes=30),
        EventEndTime=now - timedelta(hours=1, minutes=30),
    )

    assert [event["detail"]["n"] for event in own.received(queue)] == [2]


def test_retention_lets_go_by_the_clock(own: OwnAws) -> None:
    events = own.client("events")
    events.create_archive(ArchiveName="all", EventSourceArn=BUS, RetentionDays=1)
    put(own, 1)
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 1
    own.aws.advance(86_400 + 60)
    put(own, 2)
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 1


def test_deleted_archive_s_events_are_gone(own: OwnAws) -> None:
    events = own.client("events")
    events.create_archive(ArchiveName="all", EventSourceArn=BUS)
    put(own, 1)
    assert own.aws.drain()  # an event that is still on its way would be the next archive's
    events.delete_archive(ArchiveName="all")
    events.create_archive(ArchiveName="all", EventSourceArn=BUS)
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 0


def test_refusals(own: OwnAws) -> None:
    events = own.client("events")

    def code(call: Any, **parameters: Any) -> str:
        with pytest.raises(ClientError) as refusal:
            call(**parameters)
        return str(refusal.value.response["Error"]["Code"])

    create = events.create_archive
    missing = BUS.replace("default", "missing")
    assert code(create, ArchiveName="all", EventSourceArn=missing) == "ResourceNotFoundException"
    assert code(create, ArchiveName="all", EventSourceArn="default") == "ValidationException"
    now = own.aws.now()
    events.create_archive(ArchiveName="all", EventSourceArn=BUS)
    given = {"ReplayName": "r", "EventSourceArn": ARCHIVE, "Destination": {"Arn": BUS}}
    assert (
        code(
            events.start_replay, EventStartTime=now, EventEndTime=now - timedelta(hours=1), **given
        )
        == "ValidationException"
    )
    assert events.list_replays()["Replays"] == []
