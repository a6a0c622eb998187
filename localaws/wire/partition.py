"""Partitions: the second field of an ARN, which follows from the Region.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

AWS: Final = "aws"
PARTITIONS: Final[Mapping[str, str]] = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
_HOMES: Final[Mapping[str, str]] = {
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-eusc": "eusc-de-east-1",
}
# In a URL and in a form a colon is written otherwise.
_ARN = re.compile(rb"(arn(?::|%3A))(aws[a-z-]*)(?=:|%3A)", re.IGNORECASE)


def partition(region: str) -> str:
    """The partition of a Region, the second field of its ARNs."""
    for prefix, name in PARTITIONS.items():
        if region.startswith(prefix):
            return name
    return AWS


def home_region(name: str) -> str:
    """The Region of a partition in which its IAM is called."""
    return _HOMES.get(name, "us-east-1")


def swapped(text: bytes, name: str) -> bytes:
    """The text with that partition in ARNs for `aws`, and `aws` for that partition.

    To swap it again gives the text back.
    """
    if name == AWS:
        return text
    own = name.encode()
    other = {own: b"aws", b"aws": own}
    return _ARN.sub(lambda found: found[1] + other.get(found[2], found[2]), text)


def swapped_text(text: str, name: str) -> str:
    """`swapped` for text."""
    return swapped(text.encode(), name).decode() if name != AWS else text
