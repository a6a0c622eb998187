"""`trailctl detections test`: entries of one's own, held to the rules and to their samples."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from reactor.testing import api_call, envelope

from tests.harness.local_aws import REPOSITORY
from tests.unit.detections.own import FAULTY, OWN, changed, own_record, write
from trailctl.cli import main
from trailctl.replay.catalogue import load_catalogue

pytestmark = pytest.mark.unit

HIT = envelope(own_record())
MISS = api_call("iam.amazonaws.com", "UntagUser")
SAMPLES: dict[str, Any] = {
    "match": [{"case": "tagged", "event": HIT}],
    "no_match": [{"case": "untagged", "refused_by": "pattern", "event": MISS}],
}


def tried(
    capsys: pytest.CaptureFixture[str], *paths: object, samples: Any = None
) -> tuple[int, list[str]]:
    """The exit code, and the lines of both outputs."""
    if samples is not None:
        folder = Path(str(paths[0])).parent / "samples"
        folder.mkdir()
        (folder / Path(str(paths[0])).name).write_text(json.dumps(samples))
    with patch.dict(os.environ, {"COLUMNS": "200"}):
        code = main(["detections", "test", *map(str, paths)])
    output = capsys.readouterr()
    return code, (output.out + output.err).splitlines()


def test_an_entry_that_does_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = tried(capsys, write(tmp_path, OWN), samples=SAMPLES)
    assert code == 0
    assert [line.split() for line in lines[:2]] == [
        ["detection", "severity", "match", "no", "match"],
        ["user-tagged", "low", "1/1", "1/1", "ok"],
    ]
    assert lines[-1] == "1 of 1 detections do what they say"


def test_the_whole_catalogue_does(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = tried(capsys, REPOSITORY / "modules" / "detections" / "catalogue")
    assert (code, len(lines)) == (0, len(load_catalogue()) + 2)  # a head and a sum


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        ({**SAMPLES, "match": [{"case": "x", "event": MISS}]}, "x: it must match"),
        ({**SAMPLES, "no_match": [{"case": "x", "event": HIT}]}, "x: it must not match"),
        (
            {**SAMPLES, "no_match": [{"case": "x", "refused_by": "decision", "event": MISS}]},
            "x: the pattern refuses it",
        ),
        ({**SAMPLES, "match": [{"case": "x", "event": []}]}, "holds no samples: Expected `object`"),
        ({**SAMPLES, "no_match": []}, "no sample says what it must not match"),
        ({**SAMPLES, "match": []}, "holds no samples: Expected `array` of length >= 1"),
        ({"cases": []}, "holds no samples: Object contains unknown field `cases`"),
        (None, "no samples: write "),
    ],
)
def test_samples_that_are_not_as_they_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], samples: Any, told: str
) -> None:
    code, lines = tried(capsys, write(tmp_path, OWN), samples=samples)
    assert code == 1
    assert [line for line in lines if told in line], lines
    assert lines[-1] == "0 of 1 detections do what they say"


@pytest.mark.parametrize("case", FAULTY)
def test_entries_that_break_a_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    entry, _, told = FAULTY[case]
    text = entry if isinstance(entry, str) else json.dumps(entry)
    name = entry["id"] if isinstance(entry, dict) else "user-tagged"
    code, lines = tried(capsys, write(tmp_path, text, name), samples=SAMPLES)
    assert code == 1
    assert [line for line in lines if told in line], lines


def test_a_wrong_name_and_a_pattern_that_eventbridge_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tried(capsys, write(tmp_path, OWN, "other"))[1][2].endswith(
        "name the file user-tagged.json"
    )
    odd = changed(patterns__main__detail__eventName=[{"begins-with": "Tag"}])
    _, lines = tried(capsys, write(tmp_path, odd))
    assert [line for line in lines if "EventBridge would refuse its pattern" in line]
    long = changed(patterns__main__detail__eventName=[f"Name{n:04}" for n in range(300)])
    _, lines = tried(capsys, write(tmp_path, long))
    assert [line for line in lines if "and EventBridge allows 2,048" in line]


def test_two_entries_of_one_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = write(tmp_path, OWN)
    code, lines = tried(capsys, first, first, samples=SAMPLES)
    assert code == 1
    assert lines[-2] == "user-tagged: there is a detection user-tagged already: take another id"


def test_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = tried(capsys, tmp_path / "none.json")
    assert code == 2
    assert lines == [f"trailctl: {tmp_path / 'none.json'} can't be read: No such file or directory"]
    assert tried(capsys, tmp_path)[1] == [f"trailctl: {tmp_path} holds no *.json"]
