"""XML bodies as CloudTrail turns them into JSON, for S3's documents and EC2's newer operations.

An element that occurs once is a value, one that occurs more often a list; text that reads as a
number or a boolean becomes one; an element without content is an empty string.
"""

from __future__ import annotations

import re
from typing import Any

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d+)?")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


def text_value(text: str) -> Any:
    """Text of an element as JSON: `"true"` is true, `"600"` is 600, `"default"` stays text."""
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def once_or_list(values: list[Any]) -> Any:
    """The value of an element's occurrences: none is empty text, one itself, more a list."""
    if not values:
        return ""
    return values[0] if len(values) == 1 else values
