"""Entries of one's own: read from files, and held to the rules of the catalogue's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reactor.patterns import EventPattern, PatternError

from trailctl.detections import shape
from trailctl.errors import UsageError
from trailctl.replay.catalogue import CatalogueEntry, load_catalogue, load_sequences

_SOURCE = re.compile(r"aws\.[a-z0-9-]+")
_NO_FAILURE = [{"exists": False}]
_LONGEST = 2048  # characters of a rule's pattern


def read_entries(paths: Iterable[str]) -> dict[str, CatalogueEntry]:
    """Entries by id, of files and folders. Raises UsageError for any that breaks a rule."""
    found: dict[str, CatalogueEntry] = {}
    for path in files(paths):
        entry = read_entry(path)
        if wrong := faults(entry, {**load_catalogue(), **found}):
            raise UsageError(f"{path}: {shape.together(wrong)}")
        found[entry.id] = entry
    return found


def files(paths: Iterable[str]) -> list[Path]:
    """The files, and those `*.json` that folders hold directly. Raises UsageError."""
    found: list[Path] = []
    for each in paths:
        path = Path(each)
        inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"{path} holds no *.json")
        found += inside
    return found


def read_entry(path: Path) -> CatalogueEntry:
    """The entry of a file, in the catalogue's form. Raises UsageError."""
    found: CatalogueEntry = shape.read(path, CatalogueEntry, "an entry of the catalogue's form")
    return found


def faults(entry: CatalogueEntry, others: Mapping[str, CatalogueEntry]) -> list[str]:
    """A sentence on each rule that the entry breaks; `others` are those that it stands beside."""
    return [*_names(entry, others), *_patterns(entry), *_placeholders(entry, others)]


def _names(entry: CatalogueEntry, others: Mapping[str, CatalogueEntry]) -> Iterator[str]:
    if entry.id in others or entry.id in load_sequences():
        yield f"there is a detection {entry.id} already: take another id"
    taken = {key: other.id for other in others.values() for key in other.keys}
    for key in entry.keys:
        if entry.id not in others and key in taken:
            yield f"its rule {key} would have the name of a rule of {taken[key]}: take another name"
        if len(key) > 40:
            yield f"its rule's name {key} has more than 40 characters: shorten the id or the part"
    if entry.decision:
        yield (
            "decision is true, and no function of the package decides on it: write a pattern that "
            "decides, and leave decision out"
        )


def _patterns(entry: CatalogueEntry) -> Iterator[str]:
    for part, pattern in entry.patterns.items():
        sources = pattern.get("source")
        if not isinstance(sources, list) or not sources or not all(map(_is_pinned, sources)):
            yield (
                f'pattern {part} must name AWS\'s source at its top, as in "source": ["aws.iam"]: '
                "anybody may put events under another one"
            )
        if not isinstance(pattern.get("detail"), dict) or not pattern["detail"]:
            yield f"pattern {part} must say what it looks for, in detail"
            continue
        excluded = pattern["detail"].get("errorCode") == _NO_FAILURE
        if excluded is not (entry.failures == "excluded"):
            yield (
                f'failures is "{entry.failures}", and pattern {part} '
                + ("leaves failed calls out" if excluded else "lets failed calls through")
                + ': "excluded" goes with "errorCode": [{"exists": false}] in detail, and only that'
            )
    try:
        rules = entry.rules(entry.example_values)
        for key, pattern in rules.items():
            text = json.dumps(pattern, separators=(",", ":"), ensure_ascii=False)
            EventPattern(text)
            if len(text) > _LONGEST:
                yield f"rule {key} has {len(text):,} characters, and EventBridge allows 2,048"
    except PatternError as error:
        yield f"EventBridge would refuse its pattern: {error}"
    except (KeyError, AttributeError, TypeError):
        return  # a placeholder that nobody declares, or in a wrong place: told below


def _is_pinned(source: object) -> bool:
    if isinstance(source, str):
        return bool(_SOURCE.fullmatch(source))
    return source == {"prefix": "aws."}


def _placeholders(entry: CatalogueEntry, others: Mapping[str, CatalogueEntry]) -> Iterator[str]:
    used = set(re.findall(r"\{\{([^{}]*)\}\}", json.dumps(dict(entry.patterns))))
    for name in sorted(used - set(entry.placeholders)):
        yield f"its patterns have {{{{{name}}}}}, and placeholders does not say what that is"
    for name in sorted(set(entry.placeholders) - used):
        yield f"placeholders has {name}, which no pattern uses"
    known = {name: each for other in others.values() for name, each in other.placeholders.items()}
    for name, each in entry.placeholders.items():
        if each.required is not (each.default is None):
            yield f"placeholder {name} must be required, or have a default"
        if known.get(name, each) != each:
            yield f"placeholder {name} means something else in the catalogue: take another name"
    told = set(re.findall(r"<([^<>]*)>", entry.summary.template))
    for name in sorted(told - set(entry.summary.input_paths)):
        yield f"the summary's template has <{name}>, and input_paths does not say where that is"
