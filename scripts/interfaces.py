"""The modules' interfaces as data: what callers write and read, and what changed of it.

    python scripts/interfaces.py            writes interfaces.json, and prints what changed in it
    python scripts/interfaces.py --check    prints what changed, and exits 1 if anything did
    python scripts/interfaces.py --since X  what changed since a tag or commit

A variable's type, default, sensitive and nullable, and an output's sensitive, as written in the
module. A change that can break a caller is told so: it belongs under Changed in CHANGELOG.md.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.tables import REPOSITORY
from scripts.terraform_docs import argument, blocks, one_line

FILE = REPOSITORY / "interfaces.json"
# An attribute that may be left out, whose type has two levels of brackets at most.
_OPTIONAL = re.compile(r"\w+ = optional\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
_OF_A_VARIABLE = ("type", "default", "sensitive", "nullable")

Interfaces = dict[str, dict[str, dict[str, dict[str, str]]]]


def interface(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """A module's variables and outputs by name, each argument as text on one line."""

    def of(file: str, kind: str, arguments: tuple[str, ...]) -> dict[str, dict[str, str]]:
        text = (folder / file).read_text(encoding="utf-8")
        found = {}
        for name, body in blocks(text, kind).items():
            given = {one: argument(body, one) for one in arguments}
            found[name] = {one: one_line(value) for one, value in given.items() if value}
        return found

    return {
        "outputs": of("outputs.tf", "output", ("sensitive",)),
        "variables": of("variables.tf", "variable", _OF_A_VARIABLE),
    }


def interfaces() -> Interfaces:
    """Those of all modules, by module."""
    folders = sorted(path.parent for path in (REPOSITORY / "modules").glob("*/versions.tf"))
    return {folder.name: interface(folder) for folder in folders if not folder.is_symlink()}


def changes(old: Interfaces, new: Interfaces) -> list[str]:
    """A line for each change; one that can break a caller begins with "breaking: "."""
    return sorted(_changes(old, new), key=lambda line: not line.startswith("breaking: "))


def _changes(old: Interfaces, new: Interfaces) -> Iterator[str]:
    for module in sorted(old.keys() - new.keys()):
        yield f"breaking: {module} is gone"
    for module in sorted(new.keys() - old.keys()):
        yield f"{module} is new"
    for module in sorted(old.keys() & new.keys()):
        was, now = old[module], new[module]
        for name in sorted(was["outputs"].keys() - now["outputs"].keys()):
            yield f"breaking: {module}: the output {name} is gone"
        for name in sorted(now["outputs"].keys() - was["outputs"].keys()):
            yield f"{module}: the output {name} is new"
        for name in sorted(was["outputs"].keys() & now["outputs"].keys()):
            if was["outputs"][name] != now["outputs"][name]:
                yield f"breaking: {module}: the output {name} is sensitive, or no longer so"
        yield from _variables(module, was["variables"], now["variables"])


def _variables(
    module: str, was: dict[str, dict[str, str]], now: dict[str, dict[str, str]]
) -> Iterator[str]:
    for name in sorted(was.keys() - now.keys()):
        yield f"breaking: {module}: the variable {name} is gone"
    for name in sorted(now.keys() - was.keys()):
        if "default" in now[name]:
            yield f"{module}: the variable {name} is new"
        else:
            yield f"breaking: {module}: the variable {name} is new, and required"
    for name in sorted(was.keys() & now.keys()):
        for one in _OF_A_VARIABLE:
            before, after = was[name].get(one), now[name].get(one)
            if before == after:
                continue
            # A default that was not there, or an attribute more that may be left out, is nobody's
            # trouble.
            free = (one == "default" and before is None) or (
                one == "type" and _wider(str(before), str(after))
            )
            said = f"{one} of {name} is {after or 'not set'}, and was {before or 'not set'}"
            yield f"{'' if free else 'breaking: '}{module}: {said}"


def _wider(before: str, after: str) -> bool:
    """Whether a type takes all that another took: the same but for attributes more, optional."""
    required = [re.sub(r"[, ]", "", _OPTIONAL.sub("", type_)) for type_ in (before, after)]
    optional = [{*_OPTIONAL.findall(type_)} for type_ in (before, after)]
    return required[0] == required[1] and optional[0] <= optional[1]


def text(found: Interfaces) -> str:
    """As the file has it."""
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def at(commit: str) -> Interfaces:
    """The file as it was at a tag or commit. Raises subprocess.CalledProcessError."""
    command = ["git", "show", f"{commit}:{FILE.name}"]
    shown = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    found: Interfaces = json.loads(shown.stdout)
    return found


def main(arguments: list[str]) -> int:
    """Writes, checks or compares; returns the exit code."""
    now = interfaces()
    if arguments[:1] == ["--since"] and len(arguments) == 2:
        before = at(arguments[1])
    else:
        before = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    found = changes(before, now)
    print("\n".join(found) or "interfaces: nothing changed")
    if "--check" in arguments:
        return int(bool(found))
    if not arguments:
        FILE.write_text(text(now), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
