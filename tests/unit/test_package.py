"""The zip that AWS Lambda runs: the same bytes anywhere, whole, and enough by itself."""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest
import reactor

from tests.unit.reactor.world import envelope, launch

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "lambda_src"
ZIP = SOURCE / "dist" / "reactor.zip"
LAYER = SOURCE / "dist" / "reactor-layer.zip"


def _spec(name: str) -> ModuleSpec:
    spec = importlib.util.find_spec(name)
    assert spec is not None, f"{name} is missing: run `make setup`"
    return spec


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("lambda_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = _load(SOURCE / "build.py")


def _names() -> list[str]:
    with zipfile.ZipFile(ZIP) as archive:
        return archive.namelist()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of lambda_src to change."""
    target = tmp_path / "lambda_src"
    shutil.copytree(SOURCE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


def test_the_checked_in_zip_is_what_the_source_builds() -> None:
    assert ZIP.read_bytes() == build.build()
    assert LAYER.read_bytes() == build.build(folder="python/")
    assert build.main(["--check"]) == 0


def test_two_builds_are_the_same_bytes(copy: Path) -> None:
    for path in copy.rglob("*"):  # other times, other modes, leftovers of a run
        os.utime(path, (1_000_000_000, 1_000_000_000))
    (copy / "reactor" / "event.py").chmod(0o755)
    cache = copy / "reactor" / "__pycache__"
    cache.mkdir()
    (cache / "event.cpython-313.pyc").write_bytes(b"compiled")
    (copy / "reactor" / "event.py.orig").write_text("left by an editor")
    assert build.build(copy) == build.build() == build.build()


def test_line_ends_of_another_system_change_nothing(copy: Path) -> None:
    for path in (copy / "reactor").rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert build.build(copy) == build.build()


@pytest.mark.parametrize("change", ["edited", "added", "removed", "no zip", "no layer"])
def test_check_tells_a_zip_that_is_out_of_date(copy: Path, change: str) -> None:
    command = [sys.executable, str(copy / "build.py"), "--check"]
    assert subprocess.run(command, check=False).returncode == 0
    if change == "edited":
        with (copy / "reactor" / "event.py").open("a") as file:
            file.write("# more\n")
    elif change == "added":
        (copy / "reactor" / "new.py").touch()
    elif change == "removed":
        (copy / "reactor" / "policies.py").unlink()
    else:
        names = {"no zip": "reactor.zip", "no layer": "reactor-layer.zip"}
        (copy / "dist" / names[change]).unlink()
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert found.returncode == 1
    assert "run `python lambda_src/build.py` and commit the zip" in found.stderr
    assert subprocess.run(command[:-1], check=False, capture_output=True).returncode == 0
    assert subprocess.run(command, check=False).returncode == 0


def test_every_module_is_in_it_but_the_one_for_tests() -> None:
    expected = {
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "reactor").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    } - {"reactor/testing.py"} | {"reactor/provenance.json"}
    assert set(_names()) == expected
    assert _names() == sorted(_names())
    assert "reactor/reactions/ec2_launch_guard.py" in expected


def test_the_layer_is_the_same_where_lambda_looks_for_it() -> None:
    with zipfile.ZipFile(LAYER) as layer, zipfile.ZipFile(ZIP) as package:
        assert layer.namelist() == [f"python/{name}" for name in package.namelist()]
        for name in package.namelist():
            assert layer.read(f"python/{name}") == package.read(name)


def test_entries_are_stored_with_fixed_times_and_modes() -> None:
    with zipfile.ZipFile(ZIP) as archive:
        assert archive.testzip() is None
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert stat.S_IMODE(entry.external_attr >> 16) == 0o644
            assert b"\r" not in archive.read(entry)


def test_it_is_small_and_carries_its_version() -> None:
    assert ZIP.stat().st_size < 750_000  # stored, not deflated: Lambda unpacks it in no time
    with zipfile.ZipFile(io.BytesIO(ZIP.read_bytes())) as archive:
        text = archive.read("reactor/__init__.py").decode()
    assert f'__version__ = "{reactor.__version__}"' in text


_RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
from reactor.reactions.ec2_launch_guard import handler
import reactor
assert reactor.__file__.startswith(sys.argv[1]), reactor.__file__
assert not {"boto3", "botocore.session", "botocore.client"} & {*sys.modules}, "before its time"
class Context:
    aws_request_id = "1"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:guard"
    def get_remaining_time_in_millis(self):
        return 3000
answer = handler(json.load(sys.stdin), Context())
assert "botocore.session" not in sys.modules, "dry_run needs no client"
json.dump(answer, sys.stderr)
"""


def _interpreters() -> dict[str, str]:
    """Ours, and those of the other versions that the code is for, Lambda's 3.13 among them."""
    found = {f"python3.{sys.version_info.minor}": sys.executable}
    for name in ("python3.11", "python3.12", "python3.13"):
        if name in found or shutil.which(name) is None:
            continue
        # What is found may be a shim that works in this environment only.
        command = [name, "-c", "import sys; print(sys.executable)"]
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
        if answer.returncode == 0:
            found[name] = answer.stdout.strip()
    return found


INTERPRETERS = _interpreters()


@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_it_runs_from_the_zip_alone(interpreter: str, tmp_path: Path) -> None:
    """With the runtime's packages and the layer beside it, and nothing else of ours."""
    for name in ("botocore", "jmespath", "dateutil", "urllib3", "aws_lambda_powertools"):
        (tmp_path / name).symlink_to(Path(_spec(name).origin or "").parent)
    for name in ("six", "typing_extensions"):
        (tmp_path / f"{name}.py").symlink_to(_spec(name).origin or "")
    found = subprocess.run(
        [INTERPRETERS[interpreter], "-S", "-c", _RUN, str(ZIP)],
        # Of another account: planned by the event alone, as there is no way to look.
        input=json.dumps(envelope(launch(["i-0aaaaaaaaaaaaaaa1"], recipientAccountId="1" * 12))),
        env={"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stderr)
    assert (answer["handled"], answer["mode"], answer["planned"]) == (True, "dry_run", 1)
    assert '"reactor:owner"' in found.stdout


@pytest.mark.parametrize("interpreter", INTERPRETERS)
def test_every_version_of_python_builds_the_same(interpreter: str) -> None:
    command = [INTERPRETERS[interpreter], str(SOURCE / "build.py"), "--check"]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")


def test_nothing_but_the_runtime_and_the_layer_is_imported() -> None:
    allowed = {
        *sys.stdlib_module_names,
        *("reactor", "boto3", "botocore", "urllib3", "aws_lambda_powertools"),
    }
    for path in (SOURCE / "reactor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path.name}: import by full name"
                names = [node.module or ""]
            assert {name.partition(".")[0] for name in names} <= allowed, path.name
