"""Policy documents out of CloudTrail's bodies; nothing here raises."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote


def policy_document(value: object) -> dict[str, Any] | None:
    """A policy as an object, None if it can't be read.

    CloudTrail holds it as JSON text in IAM's requests, URL-encoded in IAM's responses, and as an
    object in S3's requests (`bucketPolicy`).
    """
    if isinstance(value, dict):
        return value
    if not isinstance(value, str):
        return None
    for text in (value, unquote(value)):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            return document
    return None


def statements(document: dict[str, Any] | None) -> list[dict[str, Any]]:
    """A policy's statements; a lone one may stand without a list."""
    found = (document or {}).get("Statement")
    listed = found if isinstance(found, list) else [found]
    return [each for each in listed if isinstance(each, dict)]
