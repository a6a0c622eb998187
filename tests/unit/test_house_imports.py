"""Who may import whom, and that nobody imports in a circle, `TYPE_CHECKING` or not."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.harness.local_aws import REPOSITORY

pytestmark = pytest.mark.unit

ROOTS = {
    "localaws": REPOSITORY,
    "reactor": REPOSITORY / "lambda_src",
    "trailctl": REPOSITORY,
}
# What the extra `local` brings, and what comes with it.
EXTRA = ("cryptography", "duckdb", "hypercorn", "ministack", "moto", "sqlglot", "werkzeug")
SERVICES = {
    "athena", "cloudtrail", "cloudwatch", "ec2", "events", "firehose", "functions", "iam", "kms",
    "logs", "organizations", "s3", "securityhub", "sns", "sqs", "ssm",
}  # fmt: skip


@cache
def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for package, root in ROOTS.items():
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(name: str) -> frozenset[str]:
    """The modules of ours that a module imports, at its top, in a function or for types alone."""
    found = set()
    for node in ast.walk(ast.parse(modules()[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{name} imports relatively"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in modules() else node.module)
    return frozenset(found & modules().keys())


def edges(package: str) -> Iterator[tuple[str, str]]:
    for name in modules():
        if name.split(".")[0] == package:
            for other in sorted(imports(name)):
                yield name, other


def test_nobody_imports_in_a_circle() -> None:
    assert len(modules()) > 150
    try:
        TopologicalSorter({name: imports(name) for name in modules()}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_lambda_code_stands_alone() -> None:
    assert [e for e in edges("reactor") if e[1].split(".")[0] != "reactor"] == []


def test_the_local_aws_knows_nothing_of_the_command_line_and_of_the_lambda_code_but_patterns() -> (
    None
):
    allowed = ("localaws.", "reactor.patterns")
    assert [e for e in edges("localaws") if not f"{e[1]}.".startswith(allowed)] == []


def test_the_wire_knows_no_service_and_no_service_knows_the_front() -> None:
    """server -> front -> a folder a service -> wire."""
    wrong = []
    for name, other in edges("localaws"):
        folder, target = (f"{n}..".split(".")[1] for n in (name, other))
        if folder == "wire" and target in {"front", "emulator", *SERVICES}:
            wrong.append((name, other))
        if folder in {"emulator", *SERVICES} and target in {"front", "server"}:
            wrong.append((name, other))
        if folder == "front" and target == "server":
            wrong.append((name, other))
    assert wrong == []
    folders = {n.split(".")[1] for n in modules() if re.fullmatch(r"localaws\.\w+\.\w+", n)}
    assert folders == SERVICES | {"client", "emulator", "front", "wire"}


def test_every_file_that_closes_a_gap_is_imported_by_the_front() -> None:
    closing = {
        name
        for name, path in modules().items()
        if name.startswith("localaws.")
        and name != "localaws.wire.gap"
        and re.search(r"^ *@gap\.", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert closing == imports("localaws.front.gaps")


def test_gaps_shown_on_ministack_alone_name_their_files() -> None:
    text = (REPOSITORY / "tests/e2e/strict/test_ministack.py").read_text(encoding="utf-8")
    named = set(re.findall(r'"((?:\w+/)+\w+\.py)"', text))
    assert len(named) > 8
    assert [name for name in sorted(named) if not (REPOSITORY / "localaws" / name).is_file()] == []


BLOCKED = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {EXTRA}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
sys.argv[0] = "trailctl"
from trailctl.cli import main
sys.exit(main())
"""


def core(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`trailctl` in a folder of its own, where nothing of the extra can be imported."""
    paths = os.pathsep.join(str(root) for root in {REPOSITORY, REPOSITORY / "lambda_src"})
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": paths, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


EVENT = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "AWS API Call via CloudTrail",
    "source": "aws.cloudtrail",
    "account": "111122223333",
    "time": "2026-11-01T12:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {
        "eventVersion": "1.11",
        "eventTime": "2026-11-01T12:00:00Z",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": "us-east-1",
        "readOnly": False,
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "Root", "accountId": "111122223333"},
    },
}


def test_replay_and_patterns_need_no_extra(tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text(json.dumps({"Records": [EVENT["detail"]]}))
    replayed = core(tmp_path, "replay", "log.json", "--format", "json")
    assert replayed.returncode == 0, replayed.stderr
    assert "trail-tamper" in replayed.stdout
    pattern = '{"detail": {"eventName": ["StopLogging"]}}'
    done = core(
        tmp_path, "test-event-pattern", "--event-pattern", pattern, "--event", json.dumps(EVENT)
    )
    assert json.loads(done.stdout) == {"Result": True}, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["validate-logs", "--trail-arn", "x", "--start-time", "2026-01-01"], "no trail's ARN"),
        (["redrive", "queue"], "no Region is known: give --region, or set AWS_REGION"),
        (["undo", "no-such-file"], "give a file with the record"),
        (["local", "clock", "--port", "1"], "trailctl local up --port 1"),
    ],
)
def test_the_other_commands_get_as_far_without_the_extra(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    done = core(tmp_path, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["demo"], ["local", "up"]])
def test_what_needs_the_extra_says_what_to_install(tmp_path: Path, arguments: list[str]) -> None:
    done = core(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert 'pip install "terraform-aws-cloudtrail-reactor[local]"' in done.stderr
