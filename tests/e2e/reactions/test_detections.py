"""The catalogue with one notify reaction, as examples/detections deploys it.

What arrives at the topic's queue is what `trailctl replay` predicts of the same records. All of it
is the real thing: Terraform's rules, permissions and targets, the router, the zip in its runtime.
"""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localaws.client.control import Control
from tests.harness.applies import Applier
from tests.harness.local_aws import REGION
from tests.harness.mail import bodies
from tests.unit.detections import sequences
from tests.unit.replay import logs
from tests.unit.replay.deployed import predicted, received, rules
from trailctl.replay.catalogue import load_catalogue

pytestmark = pytest.mark.e2e

IDS = ("ec2-launched", "guardduty-tamper", "login-failures", "login-no-mfa", "sg-open")


def records(account: str, rng: random.Random) -> list[dict[str, Any]]:
    """Matches and near misses, bursts and a sequence, of one account and Region, a few twice."""
    entries = load_catalogue()
    samples = [
        sample.event
        for id_ in IDS
        for sample in (*entries[id_].samples.match, *entries[id_].samples.no_match)
    ]
    events = [event for event in samples if logs.of_record(event)]
    burst = entries["login-failures"].samples.match[0].event
    for number in range(7):  # over the border of two windows
        time = datetime.fromisoformat("2026-03-02T08:12:00Z") + timedelta(minutes=number)
        told = {"eventID": f"burst-{number}", "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}"}
        events.append({**burst, "detail": {**burst["detail"], **told}})
    for kind in ("match", "no_match"):
        for id_ in ("blind-then-launch", "guessed-sign-in"):
            case = sequences.cases(id_)[kind][0]
            begin = sequences.BEGIN + timedelta(hours=5 if kind == "match" else 9)
            events += [event for _, event in sequences.events(case, begin)]
    there = {"recipientAccountId": account, "awsRegion": REGION}
    found = [{**event["detail"], **there} for event in events]
    found += rng.sample(found, len(found) // 20)
    rng.shuffle(found)
    return found


def test_what_arrives_is_what_replay_predicts(apply: Applier) -> None:
    stack = apply(
        Path("examples/detections"),
        {
            "ids": [*IDS],
            "min_severity": "info",
            "mode": "notify",
            "name": "detections",
            "force_destroy": True,
        },
    )
    assert stack.outputs["sequences"] == ["blind-then-launch", "guessed-sign-in"]
    sent = records(stack.account, random.Random(random.randrange(10**6)))
    items = [{"where": "test", "item": each} for each in sent]
    body = {"items": items, "account": stack.account, "region": REGION, "sign_in": "Sign In"}
    answer = Control(stack.aws.port).post("emit", {**body, "fresh": False})
    assert all(each["routed"] for each in answer["emitted"])
    assert stack.aws.drain()

    assert bodies(stack.client("sqs"), stack.outputs["failure_queue"]["url"]) == []
    told = bodies(stack.client("sqs"), stack.outputs["audit_queue_url"])
    given = rules(IDS)
    events = [{"detail": each} for each in sent]
    alerts = received(given, [(each["Subject"], each["Message"]) for each in told], events)
    # What a window holds back is told when it ends, which takes longer than this test.
    expected = predicted(given, json.dumps({"Records": sent}).encode())
    assert alerts == {key: n for key, n in expected.items() if key[0] != "rest"}
    titles = {(kind, title) for kind, title, *_ in alerts}
    assert ("together", "Monitoring was switched off, then instances were launched") in titles
    assert ("together", "Sign-ins failed again and again") in titles
