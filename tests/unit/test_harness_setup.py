"""What `make` says where something is missing: one line, exit code 2."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.local_aws import REPOSITORY

pytestmark = pytest.mark.unit


def make(path: Path, *arguments: str) -> tuple[int, list[str]]:
    """Call `make setup` with little more than itself on PATH: exit code and error lines."""
    path.mkdir(exist_ok=True)
    for name in ("make", "sh", "awk"):
        found = shutil.which(name)
        if found is None:
            pytest.fail(f"{name} is needed for this test")
        (path / name).symlink_to(found)
    done = subprocess.run(
        [str(path / "make"), "--no-print-directory", "setup", *arguments],
        cwd=REPOSITORY,
        env={"PATH": str(path), "HOME": str(path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    return done.returncode, lines


def test_without_python_it_says_which_is_needed(tmp_path: Path) -> None:
    code, lines = make(tmp_path / "bin")
    assert code == 2
    assert len(lines) == 1
    assert "Python 3.11 to 3.13 with its venv module is needed" in lines[0]


def test_a_python_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, lines = make(tmp_path / "bin", "PYTHON=/nowhere/python3")
    assert code == 2
    assert len(lines) == 1
    assert "make PYTHON=/path/to/python3" in lines[0]


def test_without_terraform_it_says_how_to_get_it(tmp_path: Path) -> None:
    code, lines = make(tmp_path / "bin", f"PYTHON={sys.executable}")
    assert code == 2
    assert lines == [
        "setup: Terraform 1.9 or newer is needed and is not on PATH: "
        "get it from https://developer.hashicorp.com/terraform/install"
    ]


def test_a_python_that_is_too_old_is_told_so(tmp_path: Path) -> None:
    old = tmp_path / "python-3.10"
    # A Python of another version, as far as anyone who asks it can see.
    old.write_text(
        f"#!{sys.executable}\n"
        "import runpy, sys\n"
        "sys.version_info = (3, 10, 13, 'final', 0)\n"
        "sys.version = '3.10.13 (main)'\n"
        "arguments = [a for a in sys.argv[1:] if a != '-B']\n"
        "if arguments[0] == '-c':\n"
        "    exec(arguments[1])\n"
        "else:\n"
        "    runpy.run_path(arguments[0], run_name='__main__')\n",
        encoding="utf-8",
    )
    old.chmod(0o755)
    code, lines = make(tmp_path / "bin", f"PYTHON={old}")
    assert code == 2
    assert len(lines) == 1
    assert "Python 3.11 to 3.13 is needed and" in lines[0]
    assert "is 3.10.13: name another" in lines[0]


def test_nothing_of_make_needs_a_home(tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "make test" in done.stdout
    assert "make demo" in done.stdout
