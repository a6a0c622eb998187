"""CloudWatch Logs' filter patterns for JSON, as far as those of trails use them.

A selector that finds nothing, an object or a list makes no comparison true, `!=` neither.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
"""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(r'\s*(\(|\)|&&|\|\||!=|=|"[^"]*"|\$[A-Za-z.]+|NOT EXISTS|EXISTS|[^\s()=!&|"]+)')
MOST = 1024  # characters of a pattern


def matches(pattern: str, record: dict[str, Any]) -> bool:
    """Whether a record of the log matches. Raises ValueError for what is no such pattern."""
    text = pattern.strip()
    if not (text.startswith("{") and text.endswith("}")) or len(pattern) > MOST:
        raise ValueError(f"no JSON pattern: {pattern}")
    tokens = _tokens(text[1:-1])
    result = _either(tokens, record)
    if tokens:
        raise ValueError(f"not read: {tokens}")
    return result


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"not read: {text[at:]}")
        found.append(token[1])
        at = token.end()
    return found


def _either(tokens: list[str], record: dict[str, Any]) -> bool:
    result = _both(tokens, record)
    while tokens[:1] == ["||"]:
        tokens.pop(0)
        result = _both(tokens, record) or result
    return result


def _both(tokens: list[str], record: dict[str, Any]) -> bool:
    result = _one(tokens, record)
    while tokens[:1] == ["&&"]:
        tokens.pop(0)
        result = _one(tokens, record) and result
    return result


def _one(tokens: list[str], record: dict[str, Any]) -> bool:
    token = tokens.pop(0)
    if token == "(":
        result = _either(tokens, record)
        if tokens.pop(0) != ")":
            raise ValueError("a bracket is open")
        return result
    if not token.startswith("$."):
        raise ValueError(f"no selector: {token}")
    value: Any = record
    for step in token[2:].split("."):
        value = value.get(step) if isinstance(value, dict) else None
    operator = tokens.pop(0)
    if operator in ("EXISTS", "NOT EXISTS"):
        return (value is not None) is (operator == "EXISTS")
    wanted = tokens.pop(0).strip('"')
    if not isinstance(value, str):
        return False
    expression = ".*".join(map(re.escape, wanted.split("*")))
    return (re.fullmatch(expression, value, re.DOTALL) is not None) is (operator == "=")
