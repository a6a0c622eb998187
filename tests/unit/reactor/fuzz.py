"""Odd input for what must not mind it."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        [
            "arn:aws:sts::1:assumed-role/",
            "arn::::",
            "2025-13-01T00:00:00Z",
            "9999-12-31T23:59:59-14",
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=6) | st.sampled_from(["items", "omitted"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


def paths(value: object, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every part of a JSON value, itself first."""
    found = [here]
    if isinstance(value, dict):
        for key, entry in value.items():
            found += paths(entry, (*here, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            found += paths(entry, (*here, index))
    return found


def _replaced(value: Any, path: tuple[Any, ...], new: object) -> Any:
    if not path:
        return new
    value[path[0]] = _replaced(value[path[0]], path[1:], new)
    return value


@st.composite
def odd(draw: st.DrawFn, whole: dict[str, Any]) -> Any:
    """The value with one to three of its parts replaced by anything."""
    value = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        value = _replaced(value, draw(st.sampled_from(paths(value))), draw(JSON))
    return value
