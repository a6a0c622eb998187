"""The elements of a statement, read without trust in their shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reactor.policies import statements
from reactor.shapes import mapping, text


def listed(value: object) -> list[str]:
    """Texts of an element that is one text or a list of them."""
    found = value if isinstance(value, list) else [value]
    return [each for each in map(text, found) if each]


def allowing(document: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The statements that allow something."""
    return _of_effect(document, "Allow")


def denying(document: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The statements that deny something."""
    return _of_effect(document, "Deny")


def conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Operator and key, in lower case, with the values as they stand."""
    for operator, keys in mapping(statement.get("Condition")).items():
        for key, values in mapping(keys).items():
            yield text(operator).lower(), text(key).lower(), listed(values)


def _of_effect(document: Mapping[str, Any] | None, effect: str) -> list[dict[str, Any]]:
    found = statements(dict(document)) if document else []
    return [each for each in found if each.get("Effect") == effect]
