"""Event patterns as PutRule, CreateArchive and TestEventPattern take them.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-wildcard-matching-complexity
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from reactor.patterns import EventPattern, PatternError

from localaws.wire.errors import RefusalError

# AWS tells no figure. It takes `/Users/*/dir/dir/dir/dir/dir/doc.txt` (8 by this count) and refuses
# `*:*:*:*:*:event-bus/*` (13): what lies between, and several wildcards together, are let pass.
_MOST_PLACES = 12

_Places = frozenset[int]


def checked_pattern(text: str) -> EventPattern:
    """The pattern; raises RefusalError for what EventBridge refuses."""
    try:
        pattern = EventPattern(text)
    except PatternError as error:
        raise _invalid(error.reason) from None
    if any(too_complex(wildcard) for wildcard in _wildcards(json.loads(text))):
        raise _invalid(
            "Rule is too complex - try using fewer wildcard characters or fewer repeating "
            "character sequences after a wildcard character"
        )
    return pattern


def _invalid(reason: str) -> RefusalError:
    return RefusalError(
        "InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}"
    )


def _wildcards(pattern: Any) -> Iterator[str]:
    if isinstance(pattern, list):
        for item in pattern:
            yield from _wildcards(item)
    elif isinstance(pattern, dict):
        for name, value in pattern.items():
            texts = value if isinstance(value, list) else [value]
            if name == "wildcard" and all(isinstance(text, str) for text in texts):
                yield from texts
            else:
                yield from _wildcards(value)


def too_complex(wildcard: str) -> bool:
    """Whether some value can be in too many places of the wildcard at once.

    event-ruler counts the prefixes of a wildcard pattern that a worst value matches at a time.
    """
    letters = {letter for letter in wildcard if letter != "*"} | {"\0"}
    first = _settled(wildcard, {0})
    seen, waiting = {first}, [first]
    while waiting:
        places = waiting.pop()
        if len(places) > _MOST_PLACES:
            return True
        for letter in letters:
            following = _settled(wildcard, _step(wildcard, places, letter))
            if following and following not in seen:
                seen.add(following)
                waiting.append(following)
    return False


def _step(wildcard: str, places: _Places, letter: str) -> set[int]:
    stays = {at for at in places if wildcard[at : at + 1] == "*"}
    return stays | {at + 1 for at in places if wildcard[at : at + 1] == letter}


def _settled(wildcard: str, places: set[int]) -> _Places:
    """With the places behind a `*`, which may match nothing."""
    return frozenset(places | {at + 1 for at in places if wildcard[at : at + 1] == "*"})
