"""`trailctl local mail`: what topics have said, as people who subscribe would read it."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from localaws.client.control import Control
from trailctl import terminal
from trailctl.text import plain

_SETTLE_SECONDS = 60.0


def mail(port: int, *, as_json: bool = False) -> int:
    """Print every message of a topic that is still kept, with `as_json` as a line of JSON each.

    What is on its way at the moment is waited for, so that a call before it has had its effect.
    """
    control = Control(port)
    control.post(f"drain?seconds={_SETTLE_SECONDS}", timeout=2 * _SETTLE_SECONDS)
    messages = [message(step) for step in control.get("activity?since=0") if _is_message(step)]
    for one in messages:
        if as_json:
            print(json.dumps(one, separators=(",", ":")))
        else:
            show(one)
    if not messages and not as_json:
        terminal.say("no topic has said anything", sys.stderr)
    return 0


def _is_message(step: dict[str, Any]) -> bool:
    return (step["kind"], step["step"]) == ("topic", "published")


def message(step: dict[str, Any]) -> dict[str, Any]:
    """A step as a message: time, ARN of the topic, subject (it may be empty) and text."""
    extra = step["extra"]
    named = {name: extra[name] for name in ("topic", "subject", "text")}
    return {"time": step["time"], **named}


def show(one: dict[str, Any]) -> None:
    """Print a message with its head, and an empty line after it.

    Its lines stay whole: there are commands in them, to be copied.
    """
    region, account, name = one["topic"].split(":", 5)[3:]
    when = datetime.fromisoformat(one["time"]).strftime("%H:%M:%S")
    terminal.say(plain(f"{when}  {name}  ({account} {region})"))
    text = plain(one["text"].rstrip(), lines=True)
    print(f"Subject: {plain(one['subject'])}\n{text}\n" if one["subject"] else f"{text}\n")
