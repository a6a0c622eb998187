"""Every Python that is promised is one that every pin and every file admits."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from email.parser import HeaderParser
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.harness.local_aws import REPOSITORY
from tests.unit.test_house import tracked

# Debian 12's own is the oldest; of each other minor version, the first release and a late one.
PROMISED = ("3.11.2", "3.11.14", "3.12.0", "3.12.12", "3.13.0", "3.13.9")
# Each lock with the environment that `make setup` makes of it, and the kind of tests that has it.
LOCKS = {
    "cli": (".venv", pytest.mark.unit),
    "dev": (".venv", pytest.mark.unit),
    "run": (".venv", pytest.mark.unit),
    "policy": (".venv-policy", pytest.mark.plan),
    "awscli": (".venv-awscli", pytest.mark.e2e),
}
_PIN = re.compile(r"^([\w.-]+)==([^\s;]+)(?: ; (.+?))? \\$", re.MULTILINE)


def pins(lock: str) -> list[tuple[str, str, str]]:
    """Name, version and marker of all that a lock pins."""
    text = (REPOSITORY / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    found = _PIN.findall(text)
    assert len(found) == len(re.findall(r"^[\w.-]+==", text, re.MULTILINE))
    return found


def on(python: str) -> dict[str, str]:
    """What markers ask of that Python."""
    return {"python_version": python.rpartition(".")[0], "python_full_version": python}


def installed(folder: str) -> dict[tuple[str, str], str]:
    """What the wheels in an environment say of the Pythons that they are for."""
    (site,) = (REPOSITORY / folder / "lib").glob("python3*/site-packages")
    found: dict[tuple[str, str], str] = {}
    for path in site.glob("*.dist-info/METADATA"):
        told = HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"))
        found[canonicalize_name(told["Name"]), told["Version"]] = told["Requires-Python"] or ""
    return found


@pytest.mark.unit
def test_the_promise_is_one() -> None:
    promised = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    spec = SpecifierSet(promised["project"]["requires-python"])
    assert all(python in spec for python in PROMISED)
    assert not {"3.10.18", "3.14.0"} & {*map(str, spec.filter(["3.10.18", "3.14.0"]))}
    lock = (REPOSITORY / "scripts" / "lock.py").read_text(encoding="utf-8")
    assert f'OLDEST = "{PROMISED[0]}"' in lock


@pytest.mark.parametrize(
    ("lock", "environment"),
    [pytest.param(lock, folder, marks=kind) for lock, (folder, kind) in LOCKS.items()],
)
def test_every_pin_admits_every_python_that_is_promised(lock: str, environment: str) -> None:
    """As the installed wheels themselves say. What a marker keeps from this Python is not here:
    a run with the other Python judges it.
    """
    told = installed(environment)
    here = ".".join(map(str, sys.version_info[:3]))
    wrong = []
    for name, version, marker in pins(lock):
        for_python = {
            python
            for python in (*PROMISED, here)
            if not marker or Marker(marker).evaluate(on(python))
        }
        spec = told.get((canonicalize_name(name), version))
        if spec is None:
            if here in for_python:
                wrong.append(f"{name} {version} is not in {LOCKS[lock]}: run make setup")
            continue
        wrong += [
            f"{name} {version} wants Python {spec}, not {python}"
            for python in sorted(for_python & {*PROMISED})
            if python not in SpecifierSet(spec, prereleases=True)
        ]
    assert wrong == []


def interpreters() -> list[str]:
    """Pythons of the promised versions on this machine."""
    found = {Path(sys.executable).resolve()}
    for place in ("/usr/bin", "/usr/local/bin"):
        found |= {path.resolve() for path in Path(place).glob("python3.1[123]")}
    for name in ("python3.11", "python3.12", "python3.13"):
        if shutil.which(name):
            # What is found may be a shim that works in this environment only.
            asked = [name, "-c", "import sys; print(sys.executable)"]
            answer = subprocess.run(asked, check=False, capture_output=True, text=True)
            if answer.returncode == 0:
                found.add(Path(answer.stdout.strip()).resolve())
    return sorted(map(str, found))


COMPILE = """
import sys
for path in sys.stdin.read().splitlines():
    with open(path, encoding="utf-8") as file:
        compile(file.read(), path, "exec", dont_inherit=True)
"""


@pytest.mark.unit
@pytest.mark.parametrize("python", interpreters())
def test_every_file_is_in_the_language_of_that_python(python: str) -> None:
    """What a newer standard library has is for mypy to find: it reads all as Python 3.11."""
    files = [str(path) for path in tracked() if path.suffix == ".py"]
    assert len(files) > 400
    done = subprocess.run(
        [python, "-I", "-W", "error", "-c", COMPILE],
        input="\n".join(files),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
