"""The movable clock."""

from __future__ import annotations

import math
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from localaws.clock import MovableClock

pytestmark = pytest.mark.unit


def test_it_moves_forward_and_goes_on_from_there() -> None:
    clock = MovableClock()
    before, monotonic = clock.now(), clock.monotonic()
    clock.advance(3600)
    assert timedelta(hours=1) <= clock.now() - before < timedelta(hours=1, seconds=5)
    assert clock.monotonic() - monotonic >= 3600
    clock.advance(0.5)
    assert clock.now() - before >= timedelta(hours=1, seconds=0.5)


@pytest.mark.parametrize("seconds", [-1.0, math.nan, 366 * 86_400 + 1.0, math.inf])
def test_it_refuses_to_go_back_or_too_far(seconds: float) -> None:
    clock = MovableClock()
    with pytest.raises(ValueError, match="clock"):
        clock.advance(seconds)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_moving_it_wakes_who_waits_and_tells_who_asked() -> None:
    clock, told = MovableClock(), []
    clock.tell(lambda: told.append(clock.now()))
    woken: list[bool] = []
    waiter = threading.Thread(target=lambda: woken.append(clock.wait(3600, threading.Event())))
    waiter.start()
    time.sleep(0.05)
    clock.advance(3601)
    waiter.join(5)
    assert woken == [True]
    assert len(told) == 1


def test_wait_ends_when_cancelled() -> None:
    clock, cancel = MovableClock(), threading.Event()
    cancel.set()
    assert clock.wait(3600, cancel) is False


def test_reset_sets_it_right() -> None:
    clock = MovableClock()
    clock.advance(86_400)
    clock.reset()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
