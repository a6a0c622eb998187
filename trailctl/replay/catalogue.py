"""The detections catalogue of modules/detections, as Terraform reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from reactor.detections.definition import Count, Definition, DetectionSequence, Summary, read_as

from trailctl.errors import UsageError

FOLDER = Path(__file__).resolve().parents[1] / "detections"  # a link to modules/detections
SEVERITIES = ("info", "low", "medium", "high", "critical")
_FILLED = re.compile(r"<([a-z_]+)>")
_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}")


@dataclass(frozen=True)
class Sample:
    """An EventBridge event. `refused_by` is `pattern` or `decision`, empty if it must match."""

    case: str
    event: dict[str, Any]
    refused_by: str = ""


@dataclass(frozen=True)
class Samples:
    """Events that an entry must match, and events that it must not match."""

    match: tuple[Sample, ...]
    no_match: tuple[Sample, ...]


@dataclass(frozen=True)
class CatalogueEntry:
    """One detection.

    `runbook` is what to do about a match. `patterns` are its parts by name, `main` the one under
    its own id.
    """

    id: str
    title: str
    severity: str
    why: str
    runbook: str
    benchmarks: Mapping[str, Sequence[str]]
    attack: tuple[str, ...]
    regions: str
    read_only: bool
    failures: str
    decision: bool
    count: Count | None
    placeholders: Mapping[str, Mapping[str, Any]]
    patterns: Mapping[str, Mapping[str, Any]]
    summary: Mapping[str, Any]

    @cached_property
    def samples(self) -> Samples:
        """Events written for this entry."""
        text = (FOLDER / "samples" / f"{self.id}.json").read_text(encoding="utf-8")
        given = json.loads(text)
        return Samples(
            tuple(Sample(**each) for each in given["match"]),
            tuple(Sample(**each) for each in given["no_match"]),
        )

    def definition(self, sequences: Iterable[DetectionSequence] = ()) -> Definition:
        """What a deployed rule hands over beside each event (output `detection_input`)."""
        template = _FILLED.sub(r"{\1}", self.summary["template"])
        return Definition(
            id=self.id,
            title=self.title,
            severity=self.severity,
            summary=Summary(dict(self.summary["input_paths"]), template),
            why=self.why,
            runbook=self.runbook,
            attack=self.attack,
            decision=self.decision,
            failures=self.failures != "excluded",
            count=self.count,
            sequences=tuple(s for s in sequences if any(self.id in step.any for step in s.steps)),
        )

    @property
    def example_values(self) -> dict[str, list[str]]:
        """Values that the samples are written for."""
        return {
            name: list(each["default"] if "default" in each else each["example"])
            for name, each in self.placeholders.items()
        }

    def rules(self, values: Mapping[str, Sequence[str]] | None = None) -> dict[str, dict[str, Any]]:
        """Patterns by the key their rule has; parts whose placeholders have no value are left out.

        The key is the id, and the part's name behind it unless that is `main`.
        """
        known = {name: each.get("default", []) for name, each in self.placeholders.items()}
        known.update({k: list(v) for k, v in (values or {}).items() if k in known})
        found = {}
        for part, pattern in self.patterns.items():
            if all(known.get(name) for name in _PLACEHOLDER.findall(json.dumps(pattern))):
                key = self.id if part == "main" else f"{self.id}-{part}"
                found[key] = fill(pattern, known)
        return found


def fill(node: Any, values: Mapping[str, Sequence[str]]) -> Any:
    """The pattern with each list item that holds a placeholder repeated for each value."""
    if isinstance(node, Mapping):
        return {key: fill(value, values) for key, value in node.items()}
    if not isinstance(node, list):
        return node
    found: list[Any] = []
    for item in node:
        name = _held(item)
        if name is None:
            found.append(fill(item, values))
            continue
        for value in values[name]:
            if isinstance(item, str):
                found.append(item.replace(f"{{{{{name}}}}}", value))
            else:
                found.append({k: v.replace(f"{{{{{name}}}}}", value) for k, v in item.items()})
    return found


def _held(item: Any) -> str | None:
    """The placeholder in a list's item: in a text, or in the text of an operator."""
    texts = item.values() if isinstance(item, Mapping) else [item]
    for text in texts:
        found = _PLACEHOLDER.search(text) if isinstance(text, str) else None
        if found:
            return found[1]
    return None


@cache
def load_catalogue() -> dict[str, CatalogueEntry]:
    """Every entry by id, in the ids' order. Raises UsageError if the catalogue is not there."""
    files = sorted((FOLDER / "catalogue").glob("*.json"), key=lambda path: path.stem)
    if not files:
        raise UsageError(
            f"there is no catalogue in {FOLDER / 'catalogue'}: run trailctl from a checkout of the "
            "repository, or give rules with --plan or --pattern"
        )
    found = {}
    for path in files:
        given = json.loads(path.read_text(encoding="utf-8"))
        count = given.pop("count")
        entry = CatalogueEntry(
            **{**given, "attack": tuple(given["attack"])}, count=Count(**count) if count else None
        )
        found[entry.id] = entry
    return found


@cache
def load_sequences() -> dict[str, DetectionSequence]:
    """Every sequence of entries by id, in the ids' order."""
    files = sorted((FOLDER / "sequences").glob("*.json"), key=lambda path: path.stem)
    found = (
        read_as(DetectionSequence, json.loads(path.read_text("utf-8")), path.stem) for path in files
    )
    return {each.id: each for each in found}


def benchmarks(catalogue: Mapping[str, CatalogueEntry]) -> list[str]:
    """Names of all benchmarks that entries refer to."""
    return sorted({name for entry in catalogue.values() for name in entry.benchmarks})


def select(
    catalogue: Mapping[str, CatalogueEntry],
    ids: Iterable[str] = (),
    exclude: Iterable[str] = (),
    min_severity: str = "info",
    benchmark: str | None = None,
    techniques: Iterable[str] = (),
) -> list[CatalogueEntry]:
    """Entries that pass every filter given. Raises UsageError for a name that does not exist."""
    wanted, unwanted, sought = set(ids), set(exclude), set(techniques)
    unknown = sorted((wanted | unwanted) - set(catalogue))
    if unknown:
        raise UsageError(
            f"{', '.join(unknown)}: no such detection; the ids are {', '.join(catalogue)}"
        )
    if benchmark is not None and benchmark not in benchmarks(catalogue):
        raise UsageError(
            f"{benchmark}: no such benchmark; there are {', '.join(benchmarks(catalogue))}"
        )
    known = {t for entry in catalogue.values() for t in entry.attack}
    known |= {technique.partition(".")[0] for technique in known}
    if sought - known:
        raise UsageError(
            f"{', '.join(sorted(sought - known))}: no detection is for this technique; there are "
            f"{', '.join(sorted(known))}"
        )
    least = SEVERITIES.index(min_severity)
    found = [
        entry
        for entry in catalogue.values()
        if (not wanted or entry.id in wanted)
        and entry.id not in unwanted
        and SEVERITIES.index(entry.severity) >= least
        and (benchmark is None or benchmark in entry.benchmarks)
        and (not sought or any(t in sought or t.partition(".")[0] in sought for t in entry.attack))
    ]
    if not found:
        raise UsageError("no detection passes all the filters at once: loosen one of them")
    return found


def coverage_table(entries: Iterable[CatalogueEntry]) -> str:
    """These entries as a table, equal to the module's output coverage_markdown."""
    lines = [
        "| id | severity | what | CIS | ATT&CK | where | decided by |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for entry in entries:
        where = ["global Region" if entry.regions == "global" else "every Region"]
        where += ["read-only events"] * entry.read_only
        cells = (
            f"`{entry.id}`",
            entry.severity,
            entry.title,
            ", ".join(entry.benchmarks.get("cis-5.0", ())),
            ", ".join(entry.attack),
            ", ".join(where),
            "pattern and code" if entry.decision else "pattern",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def sequence_table(sequences: Mapping[str, DetectionSequence]) -> str:
    """Sequences as a table."""
    lines = [
        "| sequence | severity | what | steps, in their order | within | ATT&CK |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in sequences.values():
        steps = "; then ".join(
            (f"{step.at_least} of " if step.at_least > 1 else "")
            + ", ".join(f"`{id_}`" for id_ in step.any)
            + f" by one {step.by}"
            for step in each.steps
        )
        cells = (
            f"`{each.id}`",
            each.severity,
            each.title,
            steps,
            f"{each.minutes} minutes",
            ", ".join(each.attack),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
