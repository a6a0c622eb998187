"""Runs benchmarks and prints one table.

    make bench [BENCH=digest] [COMPARE=1] [JSON=FILE]
    python -m tests.benchmarks.run [NAME ...] [--rounds 5] [--json FILE] [--compare] [--save]

`--compare` shows what moved since the baseline by more than the spread of both; `--save` writes the
baseline. Exits 1 where something is not what must be.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import HEAD, ROUNDS, Line, loaded, shown

HERE = Path(__file__).resolve().parent
BASELINE = HERE / "baseline.json"
NAMES = tuple(sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py")))
_WIDTHS = (9, 44, 26, 26, 16, 16, 16, 0)


def lines(name: str, rounds: int) -> Iterator[Line]:
    """A benchmark's lines, as they come."""
    yield from import_module(f"tests.benchmarks.bench_{name}").lines(rounds)


def print_row(cells: Sequence[str]) -> None:
    """A line of the table."""
    padded = (cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    print("  ".join(padded).rstrip(), flush=True)


def moved(now: Sequence[dict[str, Any]], then: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence on each figure that left its baseline by more than the spread of both."""
    before = {(each["bench"], each["what"]): each for each in then}
    told = []
    for each in now:
        old = before.get((each["bench"], each["what"]), {})
        for unit, spread in each.items():
            was = old.get(unit)
            if not isinstance(spread, dict) or not isinstance(was, dict):
                continue
            if spread["low"] > was["high"] or spread["high"] < was["low"]:
                change = spread["median"] / was["median"] - 1 if was["median"] else 0.0
                told.append(
                    f"{each['bench']}: {each['what']} ({unit}): {shown(was['median'])} -> "
                    f"{shown(spread['median'])} ({change:+.0%})"
                )
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(description="Runs benchmarks, all or those that are named.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("--json", metavar="FILE", help="write all figures there, too")
    parser.add_argument("--compare", action="store_true", help="with the baseline")
    parser.add_argument("--save", action="store_true", help="as the baseline")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(NAMES)}")
    busy = loaded()
    machine = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "loaded": busy,
        "rounds": options.rounds,
    }
    print(
        f"Python {machine['python']}, {machine['cores']} cores, load {machine['load']}, median of "
        f"{options.rounds} rounds (lowest..highest)"
    )
    if busy:
        print("others use this machine: musts are judged by the processor's time")
    print_row(HEAD)
    found: list[dict[str, Any]] = []
    missed = 0
    for name in options.names or NAMES:
        for line in lines(name, max(1, options.rounds)):
            print_row(line.cells(busy))
            good, verdict = line.judged(busy)
            missed += not good
            found.append({**line.json(), "verdict": verdict})
    if options.json:
        Path(options.json).write_text(json.dumps({**machine, "lines": found}, indent=2) + "\n")
    if options.compare:
        then = json.loads(BASELINE.read_text())["lines"] if BASELINE.exists() else []
        told = moved(found, then)
        print("\n".join(["", "moved by more than the spread:", *told] if told else ["", "as then"]))
    if options.save:
        kept = json.loads(BASELINE.read_text())["lines"] if BASELINE.exists() else []
        new = {(each["bench"], each["what"]): each for each in [*kept, *found]}
        BASELINE.write_text(json.dumps({**machine, "lines": [*new.values()]}, indent=2) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
