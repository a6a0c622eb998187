"""The command line of `trailctl coverage`; the modules that do the work are loaded on the call."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from trailctl.completion import detections
from trailctl.errors import UsageError
from trailctl.replay.arguments import IDS
from trailctl.replay.catalogue import SEVERITIES

_HELP = """\
Runs the catalogue's detections over the events of simulated attacks and over the calls that the CIS
AWS Foundations Benchmark wants watched. The table has a row for each ATT&CK technique and for each
CIS control, with the detections that found its events: tried, not claimed. json is a layer for the
ATT&CK Navigator. Exit codes: 0, or 1 if nothing finds a technique or a control is not met in full,
or 2 for wrong use.
"""


def add_parser(commands: Any) -> None:
    """Adds the command to those of `trailctl`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "coverage",
        help="which attacks, ATT&CK techniques and CIS controls the catalogue finds",
        description=_HELP,
    )
    parser.set_defaults(command=_run, parser=parser)
    for name, told in IDS:
        ids = parser.add_argument(name, action="append", default=[], metavar="ID", help=told)
        ids.completer = detections  # type: ignore[attr-defined]
    parser.add_argument(
        "--min-severity",
        choices=SEVERITIES,
        default="info",
        help="only those of this severity or a higher one",
    )
    parser.add_argument(
        "--format", choices=("table", "json", "html"), default="table", help="default: table"
    )
    parser.add_argument("--output", metavar="FILE", help="write there, not to standard output")


def _run(options: argparse.Namespace) -> int:
    from trailctl.coverage.measure import measure
    from trailctl.coverage.report import layer, page, table
    from trailctl.replay.catalogue import load_catalogue, select

    entries = select(
        load_catalogue(), options.id, options.exclude_id, min_severity=options.min_severity
    )
    coverage = measure(entries)
    text = {"table": table, "json": layer, "html": page}[options.format](coverage)
    if options.output:
        try:
            Path(options.output).write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{options.output} can't be written: {error.strerror}") from None
    else:
        sys.stdout.write(text)
    whole = all(coverage.techniques.values()) and not any(c.missed for c in coverage.controls)
    return 0 if whole else 1
