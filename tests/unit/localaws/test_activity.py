"""The activity log: numbered steps, watchers, and a size that does not grow."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from localaws import activity
from localaws.activity import Activity, ActivityLog

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def step(what: str, **extra: Any) -> Activity:
    return Activity(NOW, "call", "111122223333", "us-east-1", "called", "id", what, "", extra)


def test_steps_come_numbered_and_only_the_newer_ones() -> None:
    log = ActivityLog()
    for name in ("a", "b", "c"):
        log.add(step(name, actor="root"))
    assert [(s["number"], s["what"]) for s in log.since(1)] == [(2, "b"), (3, "c")]
    (first, *_) = log.since(0)
    assert first == {
        "time": "2026-01-01T00:00:00+00:00",
        "kind": "call",
        "account": "111122223333",
        "region": "us-east-1",
        "step": "called",
        "event_id": "id",
        "what": "a",
        "detail": "",
        "extra": {"actor": "root"},
        "number": 1,
    }
    assert log.last == 3


def test_numbers_go_on_after_a_clear() -> None:
    log = ActivityLog()
    log.add(step("a"))
    log.clear()
    log.add(step("b"))
    assert [(s["number"], s["what"]) for s in log.since(0)] == [(2, "b")]


def test_it_keeps_so_many_steps_and_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "_KEPT_STEPS", 10)
    log = ActivityLog()
    for n in range(25):
        log.add(step(str(n)))
    assert [s["what"] for s in log.since(0)] == [str(n) for n in range(15, 25)]

    monkeypatch.setattr(activity, "_KEPT_BYTES", 5_000)
    for n in range(20):
        log.add(step(f"big{n}", record={"text": "x" * 1000}))
    kept = log.since(0)
    assert len(json.dumps(kept)) < 6_000
    assert kept[-1]["what"] == "big19"


def test_a_watcher_gets_the_step_it_waits_for_and_nothing_where_none_comes() -> None:
    log = ActivityLog()
    log.add(step("old"))

    async def watch() -> tuple[bytes, bytes]:
        nothing = await log.wait(1, 0.01)
        asyncio.get_running_loop().call_later(0.02, log.add, step("new"))
        return nothing, await log.wait(1, 5)

    nothing, something = asyncio.run(watch())
    assert json.loads(nothing) == []
    assert [s["what"] for s in json.loads(something)] == ["new"]
