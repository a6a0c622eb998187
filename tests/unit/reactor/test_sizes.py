"""The order of instance sizes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactor.sizes import rank, reaches, size_of

pytestmark = pytest.mark.unit

ORDERED = [
    *("nano", "micro", "small", "medium", "large", "xlarge"),
    *(f"{n}xlarge" for n in (2, 3, 4, 6, 8, 9, 10, 12, 16, 18, 24, 32, 48, 56, 96, 112, 224)),
    *("metal", "metal-16xl", "metal-24xl", "metal-32xl", "metal-48xl", "metal-96xl"),
]


def test_every_real_size_has_its_place() -> None:
    ranks = [rank(size) for size in ORDERED]
    assert None not in ranks
    assert all(a < b for a, b in itertools.pairwise(filter(None, ranks)))


@pytest.mark.parametrize(
    ("instance_type", "size"),
    [
        ("t3.micro", "micro"),
        ("u-6tb1.112xlarge", "112xlarge"),
        ("u7in-16tb.224xlarge", "224xlarge"),
        ("c7i.metal-24xl", "metal-24xl"),
        ("c7i-flex.large", "large"),
        ("mac2-m2pro.metal", "metal"),
        ("P4D.24XLARGE", "24xlarge"),
    ],
)
def test_sizes_in_names(instance_type: str, size: str) -> None:
    assert size_of(instance_type) == size
    assert rank(size) is not None


@pytest.mark.parametrize(
    ("instance_type", "threshold", "expected"),
    [
        ("m5.4xlarge", "4xlarge", True),
        ("m5.2xlarge", "4xlarge", False),
        ("m5.12xlarge", "4xlarge", True),
        ("t3.nano", "nano", True),
        ("m5.metal", "24xlarge", True),
        ("m7i.metal-24xl", "48xlarge", True),
        ("m7i.metal-24xl", "metal", True),
        ("m7i.metal-24xl", "metal-48xl", False),
        ("m5.metal", "metal-24xl", True),
        ("m7i.48xlarge", "metal", False),
        ("x9.gigantic", "4xlarge", True),
        ("", "4xlarge", True),
    ],
)
def test_reaches(instance_type: str, threshold: str, expected: bool) -> None:
    assert reaches(instance_type, threshold) is expected


@pytest.mark.parametrize(
    "size", ["", "huge", "0xlarge", "-2xlarge", "xxlarge", "metal-", "m5.large"]
)
def test_no_size(size: str) -> None:
    assert rank(size) is None
    with pytest.raises(ValueError, match="name one such as"):
        reaches("m5.large", size)


@given(st.sampled_from(ORDERED), st.sampled_from(ORDERED))
def test_what_is_larger_reaches_whatever_the_smaller_reaches(a: str, b: str) -> None:
    low, high = sorted((a, b), key=ORDERED.index)
    for threshold in ORDERED:
        if low != "metal" and reaches(f"x1.{low}", threshold):
            assert reaches(f"x1.{high}", threshold)


@given(st.text())
def test_any_type_name_can_be_compared(text: str) -> None:
    assert reaches(text, "nano") is True
