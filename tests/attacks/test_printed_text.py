"""Names, keys and messages of somebody who knows that a person, or a program, will look at them."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactor.digest.verdicts import Finding, Kind, Report, Verdict

from trailctl.cli import main
from trailctl.local.tail import Lines
from trailctl.replay import page, table
from trailctl.text import plain
from trailctl.validate import output

pytestmark = pytest.mark.unit

# Colours, the line above, a title, the clipboard, a link; C1's own way to begin one; the text's
# direction; lines of Unicode's; nothing's width; half of a pair; tags.
ACTING = [
    "\x1b[31mred\x1b[0m",
    "\x1b[1A\x1b[2Kgone",
    "\x1b]0;title\x07",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "\x9b31m",
    "a\r\nPROVEN: 24.0 hours",
    "a\rPROVEN",
    "a\x08\x08b",
    "\x7f",
    "\x00",
    "\u202egnp.exe",
    "\u2066a\u2069",
    "a\u2028PROVEN\u2029",
    "a\x85b",
    "ad\u200bmin\ufeff",
    "\ud83d",
    "\U000e0041\U000e0042",
]


def harmless(text: str, *, lines: bool = True) -> bool:
    return all(char.isprintable() or (lines and char == "\n") for char in text)


@pytest.mark.parametrize("text", ACTING)
def test_text_that_acts_is_shown(text: str) -> None:
    shown = plain(text)
    assert harmless(shown, lines=False)
    assert "\\" in shown
    assert harmless(plain(f"a\n{text}", lines=True))


@given(st.text(st.characters(), max_size=60))
def test_no_text_acts(text: str) -> None:
    shown = plain(text)
    assert harmless(shown, lines=False)
    assert plain(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    "text", ["", "müller", "日本", "naïve 🙂", "arn:aws:iam::1:role/a+b=c,d.@-_", "a b"]
)
def test_names_are_as_they_are(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize("text", ACTING)
def test_tail(text: str) -> None:
    extra = {"actor": text, "target_kind": text, "target_arn": text, "dead_letter_arn": text}
    for kind in ("call", "router", "authorize", "function", text):
        step = {
            **dict.fromkeys(("account", "region", "step", "what", "detail"), text),
            "time": "2026-01-01T00:00:00+00:00",
            "kind": kind,
            "extra": extra,
        }
        assert harmless(Lines(io.StringIO()).line(step), lines=False)


def replayed(text: str) -> dict[str, Any]:
    example = {"time": text, "event_id": text, "service": text, "event": text, "error": text,
               "account": text, "region": text, "principal": text, "finding": text}  # fmt: skip
    rule = {"name": "rule", "title": text, "severity": "high", "matches": 1, "first": text,
            "last": text, "per_day": {"2026-01-01": 1}, "read_only_matches": 1, "findings": 1,
            "principals": [{"principal": text, "matches": 1}], "examples": [example],
            "reasons": [{"reason": text, "findings": 1}], "alerts": 1, "alert_when": text,
            "alerts_a_day": 1.0, "why": text, "runbook": text, "attack": [text],
            "places": [{"account": text, "region": text, "matches": 1}],
            "excluded": 1}  # fmt: skip
    exclusion = {"name": text, "where": {"principals": [text]}, "reason": text,
                 "until": "2026-01-01", "matches": 1, "ended": 1}  # fmt: skip
    sequence = {"name": text, "title": text, "severity": "high", "why": text, "runbook": text,
                "attack": [text], "alerts": 1}  # fmt: skip
    reaction = {"name": text, "events": 1, "idle": 0, "would": {text: 1}, "alerts": 1,
                "rules_alerts": 0, "alert_events": {text: 1}, "failures": {text: 1},
                "examples": [{"time": text, "event": text, "would": [text]}]}  # fmt: skip
    return {"events": 1, "files": 1, "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z",
            "days": 1.0, "skipped": [{"file": text, "reason": text}], "notes": [text],
            "left_out": [{"reason": text, "records": 1, "first": text}],
            "rules": [rule], "never_fired": [text], "reactions": [reaction],
            "exclusions": [exclusion], "sequences": [sequence], "shared_alerts": 1}  # fmt: skip


@pytest.mark.parametrize("text", [*ACTING, "<script>alert(1)</script>", '"><img src=x onerror=x>'])
def test_replay_s_table_and_page(text: str) -> None:
    report = replayed(text)
    assert harmless(table.render(report, 160))
    html = page.render(report)
    assert harmless(html)
    assert "<script>alert" not in html
    assert "<img" not in html


@pytest.mark.parametrize("text", ACTING)
def test_validate_logs_lines_and_junit(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A key in the bucket is anybody's who may put one there."""
    finding = Finding(Kind.LOG, "bucket", f"AWSLogs/{text}", Verdict.UNLISTED, text)
    assert harmless(output.line(finding).replace("\t", ""), lines=False)
    when = datetime(2026, 1, 1, tzinfo=UTC)
    report = Report("123456789012", text, when, when, findings=[finding])
    output.print_junit("arn", [report], [text])
    written = capsys.readouterr().out
    assert harmless(written)
    assert ElementTree.fromstring(written) is not None
    output.print_text([report], [text], when, when)
    captured = capsys.readouterr()
    assert harmless(captured.out + captured.err)
    assert "\nPROVEN" not in captured.out


@pytest.mark.parametrize("text", ACTING)
def test_what_the_command_line_refuses(
    text: str, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    if "\x00" in text or "\ud83d" in text:
        return  # no argument can hold it
    assert main(["undo", f"/nowhere/{text}"]) == 2
    assert harmless(capsys.readouterr().err)
    file = tmp_path / "record.json"
    file.write_text(json.dumps({"id": text, "service": text, "operation": text, "status": text}))
    assert main(["undo", str(file), "--yes"]) == 2
    assert harmless(capsys.readouterr().err)
