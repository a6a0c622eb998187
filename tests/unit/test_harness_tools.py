"""Commands of other environments run wherever the repository lies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import tools

pytestmark = pytest.mark.unit


def test_a_command_runs_though_its_first_line_names_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = tmp_path / "a folder" / ".venv-some" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "greet").write_text(
        f"#!{binaries}/python\nimport gc, sys\nprint(sys.argv, gc.isenabled(), __name__)\n"
    )
    monkeypatch.setattr(tools, "REPOSITORY", tmp_path / "a folder")
    greet = [*tools.tool("some", "greet"), "you"]
    for command, collects in ((greet, True), (tools.uncollected(greet), False)):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == f"{greet[1:]} {collects} __main__\n"


def test_a_command_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "REPOSITORY", tmp_path)
    with pytest.raises(FileNotFoundError, match="greet is not installed: run `make setup`"):
        tools.tool("some", "greet")
