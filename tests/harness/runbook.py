"""docs/runbook.md, followed: its commands are run, and what they print is held to the page.

A block of the kind `console` has commands behind `$ `, each with its output. What differs from run
to run (ids, times, accounts) is masked on both sides; a line that begins with two spaces goes on
with the one before, as the page has 80 columns, and `...` stands for lines that are left out.
"""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import groupby

import pytest

from tests.e2e.localaws import aws_cli
from tests.harness.local_aws import REPOSITORY
from trailctl.cli import main

PAGE = REPOSITORY / "docs" / "runbook.md"
Run = Callable[[list[str]], str]
"""Runs a command and returns all that it printed."""

_MASKS = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uuid>"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?", "<time>"),
    (r"\d{8}T\d{4}Z(_[A-Za-z0-9]+)?", "<moment>"),
    (r"\b\d{4}/\d\d/\d\d\b", "<day>"),
    (r"\b\d{12}\b", "<account>"),
    (r"\b\d+/\d+(?= (digest|log) files)", "<some>"),
    (r"\b(i|vol|sg)-[0-9a-f]{8,17}\b", r"<\1>"),
)


@dataclass(frozen=True)
class Step:
    """A command of the page, with what it prints, a line each."""

    command: str
    prints: tuple[str, ...]


def follower(
    environment: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Runs trailctl in this process and the AWS CLI beside it, with these credentials."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(command: list[str]) -> str:
        if command[0] == "aws":
            _, out, err = aws_cli.run(command[1:], environment)
            return out + err
        assert command[0] == "trailctl", command
        said = io.StringIO()  # both outputs, as a terminal shows them
        with redirect_stdout(said), redirect_stderr(said):
            main(command[1:])
        return said.getvalue()

    return run


def section(anchor: str) -> str:
    """The text under a heading, by its anchor, to the next heading."""
    sections = _sections()
    assert anchor in sections, f"{PAGE.name} has no heading #{anchor}: {sorted(sections)}"
    return sections[anchor]


def anchors() -> list[str]:
    """The anchors of all headings, as GitHub makes them."""
    return [*_sections()]


def steps(anchor: str) -> list[Step]:
    """The commands under a heading."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", section(anchor), re.M | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("$ "):
                found.append((" ".join(line[2:].split()), []))
            elif line.startswith("  ") and found[-1][1] and not found[-1][1][-1].endswith("{"):
                found[-1][1][-1] += " " + line.strip()
            else:
                found[-1][1].append(line)
    return [Step(command, tuple(prints)) for command, prints in found]


def follow(anchor: str, run: Run, names: Mapping[str, str]) -> None:
    """Runs a section's commands and compares; `names` are the page's words and the world's."""
    assert steps(anchor), f"there is nothing to run under #{anchor}"
    for step in steps(anchor):
        command = step.command
        for told, real in names.items():
            command = command.replace(told, real)
        printed = run(shlex.split(command))
        for told, real in names.items():
            printed = printed.replace(real, told)
        assert alike(masked(printed.splitlines()), masked(step.prints)), (
            f"$ {step.command}\n{printed}"
        )


def alike(printed: Sequence[str], told: Sequence[str]) -> bool:
    """Whether the lines are those told, where `...` stands for any lines."""
    pattern = "".join("(.*\n)*" if line == "..." else re.escape(line) + "\n" for line in told)
    return bool(re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)))


def masked(lines: Sequence[str]) -> list[str]:
    """The lines without what differs from run to run."""
    found = []
    for line in lines:
        for pattern, word in _MASKS:
            line = re.sub(pattern, word, line)
        found.append(" ".join(line.split()))
    # Files are looked at side by side: they are told in any order.
    return [
        line
        for of_files, group in groupby(found, lambda line: line.startswith("Log file "))
        for line in (sorted(group) if of_files else group)
    ]


def _sections() -> dict[str, str]:
    text = PAGE.read_text(encoding="utf-8")
    parts = re.split(
        r"^#{1,4} (.+)$", re.sub(r"^```.*?^```$", _kept, text, flags=re.M | re.S), flags=re.M
    )
    return {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-"): body.replace("\0", "#")
        for title, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def _kept(block: re.Match[str]) -> str:
    """A block of code, in which no # begins a heading."""
    return block[0].replace("#", "\0")
