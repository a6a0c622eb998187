"""`trailctl local tail`: what happens in the local AWS, one readable line a step, as it happens."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any, TextIO

from localaws.client.control import Control
from localaws.errors import LocalAwsError
from trailctl import terminal
from trailctl.text import plain

_WAIT_SECONDS = 20.0
_GOOD = frozenset({"delivered", "ran", "routed", "completed"})
_BAD = frozenset({"failed", "refused", "dropped", "dead-lettered", "lost"})
_WAITING = frozenset(
    {"retried", "kept back", "skipped", "failure-queued", "not checked", "repeated", "delayed"}
)

Shown = dict[str, Any]


def tail(port: int, *, as_json: bool = False, everything: bool = False) -> int:
    """Print steps until Ctrl-C, or until the local AWS stops.

    With `everything` it begins with the steps that are still kept; with `as_json` it prints each as
    a line of JSON.
    """
    control = Control(port)
    health = control.get("health")
    seen = 0 if everything else int(health["last"])
    write = _json_lines(sys.stdout) if as_json else Lines(sys.stdout).write
    try:
        while True:
            try:
                steps = control.get(f"activity?since={seen}&wait={_WAIT_SECONDS}", timeout=60)
            except LocalAwsError:
                print("trailctl: the local AWS has stopped", file=sys.stderr)
                return 0
            for step in steps:
                write(step)
                seen = step["number"]
    except KeyboardInterrupt:
        return 0


def _json_lines(stream: TextIO) -> Any:
    def write(step: Shown) -> None:
        print(json.dumps(step, separators=(",", ":")), file=stream, flush=True)

    return write


class Lines:
    """Writes steps as lines, in colour on a terminal that wants it (https://no-color.org)."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._width = terminal.record_width(stream)
        self._colour = terminal.colours(stream)

    def write(self, step: Shown) -> None:
        print(self.line(step), file=self._stream, flush=True)

    def line(self, step: Shown) -> str:
        """`12:00:00.123  111122223333 us-east-1       call      ec2:RunInstances  by ...`"""
        when = datetime.fromisoformat(step["time"]).strftime("%H:%M:%S.%f")[:-3]
        place = plain(f"{step['account']} {step['region']:<14}")
        what, rest = (plain(text) for text in _said(step))
        kind = f"{plain(_kind(step)):<9}"
        head = len(f"{when}  {place}  {kind}  ")
        said = "  ".join(filter(None, (what, rest)))
        # Below the place where it is too long for the line.
        # What stands before it is a word here: the first word may not fit beside it.
        first, *more = terminal.wrapped("x" * (head - 1) + " " + said, self._width, len(when) + 2)
        first, red = first[head:], "red" if step["step"] in _BAD else None
        if not more:
            first = "  ".join(filter(None, (what, self._paint(rest, red))))
        parts = (self._paint(when, "dim"), self._paint(place, "dim"),
                 self._paint(kind, _colour(step)), first)  # fmt: skip
        return "\n".join(["  ".join(parts).rstrip(), *(self._paint(each, red) for each in more)])

    def _paint(self, text: str, colour: str | None) -> str:
        return terminal.paint(text, colour) if self._colour else text


def _kind(step: Shown) -> str:
    if step["kind"] != "router":
        return str(step["kind"])
    return "match" if step["step"] == "matched" else "delivery"


def _colour(step: Shown) -> str | None:
    if step["step"] in _BAD:
        return "red"
    if step["step"] in _WAITING:
        return "yellow"
    if step["step"] in _GOOD:
        return "green"
    return "cyan" if step["kind"] == "router" else None


def _said(step: Shown) -> tuple[str, str]:
    extra, detail = step["extra"], " ".join(str(step["detail"]).split())
    if step["kind"] == "authorize":
        return str(step["what"]), f"by {_short(extra.get('actor'))}  {step['step']}: {detail}"
    if step["kind"] == "call":
        who = f"by {_short(extra.get('actor'))}"
        return str(step["what"]), f"{who}  {detail}" if detail else who
    if step["kind"] == "router" and step["step"] != "matched":
        target = f"{extra['target_kind']} {_short(extra['target_arn'])}"
        to = f" in {_short(extra['dead_letter_arn'])}" if extra["dead_letter_arn"] else ""
        return f"{step['what']} -> {target}", f"{step['step']}{to}" + (
            f": {detail}" if detail else ""
        )
    return str(step["what"]), f"{step['step']}: {detail}" if detail else str(step["step"])


def _short(arn: str | None) -> str:
    """The part of an ARN that tells things apart: `user/alice`, `assumed-role/x/y`, `queue`."""
    if not arn:
        return "?"
    parts = arn.split(":", 5)
    return parts[5] if len(parts) == 6 else arn
