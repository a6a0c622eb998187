"""Each public class and type alias of ours has a name that stands for one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.unit.test_house_imports import modules

pytestmark = pytest.mark.unit

# A name in several modules that means the same thing in all of them, and why it does.
SAME = {
    "Call": "a call of an AWS API: as a test's double keeps it, and as the local AWS serves it",
    "Rule": "a rule of EventBridge: of a plan, as it is deployed, as the local AWS holds it",
    "Settings": "the settings of the handler whose module it stands in; the engine finds it there",
    "Target": "a target of a rule of EventBridge: as it is deployed, as the local AWS holds it",
}


def names(statements: list[ast.stmt]) -> Iterator[str]:
    """What a module defines at its top, `if TYPE_CHECKING` included: classes and assigned names."""
    for node in statements:
        if isinstance(node, ast.If):
            yield from names([*node.body, *node.orelse])
        elif isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def is_type(name: str) -> bool:
    """Classes and type aliases are in CamelCase, constants in capitals; `_name` is private."""
    return name[0].isupper() and any(letter.islower() for letter in name)


def test_one_name_stands_for_one_thing() -> None:
    places = defaultdict(set)
    for module, path in modules().items():
        for name in names(ast.parse(path.read_text(encoding="utf-8")).body):
            if is_type(name):
                places[name].add(module)
    assert len(places) > 200
    several = {name: sorted(where) for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in several.items() if name not in SAME} == {}
    assert sorted(SAME) == sorted(several.keys() & SAME), "SAME names what stands once"
