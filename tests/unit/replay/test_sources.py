"""Events out of files, S3 and LookupEvents; the last with AWS's answers put in their place."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from tests.harness.object_store import Object, ObjectStore, served
from tests.unit.replay.events import record
from trailctl.errors import UsageError
from trailctl.replay import sources
from trailctl.replay.reading import read

pytestmark = pytest.mark.unit


@pytest.fixture
def client() -> Any:
    """Makes clients that reach nobody."""
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "eu-west-1"}
    config = Config(retries={"total_max_attempts": 1})
    make: Any = boto3.client
    return lambda service: make(service, config=config, **keys)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with served(ObjectStore()) as made:
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


FOLDER = "AWSLogs/1/CloudTrail/"


@pytest.fixture
def bucket(store: ObjectStore) -> Iterator[sources.Bucket]:
    with closing(sources.Bucket(None, None)) as made:
        yield made


def test_an_s3_prefix(store: ObjectStore, bucket: sources.Bucket) -> None:
    texts = {f"{FOLDER}{n:04}.json.gz": gzip.compress(b"%d" % n) for n in range(1_100)}
    other = ["AWSLogs/1/CloudTrail-Digest/d.json.gz", "AWSLogs/1/", "else/x.json.gz"]
    for key in other:
        store.store("logs", key, Object(b"no log"))
    for key, text in texts.items():
        store.store("logs", key, Object(text))
    objects = bucket.list("s3://logs/AWSLogs/")
    assert objects == [("logs", key, len(text)) for key, text in texts.items()]
    store.delete("logs", f"{FOLDER}0003.json.gz")
    store.fail("logs", f"{FOLDER}0004.json.gz", "archived")
    store.fail("logs", f"{FOLDER}0005.json.gz", "throttled", times=2)
    chunks = list(bucket.chunks(objects))
    assert [chunk.name for chunk in chunks] == [f"s3://logs/{key}" for key in texts]
    assert [chunk.size for chunk in chunks] == [len(text) for text in texts.values()]
    bad = {n: chunk.error for n, chunk in enumerate(chunks) if chunk.data is None}
    assert bad == {
        3: "it can't be read (NoSuchKey: NoSuchKey it is)",
        4: "it can't be read (InvalidObjectState: InvalidObjectState it is)",
    }
    for chunk, text in zip(chunks, texts.values(), strict=True):
        assert chunk.data in (text, None)


def test_no_more_than_so_many_bytes_are_fetched_ahead(
    store: ObjectStore, bucket: sources.Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_MOST_AHEAD", 25)
    for n in range(9):
        store.store("logs", f"{n}.json", Object(b"0123456789"))
    for seen, chunk in enumerate(bucket.chunks(bucket.list("s3://logs")), start=1):
        assert chunk.data == b"0123456789"
        assert store.requests["get"] <= seen + 3


def test_a_bucket_that_cannot_be_listed_or_is_empty(
    store: ObjectStore, bucket: sources.Bucket
) -> None:
    store.store("logs", "folder/", Object(b""))
    with pytest.raises(UsageError, match=r"s3://logs holds no files to read"):
        bucket.list("s3://logs")
    store.fail("logs", "", "denied")
    with pytest.raises(UsageError, match=r"s3://logs/x can't be listed: .*AccessDenied"):
        bucket.list("s3://logs/x")


def test_files_below_a_folder(tmp_path: Path) -> None:
    """Each once, by whichever way it is reached, and whatever its name is but a hidden one."""
    names = ["b/2.json", "b/1.json.gz", "a.json", "b/c/3.json", "b/notes.txt", "b/.DS_Store"]
    for name in names:
        path = tmp_path / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    (tmp_path / "logs/again.json").symlink_to(tmp_path / "logs/a.json")
    (tmp_path / "logs/gone.json").symlink_to(tmp_path / "nothing")
    (tmp_path / "logs/round").symlink_to(tmp_path / "logs")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/PUT-S3-1").write_bytes(b"12345")
    (tmp_path / "logs/linked.json").symlink_to(tmp_path / "elsewhere")
    top = str(tmp_path / "logs")
    found = sources.local_files([top, f"{top}/b/../a.json", f"{tmp_path}/logs/b"])
    expected = [
        *("a.json", "b/1.json.gz", "b/2.json", "b/c/3.json", "b/notes.txt", "gone.json"),
        "linked.json/PUT-S3-1",
    ]
    unsure = ("b/notes.txt", "linked.json/PUT-S3-1")
    assert found == [
        (f"{top}/{name}", 0 if name == "gone.json" else 5, name not in unsure) for name in expected
    ]
    assert found[0].read() == (f"{top}/a.json", b"12345", 5, "", True)
    assert found[4].read() == (f"{top}/b/notes.txt", None, 5, "it is no JSON", False)
    assert found[5].read().error == "it can't be read (No such file or directory)"


def test_looked_up_events_come_page_by_page(client: Any) -> None:
    cloudtrail = client("cloudtrail")
    start = datetime(2026, 3, 2, tzinfo=UTC)
    first, second = record("ec2", "X"), record("ec2", "Y")
    with Stubber(cloudtrail) as stub:
        for token, events in (("more", [first]), (None, [second])):
            answer: dict[str, Any] = {
                "Events": [{"CloudTrailEvent": json.dumps(e)} for e in events]
            }
            asked: dict[str, Any] = {"StartTime": start}
            if token:
                answer["NextToken"] = token
            else:
                asked["NextToken"] = "more"
            stub.add_response("lookup_events", answer, asked)
        chunks = list(sources.looked_up(cloudtrail, start, None))
    found = [read(chunk.data or b"").records for chunk in chunks]
    assert found == [[first], [second]]


def test_events_that_cannot_be_looked_up(client: Any) -> None:
    cloudtrail = client("cloudtrail")
    with Stubber(cloudtrail) as stub:
        stub.add_client_error("lookup_events", "AccessDeniedException", "not for you")
        with pytest.raises(UsageError, match=r"events can't be looked up: .*not for you"):
            list(sources.looked_up(cloudtrail, None, None))
