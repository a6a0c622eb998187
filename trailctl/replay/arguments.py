"""The command line of `trailctl replay`; the modules that do the work are loaded on the call."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from trailctl.completion import detections
from trailctl.replay.catalogue import SEVERITIES
from trailctl.session import add_arguments

IDS = (
    ("--id", "only the detection of this id; may repeat"),
    ("--exclude-id", "all but the detection of this id; may repeat"),
)
_HELP = """\
Tells what rules would have done over events that happened: how often each would have fired, when,
by whom, what reactions would have done, and which rules never fire. Nothing is touched.

Rules come from the catalogue (--catalogue, the default, with filters), from a Terraform plan or
state (--plan, as `terraform show -json` prints it) or from event patterns (--pattern). Events come
from CloudTrail's LookupEvents, or from files, folders and s3://BUCKET/PREFIX: log files, and what
SQS, SNS, Kinesis, Firehose, EventBridge, CloudWatch Logs, Athena, CloudTrail Lake, Splunk, Elastic,
`jq` and the AWS CLI make of their records, zipped or not. Or from years of a log, by Athena
(--athena): a query finds the files that may hold matches, and these are read.

Exit codes: 0, or 1 if something held no events (--lenient: 0) or --fail-on found something, or 2
for wrong use.
"""


def add_parser(commands: Any) -> None:
    """Add the command to those of `trailctl`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "replay",
        help="what rules would have done over events that happened",
        description=_HELP,
    )
    parser.set_defaults(command=_run, parser=parser)
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="file, folder, s3://BUCKET/PREFIX, - (input)"
    )
    where = parser.add_argument_group("rules")
    which = where.add_mutually_exclusive_group()
    which.add_argument(
        "--catalogue",
        action="store_true",
        help="the rules of this project's catalogue (the default)",
    )
    which.add_argument("--plan", metavar="FILE", help="rules of a Terraform plan or state, as JSON")
    which.add_argument(
        "--pattern",
        action="append",
        default=[],
        metavar="FILE",
        help="an event pattern; may repeat",
    )
    narrow = parser.add_argument_group("choosing from the catalogue")
    for name, told in IDS:
        ids = narrow.add_argument(name, action="append", default=[], metavar="ID", help=told)
        ids.completer = detections  # type: ignore[attr-defined]
    narrow.add_argument(
        "--min-severity", choices=SEVERITIES, help="only those of this severity or a higher one"
    )
    narrow.add_argument(
        "--benchmark", metavar="NAME", help="only those of a benchmark, such as cis-5.0"
    )
    narrow.add_argument(
        "--technique",
        action="append",
        default=[],
        metavar="T1562",
        help="only those for a technique of ATT&CK; may repeat",
    )
    narrow.add_argument(
        "--value",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a placeholder's value, as in rule_names=my-rule; may repeat",
    )
    narrow.add_argument(
        "--known",
        metavar="FILE",
        help="a JSON file of what decisions should know, such as trusted_accounts",
    )
    narrow.add_argument(
        "--entries",
        action="append",
        default=[],
        metavar="FILE",
        help="detections of your own, a file or a folder; may repeat",
    )
    narrow.add_argument(
        "--exclusions",
        metavar="FILE",
        help="a JSON file of calls that are left alone, as modules/detections has them",
    )
    narrow.add_argument(
        "--organizational-units",
        metavar="FILE",
        help="a JSON file of the units that exclusions name, with their accounts",
    )
    looked = parser.add_argument_group("events")
    looked.add_argument(
        "--lookup-events", action="store_true", help="take the last 90 days from CloudTrail's API"
    )
    looked.add_argument(
        "--from", dest="begin", type=_time, metavar="TIME", help="events from that time on"
    )
    looked.add_argument("--to", dest="end", type=_time, metavar="TIME", help="and before that time")
    asked = parser.add_argument_group("events by Athena")
    asked.add_argument(
        "--athena",
        metavar="DATABASE.TABLE",
        help="take them from a table over CloudTrail's log, yours or ours",
    )
    asked.add_argument(
        "--workgroup", metavar="NAME", help="the workgroup that runs the query (default: primary)"
    )
    asked.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="ID",
        help="only events of this account; may repeat",
    )
    asked.add_argument(
        "--event-region",
        action="append",
        default=[],
        metavar="NAME",
        help="only events of this Region; may repeat",
    )
    asked.add_argument("--sql", action="store_true", help="print the query and run nothing")
    asked.add_argument(
        "--estimate",
        action="store_true",
        help="first tell what the query reads and costs, by S3's listing",
    )
    asked.add_argument(
        "--max-usd",
        type=_usd,
        metavar="USD",
        help="ask before a query whose estimate is above this (with --estimate: 5)",
    )
    parser.add_argument(
        "--look",
        action="store_true",
        help="let reactions look at the account as it is now, with read-only calls",
    )
    parser.add_argument(
        "--format", choices=("table", "json", "html"), default="table", help="default: table"
    )
    parser.add_argument("--output", metavar="FILE", help="write there, not to standard output")
    parser.add_argument(
        "--fail-on",
        choices=SEVERITIES,
        metavar="SEVERITY",
        help="exit with 1 if a rule of that severity or a higher one would alert",
    )
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="exit with 0 though some of what was given holds no events",
    )
    parser.add_argument(
        "--jobs",
        type=_jobs,
        default=1,
        metavar="N",
        help="processes that work side by side (default: 1)",
    )
    add_arguments(parser)


def _run(options: argparse.Namespace) -> int:
    from trailctl.replay.command import run

    return run(options)


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text} is no time: write it as in 2026-03-02 or 2026-03-02T08:00:00Z"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _jobs(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text} is no number of processes: give 1 to 256")
    return int(text)


def _usd(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no amount of USD: write it as in 2.50")
    return found
