"""The README says nothing that no test and no figure shows: `claims.py` names them."""

from __future__ import annotations

import ast
import functools
import json
import re
from datetime import date
from pathlib import Path

import pytest

from tests.harness.local_aws import REPOSITORY
from tests.unit.claims import CLAIMS, Figure

pytestmark = pytest.mark.unit

# The end of a sentence, and the beginning of the next one.
_BETWEEN = re.compile(r"(?<=[.!?])\s+(?=[A-Z*`\[])")


def said(page: str) -> list[str]:
    """The sentences of a page's prose, its list and, of its tables, what follows the first cell."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"\b\d+ detections as data\b", "N detections as data", text)
    found = []
    for block in filter(str.strip, re.split(r"\n\s*\n", text)):
        if block.lstrip().startswith("|"):
            rows = block.strip().splitlines()[2:]
            found += [row.strip("| ").partition(" | ")[2] for row in rows]
        elif not block.startswith("#"):
            for item in re.split(r"^- ", block, flags=re.MULTILINE):
                found += filter(None, _BETWEEN.split(" ".join(item.split())))
    return found


def test_each_sentence_of_the_readme_has_what_shows_it() -> None:
    sentences = said((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    new = [one for one in sentences if one not in CLAIMS]
    assert new == [], "say in tests/unit/claims.py what shows these sentences of the README"
    gone = [one for one in CLAIMS if one not in sentences]
    assert gone == [], "the README no longer says these: take them out of tests/unit/claims.py"


@functools.cache
def definitions(path: Path) -> frozenset[str]:
    """The functions and classes of a file, those of a class as Class::function."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{n.name}" for n in node.body if isinstance(n, ast.FunctionDef)}
    return frozenset(found)


def test_each_test_that_shows_a_claim_is_there() -> None:
    nodes = {one for shown in CLAIMS.values() for one in shown if isinstance(one, str)}
    assert len(nodes) > 80
    missing = []
    for node in sorted(nodes):
        file, _, name = node.partition("::")
        if not (REPOSITORY / file).is_file() or name not in definitions(REPOSITORY / file):
            missing.append(node)
    assert missing == [], "what showed a claim of the README is gone"


def test_each_figure_that_shows_a_claim_is_in_the_baseline() -> None:
    baseline = json.loads((REPOSITORY / "tests/benchmarks/baseline.json").read_text("utf-8"))
    lines = {(line["bench"], line["what"]): line for line in baseline["lines"]}
    figures = [one for shown in CLAIMS.values() for one in shown if isinstance(one, Figure)]
    assert figures
    for figure in figures:
        line = lines[figure.bench, figure.what]
        medians = [one["median"] for one in line.values() if isinstance(one, dict)]
        assert min(medians) > figure.above, figure
        assert date.fromisoformat(figure.day) >= date(2026, 1, 1)


def test_every_example_is_applied_by_some_test() -> None:
    texts = "".join(
        path.read_text(encoding="utf-8") for path in (REPOSITORY / "tests/e2e").rglob("*.py")
    )
    examples = sorted(path.parent.name for path in REPOSITORY.glob("examples/*/main.tf"))
    assert [name for name in examples if f'"{name}"' not in texts and f"/{name}" not in texts] == []


def test_this_reads_the_page_rightly() -> None:
    prose = "# T\n\nOne, e.g. this. Two: three!\n\n- **A**: b.\n\n```sh\nno\n```\n\n"
    page = prose + "| a | b |\n|-|-|\n| c | d e |\n"
    assert said(page) == ["One, e.g. this.", "Two: three!", "**A**: b.", "d e"]
