"""Tag values as AWS takes them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactor.tagging import MAX_VALUE, tag_value

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("alice", "alice"),
        ("bob@example.com", "bob@example.com"),
        ("deploy/ci-42", "deploy/ci-42"),
        ("a,b=c+d", "a_b=c+d"),
        ("2025-11-22T12:00:05Z", "2025-11-22T12:00:05Z"),
        ("Jörg Müller", "Jörg Müller"),
        ("  padded ", "padded"),
        ("a\nb\tc", "a_b_c"),
        ("(x)", "_x_"),
        ("", "unknown"),
        ("   ", "unknown"),
        ("\ud800", "_"),
        ("x" * 300, "x" * 256),
        ("x" * 255 + " y", "x" * 255),
    ],
)
def test_values(given_value: str, expected: str) -> None:
    assert tag_value(given_value) == expected


@given(st.text())
def test_every_value_is_one_that_aws_takes(value: str) -> None:
    cleaned = tag_value(value)
    assert 0 < len(cleaned.encode("utf-16-le")) // 2 <= MAX_VALUE
    assert cleaned == cleaned.strip()
    # The pattern of AWS's tagging API: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$
    for character in cleaned:
        assert unicodedata.category(character)[0] in "LZN" or character in "_.:/=+-@"


@given(st.text())
def test_a_cleaned_value_stays_as_it_is(value: str) -> None:
    assert tag_value(tag_value(value)) == tag_value(value)


@given(st.text(alphabet=st.characters(min_codepoint=0x10000), min_size=200, max_size=300))
def test_characters_beyond_the_basic_plane_count_twice(value: str) -> None:
    assert len(tag_value(value).encode("utf-16-le")) <= 2 * MAX_VALUE
