"""How tests are shared among workers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit


def test_a_modules_tests_stay_on_one_worker(tmp_path: Path) -> None:
    """What they apply they share; pytest-xdist groups by an id that newer pytests ignore."""
    (tmp_path / "test_two.py").write_text(
        "import pytest\n"
        "pytestmark = pytest.mark.xdist_group('one')\n"
        "@pytest.mark.parametrize('n', range(6))\n"
        "def test_n(n): pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-n", "2", "--dist", "loadgroup", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert len(set(re.findall(r"\[(gw\d)\]", done.stdout))) == 1, done.stdout
