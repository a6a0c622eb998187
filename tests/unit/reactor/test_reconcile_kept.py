"""An hour of the witness is read once for all places, and tells each what it would read itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from reactor.reconcile.kept import KeptLines
from reactor.reconcile.witness import Witness

from tests.unit.reactor.reconciled import BEGIN, HOUR, PATTERNS, RULE, a_world, traffic
from tests.unit.reactor.test_reconcile import BLIND, DAYS_BEFORE, FORWARDED, PLACES

pytestmark = pytest.mark.unit

NOW = BEGIN + 2 * HOUR


def test_every_place_finds_what_it_finds_alone() -> None:
    world = a_world()
    made = traffic(world, PLACES, 3_000, seed=3)
    objects = [b"".join(world.witness[key]) for key in sorted(world.witness)]
    objects.append(b"")
    # Not every object ends with a whole line, and ids may look like lines.
    odd = json.dumps('{"account":"111122223333","region":"eu-central-1",')
    objects.append(b'no line{"account":"111122223333","region":"eu-central-1","id":' + odd.encode())
    reads: Counter[str] = Counter()

    def read(hour: object) -> Iterator[bytes]:
        reads[str(hour)] += 1
        yield from objects if hour == BEGIN else ()

    kept = KeptLines()
    for place in PLACES:
        alone = Witness(*place, read, NOW)
        mine = Witness(*place, lambda hour, place=place: kept.of(place, hour, NOW, read), NOW)  # type: ignore[misc]
        for id_ in list(made.events)[::7]:
            for name in PATTERNS:
                assert alone.sight(id_, RULE + name, BEGIN) == mine.sight(id_, RULE + name, BEGIN)
    assert reads[str(BEGIN)] == len(PLACES) + 1


def test_it_reads_again_what_is_no_longer_fresh_and_forgets_what_is_too_much() -> None:
    line = b'{"account":"111122223333","region":"eu-central-1","id":"a","rule":"r","time":"t"}'
    place, reads = ("111122223333", "eu-central-1"), Counter[object]()

    def read(hour: object) -> Iterator[bytes]:
        reads[hour] += 1
        yield line

    kept = KeptLines(most=2 * len(line))
    for now in (NOW, NOW, NOW + timedelta(minutes=5), NOW + timedelta(minutes=6)):
        assert list(kept.of(place, BEGIN, now, read)) == [line]
    assert reads[BEGIN] == 2
    hours = [BEGIN + hour * HOUR for hour in range(3)]
    for hour in [*hours, *hours]:
        assert list(kept.of(place, hour, NOW, read)) == [line]
    assert list(kept.of(("999999999999", "eu-central-1"), hours[2], NOW, read)) == [b""]
    assert sum(reads.values()) > 5
    # An hour that is more than half of what may be kept is read anew each time, whole.
    small, reads[BEGIN] = KeptLines(most=len(line)), 0
    for _ in range(3):
        found = list(small.of(place, BEGIN, NOW, read))
        assert found == [line]
    assert reads[BEGIN] == 3


def test_a_round_reads_each_object_of_the_witness_once() -> None:
    world = a_world()
    world.rules(["users", "denied"], DAYS_BEFORE, forwarded=FORWARDED)
    traffic(world, PLACES, 3_000, seed=3, blind=BLIND)
    for place in PLACES:
        world.proven(place, BEGIN + HOUR)
    world.run()
    read = Counter(key for key, _ in world.read if key.startswith("witness/"))
    assert set(read.values()) == {1}
