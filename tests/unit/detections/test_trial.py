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
        ["detection", "severity", "matched", "refused"],
        ["user-tagged", "low", "1/1", "1/1", "ok"],
    ]
    assert lines[-1] == "1 of 1 detection did what the samples say"


def test_the_whole_catalogue_does(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = tried(capsys, REPOSITORY / "modules" / "detections" / "catalogue")
    assert (code, len(lines)) == (0, len(load_catalogue()) + 2)  # a head and a sum


@pytest.mark.parametrize(
    ("samples", "told"),
    [
        (
            {**SAMPLES, "match": [{"case": "x", "event": MISS}]},
            "x: it is under match, and no pattern",
        ),
        (
            {**SAMPLES, "no_match": [{"case": "x", "event": HIT}]},
            "x: it is under no_match, and the",
        ),
        (
            {**SAMPLES, "no_match": [{"case": "x", "refused_by": "decision", "event": MISS}]},
            "x: refused_by is decision, and the pattern refuses it",
        ),
        ({**SAMPLES, "match": [{"case": "x", "event": []}]}, "match[0].event is []: write an obj"),
        ({**SAMPLES, "no_match": []}, "no sample says what it must not match"),
        ({**SAMPLES, "match": []}, "match is []: write a list that is not empty"),
        ({"cases": []}, "cases is not known: use match, no_match or $schema"),
        (None, "no samples: write "),
    ],
)
def test_samples_that_are_not_as_they_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], samples: Any, told: str
) -> None:
    code, lines = tried(capsys, write(tmp_path, OWN), samples=samples)
    assert code == 1
    assert told in " ".join(" ".join(lines).split()), lines
    assert lines[-1] == "0 of 1 detection did what the samples say"


def test_all_faults_are_told_at_once_with_place_value_and_what_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = changed(
        id="User Tagged",
        title="Tagged.",
        severity="urgent",
        why=None,
        serverity="low",
        attack=["T1098", "persistence"],
        count={"by": "tag", "at_least": 1, "minutes": 1.5},
        patterns={"Main": OWN["patterns"]["main"] | {"source": ["my.app"]}},
        summary__template='"a"',
        summary__input_paths={"Who": "detail"},
    )
    samples = {
        "match": [{"case": "", "event": HIT}, {"event": "x" * 99, "refused_by": "me"}],
        "no_match": {},
    }
    path = write(tmp_path, wrong)
    code, lines = tried(capsys, path, samples=samples)
    assert code == 1
    told = "".join(f"{line}\n" for line in lines)
    keys = 'write "access key", "created access key", "principal", "source address" or "user"'
    assert (
        told
        == f"""\
detection         severity  matched  refused
user-tagged.json            0/0      0/0      wrong
user-tagged.json: {path} is not an entry of the catalogue's form: 14 faults:
  id is "User Tagged": write a name of at most 40 of a-z, 0-9 and -
  title is "Tagged.": write a text without a full stop at its end, of 6 to 80 characters
  severity is "urgent": write "critical", "high", "info", "low" or "medium"
  patterns.Main is named "Main": write a name of a-z, 0-9 and -
  patterns.Main.source[0] is "my.app": write a source of AWS, such as "aws.iam"
  summary.input_paths.Who is named "Who": write a name of a-z and _
  summary.input_paths.Who is "detail": write a path such as $.detail.userIdentity.arn
  summary.template is "\\"a\\"": write a sentence without " and \\ that is not empty
  serverity is not known: did you mean severity?
  attack[1] is "persistence": write a technique such as T1562 or T1562.008
  count.by is "tag": {keys}
  count.at_least is 1: write a whole number from 2 to 100
  count.minutes is 1.5: write a whole number from 1 to 1440
  why is missing: write sentences that end with a full stop
user-tagged.json: {path.parent}/samples/user-tagged.json is not a file of samples: 5 faults:
  match[0].case is "": write a text that is not empty
  match[1].event is "{"x" * 59}… (99 characters): write an object
  match[1].refused_by is "me": write "", "decision" or "pattern"
  match[1].case is missing: write a text that is not empty
  no_match is {{}}: write a list
0 of 1 detection did what the samples say
"""
    )


@pytest.mark.parametrize("case", FAULTY)
def test_entries_that_break_a_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    entry, _, told = FAULTY[case]
    text = entry if isinstance(entry, str) else json.dumps(entry)
    name = entry["id"] if isinstance(entry, dict) else "user-tagged"
    code, lines = tried(capsys, write(tmp_path, text, name), samples=SAMPLES)
    assert code == 1
    assert told in " ".join(" ".join(lines).split()), lines  # whatever the folder's length


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
