"""The report as one HTML page without other files: a timeline for each rule, light and dark."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from reactor.wording import several

from trailctl.replay.table import alerted, exclusion, rate
from trailctl.text import plain

_WIDTH, _HEIGHT = 720, 56
_LISTED = 100  # files that hold no events
_MOST_BARS = 120
# Days in a bar: days, weeks, four weeks, quarters, years.
_BARS = (1, 7, 28, 91, 365)
_ATTACK = "https://attack.mitre.org/techniques/"

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6575; --paper: #fff; --card: #f5f6f8;
  --line: #d9dde3; --bar: #2f6fde; --critical: #a3123a; --high: #b1440b; --medium: #7a5b00;
  --low: #2c6340; --info: #46566b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #9aa5b5; --paper: #12161d;
  --card: #1b212b; --line: #313a47; --bar: #6da2ff; --critical: #ff8aa5; --high: #ffa873;
  --medium: #e6c35c; --low: #7fcf9b; --info: #a9b8cc; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; } p { margin: .25rem 0; } .soft { color: var(--soft); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; } th { color: var(--soft); font-weight: 600; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.t { white-space: nowrap; } a { color: inherit; }
.overview th, .overview td { white-space: nowrap; overflow-wrap: normal; }
.scroll table td:not(.t, .n) { min-width: 9rem; } .overview table td:not(.t, .n) { min-width: 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .8rem 1rem; margin: .8rem 0; }
.head { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; }
.sev { font-size: .8rem; font-weight: 600; } .critical { color: var(--critical); }
.high { color: var(--high); } .medium { color: var(--medium); } .low { color: var(--low); }
.info { color: var(--info); }
svg { display: block; width: 100%; height: 3.6rem; margin-top: .5rem; }
.axis { display: flex; justify-content: space-between; font-size: .75rem; margin-bottom: .4rem; }
svg rect { fill: var(--bar); } svg line { stroke: var(--line); }
details { margin-top: .4rem; } summary { cursor: pointer; color: var(--soft); }
code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
"""


def escape(text: str) -> str:
    """Text of an event: neither markup, nor marks that turn the direction of what follows."""
    return html.escape(plain(text))


def render(report: Mapping[str, Any]) -> str:
    """The page. All text that came with events is escaped."""
    fired = [rule for rule in report["rules"] if rule["matches"] or rule["excluded"]]
    span = _span(report)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>Replay of event rules</title>",
        f"<style>{_STYLE}</style></head><body>",
        "<h1>Replay of event rules</h1>",
        f"<p class=soft>{_summary(report)}</p>",
        *(f"<p>{escape(note[:1].upper() + note[1:])}.</p>" for note in report["notes"]),
        _overview(fired),
        *map(_sequence, report["sequences"]),
        *(_card(rule, span) for rule in fired),
        _silent(report["never_fired"]),
        _exclusions(report["exclusions"]),
        _reactions(report["reactions"]),
        _skipped(report["skipped"], report["left_out"]),
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _summary(report: Mapping[str, Any]) -> str:
    span = ""
    if report["from"]:
        span = f" from {escape(report['from'])} to {escape(report['to'])}"
    events, files = several(report["events"], "event"), several(report["files"], "file")
    fired = sum(1 for rule in report["rules"] if rule["matches"])
    return (
        f"{events} in {files}{span}. {fired:,} of "
        f"{len(report['rules']):,} rules fired over {several(round(report['days']), 'day')}."
    )


def _overview(rules: Sequence[Mapping[str, Any]]) -> str:
    if not rules:
        return "<p>No rule fired.</p>"
    rows = (
        f'<tr><td><a href="#{escape(rule["name"])}">{escape(rule["name"])}</a></td>'
        f"<td>{_severity(rule)}</td><td class=n>{rule['matches']:,}</td>"
        f"<td class=n>{rate(rule)}</td><td class=t>{escape(rule['first'] or '')}</td>"
        f"<td class=t>{escape(rule['last'] or '')}</td></tr>"
        for rule in rules
    )
    head = (
        "<tr><th>rule</th><th>severity</th><th class=n>matches</th><th class=n>alerts</th>"
        "<th>first</th><th>last</th></tr>"
    )
    body = "".join(rows)
    return f'<div class="scroll overview"><table>{head}{body}</table></div>'


def _severity(rule: Mapping[str, Any]) -> str:
    severity = rule["severity"]
    return f'<span class="sev {escape(severity)}">{escape(severity)}</span>' if severity else ""


def _sequence(each: Mapping[str, Any]) -> str:
    name = escape(each["name"])
    return "\n".join(
        [
            f'<section class=card id="{name}"><div class=head><h3>{name}</h3>{_severity(each)}',
            f"<span>{escape(each['title'])}</span></div>",
            _why(each),
            f"<p class=soft>A sequence of detections, {several(each['alerts'], 'alert')}.</p>",
            "</section>",
        ]
    )


def _card(rule: Mapping[str, Any], span: tuple[date, date] | None) -> str:
    name = escape(rule["name"])
    facts = [several(rule["matches"], "match", "matches"), f"alerts: {rate(rule)}"]
    if rule["findings"] is not None:
        facts.insert(1, f"{rule['findings']:,} of them decided to be meant")
    if rule["alert_when"] != "each match":
        facts.append(f"an alert on {escape(rule['alert_when'])}")
    if rule["excluded"]:
        facts.append(f"{rule['excluded']:,} more left alone by exclusions")
    if rule["read_only_matches"]:
        facts.append(f"{rule['read_only_matches']:,} are read-only events")
    principals = ((p["principal"], p["matches"]) for p in rule["principals"])
    reasons = ((r["reason"], r["findings"]) for r in rule["reasons"])
    places = ((f"{p['account']}, {p['region']}", p["matches"]) for p in rule["places"])
    return "\n".join(
        [
            f'<section class=card id="{name}"><div class=head><h3>{name}</h3>{_severity(rule)}',
            f"<span>{escape(rule['title'])}</span></div>",
            _why(rule),
            f"<p class=soft>{', '.join(facts)}.</p>",
            _timeline(rule, span),
            _counts("Most by", principals),
            _counts("In", places),
            _counts("Why", reasons),
            _examples(rule["examples"]),
            "</section>",
        ]
    )


def _why(rule: Mapping[str, Any]) -> str:
    links = ", ".join(
        f'<a href="{_ATTACK}{escape(each.replace(".", "/"))}/">{escape(each)}</a>'
        for each in rule["attack"]
    )
    told = " ".join(filter(None, (escape(rule["why"]), links and f"ATT&amp;CK: {links}.")))
    todo = f"<p><b>What to do:</b> {escape(rule['runbook'])}</p>" if rule["runbook"] else ""
    return (f"<p>{told}</p>" if told else "") + todo


def _span(report: Mapping[str, Any]) -> tuple[date, date] | None:
    """First and last day of the events: every timeline has the same scale."""
    try:
        return date.fromisoformat(report["from"][:10]), date.fromisoformat(report["to"][:10])
    except (TypeError, ValueError):
        return None


def _timeline(rule: Mapping[str, Any], span: tuple[date, date] | None) -> str:
    if span is None:
        return ""
    first, last = span
    days = (last - first).days + 1
    width = next((each for each in _BARS if days <= each * _MOST_BARS), days)
    bars = [0] * -(-days // width)
    for day, count in rule["per_day"].items():
        try:
            at = (date.fromisoformat(day) - first).days
        except ValueError:
            continue
        if 0 <= at < days:
            bars[at // width] += count
    most = max(bars, default=0)
    if not most:
        return ""
    step = _WIDTH / len(bars)
    drawn = []
    for number, count in enumerate(bars):
        if count:
            tall = max(2.0, count / most * (_HEIGHT - 2))
            begin = first + timedelta(days=number * width)
            until = min(last, begin + timedelta(days=width - 1))
            when = f"{begin}" if begin == until else f"{begin} to {until}"
            drawn.append(
                f'<rect x="{number * step:.1f}" y="{_HEIGHT - tall:.1f}" '
                f'width="{max(1.0, min(step * 0.85, 40)):.1f}" height="{tall:.1f}">'
                f"<title>{when}: {count:,}</title></rect>"
            )
    unit = "a day" if width == 1 else f"in {width} days"
    label = f"Matches of {escape(rule['name'])} over time, at most {most:,} {unit}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 1}" preserveAspectRatio="none" role="img" '
        f'aria-label="{label}"><line x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="{_HEIGHT}"/>'
        f'{"".join(drawn)}</svg><div class="axis soft"><span>{first}</span>'
        f"<span>at most {most:,} {unit}</span><span>{last}</span></div>"
    )


def _counts(title: str, rows: Iterable[tuple[str, int]]) -> str:
    found = "".join(
        f"<tr><td>{escape(what)}</td><td class=n>{count:,}</td></tr>" for what, count in rows
    )
    return f"<table><tr><th>{title}</th><th class=n></th></tr>{found}</table>" if found else ""


def _examples(examples: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for each in examples:
        error = f" ({escape(each['error'])})" if each.get("error") else ""
        finding = f"<br>{escape(each['finding'])}" if each.get("finding") else ""
        rows.append(
            f"<tr><td class=t>{escape(each['time'])}</td><td>{escape(each['service'])} "
            f"{escape(str(each['event']))}{error}{finding}</td><td>{escape(each['principal'])}"
            f"<br><span class=soft>{escape(each['account'])}, {escape(each['region'])}</span></td>"
            f"<td><code>{escape(each['event_id'])}</code></td></tr>"
        )
    if not rows:
        return ""
    return f"<details><summary>Examples</summary>{_scroll(rows)}</details>"


def _scroll(rows: Iterable[str]) -> str:
    return f"<div class=scroll><table>{''.join(rows)}</table></div>"


def _silent(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"<h2>Never fired ({len(names)})</h2><p>{', '.join(map(escape, names))}</p>"


def _exclusions(exclusions: Sequence[Mapping[str, Any]]) -> str:
    if not exclusions:
        return ""
    rows = "".join(f"<li>{escape(exclusion(each).strip())}</li>" for each in exclusions)
    return f"<h2>Exclusions</h2><ul>{rows}</ul>"


def _reactions(reactions: Sequence[Mapping[str, Any]]) -> str:
    cards = []
    for each in reactions:
        shown = "".join(
            f"<tr><td class=t>{escape(example['time'])}</td><td>{escape(example['event'])}</td>"
            f"<td>{escape('; '.join(example['would']))}</td></tr>"
            for example in each["examples"]
        )
        details = (
            f"<details><summary>Examples</summary>{_scroll([shown])}</details>" if shown else ""
        )
        alerts = f" Alerts: {escape(alerted(each))}." if each["alert_events"] else ""
        cards.append(
            f"<section class=card><h3>{escape(each['name'])}</h3><p class=soft>"
            f"{several(each['events'], 'event')}, nothing to do for {each['idle']:,}.{alerts}</p>"
            f"{_counts('Would have', each['would'].items())}"
            f"{_counts('Could not tell', each['failures'].items())}{details}</section>"
        )
    return f"<h2>What reactions would have done</h2>{''.join(cards)}" if cards else ""


def _skipped(skipped: Sequence[Mapping[str, str]], left_out: Sequence[Mapping[str, Any]]) -> str:
    rows = [(each["file"], each["reason"]) for each in skipped]
    rows += [(f"{each['records']:,}, as {each['first']}", each["reason"]) for each in left_out]
    if not rows:
        return ""
    told = "".join(
        f"<tr><td>{escape(what)}</td><td>{escape(reason)}</td></tr>"
        for what, reason in rows[:_LISTED]
    )
    more = f"<p>{len(rows) - _LISTED:,} more.</p>" if len(rows) > _LISTED else ""
    return f"<h2>Not counted</h2><table>{told}</table>{more}"
