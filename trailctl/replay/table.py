"""The report as a terminal shows it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from reactor.wording import several

from trailctl import terminal
from trailctl.text import plain

_HEAD = ("rule", "severity", "matches", "alerts", "first", "last", "most by")
_RARE = 0.1  # alerts a day
_RIGHT = {2, 3}
_LONGEST = 2_048  # characters of a name, which is longer than its line; an ARN has no more
_LEAST = 16  # characters of who called most, or the column is left out

_LABEL = re.compile(r"  [a-z ]+: +")


def render(report: Mapping[str, Any], width: int | None = None) -> str:
    """Text of lines no longer than `width` (the terminal's)."""
    width = width or terminal.width()
    fired = [rule for rule in report["rules"] if rule["matches"] or rule["excluded"]]
    lines = [_summary(report), ""]
    grid: list[str] = []
    if fired:
        grid = [plain(line) for line in _grid([_HEAD, *map(_row, fired)], width)]
        lines += grid
        for rule in fired:
            lines += ["", *_detail(rule)]
    for each in report["sequences"]:
        head = f"Sequence {each['name']} [{each['severity']}]: {each['title']}"
        lines += ["", head, f"  alerts:  {each['alerts']:,}"]
    if report["shared_alerts"]:
        told = several(report["shared_alerts"], "alert")
        lines += ["", f"{told} at the end of a window, of several rules at once"]
    silent = report["never_fired"]
    if silent:
        lines += ["", f"Never fired ({len(silent)}): {', '.join(silent)}"]
    if report["exclusions"]:
        lines += ["", "Exclusions", *map(exclusion, report["exclusions"])]
    for reaction in report["reactions"]:
        lines += ["", *_reaction(reaction)]
    shown = (
        line
        for text in map(plain, lines)
        for line in ([text] if text in grid else _wrapped(text, width))
    )
    return "\n".join(terminal.cut(line, _LONGEST) for line in shown) + "\n"


def _summary(report: Mapping[str, Any]) -> str:
    span = f" from {report['from']} to {report['to']}" if report["from"] else ""
    skipped = f", {len(report['skipped'])} skipped" if report["skipped"] else ""
    events, files = several(report["events"], "event"), several(report["files"], "file")
    return (
        f"{events} in {files}{skipped}{span}: "
        f"{sum(1 for rule in report['rules'] if rule['matches'])} of {len(report['rules'])} rules "
        "fired"
    )


def _row(rule: Mapping[str, Any]) -> tuple[str, ...]:
    top = rule["principals"][0]["principal"] if rule["principals"] else ""
    return (
        rule["name"],
        rule["severity"] or "",
        f"{rule['matches']:,}",
        rate(rule),
        rule["first"] or "",
        rule["last"] or "",
        top,
    )


def rate(rule: Mapping[str, Any]) -> str:
    """Alerts a day, or in all where there are few."""
    a_day = rule["alerts_a_day"]
    return f"{a_day:,g} a day" if a_day >= _RARE else f"{rule['alerts']:,} in all"


def exclusion(each: Mapping[str, Any]) -> str:
    """A line on an exclusion: what it left alone, and whether it is any use."""
    told = f"left {several(each['matches'], 'match', 'matches')} alone"
    if each["ended"]:
        told += f"; it ended, and {each['ended']:,} more are not left alone"
    elif not each["matches"]:
        told = "was never used"
    return f"  {each['name']} ({each['reason']}, until {each['until']}): {told}"


def _grid(rows: Sequence[tuple[str, ...]], width: int) -> list[str]:
    """Where it is narrow, times are days, and who called most is told below alone."""
    shown = [tuple(plain(cell) for cell in row) for row in rows]
    if _left(shown, width) < _LEAST:
        shown = [(*row[:4], row[4][:10], row[5][:10], row[6]) for row in shown]
    if _left(shown, width) < _LEAST:
        shown = [row[:-1] for row in shown]
    sizes = [max(len(row[n]) for row in shown) for n in range(len(shown[0]))]
    sizes[-1] = max(1, min(sizes[-1], _left(shown, width)))
    lines = []
    for row in shown:
        cells = [
            cell.rjust(size) if n in _RIGHT else terminal.cut(cell, size).ljust(size)
            for n, (cell, size) in enumerate(zip(row, sizes, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * size for size in sizes))
    return lines


def _left(rows: Sequence[tuple[str, ...]], width: int) -> int:
    """The width that all columns leave for the last one."""
    sizes = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    return width - sum(sizes) - 2 * len(sizes)


def _detail(rule: Mapping[str, Any]) -> list[str]:
    title = f": {rule['title']}" if rule["title"] else ""
    lines = [f"{rule['name']}{title}"]
    if rule["findings"] is not None:
        lines.append(f"  decided: {rule['findings']:,} of {rule['matches']:,} matches are meant")
    if rule["alert_when"] != "each match":
        lines.append(f"  alerts:  {rule['alerts']:,} (on {rule['alert_when']})")
    if rule["excluded"]:
        lines.append(f"  left:    {rule['excluded']:,} more are left alone by exclusions")
    if not rule["matches"]:
        return lines
    if rule["read_only_matches"]:
        lines.append(
            f"  reads:   {rule['read_only_matches']:,} are read-only events, which a rule "
            "sees with read_only_events = true only"
        )
    days = [f"{day} {count:,}" for day, count in rule["per_day"].items()]
    more = [f"{len(days) - 7} more days"] * (len(days) > 7)
    lines.append(f"  per day: {', '.join(days[:7] + more)}")
    lines += [f"  by:      {p['principal']} ({p['matches']:,})" for p in rule["principals"][:3]]
    places = [f"{p['account']}/{p['region']} {p['matches']:,}" for p in rule["places"][:3]]
    lines.append(f"  in:      {', '.join(places)}")
    lines += [f"  why:     {r['reason']} ({r['findings']:,})" for r in rule["reasons"][:3]]
    for each in rule["examples"][:2]:
        error = f" ({each['error']})" if each.get("error") else ""
        where = f"{each['account']}/{each['region']}"
        lines.append(
            f"  example: {each['time']} {each['event_id']} {each['service']} {each['event']}"
            f"{error} in {where} by {each['principal']}"
        )
    return lines


def _reaction(reaction: Mapping[str, Any]) -> list[str]:
    name, events = reaction["name"], reaction["events"]
    if not events:
        return [f"Reaction {name}: no event was its"]
    lines = [f"Reaction {name}: {several(events, 'event')}, nothing to do for {reaction['idle']:,}"]
    lines += [
        f"  would:   {call}, {several(count, 'time')}" for call, count in reaction["would"].items()
    ]
    if reaction["alert_events"]:
        lines.append(f"  alerts:  {alerted(reaction)}")
    lines += [f"  not:     {why} ({count:,})" for why, count in reaction["failures"].items()]
    for each in reaction["examples"][:2]:
        lines.append(f"  example: {each['time']} {each['event']}: {'; '.join(each['would'])}")
    return lines


def alerted(reaction: Mapping[str, Any]) -> str:
    """How many alerts a reaction sends, about how many events, and whether rules count them."""
    alerts, shared = reaction["alerts"], reaction["rules_alerts"]
    about = reaction["alert_events"]
    told = ", ".join(f"{number:,} {severity}" for severity, number in about.items())
    line = f"{alerts:,} about {several(sum(about.values()), 'event')} ({told})"
    if shared:
        line += ", the same alerts that the rules have"
        line += f", but for {alerts - shared:,}" * (alerts > shared)
    if alerts >= sum(about.values()):
        return line
    line += ": the repetitions of a call within a window make one"
    return line if shared else f"{line}, while the rules above count each match"


def _wrapped(line: str, width: int) -> list[str]:
    """A line that is too long goes on in the next one, below its text."""
    label = _LABEL.match(line)
    indent = " " * (len(label[0]) if label else 1)
    found = textwrap.wrap(
        line, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
    return found or [line]
