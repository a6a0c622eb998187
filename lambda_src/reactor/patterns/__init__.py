"""EventBridge's event patterns, with the semantics of AWS's event-ruler.

>>> EventPattern({"detail": {"eventName": [{"prefix": "Delete"}]}}).matches(
...     {"detail": {"eventName": "DeleteTrail"}}
... )
True
"""

from reactor.patterns.errors import EventError, PatternError
from reactor.patterns.parse import parse_pattern
from reactor.patterns.ruleset import EventPattern, RuleSet

__all__ = ["EventError", "EventPattern", "PatternError", "RuleSet", "parse_pattern"]
