"""Arbitrary values of botocore's shapes, for calls nobody thought of."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_TEXTS = [
    "",
    "x",
    "true",
    "600",
    "007",
    "1.5",
    "null",
    "arn:aws:iam::1:role/x",
    "€\u0000\n%{}",
    "-",
]
_DEPTH = 4


def value(shape: Shape, rng: random.Random, depth: int = 0) -> Any:
    """A value that the schema of a shape admits, required members or not."""
    if isinstance(shape, StructureShape):
        return _structure(shape, rng, depth)
    if isinstance(shape, ListShape):
        count = 0 if depth > _DEPTH else rng.randrange(3)
        return [value(shape.member, rng, depth + 1) for _ in range(count)]
    if isinstance(shape, MapShape):
        count = 0 if depth > _DEPTH else rng.randrange(3)
        return {
            f"{rng.choice(_TEXTS)}{n}": value(shape.value, rng, depth + 1) for n in range(count)
        }
    return _scalar(shape, rng)


def _structure(shape: StructureShape, rng: random.Random, depth: int) -> Any:
    if getattr(shape, "is_document_type", False):
        return rng.choice([{}, [1, {"a": None}], "text", 4.5, None, True])
    required = set(shape.required_members)
    chosen = {}
    for name, member in shape.members.items():
        if depth > _DEPTH and name not in required:
            continue
        if depth > 3 * _DEPTH:
            break
        if name in required or rng.random() < 0.7:
            chosen[name] = value(member, rng, depth + 1)
    if getattr(shape, "is_tagged_union", False) and chosen:
        name = rng.choice(sorted(chosen))
        chosen = {name: chosen[name]}
    return chosen


def _scalar(shape: Shape, rng: random.Random) -> Any:
    kind = shape.type_name
    if kind == "boolean":
        return rng.random() < 0.5
    if kind in ("integer", "long"):
        return rng.choice([0, 1, -1, 2**31 - 1, 2**53])
    if kind in ("float", "double"):
        return rng.choice([0.0, 1.5, -2.25, float("inf"), float("nan")])
    if kind == "timestamp":
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(10**8))
        return rng.choice([moment, moment.replace(tzinfo=None), moment.timestamp(), "not a date"])
    if kind == "blob":
        return rng.choice([b"", b"\x00\xff", bytearray(b"x")])
    enum = getattr(shape, "enum", None)
    return rng.choice(enum) if enum else rng.choice(_TEXTS)
