"""The command line of `trailctl detections`; what does the work is loaded on the call."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from trailctl.completion import detections


def add_parser(commands: Any) -> None:
    """Adds `detections` and its commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "detections",
        help="list the catalogue, try detections of your own, take and give Sigma rules",
    )
    parser.set_defaults(parser=parser)
    actions = parser.add_subparsers(title="commands", metavar="COMMAND")

    listing = actions.add_parser(
        "list",
        help="list the catalogue: ids, severities, techniques and titles",
        description="Lists the detections of the catalogue, a line each.",
    )
    listing.set_defaults(command=_list)

    test = actions.add_parser(
        "test",
        help="try entries on the samples beside them",
        description="Tries entries of the catalogue's form on their samples: those of "
        "NAME.json are in samples/NAME.json beside it, as `trailctl detections schema samples` "
        "prints their form. The table tells how many samples were matched and refused, of how many "
        "that have to be. Exit codes: 0, or 1 if an entry breaks a rule or a sample is not decided "
        "as it says, or 2 for wrong use.",
    )
    test.add_argument("files", nargs="+", metavar="FILE", help="an entry's file, or a folder")
    test.set_defaults(command=_test)

    importing = actions.add_parser(
        "import",
        help="make entries of Sigma rules",
        description="Makes an entry of each Sigma rule for CloudTrail. What an event pattern can't "
        "say exactly is refused with the reason. Exit codes: 0, or 1 if a rule was refused, or 2 "
        "for wrong use.",
    )
    importing.add_argument(
        "--sigma", nargs="+", required=True, metavar="FILE", help="a rule's file, or a folder"
    )
    importing.add_argument(
        "--cased",
        action="store_true",
        help="read all texts as they are written; Sigma means them in any case",
    )
    importing.add_argument(
        "--out", metavar="DIR", help="write each into DIR and its samples into DIR/samples"
    )
    importing.set_defaults(command=_import)

    exporting = actions.add_parser(
        "export",
        help="write entries as Sigma rules",
        description="Writes entries whose pattern alone decides as Sigma rules. What Sigma can't "
        "say exactly is refused with the reason. Exit codes: 0, or 1 if an entry was refused, or 2 "
        "for wrong use.",
    )
    exporting.add_argument("--sigma", action="store_true", required=True, help="as Sigma rules")
    ids = exporting.add_argument(
        "--id",
        action="append",
        default=[],
        metavar="ID",
        help="only this one; may repeat (default: all)",
    )
    ids.completer = detections  # type: ignore[attr-defined]
    exporting.add_argument(
        "--entries",
        action="append",
        default=[],
        metavar="FILE",
        help="detections of your own, a file or a folder; may repeat",
    )
    exporting.add_argument("--out", metavar="DIR", help="write each into DIR")
    exporting.set_defaults(command=_export)

    schema = actions.add_parser(
        "schema",
        help="print the JSON schema of a file, for an editor",
        description="Prints the JSON schema (draft 2020-12) of an entry, of its samples, or of "
        "exclusions.",
    )
    schema.add_argument(
        "name", choices=("entry", "exclusions", "samples"), help="the file whose schema it is"
    )
    schema.set_defaults(command=_schema)


def _schema(options: argparse.Namespace) -> int:
    from trailctl.detections.schemas import text

    sys.stdout.write(text(options.name))
    return 0


def _list(options: argparse.Namespace) -> int:
    from trailctl.replay.catalogue import load_catalogue
    from trailctl.terminal import fitted, grid

    del options
    rows = [("id", "severity", "ATT&CK", "what")]
    rows += [(e.id, e.severity, " ".join(e.attack), e.title) for e in load_catalogue().values()]
    sys.stdout.write(fitted(grid(rows, rule=True)))
    return 0


def _test(options: argparse.Namespace) -> int:
    from trailctl.detections.trial import run

    return run(options)


def _import(options: argparse.Namespace) -> int:
    from trailctl.sigma.command import import_

    return import_(options)


def _export(options: argparse.Namespace) -> int:
    from trailctl.sigma.command import export

    return export(options)
