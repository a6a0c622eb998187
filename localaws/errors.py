"""Errors that a person can act on."""

from __future__ import annotations


class LocalAwsError(Exception):
    """The local AWS can't be started or asked: one line that says what is wrong."""


class NotRunningError(LocalAwsError):
    """No local AWS answers."""
