"""`trailctl redrive` and `trailctl undo` on the command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from trailctl.errors import UsageError


def add_parser(commands: Any) -> None:
    """Adds both commands."""
    redrive = commands.add_parser(
        "redrive",
        help="send the events of a failure queue to their function again",
        description="Sends what a reaction's failure queue or a rule's dead-letter queue keeps to "
        "its function again, and deletes what was accepted. SQS's own redrive refuses these "
        "queues. What was done already is not done again: the ledger remembers it.",
    )
    redrive.add_argument("queue", metavar="QUEUE", help="the queue's name or URL")
    redrive.add_argument(
        "--function", metavar="NAME", help="where events go, if not where they were"
    )
    redrive.add_argument("--limit", type=_number, metavar="N", help="send at most so many")
    redrive.add_argument("--region", metavar="NAME", help="default: that of the environment")
    redrive.set_defaults(command=_redrive)

    undo = commands.add_parser(
        "undo",
        help="take an action of a reaction back, by its audit record",
        description="Takes an action back, by its audit record: a file (- is standard input), or "
        "the record's id and the function's log group. It says what it would do; --yes does it. "
        "A reaction reacts to the undoing of what it watches: exempt the resource first, or throw "
        "the kill switch.",
    )
    undo.add_argument("record", metavar="FILE|ID", help="a file with the record, or its id")
    undo.add_argument("--log-group", metavar="NAME", help="where to look the id up")
    undo.add_argument("--region", metavar="NAME", help="of the log group")
    undo.add_argument("--yes", action="store_true", help="do it")
    undo.set_defaults(command=_undo)


def _number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number of events: give 1 or more")
    return int(text)


def _client(service: str, region: str | None) -> Any:
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        return boto3.session.Session().client(service, region_name=region or None)  # type: ignore[call-overload]
    except BotoCoreError as error:
        raise UsageError(f"{error} Set AWS_REGION, or give --region.") from None


def _redrive(options: argparse.Namespace) -> int:
    from trailctl.redrive import redrive

    region = options.region
    redrive(
        _client("sqs", region),
        _client("lambda", region),
        options.queue,
        options.function,
        options.limit,
    )
    return 0


def _undo(options: argparse.Namespace) -> int:
    from trailctl.undo import from_log, from_text, undo

    if options.log_group:
        found = from_log(_client("logs", options.region), options.log_group, options.record)
    elif options.record == "-":
        found = from_text(sys.stdin.read())
    else:
        try:
            found = from_text(Path(options.record).read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(
                f"{options.record} can't be read ({error.strerror}): give a file with the record, "
                "or its id and --log-group"
            ) from None
    undo(found, _client, do=options.yes)
    return 0
