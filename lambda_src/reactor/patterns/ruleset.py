"""The public face: one pattern, or many named ones, against events.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from reactor.patterns.document import Text, load_event
from reactor.patterns.errors import PatternError
from reactor.patterns.index import Tree
from reactor.patterns.model import Pattern
from reactor.patterns.parse import PatternInput, parse_pattern

EventInput: TypeAlias = "dict[str, Any] | Text"


class EventPattern:
    """One event pattern, with EventBridge's semantics.

    ``pattern`` is a dict or JSON text. Raises `PatternError` for what EventBridge refuses.
    """

    __slots__ = ("_tree", "parsed")

    def __init__(self, pattern: PatternInput) -> None:
        self.parsed: Pattern = parse_pattern(pattern)
        self._tree = Tree([("", self.parsed.branches)])

    @property
    def fields(self) -> frozenset[str]:
        """Dotted paths of the event fields that the pattern reads."""
        return self._tree.fields

    def matches(self, event: EventInput) -> bool:
        """Whether the event (a dict, or JSON text) matches.

        Raises `EventError` for what is not a JSON object.
        """
        return bool(self._tree.match(event if event.__class__ is dict else load_event(event)))


class RuleSet:
    """Many event patterns by name, matched together.

    ``patterns`` maps names to dicts, JSON text or `EventPattern` objects. Raises `PatternError`,
    with the rule's name in ``rule``, for the first one that EventBridge refuses. The time an
    event takes depends on the rules it comes close to, not on how many there are.
    """

    __slots__ = ("_tree",)

    def __init__(self, patterns: Mapping[str, PatternInput | EventPattern]) -> None:
        rules = []
        for name, pattern in patterns.items():
            if isinstance(pattern, EventPattern):
                parsed = pattern.parsed
            else:
                try:
                    parsed = parse_pattern(pattern)
                except PatternError as error:
                    raise PatternError(error.reason, error.place, name) from None
            rules.append((name, parsed.branches))
        self._tree = Tree(rules)

    @property
    def fields(self) -> frozenset[str]:
        """Dotted paths of the event fields that the rules read."""
        return self._tree.fields

    def match(self, event: EventInput) -> set[str]:
        """Names of the rules that the event (a dict, or JSON text) matches.

        Raises `EventError` for what is not a JSON object.
        """
        return self._tree.match(event if event.__class__ is dict else load_event(event))
