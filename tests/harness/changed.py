"""Which tests are about what changed, for `make quick`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

# What is planned under test, by name; and what many tests share.
_SUBJECT = re.compile(r"^(?:modules|examples)/([^/]+)/")
_HARNESS = re.compile(r"^tests/harness/|^tests/conftest\.py$")
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]+)|import[ \t]+([\w.]+))",
    re.MULTILINE,
)
_ROOTS = {"localaws": "", "reactor": "lambda_src/", "tests": "", "trailctl": ""}


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


def reached(changed: Iterable[str], sources: Mapping[str, str]) -> set[str]:
    """The paths of the tests to run, of the Python `sources` by path with their text.

    A test that changed is one, and so is one that imports what changed, at whatever remove. What is
    no Python is read by the modules beside it, and by tests that name the file.
    """
    users: dict[str, set[str]] = {path: set() for path in sources}
    for path, text in sources.items():
        for used in _used(path, text, sources):
            users[used].add(path)
    waiting = set()
    for path in changed:
        if path in sources:
            waiting.add(path)
        else:
            place, name = PurePosixPath(path).parent, PurePosixPath(path).name
            waiting |= {source for source in sources if PurePosixPath(source).parent == place}
            waiting |= {test for test in filter(_is_test, sources) if f'{name}"' in sources[test]}
    found: set[str] = set()
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= users[path] - found
    return set(filter(_is_test, found))


def _is_test(path: str) -> bool:
    return PurePosixPath(path).name.startswith("test_")


def _used(path: str, text: str, sources: Mapping[str, str]) -> Iterator[str]:
    """What a file imports of `sources`, and the conftest.py of its folder and those above."""
    for parent in PurePosixPath(path).parents:
        if (conftest := str(parent / "conftest.py")) in sources and conftest != path:
            yield conftest
    for module, names, plain in _IMPORT.findall(text):
        inner = re.findall(r"\w+", names)
        for name in (plain or module, *(f"{module}.{each}" for each in inner)):
            root = _ROOTS.get(name.partition(".")[0])
            if root is not None:
                file = root + name.replace(".", "/")
                yield from {f"{file}.py", f"{file}/__init__.py"} & sources.keys()
