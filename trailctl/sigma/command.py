"""`trailctl detections import` and `export`: Sigma rules in and out, and why others are refused."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Container
from itertools import count
from pathlib import Path
from typing import Any

from trailctl.errors import CheckError, UsageError
from trailctl.terminal import say


def import_(options: argparse.Namespace) -> int:
    """Imports; exit code 1 if a rule was refused. Raises UsageError."""
    from trailctl.extra import need_sigma

    need_sigma()
    from trailctl.sigma.entry import Made, made, rules
    from trailctl.sigma.meaning import UnsaidError

    done: dict[str, Made] = {}
    refused = 0
    for path in _files(options.sigma):
        found = rules(path)
        for number, rule in enumerate(found, start=1):
            name = path.stem if len(found) == 1 else f"{path.stem}_{number}"
            try:
                entry = made(rule, name, cased=options.cased)
            except UnsaidError as error:
                refused += 1
                say(f"{path}: refused ({error.kind}): {error}", sys.stderr)
                continue
            id_ = entry.entry["id"]
            if id_ in done:  # shortened names may be alike
                id_ = entry.entry["id"] = _another(id_, done)
            done[id_] = entry
    _write(done, Path(options.out) if options.out else None)
    if refused and len(done) + refused > 1:
        say(f"{len(done)} imported, {refused} refused", sys.stderr)
    return int(bool(refused))


def _another(id_: str, taken: Container[str]) -> str:
    for number in count(2):
        other = f"{id_[:33].rpartition('-')[0]}-{number}"
        if other not in taken:
            return other
    raise AssertionError


def export(options: argparse.Namespace) -> int:
    """Exports; exit code 1 if an entry was refused. Raises UsageError."""
    from trailctl.extra import need_sigma

    need_sigma()
    from trailctl.detections.entries import read_entries
    from trailctl.replay.catalogue import load_catalogue, select
    from trailctl.sigma.export import rule, text
    from trailctl.sigma.meaning import UnsaidError

    own = read_entries(options.entries)
    entries = select({**load_catalogue(), **own}, options.id or list(own))
    done: dict[str, str] = {}
    refused = 0
    for entry in entries:
        try:
            done[entry.id] = text(rule(entry))
        except UnsaidError as error:
            refused += 1
            say(f"{entry.id}: refused ({error.kind}): {error}", sys.stderr)
    if options.out is None:
        sys.stdout.write("---\n".join(done.values()))
    else:
        folder = Path(options.out)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for id_, written in done.items():
                (folder / f"{id_}.yml").write_text(written, encoding="utf-8")
        except OSError as error:
            raise CheckError(f"{folder} can't be written: {error.strerror or error}") from None
    if refused and len(done) + refused > 1:
        say(f"{len(done)} exported, {refused} refused", sys.stderr)
    return int(bool(refused))


def _files(given: list[str]) -> list[Path]:
    found: list[Path] = []
    for name in given:
        path = Path(name)
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.suffix in (".yml", ".yaml"))
        else:
            found.append(path)
    if not found:
        raise UsageError(f"there is no .yml file in {', '.join(given)}")
    return found


def _write(done: dict[str, Any], folder: Path | None) -> None:
    if folder is None:
        for made in done.values():
            sys.stdout.write(_json(made.entry))
        return
    try:
        (folder / "samples").mkdir(parents=True, exist_ok=True)
        for id_, made in done.items():
            (folder / f"{id_}.json").write_text(_json(made.entry), encoding="utf-8")
            if made.samples["match"]:
                samples = folder / "samples" / f"{id_}.json"
                samples.write_text(_json(made.samples), encoding="utf-8")
            else:
                say(
                    f"{id_}: write an event that it matches into samples/{id_}.json",
                    sys.stderr,
                )
    except OSError as error:
        raise CheckError(f"{folder} can't be written: {error.strerror or error}") from None


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
