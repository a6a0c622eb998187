"""Processes that help: what they find counts as if one process had found it."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reactor.digest.transport import Direct
from reactor.digest.wire import Credentials

from tests.e2e.localaws import tampering
from tests.e2e.localaws.tampering import ARN, SHARD
from tests.harness.object_store import Object, ObjectStore, served
from trailctl.cli import main
from trailctl.validate.helpers import Helper, cores, helping

pytestmark = pytest.mark.unit

TRAIL = ["validate-logs", "--trail-arn", ARN, "--s3-bucket", SHARD.bucket, "--start-time",
         "2026-01-10T01:30:00Z", "--end-time", "2026-01-10T09:00:00Z", "--concurrency", "4",
         "--format", "json"]  # fmt: skip


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with served(tampering.trail()) as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


def report(capsys: pytest.CaptureFixture[str], jobs: int) -> Any:
    main([*TRAIL, "--jobs", str(jobs)])
    said = capsys.readouterr()
    assert said.err == ""
    return json.loads(said.out)


def test_there_are_as_many_as_cores() -> None:
    assert 1 <= cores() <= 8


@pytest.mark.parametrize("jobs", [2, 4])
def test_verdicts_are_those_of_one_process(
    store: ObjectStore, capsys: pytest.CaptureFixture[str], jobs: int
) -> None:
    logs = store.list(SHARD.bucket, "/CloudTrail/")
    first, bucket = logs.index(next(k for k in logs if "T0300Z" in k)), SHARD.bucket
    for key in logs[first : first + 4]:
        store.delete(bucket, key)
    for key in logs[first + 4 : first + 8]:
        store.store(bucket, key, Object(gzip.compress(b"{}")))
    for key in logs[first + 8 : first + 12]:
        store.store(bucket, key, Object(store.get(bucket, key).body + b"\0"))
    for key in logs[first + 12 : first + 16]:
        store.fail(bucket, key, "archived")
    for key in logs[first + 16 : first + 20]:
        store.fail(bucket, key, "throttled", times=1)
    for key in logs[first + 20 : first + 24]:
        store.fail(bucket, key, "cut", times=1)
    alone = report(capsys, 1)
    for key in logs[first + 16 : first + 20]:
        store.fail(bucket, key, "throttled", times=1)
    assert alone["reports"][0]["objects"]["log"] == {
        "archived": 4, "changed": 8, "missing": 4, "valid": 92,
    }  # fmt: skip
    before = store.requests["get"]
    assert report(capsys, jobs) == alone
    assert store.requests["get"] > before


def direct(store: ObjectStore) -> Direct:
    keys = Credentials("x", "y", "")
    host = f"127.0.0.1:{store.port}"
    return Direct(False, "127.0.0.1", store.port, host, "/logs/", "us-east-1", "", keys)


def asked(helper: Helper, store: ObjectStore, keys: list[str]) -> list[str | None]:
    """What a helper finds of objects, in their order."""
    found: dict[str, str | None] = {}
    for key in keys:
        helper.add(direct(store), key, lambda hashed, key=key: found.update({key: hashed}))  # type: ignore[misc]
    helper.flush()
    end = time.monotonic() + 30
    while len(found) < len(keys) and time.monotonic() < end:
        time.sleep(0.01)
    return [found[key] for key in keys]


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_helper_hashes_what_is_inside_and_leaves_the_rest(store: ObjectStore) -> None:
    store.store("logs", "good", Object(gzip.compress(b"")))
    store.store("logs", "bad", Object(b"no gzip"))
    store.store("logs", "later", Object(gzip.compress(b"")))
    store.fail("logs", "later", "reset")
    many = [f"{number:03}" for number in range(100)]  # several batches
    for key in many:
        store.store("logs", key, Object(gzip.compress(b"")))
    with helping(1, 2) as (helper,):
        assert asked(helper, store, ["good", "bad", "gone", "later"]) == [EMPTY, None, None, None]
        assert asked(helper, store, many) == [EMPTY] * 100


def test_what_a_helper_had_to_do_is_given_back_when_it_dies(store: ObjectStore) -> None:
    store.store("logs", "good", Object(gzip.compress(b"")))
    store.fail("logs", "hangs", "hang")
    with helping(1, 1) as (helper,):
        assert asked(helper, store, ["good"]) == [EMPTY]
        found: list[str | None] = []
        helper.add(direct(store), "hangs", found.append)
        helper.flush()
        helper._process.send_signal(signal.SIGINT)  # Ctrl-C goes to all; it is for the first
        time.sleep(0.1)
        assert helper._process.poll() is None
        helper._process.kill()
        helper._process.wait()
        assert asked(helper, store, ["good"]) == [None]
        helper._reader.join(10)
        assert found == [None]


def test_a_helper_ends_with_who_started_it() -> None:
    with helping(2, 2) as both:
        processes = [helper._process for helper in both]
        assert [process.poll() for process in processes] == [None, None]
    assert [process.returncode for process in processes] == [0, 0]


def test_where_none_can_be_started_one_process_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with helping(3, 1) as none:
        assert none == []


def test_a_helper_loads_little() -> None:
    """What a helper loads is what its start takes: no client of AWS, nothing of the command."""
    program = "import trailctl.validate.hashing, sys; print(*sys.modules)"
    here = Path(__file__).resolve().parents[2]
    path = os.pathsep.join([str(here), str(here / "lambda_src")])
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(said.stdout.split())
    assert not {"botocore", "boto3", "urllib3", "argparse", "asyncio"} & loaded
