"""Wildcards as sets of texts: is each text of one in the others, and if not, which one is not?

`*` is any run of characters, `?` any one character. In an ARN a wildcard does not reach over one of
the first five colons, and an ARN that ends early stands for all that begin like it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_STATES = 1_500  # what one question may take; a lookup then answers as if nothing were left out
_COLONS = 5
_OTHER = "\x00"  # stands for every character that no pattern spells out
_ONE, _RUN = 1, 2  # `?` and `*`
_ANY, _IN_PART = 0, 4  # over colons, or within a part of an ARN


@dataclass(frozen=True, slots=True)
class Glob:
    """A wildcard as its tokens: a character each, or a number for `?` and `*`."""

    tokens: tuple[str | int, ...]

    @property
    def is_everything(self) -> bool:
        """Whether it matches every text."""
        return bool(self.tokens) and all(token == _RUN for token in self.tokens)


@lru_cache(maxsize=4096)
def text_glob(pattern: str) -> Glob:
    """A wildcard over plain text: actions, names, ids."""
    return Glob(tuple({"*": _RUN, "?": _ONE}.get(char, char) for char in pattern))


@lru_cache(maxsize=4096)
def arn_glob(pattern: str) -> Glob:
    """A wildcard over ARNs, compared part by part."""
    if pattern and not pattern.strip("*"):
        return text_glob("*")
    tokens: list[str | int] = []
    colons = 0
    for char in pattern:
        colons += char == ":"
        reach = _IN_PART if colons < _COLONS else _ANY
        tokens.append({"*": _RUN | reach, "?": _ONE | reach}.get(char, char))
    if colons < _COLONS and tokens:
        tokens.append(_OPTIONAL_REST)
    return Glob(tuple(tokens))


_OPTIONAL_REST = 8  # nothing, or a colon and anything


def matches(glob: Glob, text: str) -> bool:
    """Whether the whole text is one of the wildcard's."""
    states = _closed(glob, {0})
    for char in text:
        states = _step(glob, states, char)
    return _accepts(glob, states)


@dataclass(frozen=True, slots=True)
class Part:
    """Texts that any of the wildcards matches; with `others`, those that none matches."""

    globs: tuple[Glob, ...]
    others: bool = False


def left_out(asked: Glob, inside: Sequence[Part], outside: Sequence[Part] = ()) -> str | None:
    """A text of `asked` that no part of `inside` holds, or that one of `outside` does.

    None where there is none: `asked` lies in the one and meets nothing of the other. A NUL in the
    answer is any character that no wildcard spells out. Past a bound on work the answer is None,
    since who asks treats a set that is all there as the dangerous one.
    """
    if not outside and any(_whole(part) for part in inside):
        return None
    globs = [asked, *(glob for part in (*inside, *outside) for glob in part.globs)]
    start = tuple(_closed(glob, {0}) for glob in globs)
    held = _membership(inside, outside)
    queue: deque[tuple[tuple[frozenset[int], ...], str]] = deque([(start, "")])
    seen = {start}
    while queue:
        states, text = queue.popleft()
        accepted = [_accepts(glob, s) for glob, s in zip(globs, states, strict=True)]
        if accepted[0] and not held(accepted[1:]):
            return text
        pairs = list(zip(globs, states, strict=True))
        # A character that no live place spells out leads where any other such one leads.
        spelled = {char for glob, live in pairs for char in _spelled(glob, live)}
        only = _spelled(asked, states[0]) if _is_literal(asked, states[0]) else None
        for char in sorted(spelled | {":", _OTHER}) if only is None else only:
            after = tuple(_step(glob, live, char) for glob, live in pairs)
            if after[0] and after not in seen:
                if len(seen) >= _STATES:
                    return None
                seen.add(after)
                queue.append((after, text + char))
    return None


def _whole(part: Part) -> bool:
    if part.others:
        return not part.globs
    return any(glob.is_everything for glob in part.globs)


def _membership(
    inside: Sequence[Part], outside: Sequence[Part]
) -> Callable[[Sequence[bool]], bool]:
    """Whether a text is in, by which wildcards accept it, in the order of their parts."""
    sizes = [len(part.globs) for part in (*inside, *outside)]
    flags = [part.others for part in (*inside, *outside)]

    def held(accepted: Sequence[bool]) -> bool:
        answers, at = [], 0
        for size, others in zip(sizes, flags, strict=True):
            answers.append(any(accepted[at : at + size]) != others)
            at += size
        return any(answers[: len(inside)]) and not any(answers[len(inside) :])

    return held


def _closed(glob: Glob, states: Iterable[int]) -> frozenset[int]:
    """The places that may be stood at, runs of nothing included."""
    found = set()
    todo = list(states)
    while todo:
        at = todo.pop()
        if at in found:
            continue
        found.add(at)
        if at < len(glob.tokens):
            token = glob.tokens[at]
            if isinstance(token, int) and (token & _RUN or token == _OPTIONAL_REST):
                todo.append(at + 1)
    return frozenset(found)


@lru_cache(maxsize=65_536)
def _spelled(glob: Glob, states: frozenset[int]) -> frozenset[str]:
    """The characters that are written out at the places stood at."""
    tokens = (glob.tokens[at] for at in states if at < len(glob.tokens))
    return frozenset(token for token in tokens if isinstance(token, str))


def _is_literal(glob: Glob, states: frozenset[int]) -> bool:
    """Whether nothing but written characters leads on."""
    size = len(glob.tokens)
    return all(at == size or (at < size and isinstance(glob.tokens[at], str)) for at in states)


@lru_cache(maxsize=65_536)
def _step(glob: Glob, states: frozenset[int], char: str) -> frozenset[int]:
    after: set[int] = set()
    size = len(glob.tokens)
    for at in states:
        if at > size:  # behind an ARN that ended early
            after.add(at)
        elif at < size:
            token = glob.tokens[at]
            if isinstance(token, str):
                if token == char:
                    after.add(at + 1)
            elif token == _OPTIONAL_REST:
                if char == ":":
                    after.add(size + 1)
            elif not (token & _IN_PART and char == ":"):
                after.add(at if token & _RUN else at + 1)
    return _closed(glob, after)


def _accepts(glob: Glob, states: frozenset[int]) -> bool:
    return len(glob.tokens) in states or len(glob.tokens) + 1 in states
