"""`trailctl redrive` and `trailctl undo` on the command line."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from trailctl.consent import agrees
from trailctl.errors import CheckError, UsageError
from trailctl.session import add_arguments, aws_session, soon
from trailctl.terminal import say


def add_parser(commands: Any) -> None:
    """Adds both commands."""
    redrive = commands.add_parser(
        "redrive",
        help="send the events of a failure queue on their way again",
        description="Sends what a reaction's failure queue or a rule's dead-letter queue keeps to "
        "its function, topic or queue again, and deletes what was accepted. SQS's own redrive "
        "refuses these queues. A reaction does nothing twice: its ledger remembers. An event goes "
        "to the target whose configuration, or whose rule's, names the queue: what a message says "
        "beyond that stays in the queue. It says how many events wait, and asks; --yes is the "
        "answer of a script.",
    )
    redrive.add_argument("queue", metavar="QUEUE", help="the queue's name, ARN or URL")
    redrive.add_argument(
        "--function", metavar="NAME", help="send all events to this function, and to no other"
    )
    redrive.add_argument("--limit", type=_number, metavar="N", help="send at most so many")
    redrive.add_argument(
        "--dry-run", action="store_true", help="say what would be sent where, and leave all"
    )
    redrive.add_argument(
        "--wait",
        type=_number,
        default=0,
        metavar="SECONDS",
        help="then look for so long whether they come back; a function that fails is tried again "
        "for about three minutes before",
    )
    redrive.add_argument("--yes", action="store_true", help="send without asking")
    add_arguments(redrive)
    redrive.set_defaults(command=_redrive)

    undo = commands.add_parser(
        "undo",
        help="take an action of a reaction back, by its audit record",
        description="Takes all actions back that were taken about an event, by its id, the last "
        "one first: it looks in the logs of all reactions of the account and Region, or in that of "
        "--log-group. Or one action, by its audit record's id or a file with the record (- is "
        "standard input). It says what it would do, and asks; --yes is the answer of a script. "
        "What was taken back already it leaves, and says by whom and when, as the reaction's "
        "ledger has it. It makes the calls that undo this project's reactions and no "
        "others; --allow names one of a reaction of your own. A reaction reacts to the undoing of "
        "what it watches: exempt the resource first, or throw the kill switch.",
    )
    undo.add_argument(
        "record", metavar="FILE|ID", help="a file with the record, its id, or its event's id"
    )
    undo.add_argument("--log-group", metavar="NAME", help="the one log to look the id up in")
    undo.add_argument(
        "--log-profile",
        metavar="NAME",
        help="the profile that reads log and ledger, where the function is of another account "
        "(default: that of --profile)",
    )
    undo.add_argument(
        "--allow",
        action="append",
        default=[],
        type=_operation,
        metavar="SERVICE.OPERATION",
        help="one more call that may be made, such as ssm.delete_parameter",
    )
    undo.add_argument("--yes", action="store_true", help="do it without asking")
    undo.add_argument(
        "--again", action="store_true", help="even if somebody has taken it back already"
    )
    add_arguments(undo)
    undo.set_defaults(command=_undo)


def _number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number: give 1 or more")
    return int(text)


def _operation(text: str) -> tuple[str, str]:
    service, _, operation = text.partition(".")
    if not (service.isidentifier() or service.replace("-", "").isalnum()) or not re.fullmatch(
        r"[a-z][a-z0-9_]*", operation
    ):
        raise argparse.ArgumentTypeError(
            f"{text} is no call of boto3: give one such as ssm.delete_parameter"
        )
    return service, operation


def _client(service: str, region: str | None, profile: str | None = None) -> Any:
    """The client of a service. Raises UsageError where there is no such profile."""
    import boto3

    session = boto3.session.Session(botocore_session=aws_session(profile, region))
    return session.client(service, config=soon())  # type: ignore[call-overload]


def _redrive(options: argparse.Namespace) -> int:
    from trailctl.redrive import Wish, redrive

    redrive(
        lambda service: _client(service, options.region, options.profile),
        options.queue,
        Wish(
            options.function,
            options.limit,
            options.dry_run,
            lambda: agrees(options.yes),
            options.wait,
        ),
    )
    return 0


def _undo(options: argparse.Namespace) -> int:
    from trailctl.deployed import Notes, reactions
    from trailctl.undo import Work, from_log, from_logs, from_text, is_id

    def at(service: str) -> Any:
        return _client(service, options.region, options.log_profile or options.profile)

    file = Path(options.record)
    if options.log_group:
        found = from_log(at("logs"), options.log_group, options.record)
    elif options.record == "-":
        found = [from_text(sys.stdin.read())]
    elif is_id(options.record) and not file.exists():
        found = from_logs(at("logs"), reactions(at), options.record)
    else:
        try:
            found = [from_text(file.read_text(encoding="utf-8"))]
        except OSError as error:
            raise UsageError(
                f"{options.record} can't be read ({error.strerror}): give a file with the record, "
                "the id of the event, or the record's id and --log-group"
            ) from None
        except UnicodeDecodeError:
            raise UsageError(f"{options.record} is no audit record: it is no text") from None
    works, notes = [], Notes(at)
    for record in found:
        work = Work(record, frozenset(options.allow))
        work.show()
        if not work.before(notes) or options.again:
            works.append(work)
    if not works:
        say("nothing is left to take back: --again does it all the same")
        return 0

    def client(service: str, region: str | None) -> Any:
        return _client(service, region, options.profile)

    asks = not options.yes and sys.stdin.isatty() and sys.stdout.isatty()
    if options.yes or asks:
        # The Regions that the person at the keyboard has named.
        regions = {
            options.region,
            aws_session(options.profile).get_config_variable("region"),
        } - {None}
        for work in works:
            work.check(client, regions)
    if agrees(options.yes):
        failed = [told for work in works if (told := _take_back(work, client, notes))]
        if failed:
            raise CheckError("; ".join(failed))
    else:
        say("nothing was done: add --yes to do it")
    return 0


def _take_back(work: Any, client: Any, notes: Any) -> str:
    """Returns why something was left undone."""
    told = work.do(client)
    if told:
        return str(told)
    work.note(client, notes)
    return str(work.tell(client))
