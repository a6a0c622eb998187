"""Somebody between us and what we install or deploy: other bytes under a known name."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.harness.local_aws import REPOSITORY
from trailctl import version

pytestmark = pytest.mark.unit

FOLDER = REPOSITORY / "requirements"
LOCKED = sorted(path.stem for path in FOLDER.glob("*.txt"))
DIST = REPOSITORY / "lambda_src" / "dist"


def pins(name: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Requirement and hashes by name, of a file of requirements."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            wanted, *hashes = line.split(" --hash=")
            requirement = Requirement(wanted.strip())
            key = canonicalize_name(requirement.name)
            assert key not in found, f"{name}.txt names {key} twice"
            found[key] = (str(requirement), frozenset(each.strip() for each in hashes))
    return found


def test_every_environment_is_locked() -> None:
    assert LOCKED == ["awscli", "build", "cli", "dev", "lock", "policy", "run"]


@pytest.mark.parametrize("name", LOCKED)
def test_every_release_is_exact_and_has_its_hashes(name: str) -> None:
    for requirement, hashes in pins(name).values():
        (clause,) = Requirement(requirement).specifier
        assert clause.operator == "==", requirement
        assert "*" not in clause.version, requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement


@pytest.mark.parametrize("name", LOCKED)
def test_no_file_says_where_else_to_look(name: str) -> None:
    """An index of somebody's, a folder, a repository: each would be one more to trust."""
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert (
        re.findall(r"^\s*-.*$|://|@|\bfile:", text.replace("    --hash=", ""), re.MULTILINE) == []
    )
    source = FOLDER / f"{name}.in"
    if source.exists():
        assert "://" not in source.read_text(encoding="utf-8")


def test_what_runs_is_what_was_tested() -> None:
    tested = pins("dev")
    assert {name: pin for name, pin in pins("run").items() if tested.get(name) != pin} == {}
    assert pins("build").items() <= tested.items()
    assert pins("build").items() <= pins("run").items()


def test_the_locks_hold_what_the_project_asks_for() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    for name, wanted in (
        ("run", [*project["dependencies"], *extras["local"]]),
        ("dev", [*project["dependencies"], *extras["local"], *extras["dev"]]),
    ):
        locked = pins(name)
        for each in wanted:
            requirement = Requirement(each)
            pinned = Requirement(locked[canonicalize_name(requirement.name)][0])
            (clause,) = pinned.specifier
            assert requirement.specifier.contains(clause.version), (name, each, str(pinned))


def test_pip_is_told_to_check_and_to_take_nothing_else() -> None:
    text = (REPOSITORY / "scripts" / "setup.py").read_text(encoding="utf-8")
    for flag in ("--require-hashes", "--no-deps", "--no-build-isolation", "--no-index"):
        assert f'"{flag}"' in text


def test_a_file_with_other_bytes_is_not_installed(tmp_path: Path) -> None:
    """As `make setup` calls pip: a wheel of the right name and version from a mirror of his."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel = wheels / "six-1.17.0-py2.py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("six.py", "print('his')")
        archive.writestr("six-1.17.0.dist-info/METADATA", "Name: six\nVersion: 1.17.0\n")
        archive.writestr("six-1.17.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("six-1.17.0.dist-info/RECORD", "")
    requirement, hashes = pins("dev")["six"]
    assert requirement == "six==1.17.0"
    locked = tmp_path / "locked.txt"
    locked.write_text(f"{requirement} {' '.join(f'--hash={each}' for each in sorted(hashes))}\n")

    def install(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", "install",
             "--no-deps", "--no-index", "--find-links", str(wheels), "--no-compile",
             "--target", str(tmp_path / "into"), *more],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    refused = install("--require-hashes", "--requirement", str(locked))
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert not (tmp_path / "into" / "six.py").exists()
    assert install("six==1.17.0").returncode == 0  # the wheel is one: without hashes it is taken


# --- the zip


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout's lambda_src to tamper with."""
    target = tmp_path / "lambda_src"
    shutil.copytree(REPOSITORY / "lambda_src", target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def told(folder: Path) -> str:
    return "\n".join(version.of_zip(folder / "dist" / "reactor.zip", folder))


def rewritten(path: Path, **changes: bytes) -> None:
    """The zip with other bytes in some files, its own word of them as it was."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, **changes}.items():
            archive.writestr(name, text)


def test_the_zip_says_what_it_was_built_from(copy: Path) -> None:
    said = told(copy)
    assert "the sources beside it" in said
    assert "NOT" not in said
    # Anybody can count it again, with sha256sum and no Python.
    names = sorted(
        path.relative_to(copy).as_posix()
        for path in (copy / "reactor").rglob("*")
        if path.suffix in (".py", ".json", ".typed") and path.name != "testing.py"
    )
    lines = "".join(f"{hashlib.sha256((copy / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    assert f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}," in said


def test_a_zip_with_another_file_in_it_is_told(copy: Path) -> None:
    zipped = copy / "dist" / "reactor.zip"
    rewritten(zipped, **{"reactor/event.py": b"import os"})
    assert "NOT what is in it" in told(copy)
    shutil.copyfile(DIST / "reactor.zip", zipped)
    rewritten(zipped, **{"boto3.py": b"import os"})
    assert "NOT what is in it" in told(copy)


def test_a_zip_that_tells_of_its_own_bytes_is_still_not_the_sources(copy: Path) -> None:
    """He counts anew after he changed it: the sources beside it say otherwise."""
    zipped = copy / "dist" / "reactor.zip"
    with zipfile.ZipFile(zipped) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["reactor/event.py"] += b"\nimport os\n"
    del files["reactor/provenance.json"]
    said = json.dumps({"sha256": version.digest(files)}).encode()
    rewritten(zipped, **files, **{"reactor/provenance.json": said})
    assert "NOT the sources beside it" in told(copy)


def test_a_zip_without_a_word_is_told(copy: Path) -> None:
    rewritten(copy / "dist" / "reactor.zip", **{"reactor/provenance.json": b"{}"})
    assert "sha256:nothing, NOT what is in it" in told(copy)


def test_the_layer_says_the_same_of_its_files() -> None:
    with (
        zipfile.ZipFile(DIST / "reactor.zip") as zipped,
        zipfile.ZipFile(DIST / "reactor-layer.zip") as layer,
    ):
        name = "reactor/provenance.json"
        assert zipped.read(name) == layer.read(f"python/{name}")


# --- checkov


def test_a_skip_of_checkov_says_what_stands_in_its_place() -> None:
    """A reason is a sentence on the resource, not a word like `not needed`."""
    skips = [
        (path.relative_to(REPOSITORY).as_posix(), check, why.strip())
        for kind in ("examples", "modules")
        for path in sorted(REPOSITORY.glob(f"{kind}/**/*.tf"))
        for check, why in re.findall(r"#checkov:skip=(\w+):(.*)", path.read_text(encoding="utf-8"))
    ]
    assert len(skips) > 40
    assert [each for each in skips if len(each[2].split()) < 7] == []
