"""Which plans `make quick` makes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.harness.changed import about, changed_files
from tests.harness.local_aws import REPOSITORY

pytestmark = pytest.mark.unit

TESTS = {
    "tests/plan/test_harness_plans.py": "",
    "tests/plan/test_readme.py": "README",
    "tests/plan/test_reaction.py": 'calls("reaction", ...)',
    "tests/plan/test_reactions.py": 'call("reaction") call("notify", "${modules}/trail")',
    "tests/plan/test_trail.py": "",
    "tests/plan/test_examples.py": 'Path("examples") / "archive"',
    "tests/policy/test_checkov.py": 'REPOSITORY.glob("examples/*/main.tf")',
}


@pytest.mark.parametrize(
    ("changed", "run"),
    [
        ("modules/trail/main.tf", ["plan/test_trail"]),
        ("modules/reaction/variables.tf", ["plan/test_reaction"]),
        ("modules/notify/README.md", ["plan/test_reactions"]),
        ("examples/archive/main.tf", ["plan/test_examples"]),
        ("examples/sqs-fanout/main.tf", ["policy/test_checkov"]),
        ("tests/plan/test_readme.py", ["plan/test_readme"]),
        ("tests/harness/plans.py", ["plan/test_harness_plans"]),
        ("tests/conftest.py", ["plan/test_harness_plans"]),
        ("trailctl/cli.py", []),
        ("docs/notify/x.md", []),
    ],
)
def test_what_changed_has_the_tests_that_are_about_it(changed: str, run: list[str]) -> None:
    assert about([changed], TESTS) == {f"tests/{name}.py" for name in run}


def test_every_module_and_example_is_planned_by_some_test() -> None:
    paths = [*REPOSITORY.glob("tests/plan/test_*.py"), *REPOSITORY.glob("tests/policy/test_*.py")]
    tests = {str(p.relative_to(REPOSITORY)): p.read_text(encoding="utf-8") for p in paths}
    subjects = [str(p.relative_to(REPOSITORY)) for p in REPOSITORY.glob("[me][ox]*les/*/main.tf")]
    assert len(subjects) > 25
    assert [path for path in subjects if not about([path], tests)] == []


def test_files_that_changed_are_staged_or_not_or_new(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--quiet")
    for name in ("same", "edited", "staged", "ä b"):
        (tmp_path / name).write_text("1")
    (tmp_path / ".gitignore").write_text("ignored\n")
    git("add", "--all")
    git("-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "--message", "m")
    for name in ("edited", "staged", "new", "ignored", "ä b"):
        (tmp_path / name).write_text("2")
    git("add", "staged")
    assert changed_files(tmp_path, "HEAD") == {"edited", "staged", "new", "ä b"}
