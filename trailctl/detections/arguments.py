"""The command line of `trailctl detections`; what does the work is loaded on the call."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(commands: Any) -> None:
    """Adds `detections` and its commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "detections", help="entries of one's own beside the catalogue's"
    )
    parser.set_defaults(parser=parser)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND")

    test = actions.add_parser(
        "test",
        help="try entries on the samples beside them",
        description="Tries entries of the catalogue's form on their samples: those of "
        "NAME.json are in samples/NAME.json beside it. Exit codes: 0, or 1 if an entry breaks a "
        "rule or a sample is not decided as it says, or 2 for wrong use.",
    )
    test.add_argument("files", nargs="+", metavar="FILE", help="an entry's file, or a folder")
    test.set_defaults(command=_test)


def _test(options: argparse.Namespace) -> int:
    from trailctl.detections.trial import run

    return run(options)
