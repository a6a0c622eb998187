"""Tag values and keys that every AWS service accepts.

https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
"""

from __future__ import annotations

MAX_KEY = 128
MAX_VALUE = 256
MAX_RESOURCES = 500  # CreateTags takes 1,000 and AWS advises smaller batches
_MARKS = frozenset("+-=._:/@ ")


def is_allowed(character: str) -> bool:
    """True if AWS accepts the character in a tag: letters, digits, space and + - = . _ : / @."""
    return character.isalnum() or character in _MARKS


def tag_value(value: str) -> str:
    """The value with `_` for each character that AWS refuses, 1 to 256 characters long."""
    cleaned = "".join(c if is_allowed(c) else "_" for c in value).strip()
    # AWS counts in UTF-16, where characters beyond the basic plane count twice.
    cleaned = cleaned.encode("utf-16-le")[: MAX_VALUE * 2].decode("utf-16-le", "ignore").strip()
    return cleaned or "unknown"
