"""The structure of a Terraform configuration: blocks, arguments, and what they refer to.

Expressions stay text: only where they end is worked out. That is enough to name every argument and
every block, those inside `dynamic` included, which a plan's JSON leaves out.
https://developer.hashicorp.com/terraform/language/syntax/configuration
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SPACE = re.compile(r"(?:\s+|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_BLANK = re.compile(r"(?:[ \t]+|/\*.*?\*/)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_LABEL = re.compile(r'"((?:[^"\\]|\\.)*)"')
_HEREDOC = re.compile(r"<<-?(\w+)\n")
_OPEN, _CLOSE = "([{", ")]}"


class HclError(Exception):
    """The text is no configuration; the message names the line."""


@dataclass
class Body:
    """What stands between braces, or in a file: arguments as text, blocks in their order."""

    arguments: dict[str, str] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def inner(self) -> Iterator[Block]:
        """Its blocks as a provider sees them: a `dynamic` block is the block that it makes."""
        for block in self.blocks:
            if block.kind == "dynamic":
                (content,) = (b for b in block.body.blocks if b.kind == "content")
                yield Block(block.labels[0], (), content.body)
            else:
                yield block

    def expressions(self) -> Iterator[str]:
        """The text of every argument, however deep."""
        yield from self.arguments.values()
        for block in self.blocks:
            yield from block.body.expressions()


@dataclass
class Block:
    """`kind "label" { body }`."""

    kind: str
    labels: tuple[str, ...]
    body: Body


def parse(text: str) -> Body:
    """Read a file's text. Raises HclError."""
    body, place = _body(text, 0)
    if place != len(text):
        raise _error(text, place, "a closing brace too many")
    return body


def _body(text: str, place: int) -> tuple[Body, int]:
    body = Body()
    while True:
        place = _end(_SPACE, text, place)
        if place == len(text) or text[place] == "}":
            return body, place
        name = _NAME.match(text, place)
        if name is None:
            raise _error(text, place, "no name where an argument or a block begins")
        place = _end(_BLANK, text, name.end())
        if text[place : place + 1] == "=":
            end = _expression(text, place + 1)
            body.arguments[name[0]] = text[place + 1 : end].strip()
            place = end
            continue
        labels = []
        while text[place : place + 1] != "{":
            label = _LABEL.match(text, place) or _NAME.match(text, place)
            if label is None:
                raise _error(text, place, f"neither = nor {{ after {name[0]}")
            labels.append(label[1] if label.re is _LABEL else label[0])
            place = _end(_BLANK, text, label.end())
        inner, place = _body(text, place + 1)
        if text[place : place + 1] != "}":
            raise _error(text, place, f"{name[0]} is not closed")
        body.blocks.append(Block(name[0], tuple(labels), inner))
        place += 1


def _expression(text: str, place: int) -> int:
    """Where the expression that begins at `place` ends: its line's end, or a brace not its own."""
    depth = 0
    while place < len(text):
        char = text[place]
        if char == '"':
            place = _string(text, place + 1)
        elif char == "#" or text.startswith(("//", "/*"), place):
            place = _end(_SPACE, text, place) if depth else _comment(text, place)
        elif heredoc := _HEREDOC.match(text, place):
            end = re.compile(rf"^[ \t]*{heredoc[1]}[ \t]*$", re.MULTILINE).search(
                text, heredoc.end() - 1
            )
            if end is None:
                raise _error(text, place, "a heredoc without its end")
            place = end.end()
        elif char in _OPEN:
            depth, place = depth + 1, place + 1
        elif char in _CLOSE and depth:
            depth, place = depth - 1, place + 1
        elif not depth and char in "\n}":
            return place
        else:
            place += 1
    if depth:
        raise _error(text, place, "a bracket is not closed")
    return place


def _comment(text: str, place: int) -> int:
    """Past a comment, but not past its line."""
    ending, past = ("*/", 2) if text.startswith("/*", place) else ("\n", 0)
    end = text.find(ending, place)
    return len(text) if end < 0 else end + past


def _string(text: str, place: int) -> int:
    while place < len(text):
        if text[place] == '"':
            return place + 1
        if text[place] == "\\":
            place += 2
        elif text.startswith(("$${", "%%{"), place):
            place += 3
        elif text.startswith(("${", "%{"), place):
            place = _template(text, place + 2)
        else:
            place += 1
    raise _error(text, place, "a string is not closed")


def _template(text: str, place: int) -> int:
    depth = 1
    while place < len(text):
        if text[place] == '"':
            place = _string(text, place + 1)
            continue
        depth += (text[place] == "{") - (text[place] == "}")
        place += 1
        if not depth:
            return place
    raise _error(text, place, "an interpolation is not closed")


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place


def _error(text: str, place: int, what: str) -> HclError:
    return HclError(f"line {text.count(chr(10), 0, place) + 1}: {what}")
