"""What a record's bytes must hold for a rule to match: most records are decided by looking for it.

A text stands in JSON as it is, or with escapes. Where the bytes of an object hold neither the text
that a rule asks for nor an escape that could spell it, no field in that object has it, and there
is no need to decode it. What may match is decoded, and decided then: a needle decides for no rule.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from reactor.patterns.model import Branch, Exact, Exists, Matcher, Prefix, Suffix, Wildcard

from trailctl.replay.project import Projection

# More of them cost more than what they save.
_MOST = 4
# Shorter ones are found everywhere.
_SHORTEST = 3
# An ASCII character is written as it is or as \u00XX, these also with a backslash before them.
_OWN_ESCAPES = frozenset('"\\/')
BACKSLASH, _ASCII_ESCAPE = b"\\", b"\\u00"


class Guard(NamedTuple):
    """Tells whether branches may match a record: `quick(part(head))`, or `careful(part(head))`.

    `quick` is right where no backslash is in the record's bytes, `careful` always.
    """

    part: Callable[[Any], Any]
    quick: Callable[[Any], object]
    careful: Callable[[Any], object]


class _Wanted(NamedTuple):
    """A member of a record, and texts of which one must be in it."""

    member: str
    texts: tuple[str, ...]

    @property
    def worth(self) -> tuple[int, int]:
        """More is better: few texts, long ones."""
        return -len(self.texts), min(map(len, self.texts))


def made_guard(projection: Projection, branches: Sequence[Branch]) -> Guard | None:
    """What tells whether one of the branches may match; None where a few needles can't."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for branch in branches:
        best = max(_wanted(projection, branch), key=lambda each: each.worth, default=None)
        if best is None:
            return None
        wanted[best.member].update(best.texts)
        if sum(map(len, wanted.values())) > _MOST:
            return None
    checks = [Guard(projection.getter(name), *_searches(texts)) for name, texts in wanted.items()]
    if len(checks) == 1:
        return checks[0]
    return Guard(
        _itself,
        lambda head: any(quick(part(head)) for part, quick, _ in checks),
        lambda head: any(careful(part(head)) for part, _, careful in checks),
    )


def _itself(head: Any) -> Any:
    return head


def _searches(texts: Iterable[str]) -> tuple[Callable[[Any], object], Callable[[Any], object]]:
    """Functions of the bytes of a member: is one of the texts in it, is one or an escape in it."""
    # A text that is part of another one finds that, too.
    needles = [t for t in sorted(texts) if not any(o != t and o in t for o in texts)]
    plain = all(t.isascii() and _OWN_ESCAPES.isdisjoint(t) for t in needles)
    # Searching one text at a time is quickest, and needs no copy of the bytes.
    one, *more = (re.compile(re.escape(text.encode())).search for text in needles)
    escape = re.compile(re.escape(_ASCII_ESCAPE if plain else BACKSLASH)).search
    if not more:
        return one, lambda raw: one(raw) or escape(raw)
    every = (one, *more)
    return (
        lambda raw: any(search(raw) for search in every),
        lambda raw: escape(raw) or any(search(raw) for search in every),
    )


def _wanted(projection: Projection, branch: Branch) -> Iterator[_Wanted]:
    """All that could be looked for in the bytes, each enough to rule the branch out."""
    for path, matchers in branch.items():
        first, _, rest = path.partition(".")
        member, _, below = rest.partition(".")
        if first != "detail" or not projection.is_raw(member):
            continue
        texts = [_text_in(matcher) for matcher in matchers]
        if all(_fit(text) for text in texts):
            yield _Wanted(member, tuple(dict.fromkeys(texts)))
        # A value that must be there has its key before it, with or without what is above.
        if not any(isinstance(each, Exists) and not each.present for each in matchers):
            yield from (_Wanted(member, (key,)) for key in below.split(".") if _fit(key))


def _fit(text: str) -> bool:
    try:
        return len(text.encode()) >= _SHORTEST and text.isprintable()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def _text_in(matcher: Matcher) -> str:
    """The longest text that every value which the matcher matches holds; empty if there is none."""
    match matcher:
        case Exact(value=str(text)):
            return text
        case Prefix(text=text, ignore_case=False) | Suffix(text=text, ignore_case=False):
            # A quote at their ends may stand for that of the JSON text.
            return text.strip('"')
        case Wildcard(parts=parts):
            return max(parts, key=len)
        case _:
            return ""
