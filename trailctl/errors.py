"""Errors that a person can act on."""

from __future__ import annotations


class UsageError(Exception):
    """Wrong use: one line that says what is wrong and what to do. `trailctl` exits with 2."""


class CheckError(Exception):
    """A check failed, or AWS refused a call. `trailctl` prints the line and exits with 1."""
