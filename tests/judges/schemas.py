"""What the AWS provider's releases take: small extracts of their schemas, and what is used here.

An extract is `{"provider": version, "from": package, "types": {"resource.aws_x": Type}}`, and a
Type is `{"arguments": Arguments, "attributes": [names that can be read]}`. Arguments map a name to
"required", "optional", or, for a block, to the Arguments within; a block that must be there has the
entry "(required)" of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.harness.local_aws import REPOSITORY
from tests.judges import hcl

FOLDER = Path(__file__).with_name("data") / "schemas"
REFRESH = ".venv/bin/python -m tests.judges.refresh_schemas"

# Arguments and blocks of the language itself.
# https://developer.hashicorp.com/terraform/language/meta-arguments/depends_on
META = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner"})
_KEY = r"\[(?:[^\[\]]|\[(?:[^\[\]]|\[[^\[\]]*\])*\])*\]"  # a key may have keys of its own
_REFERENCE = re.compile(rf"(?<![\w.-])(data\.)?(aws_\w+)\.(\w+)(?:{_KEY})?\.(\w+)")


@dataclass(frozen=True)
class Used:
    """A resource or a data source of a configuration, or a reference to one."""

    where: str
    kind: str
    body: hcl.Body


@cache
def configurations() -> dict[str, hcl.Body]:
    """Every Terraform file of the modules and examples, by its path from the repository."""
    paths = sorted(p for top in ("modules", "examples") for p in REPOSITORY.glob(f"{top}/**/*.tf"))
    return {
        str(path.relative_to(REPOSITORY)): hcl.parse(path.read_text(encoding="utf-8"))
        for path in paths
        if ".terraform" not in path.parts
    }


def blocks_used() -> Iterator[Used]:
    """Every `resource "aws_x"` and `data "aws_x"`."""
    for path, body in configurations().items():
        for block in body.blocks:
            if block.kind in ("resource", "data") and block.labels[0].startswith("aws_"):
                where = f"{path}: {block.kind}.{'.'.join(block.labels)}"
                yield Used(where, f"{block.kind}.{block.labels[0]}", block.body)


def types_used() -> set[str]:
    """`resource.aws_x` and `data.aws_x` for every type that modules and examples use."""
    return {used.kind for used in blocks_used()}


def references() -> Iterator[tuple[str, str, str]]:
    """Every attribute that is read of a resource: the file, its type, the attribute."""
    for path, body in configurations().items():
        for text in body.expressions():
            for data, kind, _, attribute in _REFERENCE.findall(text):
                yield path, f"{'data' if data else 'resource'}.{kind}", attribute


def extracts() -> list[Mapping[str, Any]]:
    """The extracts that are checked in, the oldest provider first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")]
    return sorted(found, key=lambda extract: [int(n) for n in extract["provider"].split(".")])


def not_taken(arguments: Mapping[str, Any], body: hcl.Body, outer: bool = True) -> Iterator[str]:
    """What a body has that the schema has not, and what it lacks that the schema demands."""
    meta = META if outer else frozenset()
    for name in body.arguments:
        if name not in arguments and name not in meta:
            yield f"{name} is no argument"
    inner = list(body.inner())
    for block in inner:
        if block.kind in meta:
            continue
        within = arguments.get(block.kind)
        if isinstance(within, dict):
            yield from (f"{block.kind}: {e}" for e in not_taken(within, block.body, outer=False))
        else:
            yield f"{block.kind} is no block"
    given = {*body.arguments, *(block.kind for block in inner)}
    for name, what in arguments.items():
        demanded = "(required)" in what if isinstance(what, dict) else what == "required"
        if demanded and name != "(required)" and name not in given:
            yield f"{name} is missing"
