"""Which of the tests that plan are about what changed, for `make quick`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

# What is planned under test, by name; and what many tests share.
_SUBJECT = re.compile(r"^(?:modules|examples)/([^/]+)/")
_HARNESS = re.compile(r"^tests/harness/|^tests/conftest\.py$")


def changed_files(repository: Path, base: str) -> set[str]:
    """All files that differ from the commit `base`, and those that git does not know yet."""

    def git(*arguments: str) -> set[str]:
        done = subprocess.run(
            ["git", *arguments], cwd=repository, check=True, capture_output=True, text=True
        )
        return {*filter(None, done.stdout.split("\0"))}

    return git("diff", "--name-only", "--relative", "-z", base) | git(
        "ls-files", "--others", "--exclude-standard", "-z"
    )


def about(changed: Iterable[str], tests: Mapping[str, str]) -> set[str]:
    """The paths of the tests to run, of `tests` by path with their text.

    A test that changed is one. A module or an example has the tests that are called after it, or
    else those that name it, or else those that take all examples. The harness has its own tests.
    """
    found = set()
    for path in changed:
        if path in tests:
            found.add(path)
        elif _HARNESS.search(path):
            found |= {test for test in tests if "/test_harness_" in test}
        elif subject := _SUBJECT.search(path):
            name = subject[1]
            called = {t for t in tests if Path(t).stem == f"test_{name.replace('-', '_')}"}
            named = re.compile(rf"(?<=[\"/`]){re.escape(name)}(?=[\"/`])")
            naming = {test for test, text in tests.items() if named.search(text)}
            found |= called or naming or {t for t in tests if "examples/*/" in tests[t]}
    return found
