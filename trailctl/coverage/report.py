"""Coverage as a table, as a layer of the ATT&CK Navigator, and as a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape

from trailctl.coverage.measure import Coverage, Found, names
from trailctl.terminal import fitted, grid

_VERSION = "18"
_LINK = "https://attack.mitre.org/versions/v18/techniques/{}/"
_TACTICS = (
    *("Resource Development", "Initial Access", "Execution", "Persistence"),
    *("Privilege Escalation", "Defense Evasion", "Credential Access", "Discovery"),
    *("Lateral Movement", "Collection", "Exfiltration", "Impact"),
)
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6575; --paper: #fff; --line: #d9dde3;
  --yes: #1d6b3c; --no: #a3123a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #9aa5b5; --paper: #12161d;
  --line: #313a47; --yes: #7fcf9b; --no: #ff8aa5; } }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.soft { color: var(--soft); } .yes { color: var(--yes); } .no { color: var(--no); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid var(--line); } th { color: var(--soft); }
td:first-child { white-space: nowrap; width: 6.5rem; }
td:nth-child(2):not(:last-child) { width: 26%; } td:last-child { min-width: 8rem; }
a { color: inherit; }
"""


def table(coverage: Coverage) -> str:
    """Text for a terminal."""
    known = names()
    rows = [("ATT&CK", "technique of an attacker", "detections that find it")]
    rows += [(key, known[key]["name"], _by(found)) for key, found in coverage.techniques.items()]
    lines = [_summary(coverage), "", *grid(rows, rule=True), ""]
    rows = [("CIS", "control: a call that has to be watched", "detections that watch it")]
    rows += [(f"4.{c.id}", c.title, _control(c)) for c in coverage.controls]
    lines += [
        *grid(rows, rule=True),
        "",
        "CIS AWS Foundations Benchmark; from version 6.0 on its 4. is 5.",
    ]
    missed = [attack.id for attack in coverage.attacks if not attack.entries]
    if missed:
        lines.append(f"Attacks that no detection finds ({len(missed)}): {', '.join(missed)}")
    if coverage.data_events:
        only = ", ".join(sorted(coverage.data_events))
        lines.append(f"Found only if the trail records S3's data events: {only}")
    lines += ["", _next(coverage)]
    return fitted(lines)


def layer(coverage: Coverage) -> str:
    """A layer of the ATT&CK Navigator; the score is the number of entries.

    https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
    """
    techniques = [
        {
            "techniqueID": key,
            "score": len(_entries(found)),
            "comment": f"found by {', '.join(_entries(found))}" if found else "not found",
            "enabled": True,
        }
        for key, found in coverage.techniques.items()
    ]
    most = max((len(_entries(found)) for found in coverage.techniques.values()), default=1)
    document = {
        "name": "CloudTrail detections",
        "versions": {"attack": _VERSION, "navigator": "5.1.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": _summary(coverage),
        "filters": {"platforms": ["IaaS", "Identity Provider"]},
        "gradient": {
            "colors": ["#ffffff", "#8ec843"],
            "minValue": 0,
            "maxValue": most,
        },
        "techniques": techniques,
        "metadata": [
            {"name": f"CIS 4.{c.id} {c.title}", "value": _control(c)} for c in coverage.controls
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def page(coverage: Coverage) -> str:
    """One HTML page without other files: techniques by tactic, controls, attacks."""
    known = names()
    parts = []
    for tactic in _TACTICS:
        rows = [
            (
                f'<a href="{_LINK.format(key.replace(".", "/"))}">{escape(key)}</a>',
                escape(known[key]["name"]),
                _cell(_by(found), bool(found)),
            )
            for key, found in coverage.techniques.items()
            if tactic in known[key]["tactics"]
        ]
        if rows:
            parts += [f"<h2>{tactic}</h2>", _html(("technique", "name", "found by"), rows)]
    controls = [
        (f"4.{c.id}", escape(c.title), _cell(_control(c), not c.missed)) for c in coverage.controls
    ]
    attacks = [
        (escape(a.id), _cell(", ".join(a.entries) or "not found", bool(a.entries)))
        for a in coverage.attacks
    ]
    body = [
        "<h1>Coverage</h1>",
        f"<p class=soft>{escape(_summary(coverage))}</p>",
        *parts,
        "<h2>CIS AWS Foundations Benchmark (5. instead of 4. from version 6.0 on)</h2>",
        _html(("control", "what", "found by"), controls),
        "<h2>Simulated attacks</h2>",
        _html(("attack", "found by"), attacks),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Coverage</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _summary(coverage: Coverage) -> str:
    attacks = sum(1 for attack in coverage.attacks if attack.entries)
    techniques = sum(1 for found in coverage.techniques.values() if found)
    controls = sum(1 for control in coverage.controls if not control.missed)
    return (
        f"{coverage.entries} detections find {attacks} of {len(coverage.attacks)} simulated "
        f"attacks, {techniques} of {len(coverage.techniques)} ATT&CK techniques and {controls} of "
        f"{len(coverage.controls)} CIS controls in full"
    )


def _next(coverage: Coverage) -> str:
    """What whoever reads the table does next."""
    if all(coverage.techniques.values()) and not any(c.missed for c in coverage.controls):
        return (
            "Every row is found. Next: `trailctl replay --catalogue LOGS` tells how often each "
            "detection would alert on your own log."
        )
    return (
        "A row with `not found` or `misses` is a gap of the detections that were chosen: leave out "
        "--id, --exclude-id or --min-severity, or write a detection of your own "
        "(modules/detections/README.md)."
    )


def _entries(found: Iterable[Found]) -> list[str]:
    return list(dict.fromkeys(id_ for each in found for id_ in each.entries))


def _by(found: Iterable[Found]) -> str:
    return ", ".join(_entries(found)) or "not found"


def _control(control: Found) -> str:
    if control.missed:
        return f"misses {', '.join(control.missed)}"
    return ", ".join(control.entries)


def _cell(text: str, good: bool) -> str:
    return f'<span class="{"yes" if good else "no"}">{escape(text)}</span>'


def _html(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["".join(f"<th>{each}</th>" for each in head)]
    lines += ["".join(f"<td>{each}</td>" for each in row) for row in rows]
    return f"<div class=scroll><table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table></div>"
