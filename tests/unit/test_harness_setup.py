"""What `make` sets up for each command, and what it says where something is missing."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

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
    old, pretence = tmp_path / "python-3.10", tmp_path / "pretence.py"
    # A Python of another version, as far as anyone who asks it can see.
    old.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{pretence}' \"$@\"\n", encoding="utf-8")
    pretence.write_text(
        "import runpy, sys\n"
        "sys.version_info = (3, 10, 13, 'final', 0)\n"
        "sys.version = '3.10.13 (main)'\n"
        "sys.argv = [a for a in sys.argv[1:] if a != '-B']\n"
        "if sys.argv[0] == '-c':\n"
        "    exec(sys.argv[1])\n"
        "else:\n"
        "    runpy.run_path(sys.argv[0], run_name='__main__')\n",
        encoding="utf-8",
    )
    old.chmod(0o755)
    code, lines = make(tmp_path / "bin", f"PYTHON={old}")
    assert code == 2
    assert len(lines) == 1
    assert "Python 3.11 to 3.13 is needed and" in lines[0]
    assert "is 3.10.13: name another" in lines[0]


@pytest.fixture(scope="module")
def setup() -> ModuleType:
    path = REPOSITORY / "scripts" / "setup.py"
    specification = importlib.util.spec_from_file_location("setup_script", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # its dataclass looks itself up there
    specification.loader.exec_module(module)
    return module


def test_each_command_sets_up_only_what_it_needs() -> None:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    commands = dict(
        re.findall(r"^([a-z0-9-]+):.*\n\t\$\(call set-up,?([a-z ]*)\)", text, re.MULTILINE)
    )
    assert commands == {
        "setup": "",  # all
        "release": "run",
        "quick": "dev policy provider",
        "lint": "dev",
        "unit": "dev",
        "plan": "dev policy provider",
        "e2e": "dev awscli provider",
        "tables": "run",
        "package": "run",
        "lock": "lock",
        "demo": "run provider",
        "bench": "dev awscli provider",
        "fuzz": "dev",
        "mutants": "dev policy provider",
        "laptop": "dev provider",
    }


@pytest.mark.parametrize(
    ("current", "names", "made"),
    [
        ([], ["run"], ["run"]),
        ([], ["run", "dev", "policy"], ["dev", "policy"]),
        (["dev"], ["run", "dev"], []),
        (["run"], ["dev", "awscli"], ["dev", "awscli"]),
        (["run"], ["run", "provider"], []),
    ],
)
def test_parts_of_the_setup_that_are_there_are_not_made_again(
    setup: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    current: list[str],
    names: list[str],
    made: list[str],
) -> None:
    wanted = {name: environment.wanted for name, environment in setup.ENVIRONMENTS.items()}
    monkeypatch.setattr(setup.Environment, "stamp", property(lambda env: tmp_path / env.folder))
    for name in current:
        setup.ENVIRONMENTS[name].stamp.write_text(wanted[name])
    assert setup.missing(names) == [setup.ENVIRONMENTS[name] for name in made]


def test_a_name_of_nothing_is_refused(
    setup: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert setup.main(["run", "docs"]) == 2
    assert capsys.readouterr().err == (
        "setup: there is no docs: name some of run, dev, policy, awscli, lock, provider, or none\n"
    )


# As pip 23 to 25 printed it, shortened.
UNFIT = """\
Collecting six==1.17.0
ERROR: Ignored the following versions that require a different python version: 1.21.6 \
Requires-Python >=3.7,<3.11; 3.0.2 Requires-Python >=3.11.5; 4.1.2 Requires-Python >=3.11.5; \
4.2.0 Requires-Python >=3.12
ERROR: Could not find a version that satisfies the requirement soupsieve==4.1.2 \
(from versions: 2.10, 3.0, 3.0.1)
ERROR: No matching distribution found for soupsieve==4.1.2
"""
UNREACHED = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after \
connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object \
at 0x7f3610f5b4d0>: Failed to establish a new connection: [Errno 111] Connection refused')': /six/
ERROR: Could not find a version that satisfies the requirement six==1.17.0 (from versions: none)
ERROR: No matching distribution found for six==1.17.0
"""
UNBUILT = """\
  Building wheel for bad (pyproject.toml): finished with status 'error'
  error: subprocess-exited-with-error

  × Building wheel for bad (pyproject.toml) did not run successfully.
  │ exit code: 1
  ╰─> [10 lines of output]
      building 'bad' extension
      bad.c:1:10: fatal error: nowhere.h: No such file or directory
          1 | #include <nowhere.h>
      error: Command '['gcc', '-c', 'bad.c']' returned non-zero exit status 1.
      [end of output]

  note: This error originates from a subprocess, and is likely not a problem with pip.
  ERROR: Failed building wheel for bad
Failed to build bad
ERROR: ERROR: Failed to build installable wheels for some pyproject.toml based projects (bad)
"""
FULL = """\
Installing collected packages: six
ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device
"""


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (UNFIT, r"soupsieve 4\.1\.2 wants Python >=3\.11\.5 and this is 3\.\d+\.\S+"),
        (UNREACHED, r"pip can't fetch six==1\.17\.0: New.*Errno 111\] Connection refused'\)"),
        (UNBUILT, r"bad\.c:1:10: fatal error: nowhere\.h: No such .*; Failed to build .*\(bad\)"),
        (FULL, r"Could not install .* No space left on device"),
        (UNFIT.replace("==4.1.2", "==9"), "pip finds no soupsieve==9 for this Python and system"),
        ("Killed\n", "Killed"),
        ("", "it said nothing"),
    ],
    ids=["python", "network", "compiler", "disk", "release", "word", "silence"],
)
def test_a_failed_pip_says_why(setup: ModuleType, printed: str, told: str) -> None:
    assert re.fullmatch(told, setup.reason(printed))


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
