"""What is asked before anything is changed."""

from __future__ import annotations

import sys


def agrees(yes: bool = False) -> bool:
    """True if the person at the keyboard types yes, or said so before; without one, False."""
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    try:
        return input("Do it? Type yes: ").strip() == "yes"
    except EOFError:
        return False
