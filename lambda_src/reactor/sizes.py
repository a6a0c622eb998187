"""Instance types in the order of their sizes, for settings such as "4xlarge or larger".

https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
"""

from __future__ import annotations

import re

_NAMED = ("nano", "micro", "small", "medium", "large")
_SIZE = re.compile(r"(?:nano|micro|small|medium|large|([1-9][0-9]{0,5})?xlarge)")
_METAL = re.compile(r"metal(?:-([1-9][0-9]{0,5})xl)?")

Rank = tuple[int, int]


def size_of(instance_type: str) -> str:
    """The size in a type's name: `24xlarge` of `p4d.24xlarge`, `metal-24xl` of `c7i.metal-24xl`."""
    return instance_type.strip().lower().rpartition(".")[2]


def rank(size: str) -> Rank | None:
    """A size's place in the order nano, micro, ..., xlarge, 2xlarge, ..., then bare metal.

    Bare metal comes after every other size, since it is the whole machine. An unknown size has no
    rank.
    """
    size = size.strip().lower()
    if found := _METAL.fullmatch(size):
        return (2, int(found[1] or 0))
    if found := _SIZE.fullmatch(size):
        return (0, _NAMED.index(size)) if size in _NAMED else (1, int(found[1] or 1))
    return None


def reaches(instance_type: str, threshold: str) -> bool:
    """True if a type has the threshold's size or a larger one.

    A type whose size can't be read counts as larger, so that a guard alerts when it is unsure.
    Plain `metal` counts as larger than `metal-24xl`, since its name does not tell the machine's
    size.
    """
    size, limit = rank(size_of(instance_type)), rank(threshold)
    if limit is None:
        raise ValueError(f"{threshold!r} is no instance size; name one such as 4xlarge or metal.")
    if size is None or size == (2, 0):
        return True
    return size >= limit
