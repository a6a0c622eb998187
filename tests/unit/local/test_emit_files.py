"""The files that `trailctl local emit` takes."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from trailctl.errors import UsageError
from trailctl.local.emit import read

pytestmark = pytest.mark.unit

A = {"eventSource": "a", "eventName": "A"}
B = {"eventSource": "b", "eventName": "B"}


@pytest.mark.parametrize(
    ("content", "items", "places"),
    [
        (json.dumps({"Records": [A, B]}), [A, B], [", record 1", ", record 2"]),
        (json.dumps([A, B]), [A, B], [", event 1", ", event 2"]),
        (json.dumps(A), [A], [""]),
        (json.dumps(A) + "\n\n" + json.dumps(B) + "\n", [A, B], [", event 1", ", event 2"]),
        ("\ufeff" + json.dumps(A), [A], [""]),
        (
            json.dumps({"Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(A)}]}),
            [A],
            [", event 1"],
        ),
    ],
)
@pytest.mark.parametrize("gzipped", [False, True])
def test_forms(
    tmp_path: Path, content: str, items: list[Any], places: list[str], gzipped: bool
) -> None:
    file = tmp_path / ("log.json.gz" if gzipped else "log.json")
    file.write_bytes(gzip.compress(content.encode()) if gzipped else content.encode())
    found = read(str(file))
    assert [one["item"] for one in found] == items
    assert [one["where"] for one in found] == [f"{file}{place}" for place in places]


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(A).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert read("-") == [{"where": "standard input", "item": A}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b'{"a": 1}\n{"b"', "is not JSON"),
        (b"\xff\xfe\x00", "not even text"),
        (b"\x1f\x8b\x00", "not a whole gzip file"),
        (gzip.compress(b"{}" * 100)[:-5], "not a whole gzip file"),
        (b"[]", "holds no event"),
        (b'{"Records": []}', "holds no event"),
        (b'{"Events": [{"CloudTrailEvent": "{"}]}', "event 1: CloudTrailEvent is not JSON"),
    ],
)
def test_errors_are_one_line_with_the_file_s_name(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "log.json"
    file.write_bytes(content)
    with pytest.raises(UsageError) as refusal:
        read(str(file))
    assert str(file) in str(refusal.value)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read: No such file"):
        read(str(tmp_path / "none.json"))
