"""Wrong use is refused when Terraform plans, each in one sentence that says what to do.

A module call a row would take Terraform minutes, since its work grows with the square of their
number. So rows share calls, with for_each, and what a module's variables.tf refuses by itself is
asked of that file alone. Where a condition fails, Terraform looks no further at what depends on it,
in any instance of the call: rows that would hide one another go into calls of their own.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Planner
from tests.plan.calls import call
from tests.plan.misuses import MISUSES, RIGHT, WRONG_TYPES, Misuse

pytestmark = pytest.mark.plan

Rows = Mapping[int, Misuse]
Told = dict[str, list[str]]
# What Terraform calls a sentence of a module's.
OURS = (
    "Invalid value for variable: ",
    "Module output value precondition failed: ",
    "Resource postcondition failed: ",
    "Resource precondition failed: ",
)

MODULES = REPOSITORY / "modules"
# Modules that make nothing and read the catalogue. Few of its entries do, and cost a tenth.
CATALOGUE = ("detections", "notify")
ENTRIES = ("reaction-tamper.json", "root-login.json", "sg-open.json")


@cache
def variables(module: str) -> dict[str, str]:
    """The blocks of a module's variables, by name."""
    text = (MODULES / module / "variables.tf").read_text(encoding="utf-8")
    return dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL))


@cache
def references(module: str) -> dict[str, frozenset[str]]:
    """Which other variables each variable's validations ask for, by themselves or by locals."""
    files = (MODULES / module).glob("*.tf")
    code = "\n".join(file.read_text("utf-8") for file in files if file.name != "variables.tf")
    blocks = re.findall(r"^locals \{\n(.*?)^\}", code, re.MULTILINE | re.DOTALL)
    by_locals = set(re.findall(r"\bvar\.(\w+)", "\n".join(blocks)))
    found = {}
    for name, body in variables(module).items():
        asked = set(re.findall(r"\bvar\.(\w+)", body))
        found[name] = frozenset(asked | by_locals if "local._" in body else asked) - {name}
    return found


@cache
def refusing(row: Misuse) -> frozenset[str]:
    """The variables whose validations have the row's sentence; none if something else has it."""
    start = re.escape(row.sentence.split(":")[0][:30]).replace('"', r'\\"')
    blocks = variables(RIGHT[row.of].module).items()
    return frozenset(name for name, body in blocks if re.search(start, body))


def alone(row: Misuse) -> bool:
    """Whether the module's variables.tf refuses the row, and refers to nothing but itself."""
    module = RIGHT[row.of].module
    conditions = re.sub(
        r"(description|error_message) .*", "", "\n".join(variables(module).values())
    )
    return module in CATALOGUE or (
        bool(refusing(row)) and not re.search(r"\b(local|module|data)\.", conditions)
    )


def needed(module: str, name: str) -> set[str]:
    """The variables that the validations of this one look at, and theirs."""
    found: set[str] = set()
    rest = {name}
    while rest:
        found |= rest
        rest = {other for each in rest for other in references(module)[each]} - found
    return found - {name}


def hides(one: Misuse, other: Misuse) -> bool:
    """Whether what one row fails may keep Terraform from looking at the other."""
    if one.kind != "value":
        return False
    if not (refusing(one) and refusing(other)):
        return refusing(one) != refusing(other) or set(one.wrong) != set(other.wrong)
    module = RIGHT[one.of].module
    return any(needed(module, name) & refusing(one) for name in refusing(other))


def grouped(rows: Rows) -> list[dict[int, Misuse]]:
    """The rows in groups of one module call each."""
    groups: list[dict[int, Misuse]] = []
    for number, row in rows.items():
        for group in groups:
            first = next(iter(group.values()))
            if (first.of, first.kind) == (row.of, row.kind) and not any(
                hides(row, other) or hides(other, row) for other in group.values()
            ):
                group[number] = row
                break
        else:
            groups.append({number: row})
    return groups


def configuration(rows: Rows, source: str) -> tuple[str, dict[str, Any]]:
    """A root module that calls the modules of these rows, and their settings, spoilt.

    The settings are a variable: Terraform reads the text anew for every error that it tells. The
    first call of each has right settings, too.
    """
    blocks = ['variable "calls" {', "  type = any", "}"]
    calls = {}
    shown: list[Any] = []
    for place, group in enumerate(grouped(rows)):
        right = RIGHT[next(iter(group.values())).of]
        cases = {str(number): {**right.settings, **row.wrong} for number, row in group.items()}
        if right.settings not in shown:
            shown.append(right.settings)
            cases[f"right-{place}"] = dict(right.settings)
        names = sorted({key for case in cases.values() for key in case})
        calls[f"of_{place}"] = {
            number: {key: case.get(key) for key in names} for number, case in cases.items()
        }
        blocks += [
            f'module "of_{place}" {{',
            f'  source   = "{source}/{right.module}"',
            f"  for_each = var.calls.of_{place}",
            *(f"  {key} = each.value.{key}" for key in names),
            "}",
        ]
    return "\n".join(blocks) + "\n", {"calls": calls}


def ask(tf: Planner, rows: Rows, source: str) -> Told:
    """What these rows are told; under "" what is no sentence of the modules'."""
    refused = tf.refused(*configuration(rows, source))
    told: Told = defaultdict(list)
    for address, sentences in refused.conditions.items():
        told[re.findall(r'\["([^"]+)"\]', address)[0]] += sentences
    told[""] = [text for text in refused.errors if not text.startswith(OURS)]
    return told


@pytest.fixture(scope="module")
def told(tf: Planner, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What every row was told."""
    folder = tmp_path_factory.mktemp("modules") / "modules"
    for module in {right.module for right in RIGHT.values()}:
        (folder / module).mkdir(parents=True)
        if module in CATALOGUE:
            for file in (MODULES / module).glob("*.tf"):
                (folder / module / file.name).symlink_to(file)
            continue
        # A file each: Terraform reads a variable's file anew for every error that it tells.
        for name, body in variables(module).items():
            block = f'variable "{name}" {{\n{body}}}\n'
            (folder / module / f"{name}.tf").write_text(block, encoding="utf-8")
    for name in ENTRIES:
        (folder / "detections" / "catalogue").mkdir(exist_ok=True)
        entry = MODULES / "detections" / "catalogue" / name
        (folder / "detections" / "catalogue" / name).symlink_to(entry)
    # A plan's folder is shared/plans/<key>/root.
    here = os.path.relpath(folder, tf.shared / "plans" / "key" / "root")
    rows = dict(enumerate(MISUSES))
    found = ask(tf, {n: row for n, row in rows.items() if alone(row)}, here)
    more = ask(tf, {n: row for n, row in rows.items() if not alone(row)}, "${modules}")
    found[""] += more.pop("")
    return found | more


@pytest.mark.parametrize(("number", "row"), enumerate(MISUSES), ids=[row.id for row in MISUSES])
def test_a_misuse_is_refused(told: Told, number: int, row: Misuse) -> None:
    assert len(told.get(str(number), [])) == 1, told.get(str(number), "nothing was told")
    [text] = told[str(number)]
    assert row.sentence in text


def test_nothing_else_is_refused(told: Told) -> None:
    """Neither right settings nor, by what is not a sentence of the modules', the others."""
    assert told[""] == []
    assert {key: sentences for key, sentences in told.items() if key.startswith("right")} == {}


def test_wrong_types_are_refused_by_name(tf: Planner) -> None:
    cases = [
        call(module, {**RIGHT[module].settings, **wrong}, f"case_{n}")
        for n, (module, wrong, _) in enumerate(WRONG_TYPES)
    ]
    errors = tf.plan_error("\n".join(cases))
    for n, (module, _, name) in enumerate(WRONG_TYPES):
        said = f"not suitable for module.case_{n}.var.{name} declared at "
        assert errors.count(said) == 1, (module, name)
    assert len(errors.splitlines()) == len(WRONG_TYPES)
