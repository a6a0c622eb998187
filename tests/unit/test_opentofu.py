"""The modules keep to what OpenTofu has, too: docs/opentofu.md says what was read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.harness.local_aws import REPOSITORY

pytestmark = pytest.mark.unit

FOLDERS = sorted(path.parent for path in REPOSITORY.glob("[em]*/*/versions.tf"))
# The functions of OpenTofu (internal/lang/functions.go of opentofu/opentofu, read on 2026-11-28;
# the plan's clock: its documentation of 1.6), without those that no module should need: files'
# hashes of old kinds, RSA, UUIDs, other clocks.
FUNCTIONS = frozenset(
    (REPOSITORY / "tests/judges/data/opentofu_functions.txt").read_text(encoding="utf-8").split()
)
# What looks like a call and is none: keywords, constructors of types, schedules of EventBridge.
_TYPES = {"list", "map", "object", "optional", "set", "tuple"}
OTHERS = frozenset({"cron", "if", "in", "rate", *_TYPES})
BLOCKS = frozenset(
    {"check", "data", "locals", "module", "moved", "output", "provider", "resource", "terraform"}
    | {"variable"}
)


def text(folder: Path) -> str:
    """A configuration without comments, and of its strings only what is evaluated in them."""
    lines = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf")))
    code = re.sub(r"^\s*(#|//).*$", "", lines, flags=re.MULTILINE)
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda found: evaluated(found[0]), code)


def evaluated(string: str) -> str:
    return '"' + " ".join(re.findall(r"(?<!\$)\$\{(.*?)\}", string)) + '"'


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.name))
def test_only_what_opentofu_has_is_used(folder: Path) -> None:
    code = text(folder)
    called = set(re.findall(r"(?<![\w.:])([a-z][a-z0-9_]*)\(", code)) - OTHERS
    assert called - FUNCTIONS == set()
    assert "provider::" not in code
    assert {*re.findall(r"^(\w+)(?: \"\")* \{$", code, re.MULTILINE)} <= BLOCKS
    assert re.findall(r"^\s+(?:ephemeral|\w+_wo)\s+=", code, re.MULTILINE) == []


def test_no_condition_comes_from_a_local_of_its_own_variable() -> None:
    found = []
    for folder in FOLDERS:
        lines = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.tf"))
        assigned = {
            name: value
            for body in re.findall(r"^locals \{\n(.*?)^\}", lines, re.MULTILINE | re.DOTALL)
            for name, value in re.findall(
                r"^  (\w+) += (.*?)(?=^  \w+ += |\Z)", body, re.MULTILINE | re.DOTALL
            )
        }
        variables = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', lines, re.MULTILINE | re.DOTALL)
        for name, body in variables:
            for block in re.findall(
                r"^  validation \{\n(.*?)^  \}", body, re.MULTILINE | re.DOTALL
            ):
                if name in reached(re.findall(r"\blocal\.(\w+)", block), assigned):
                    found.append(f"{folder.name}: {name}")
    assert found == []


def reached(names: list[str], assigned: dict[str, str]) -> set[str]:
    """The variables that locals come from, by way of other locals as well."""
    seen: set[str] = set()
    variables: set[str] = set()
    while names:
        name = names.pop()
        if name not in seen:
            seen.add(name)
            value = assigned.get(name, "")
            variables |= set(re.findall(r"\bvar\.(\w+)", value))
            names += re.findall(r"\blocal\.(\w+)", value)
    return variables


def test_the_judge_sees_a_local_of_the_variable() -> None:
    assigned = {"_a": "local._b + 1", "_b": "var.one", "_c": "local._c"}
    assert reached(["_a"], assigned) == {"one"}
    assert reached(["_c"], assigned) == set()
    assert evaluated('"a ${f(var.x)} $${g(1)}"') == '"f(var.x)"'
