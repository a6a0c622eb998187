"""AWS's partitions, by how the names of their Regions begin; all others are of `aws`.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PARTITIONS: Final[Mapping[str, str]] = {
    "cn-": "aws-cn",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
}


def partition_of(region: str) -> str:
    """The partition of a Region."""
    return next((name for start, name in PARTITIONS.items() if region.startswith(start)), "aws")
