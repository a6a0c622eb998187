"""The command line of `trailctl reconcile`; the modules that do the work are loaded on the call."""

from __future__ import annotations

import argparse
from typing import Any

from trailctl.session import add_arguments

# The witness is kept for three days, and an event may take one to its rule.
MOST_HOURS = 48
_HELP = """\
Compares what the log proves with what the rules saw, as the function of modules/reconciliation does
each hour, and changes nothing. What it needs to know it reads from that function: the only one in
the account and Region, or the one that --function names. The times are those of the log files.
"""
_EPILOG = """\
exit codes:
  0  every event that a rule should have seen was seen, or was redelivered
  1  events were missed, or log files could not be read
  2  wrong use, or no answer of AWS

--redeliver gives missed events to their rules' targets with your own credentials, by the function's
notes: what was redelivered before is not redelivered again. It takes a log that digest validation
proves: whoever may write to the bucket could otherwise have reactions act.
"""


def add_parser(commands: Any) -> None:
    """Adds the command to those of `trailctl`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "reconcile",
        help="events that the log has and the rules did not see",
        description=_HELP,
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--hours",
        type=_hours,
        default=24,
        metavar="N",
        help=f"how far to look back, at most {MOST_HOURS} (24)",
    )
    parser.add_argument("--function", metavar="NAME", help="the reconciliation's function")
    parser.add_argument(
        "--account-id",
        action="append",
        metavar="ID",
        help="only this account's log; can be given several times",
    )
    parser.add_argument(
        "--redeliver",
        action="store_true",
        help="show what would be redelivered, ask, and do it",
    )
    parser.add_argument("--yes", action="store_true", help="redeliver without asking")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_arguments(parser)
    parser.set_defaults(command=_run, parser=parser)


def _run(options: argparse.Namespace) -> int:
    from trailctl.reconcile.command import run

    return run(options)


def _hours(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MOST_HOURS:
        raise argparse.ArgumentTypeError(
            f"{text} is no number from 1 to {MOST_HOURS}: what rules saw is kept for three days"
        )
    return int(text)
