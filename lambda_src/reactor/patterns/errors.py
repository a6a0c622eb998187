"""What goes wrong with patterns and events, as one clear sentence each."""

from __future__ import annotations


class PatternError(ValueError):
    """A pattern that EventBridge would refuse.

    ``reason`` is one sentence without a final stop, ``place`` says where in the pattern it
    applies (``$.detail.eventName[1].prefix``; ``$`` is the whole pattern), and ``rule`` is the
    rule's name when the pattern came in with others (`RuleSet`), else ``None``.
    """

    def __init__(self, reason: str, place: str = "$", rule: str | None = None) -> None:
        self.reason = reason
        self.place = place
        self.rule = rule
        where = f"{place}: {reason}"
        super().__init__(where if rule is None else f"rule {rule!r}: {where}")

    def __reduce__(self) -> tuple[type[PatternError], tuple[str, str, str | None]]:
        return type(self), (self.reason, self.place, self.rule)


class EventError(ValueError):
    """An event that cannot be matched: it is not valid JSON, or not a JSON object."""
