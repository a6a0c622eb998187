"""What a terminal gets: lines that fit its width, colour if it wants any, and help laid out so.

The width is the terminal's, or COLUMNS, or 80 where neither is known. Names that are longer than a
line stay whole: whoever copies one gets all of it.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn, TextIO

from trailctl.names import near, unknown

_NARROWEST = 20
_WIDE = 80
_COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_CHOICE = re.compile(r"argument (.+): invalid choice: '?(.*?)'? \(choose from (.+)\)")
_INDENT = re.compile(r"( *)((?:[-\d]|\w+:) +)?")


def width() -> int:
    """Characters of a line."""
    return max(_NARROWEST, shutil.get_terminal_size((_WIDE, 24)).columns)


def record_width(stream: TextIO) -> int | None:
    """Characters of a line that is one record; None for a pipe, whose reader counts lines."""
    return width() if os.environ.get("COLUMNS") or stream.isatty() else None


def colours(stream: TextIO) -> bool:
    """True for a terminal that wants colour (https://no-color.org)."""
    wants = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wants and stream.isatty()


def paint(text: str, colour: str | None) -> str:
    """The text in a colour."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if colour and text else text


def cut(text: str, limit: int) -> str:
    """The text, or as much of it as fits and a mark that there was more.

    Of an ARN the end stays, from one of its parts on: the name of what it is about.
    """
    if len(text) <= limit:
        return text
    room = max(1, limit - 1)
    if not text.startswith("arn:"):
        return f"{text[:room]}…"
    end = text[-room:]
    part = re.search(r"(?<=[:/]).", end)
    return f"…{end[part.start() :] if part else end}"


def wrapped(line: str, limit: int | None, indent: int | None = None) -> list[str]:
    """The line in pieces that fit; `indent` is that of all but the first one."""
    if limit is None or len(line) <= limit:
        return [line]
    if indent is None:
        indent = _hang(line) or 2
    indent = min(indent, limit // 2)
    pieces = textwrap.wrap(
        line, limit, subsequent_indent=" " * indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return pieces or [line]


def _hang(line: str) -> int:
    """Where the text of a list's item begins, and that of a line that goes on."""
    found = _INDENT.match(line)
    return len(found[0]) if found else 0


def fitted(lines: Iterable[str]) -> str:
    """Text of lines that fit."""
    limit = width()
    return "".join(f"{piece}\n" for line in lines for piece in wrapped(line.rstrip(), limit))


def say(text: str, stream: TextIO | None = None) -> None:
    """Prints what a person reads, whole to a pipe."""
    stream = stream or sys.stdout
    limit = record_width(stream)
    lines = (piece for line in text.split("\n") for piece in wrapped(line, limit))
    print("\n".join(lines), file=stream, flush=True)


def say_command(label: str, text: str, stream: TextIO | None = None) -> None:
    """Prints a command that a shell takes as it is printed, also where it goes on in a new line."""
    limit = record_width(stream or sys.stdout)
    lines = [label]
    for word in map(shlex.quote, shlex.split(text)) if limit else [text]:
        if limit and len(lines[-1]) + len(word) + 3 > limit and lines[-1].strip():
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" {word}"
    print("\n".join(lines), file=stream, flush=True)


def grid(rows: Sequence[Sequence[str]], rule: bool = False) -> list[str]:
    """Rows as columns, the last of which goes on below itself; with a `rule` below the head."""
    sizes = [max(len(row[n]) for row in rows) for n in range(len(rows[0]) - 1)]
    room = width() - sum(sizes) - 2 * len(sizes)
    if room < _NARROWEST:  # the last column has lines of its own
        room, begin = width() - 4, 4
    else:
        begin = 0
    lines = []
    for row in rows:
        front = "  ".join(cell.ljust(size) for cell, size in zip(row, sizes, strict=False))
        told = wrapped(row[-1], room, 0)
        if begin and row[-1]:
            lines += [*wrapped(front.rstrip(), width(), begin), *(f"    {line}" for line in told)]
            continue
        lines.append(f"{front}  {told[0]}".rstrip())
        lines += [" " * (len(front) + 2) + line for line in told[1:]]
    if rule:
        lines.insert(1, "-" * min(width(), max(map(len, lines))))
    return lines


class Help(argparse.HelpFormatter):
    """Keeps paragraphs and lists of a description, and fits them."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=width() - 1, max_help_position=26)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs: list[str] = []
        before = ""
        for line in text.rstrip().split("\n"):
            depth = len(line) - len(line.lstrip())
            goes_on = depth >= _hang(paragraphs[-1]) if paragraphs else False
            if line.strip() and before and goes_on and not before.endswith(":"):
                paragraphs[-1] += f" {line.strip()}"
            else:
                paragraphs.append(line.rstrip())
            before = line.strip()
        lines = (
            piece
            for each in paragraphs
            for piece in wrapped(indent + each, width, _hang(indent + each))
        )
        return "\n".join(lines) + "\n"


class Parser(argparse.ArgumentParser):
    """A parser with help that fits; so have those of its commands."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"formatter_class": Help, **settings})

    def error(self, message: str) -> NoReturn:
        """Exits with 2 and the message, with the names that are near a wrong one."""
        wrong = _CHOICE.fullmatch(message)
        if wrong:
            message = unknown(wrong[1], [wrong[2]], re.findall(r"[^\s',]+", wrong[3]))
        elif message.startswith("unrecognized arguments: -"):
            option = message.split()[2].partition("=")[0]
            message += near(option, sorted(set(_options(self))), 1)
        super().error(message)


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a parser and of its commands."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action.choices, dict):
            for each in action.choices.values():
                yield from _options(each)
