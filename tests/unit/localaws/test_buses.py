"""PutPermission and RemovePermission: read, changed and written, by nobody but the last."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from localaws.events.buses import BusPolicies
from localaws.wire.errors import RefusalError
from localaws.wire.parts import Parts
from tests.unit.localaws.calls import ACCOUNT, REGION, answer, call, parts

pytestmark = pytest.mark.unit

HUB = (ACCOUNT, REGION, "hub")


class Events:
    """A bus that is there; `meet` holds calls up between their reading and their writing."""

    def __init__(self, meet: threading.Barrier | None = None) -> None:
        self._meet = meet

    def describe_event_bus(self, Name: str) -> dict[str, Any]:  # noqa: N803 (boto3's name)
        if self._meet is not None:
            self._meet.wait(10)
        return {"Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{Name}"}


def world(meet: threading.Barrier | None = None) -> Parts:
    return parts(lambda service, account, region: Events(meet))


def put(shared: Parts, sid: str, **more: Any) -> None:
    p = {"StatementId": sid, "Action": "events:PutEvents", "Principal": "444455556666", **more}
    answer(call(shared, "events", "PutPermission", {"EventBusName": "hub", **p}))


def remove(shared: Parts, sid: str) -> None:
    p = {"EventBusName": "hub", "StatementId": sid}
    answer(call(shared, "events", "RemovePermission", p))


def sids(shared: Parts) -> set[str]:
    return {s["Sid"] for s in shared.kept(BusPolicies).get(HUB, {}).get("Statement", ())}


def at_once(*work: Any) -> None:
    threads = [threading.Thread(target=job) for job in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)


def test_one_after_the_other_all_stay() -> None:
    shared = world()
    for sid in ("a", "b", "c"):
        put(shared, sid)
    assert sids(shared) == {"a", "b", "c"}


def test_at_once_the_last_writer_wins() -> None:
    """https://github.com/hashicorp/terraform-provider-aws/issues/4031"""
    shared = world()
    put(shared, "before")
    shared.aws = world(threading.Barrier(3)).aws
    at_once(*(lambda sid=sid: put(shared, sid) for sid in ("a", "b", "c")))
    left = sids(shared)
    assert "before" in left
    assert len(left) == 2, left


def test_a_removal_at_once_with_a_grant() -> None:
    """Either the grant is lost, or what was removed is back."""
    shared = world()
    put(shared, "old")
    shared.aws = world(threading.Barrier(2)).aws
    at_once(lambda: put(shared, "new"), lambda: remove(shared, "old"))
    assert sids(shared) in ({"old", "new"}, set())


def test_a_statement_grants_put_events_alone() -> None:
    shared = world()
    with pytest.raises(RefusalError) as caught:
        put(shared, "a", Action="events:PutRule")
    assert caught.value.code == "ValidationException"
    assert caught.value.message == "Provided value in parameter 'action' is not supported."
