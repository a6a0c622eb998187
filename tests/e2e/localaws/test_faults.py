"""`trailctl local fault`: real calls on a running local AWS, whose deliveries go wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from localaws.errors import LocalAwsError
from tests.e2e.localaws.conftest import OwnAws

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-local-aws")]

OFF = "off: every event comes once, at once and in order\n"
MANY = 40


def fault(own: OwnAws, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trailctl", "local", "fault", *arguments, "--port", own.port],
        env=own.variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def watched(own: OwnAws) -> str:
    """A trail, and a queue that gets each topic's creation and each order; the queue's ARN."""
    own.trail()
    queue = own.queue("seen")
    own.rule("seen", queue, {"$or": [{"detail": {"eventName": ["CreateTopic"]}},
                                     {"source": ["shop"]}]})  # fmt: skip
    return queue


def make_topics(own: OwnAws, word: str) -> list[str]:
    sns, names = own.client("sns"), [f"{word}-{number:02}" for number in range(MANY)]
    for name in names:
        sns.create_topic(Name=name)
    return names


def topics(events: list[dict[str, Any]]) -> list[str]:
    return [event["detail"]["requestParameters"]["name"] for event in events]


def test_calls_are_lost_repeated_late_and_out_of_order_and_the_log_has_them(own: OwnAws) -> None:
    queue = watched(own)
    assert fault(own).stdout == OFF
    asked = ("--lose", "20%", "--repeat", "10%", "--delay", "1h", "--reorder", "--seed", "5")
    done = fault(own, *asked, "--source", "aws.sns")
    told = "lose 20%, repeat 10%, delay 3600s, reorder, only aws.sns, seed 5\n"
    assert done.stdout == told + "events so far 0: lost 0, repeated 0, delayed 0\n", done.stderr

    names = make_topics(own, "faulty")
    assert own.aws.drain(0.1) is False, "they are under way"
    own.aws.advance(3600)
    got = topics(own.received(queue))
    steps = own.steps("fault")
    assert {step["what"] for step in steps} == {"sns:CreateTopic"}
    ids = {
        kind: {s["event_id"] for s in steps if s["step"] == kind} for kind in ("lost", "repeated")
    }
    assert 0 < len(ids["lost"]) < 20
    assert len(set(got)) == MANY - len(ids["lost"])
    assert len(got) - len(set(got)) == len(ids["repeated"]) > 0
    in_order = [step["event_id"] for step in own.steps("router") if step["step"] == "delivered"]
    called = [step["event_id"] for step in own.steps("call") if step["what"] == "sns:CreateTopic"]
    assert list(dict.fromkeys(in_order)) != [id_ for id_ in called if id_ in in_order]
    lost = [names[n] for n, id_ in enumerate(called) if id_ in ids["lost"]]
    assert set(names) - set(got) == set(lost)
    # CloudTrail's own history misses nothing.
    asked_for = {"AttributeKey": "EventName", "AttributeValue": "CreateTopic"}
    pages = own.client("cloudtrail").get_paginator("lookup_events")
    kept = [
        json.loads(found["CloudTrailEvent"])
        for page in pages.paginate(LookupAttributes=[asked_for])
        for found in page["Events"]
    ]
    assert {record["requestParameters"]["name"] for record in kept} == set(names)
    told = fault(own).stdout
    assert told.startswith("lose 20%, ")
    assert f"events so far {MANY}: lost {len(lost)}, repeated {len(ids['repeated'])}, " in told

    # The same seed, the same calls: the same are lost.
    own.aws.fault(lose=0.2, repeat=0.1, seed=5, sources=["aws.sns"])
    again = make_topics(own, "again")
    assert {names.index(name) for name in lost} == {
        again.index(name) for name in set(again) - set(topics(own.received(queue)))
    }

    assert fault(own, "off").stdout == OFF
    assert topics(own.received(queue)) == []
    assert make_topics(own, "well") == sorted(topics(own.received(queue)))


def test_what_a_program_puts_is_repeated_and_never_lost_and_reset_ends_it(own: OwnAws) -> None:
    queue = watched(own)
    own.aws.fault(lose=1, repeat=1)
    entry = {"Source": "shop", "DetailType": "order placed", "Detail": json.dumps({"n": 1})}
    own.client("events").put_events(Entries=[entry])
    own.client("sns").create_topic(Name="news")
    assert [event["detail"] for event in own.received(queue)] == [{"n": 1}, {"n": 1}]
    with pytest.raises(LocalAwsError, match="lose must be from 0% to 100%"):
        own.aws.fault(lose=2)
    own.aws.reset()
    assert fault(own).stdout == OFF


def test_what_the_local_aws_refuses_is_one_line(own: OwnAws) -> None:
    done = fault(own, "--delay", "2d")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "trailctl: delay must be from 0 seconds to 1 day\n"
    assert fault(own).stdout == OFF
