"""`trailctl detections test`: entries on the samples beside them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from reactor.detections import decide
from reactor.event import read_event
from reactor.patterns import EventPattern
from reactor.wording import several

from trailctl.detections import shape
from trailctl.detections.entries import faults, files, read_entry
from trailctl.errors import UsageError
from trailctl.replay.catalogue import FOLDER, CatalogueEntry, Sample, Samples, load_catalogue
from trailctl.terminal import fitted, grid
from trailctl.text import plain


class Trial(NamedTuple):
    """What became of one entry: samples that did as they say, of how many, and what is wrong."""

    name: str
    severity: str
    matched: int
    of_match: int
    refused: int
    of_no_match: int
    wrong: tuple[str, ...]


def run(options: argparse.Namespace) -> int:
    """Prints a table; the exit code is 1 where something is wrong. Raises UsageError."""
    beside = dict(load_catalogue())
    trials = []
    for path in files(options.files):
        trials.append(_tried(path, beside))
    sys.stdout.write(render(trials))
    return 1 if any(each.wrong for each in trials) else 0


def _tried(path: Path, beside: dict[str, CatalogueEntry]) -> Trial:
    """The trial of a file's entry, which then stands beside the next."""
    try:
        entry = read_entry(path)
    except UsageError as error:
        if not path.is_file():
            raise
        wrong = [str(error)]
        _samples(path, wrong)  # what is wrong about them is told at once, too
        return Trial(path.name, "", 0, 0, 0, 0, tuple(wrong))
    catalogued = path.resolve() == (FOLDER / "catalogue" / f"{entry.id}.json").resolve()
    wrong = [] if catalogued else faults(entry, beside)
    if path.stem != entry.id:
        wrong.append(f"its id is {entry.id}: name the file {entry.id}.json")
    if not wrong:
        beside[entry.id] = entry
    samples = _samples(path, wrong)
    if samples is None:
        return Trial(entry.id, entry.severity, 0, 0, 0, 0, tuple(wrong))
    if not wrong and not samples.no_match:
        wrong.append("no sample says what it must not match: add a near miss to no_match")
    counts = [0, 0]
    # What breaks a rule may not even be a pattern.
    patterns = {} if wrong else _compiled(entry)
    for number, (cases, hit) in enumerate(((samples.match, True), (samples.no_match, False))):
        for sample in cases if patterns else ():
            told = _judged(entry, patterns, sample, hit)
            if told:
                wrong.append(f"{sample.case}: {told}")
            else:
                counts[number] += 1
    return Trial(
        entry.id,
        entry.severity,
        counts[0],
        len(samples.match),
        counts[1],
        len(samples.no_match),
        tuple(wrong),
    )


def _compiled(entry: CatalogueEntry) -> dict[str, EventPattern]:
    rules = entry.rules(entry.example_values)
    return {key: EventPattern(pattern) for key, pattern in rules.items()}


def _samples(path: Path, wrong: list[str]) -> Samples | None:
    """The samples in the folder `samples` beside the file, or beside the file's own folder."""
    places = [path.parent / "samples" / path.name, path.parent.parent / "samples" / path.name]
    for place in places:
        if not place.exists():
            continue
        try:
            found: Samples = shape.read(place, Samples, "a file of samples")
        except UsageError as error:
            wrong.append(str(error))
            return None
        return found
    wrong.append(
        f'no samples: write {places[0]}, as {{"match": [{{"case": "...", "event": {{...}}}}], '
        '"no_match": [...]}'
    )
    return None


def _judged(
    entry: CatalogueEntry, patterns: Mapping[str, EventPattern], sample: Sample, hit: bool
) -> str:
    """What is wrong about a sample, empty if nothing is."""
    matched = any(pattern.matches(sample.event) for pattern in patterns.values())
    decided = matched and (
        not entry.decision or decide(entry.id, read_event(sample.event)) is not None
    )
    if hit:
        if sample.refused_by:
            return "it is under match, and refused_by says what refuses it: leave one of both out"
        if decided:
            return ""
        refused = "the decision refuses it" if matched else "no pattern matches it"
        return f"it is under match, and {refused}"
    if decided:
        return "it is under no_match, and the entry matches it"
    by = "decision" if matched else "pattern"
    if sample.refused_by in ("", by):
        return ""
    return f"refused_by is {sample.refused_by}, and the {by} refuses it"


def render(trials: list[Trial]) -> str:
    """A line on each entry, and one on each thing that is wrong."""
    rows = [("detection", "severity", "matched", "refused", "")]
    for each in trials:
        counts = f"{each.matched}/{each.of_match}", f"{each.refused}/{each.of_no_match}"
        rows.append((each.name, each.severity, *counts, "wrong" if each.wrong else "ok"))
    lines = grid(rows)
    for each in trials:
        for told in each.wrong:
            lines += f"{each.name}: {told}".split("\n")
    right = sum(not each.wrong for each in trials)
    lines.append(f"{right} of {several(len(trials), 'detection')} did what the samples say")
    return fitted(map(plain, lines))
