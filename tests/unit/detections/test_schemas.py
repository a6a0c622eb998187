"""The published JSON schemas: jsonschema, which knows nothing of our types, judges by them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.harness.local_aws import REPOSITORY
from tests.unit.detections.own import FAULTY, OWN, changed
from tests.unit.replay.test_excluding import EXCLUSIONS
from trailctl.cli import main
from trailctl.detections import schemas, shape
from trailctl.detections.schemas import NAMES

pytestmark = pytest.mark.unit

FOLDER = REPOSITORY / "modules" / "detections"
# What a schema can't say: names of other entries, and what two of an entry's fields say together.
BEYOND = {
    *("taken", "a sequence", "taken key", "long key", "decision", "failures in", "failures out"),
    *("not told", "not used", "no default", "another meaning", "no path"),
}


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((FOLDER / "schema" / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize(("folder", "name"), [("catalogue", "entry"), ("samples", "samples")])
def test_the_whole_catalogue_is_valid(folder: str, name: str) -> None:
    judge = validator(name)
    files = sorted((FOLDER / folder).glob("*.json"))
    assert len(files) >= 146
    for path in files:
        for error in judge.iter_errors(json.loads(path.read_text(encoding="utf-8"))):
            pytest.fail(f"{path.name}: {error.json_path}: {error.message}")


def test_own_entries_and_exclusions_are_valid() -> None:
    assert validator("entry").is_valid(OWN)
    assert validator("exclusions").is_valid(EXCLUSIONS)


def test_entries_that_break_a_rule_are_not() -> None:
    judge = validator("entry")
    refused = {case for case, (entry, _, _) in FAULTY.items() if not judge.is_valid(entry)}
    assert set(FAULTY) - refused == BEYOND


@pytest.mark.parametrize(
    "change",
    [
        {"where": {}},
        {"where": {"acounts": ["111122223333"]}},
        {"where": {"accounts": []}},
        {"where": {"accounts": ["12"]}},
        {"where": {"principals": ["bob"]}},
        {"where": {"role_paths": ["/"]}},
        {"where": {"resources": ["site"]}},
        {"reason": " "},
        {"until": "soon"},
        {"untill": "2026-12-31"},
    ],
)
def test_exclusions_that_are_refused_are_not(change: dict[str, Any]) -> None:
    sound = {"where": {"accounts": ["111122223333"]}, "reason": "x", "until": "2026-12-31"}
    judge = validator("exclusions")
    assert judge.is_valid({"root-login": [sound]})
    assert not judge.is_valid({"root-login": [{**sound, **change}]})


def test_samples_that_are_none_are_not() -> None:
    judge = validator("samples")
    sample = {"case": "x", "event": {}}
    assert judge.is_valid({"match": [sample]})
    refused: list[Any] = [{}, {"match": []}, {"match": [{}]}]
    for wrong in (*refused, {"match": [{**sample, "refused_by": "me"}]}):
        assert not judge.is_valid(wrong)


SAMPLE = {"case": "x", "event": {}}
EXCLUSION = {"where": {"accounts": ["111122223333"]}, "reason": "x", "until": "2026-12-31"}
SOUND = {
    "entry": changed(count={"by": "user", "at_least": 2, "minutes": 5}, attack=["T1562.008"]),
    "exclusions": {"root-login": [EXCLUSION], "*": []},
    "samples": {"match": [SAMPLE], "no_match": [{**SAMPLE, "refused_by": "pattern"}]},
}


def _broken(document: Any) -> Iterator[Any]:
    """A document with each of its values replaced by others, taken out, and added to."""
    yield from (None, True, 0, 101, 1.5, "", "x.", "A b", [], {}, [document], {"odd": document})
    if isinstance(document, dict):
        yield {**document, "odd_name": 1}
        for key, value in document.items():
            rest = {name: each for name, each in document.items() if name != key}
            yield rest
            yield {**rest, key.upper() + ".": value}
            yield from ({**document, key: each} for each in _broken(value))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            for each in _broken(value):
                yield [*document[:number], each, *document[number + 1 :]]


@pytest.mark.parametrize("name", NAMES)
def test_faults_in_words_are_those_that_jsonschema_finds(name: str) -> None:
    """Each place that jsonschema finds has a sentence, and no other place has."""
    judge, given = validator(name), schemas.schema(name)
    assert shape.faults(SOUND[name], given) == []
    cases = [*_broken(SOUND[name])]
    assert len(cases) > 100
    wrong = 0
    for document in cases:
        found = shape.faults(document, given)
        assert bool(found) is not judge.is_valid(document), (document, found)
        wrong += bool(found)
        for line in found:
            assert "[a-z" not in line, line
    assert wrong > 80


@pytest.mark.parametrize("name", NAMES)
def test_every_pattern_of_a_schema_is_told_in_words(name: str) -> None:
    text = schemas.text(name)
    assert text.count('"pattern": "') == text.count('"patternErrorMessage": "')


@pytest.mark.parametrize("name", NAMES)
def test_the_command_prints_the_file(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`make tables` writes the files of the types, so that neither is behind the other."""
    assert main(["detections", "schema", name]) == 0
    path: Path = FOLDER / "schema" / f"{name}.json"
    assert capsys.readouterr().out == path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["$id"].endswith(f"/{name}.json")
