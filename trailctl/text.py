"""Text of events, names and messages for a terminal: it says what it is and does nothing.

Whoever chooses a name, a tag or a user agent chooses what is printed: escape sequences that colour
lines, move the cursor or write to the clipboard, line ends that forge lines, marks that turn the
direction of text. They are written as Python escapes them.
"""

from __future__ import annotations


def plain(value: object, *, lines: bool = False) -> str:
    """The value as text of one line, or of several with `lines`, that a terminal only shows."""
    text = str(value)
    if text.isprintable():
        return text
    # Not printable are control, format (bidi, zero width), private and unassigned characters,
    # halves of pairs, and separators but the space.
    return "".join(
        char
        if char.isprintable() or (lines and char == "\n")
        else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
