"""`trailctl test-event-pattern`: the AWS CLI's command of that name, without AWS.

https://docs.aws.amazon.com/cli/latest/reference/events/test-event-pattern.html
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from trailctl.errors import UsageError


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "test-event-pattern",
        help="whether an event pattern matches an event",
        description="Tells whether an EventBridge pattern matches an event, as the AWS CLI's "
        "command of that name does, without an account. Exit codes: 0 whether it matches or not, "
        "or 2 for a pattern or an event that EventBridge would refuse.",
    )
    parser.set_defaults(command=run, parser=parser)
    how = "JSON, or file://PATH, or file:///dev/stdin"
    parser.add_argument("--event-pattern", required=True, metavar="PATTERN", help=how)
    parser.add_argument("--event", required=True, metavar="EVENT", help=how)


def run(options: argparse.Namespace) -> int:
    """Prints whether the event matches. Raises UsageError with the reason of a refusal."""
    from reactor.patterns import EventError, EventPattern, PatternError

    try:
        pattern = EventPattern(_given(options.event_pattern))
    except PatternError as error:
        raise UsageError(f"the event pattern is not valid: {error}") from None
    try:
        result = pattern.matches(_given(options.event))
    except EventError as error:
        raise UsageError(str(error)) from None
    sys.stdout.write(json.dumps({"Result": result}, indent=4) + "\n")
    return 0


def _given(text: str) -> str:
    """The text itself, or the text of the file that it names."""
    if not text.startswith("file://"):
        return text
    path = Path(text.removeprefix("file://")).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no text in UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror or error}") from None
