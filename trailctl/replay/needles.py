"""What a record's bytes must hold for a rule to match: most records are decided by looking for it.

A text stands in JSON as it is, or with escapes. Where the bytes of an object hold neither the text
that a rule asks for nor an escape that could spell it, no field in that object has it, and there
is no need to decode it. What may match is decoded, and decided then: a needle decides for no rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from reactor.patterns.model import Branch, Exact, Exists, Matcher, Prefix, Suffix, Wildcard

from trailctl.replay.project import Projection

# More of them cost more than what they save.
_MOST = 6
# Shorter ones are found everywhere.
_SHORTEST = 3
# An ASCII character is written as it is or as \\u00XX, these also with a backslash before them.
_OWN_ESCAPES = frozenset('"\\/')
_ANY_ESCAPE, _ASCII_ESCAPE = b"\\", b"\\u00"


class _Wanted(NamedTuple):
    """A member of a record, and texts of which one must be in it."""

    member: str
    texts: tuple[str, ...]

    @property
    def worth(self) -> tuple[int, int]:
        """More is better: few texts, long ones."""
        return -len(self.texts), min(map(len, self.texts))


def made_guard(projection: Projection, branches: Sequence[Branch]) -> Callable[[Any], bool] | None:
    """A function that tells whether one of the branches may match a record, given its head.

    None where that can't be told by a few needles.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for branch in branches:
        best = max(_wanted(projection, branch), key=lambda each: each.worth, default=None)
        if best is None:
            return None
        wanted[best.member].update(best.texts)
        if sum(map(len, wanted.values())) > _MOST:
            return None
    checks = [_check(projection, member, texts) for member, texts in wanted.items()]
    if len(checks) == 1:
        return checks[0]
    return lambda head: any(check(head) for check in checks)


def _check(projection: Projection, member: str, texts: Iterable[str]) -> Callable[[Any], bool]:
    raw = projection.getter(member)
    # A text that is part of another one finds that, too.
    needles = [t for t in sorted(texts) if not any(o != t and o in t for o in texts)]
    plain = all(t.isascii() and _OWN_ESCAPES.isdisjoint(t) for t in needles)
    escape = _ASCII_ESCAPE if plain else _ANY_ESCAPE
    encoded = [text.encode() for text in needles]
    if len(encoded) == 1:
        (needle,) = encoded

        def one(head: Any) -> bool:
            data = bytes(raw(head))
            return needle in data or escape in data

        return one

    def several(head: Any) -> bool:
        data = bytes(raw(head))
        return escape in data or any(needle in data for needle in encoded)

    return several


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
