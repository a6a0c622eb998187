"""Account ids and names of Regions, as botocore's own list of endpoints has them."""

from __future__ import annotations

import botocore.session
import pytest
from reactor.shapes import is_account, is_region

pytestmark = pytest.mark.unit


def test_every_region_of_every_partition_is_one() -> None:
    session = botocore.session.get_session()
    named = [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition)
    ]

    assert "eusc-de-east-1" in named
    assert [name for name in named if not is_region(name)] == []


@pytest.mark.parametrize(
    "text", ["", "aws-global", "us-east-1a", "us-east-1\n", "../us-east-1", "US-EAST-1", "u-e-1"]
)
def test_anything_else_is_no_region(text: str) -> None:
    assert not is_region(text)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("111122223333", True),
        ("1111", False),
        ("111122223333\n", False),
        ("\u0661" * 12, False),  # digits to Python, not to AWS
        ("anonymous", False),
    ],
)
def test_an_account_id_has_twelve_digits(text: str, is_one: bool) -> None:
    assert is_account(text) is is_one
