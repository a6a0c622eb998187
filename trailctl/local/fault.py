"""`trailctl local fault`: deliveries of the running local AWS go wrong as on AWS they may."""

from __future__ import annotations

import argparse
import re
from typing import Any

from localaws.client.control import Control
from trailctl.durations import duration
from trailctl.errors import UsageError
from trailctl.text import plain

_SHARE = re.compile(r"(\d{1,3}(?:\.\d+)?)%")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("off", nargs="?", choices=("off",), help="deliver as ever")
    parser.add_argument("--lose", metavar="N%", help="so many CloudTrail events never come")
    parser.add_argument("--repeat", metavar="N%", help="so many events come twice")
    parser.add_argument("--delay", metavar="TIME", help="events come so much later: 30s, 5m")
    parser.add_argument(
        "--reorder",
        action="store_true",
        help="each comes at a random moment within the delay (without one: within a second)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="a number that chooses which events are hit (default: 0)",
    )
    parser.add_argument(
        "--source", action="append", metavar="NAME", help="only events of it, such as aws.ec2"
    )


def fault(options: argparse.Namespace) -> int:
    """Sets the faults, takes them away, or prints what there is; raises UsageError."""
    control, given = Control(options.port), _settings(options)
    faulty = given.keys() & {"lose", "repeat", "delay", "reorder"}
    if options.off and given:
        raise UsageError("off takes no fault beside it")
    if given and not faulty:
        raise UsageError("give a fault: --lose, --repeat, --delay or --reorder")
    asked = options.off or given
    print(plain(told(control.post("fault", given) if asked else control.get("fault")), lines=True))
    return 0


def told(state: dict[str, Any]) -> str:
    """The state in words, and below it what it has led to."""
    if not state["on"]:
        return "off: every event comes once, at once and in order"
    words = [f"{name} {_percent(state[name])}" for name in ("lose", "repeat") if state[name]]
    words += [f"delay {state['delay']:g}s"] if state["delay"] else []
    words += ["reorder"] if state["reorder"] else []
    words += [f"only {', '.join(state['sources'])}"] if state["sources"] else []
    done = ", ".join(f"{name} {state[name]}" for name in ("lost", "repeated", "delayed"))
    return f"{', '.join(words)}, seed {state['seed']}\nevents so far {state['events']}: {done}"


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    given = {
        "lose": None if options.lose is None else _share(options.lose),
        "repeat": None if options.repeat is None else _share(options.repeat),
        "delay": None if options.delay is None else duration(options.delay).total_seconds(),
        "reorder": options.reorder or None,
        "seed": options.seed,
        "sources": options.source,
    }
    return {name: value for name, value in given.items() if value is not None}


def _share(text: str) -> float:
    found = _SHARE.fullmatch(text)
    if found is None or float(found[1]) > 100:
        raise UsageError(f"{text} is no share of events: write 0% to 100%, such as 5% or 0.5%")
    return float(found[1]) / 100


def _percent(share: float) -> str:
    return f"{share * 100:g}%"
