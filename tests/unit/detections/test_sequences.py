"""Sequences of detections: whole, sound, and found in their samples alone."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from reactor.actions import Clue
from reactor.correlation import completed
from reactor.detections import Detected, Known
from reactor.detections.definition import DetectionSequence
from reactor.event import read_event
from reactor.patterns import EventPattern
from reactor.reactions import notify

from tests.unit.detections import sequences
from tests.unit.reactor.shelf import MemoryShelf
from trailctl.replay.alerts import AlertTally, send
from trailctl.replay.catalogue import load_catalogue, load_sequences

pytestmark = pytest.mark.unit

CATALOGUE, SEQUENCES = load_catalogue(), load_sequences()
each = pytest.mark.parametrize("chain", SEQUENCES.values(), ids=SEQUENCES)


@each
def test_a_sequence_is_whole(chain: DetectionSequence) -> None:
    assert chain.id not in CATALOGUE  # one name, one alert
    assert chain.why.endswith(".")
    assert chain.runbook.endswith(".")
    assert not chain.title.endswith(".")
    assert chain.attack
    assert {id_ for step in chain.steps for id_ in step.any} <= {*CATALOGUE}
    used = list(itertools.chain.from_iterable(step.any for step in chain.steps))
    assert len(used) == len({*used})  # one finding is one step
    samples = sequences.cases(chain.id)
    assert samples["match"]
    assert len(samples["no_match"]) >= 2


@each
def test_a_sequence_is_found_in_its_samples_alone(chain: DetectionSequence) -> None:
    cases = sequences.cases(chain.id)
    for kind in ("match", "no_match"):
        for case in cases[kind]:
            found = alerts(list(sequences.events(case)), chain)
            assert found == (kind == "match"), (kind, case["case"])


def alerts(events: list[tuple[str, dict[str, Any]]], chain: DetectionSequence) -> bool:
    """True if they make the alert: in Lambda's way and in replay's, which agree."""
    told, shelf, live = AlertTally(), MemoryShelf(), set()
    for id_, event in random.Random(7).sample(events, len(events)):
        entry = CATALOGUE[id_]
        patterns = entry.rules(entry.example_values).values()
        assert any(EventPattern(pattern).matches(event) for pattern in patterns), id_
        read = read_event(event)
        definition = entry.definition([chain])
        finding = notify.finding(read, definition, Known())
        assert finding is not None, id_
        steps = notify.steps(read, definition, finding, 900)
        told.add(id_, read, steps)
        assert read.time is not None
        for clue in steps:
            if isinstance(clue, Clue) and clue.correlation.id == chain.id:
                live |= {
                    (clue.key, window)
                    for window in completed(
                        shelf,
                        clue.correlation,
                        clue.key,
                        clue.step,
                        read.time.timestamp(),
                        read.id,
                        "",
                    )
                }
    replayed = [one.key for one in send(told).at_once if one.name == chain.id]
    seconds = chain.correlation.seconds
    assert sorted(replayed) == sorted(f"{key}/{window * seconds}" for key, window in live)
    return bool(live)


def test_a_finding_without_a_reason_is_the_patterns() -> None:
    entry = CATALOGUE["root-login"]
    event = read_event(entry.samples.match[0].event)
    assert notify.finding(event, entry.definition(), Known()) == Detected("")
