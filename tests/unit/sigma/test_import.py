"""Entries of Sigma rules: what they carry, and the command that makes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.sigma.test_meaning import imported, rule, takes
from trailctl import extra
from trailctl.cli import main
from trailctl.errors import UsageError

pytestmark = pytest.mark.unit


def whole(**more: Any) -> dict[str, Any]:
    given = rule(selection={"eventSource": "ses.amazonaws.com", "eventName": "DeleteIdentity"})
    return {
        **given,
        "id": "0f1b3ed4-9d5c-4f0e-8a1c-6d4f4d8c2a11",
        "title": "A Mail Identity Was Deleted.",
        "description": "Somebody deletes\n  an identity",
        "author": "Ada L.",
        "tags": ["attack.defense-evasion", "attack.t1070", "attack.t1562.008", "cve.2020-1"],
        "falsepositives": ["Clean-up by its owner.", "Unknown"],
        "level": "informational",
        **more,
    }


def test_what_an_entry_carries() -> None:
    entry = imported(whole()).entry
    assert entry["id"] == "sigma-rule"
    assert entry["title"] == "A Mail Identity Was Deleted"
    assert entry["severity"] == "info"
    assert entry["why"] == "Somebody deletes an identity."
    assert entry["attack"] == ["T1070", "T1562.008"]
    assert entry["runbook"].endswith("that the rule names: Clean-up by its owner.")
    assert entry["source"] == {
        "title": "A Mail Identity Was Deleted.",
        "id": "0f1b3ed4-9d5c-4f0e-8a1c-6d4f4d8c2a11",
        "author": "Ada L.",
        "license": "DRL-1.1",
    }
    assert imported(whole(license="MIT")).entry["source"]["license"] == "MIT"


@pytest.mark.parametrize(
    ("selection", "field", "value"),
    [
        ({"eventName": "DeleteUser"}, "read_only", False),
        ({"eventName": "ListUsers"}, "read_only", True),
        # CloudTrail says that these read.
        ({"eventName": "AssumeRoleWithSAML"}, "read_only", True),
        ({"eventSource": "iam.amazonaws.com"}, "read_only", True),
        ({"eventSource": "iam.amazonaws.com"}, "regions", "global"),
        ({"eventSource": ["iam.amazonaws.com", "ec2.amazonaws.com"]}, "regions", "every"),
        ({"eventName": "A", "errorCode": None}, "failures", "excluded"),
        ({"eventName": "A", "errorCode|exists": False}, "failures", "excluded"),
        ({"eventName": "A", "errorCode": "AccessDenied"}, "failures", "only"),
        ({"eventName": "A", "errorCode": "*"}, "failures", "only"),
        ({"eventName": "A", "errorCode": ["AccessDenied", None]}, "failures", "included"),
        ({"eventName": "A"}, "failures", "included"),
    ],
)
def test_what_follows_from_the_condition(
    selection: dict[str, Any], field: str, value: object
) -> None:
    assert imported(rule(selection=selection)).entry[field] == value


def test_samples_are_made_from_the_rule() -> None:
    made = imported(
        rule(
            "selection and not other",
            selection={
                "eventName": "ConsoleLogin",
                "responseElements.ConsoleLogin": "Success",
                "sourceIPAddress|cidr": "10.0.0.0/8",
                "requestParameters.size|gt": 4,
                "requestParameters.text|cased": "a*b",
            },
            other={"userAgent": "curl"},
        )
    )
    (hit,) = made.samples["match"]
    assert takes(made.entry, hit["event"])
    assert {miss["case"] for miss in made.samples["no_match"]} == {
        "another call",
        "an event that somebody made up",
    }
    for miss in made.samples["no_match"]:
        assert not takes(made.entry, miss["event"])


def written(folder: Path, name: str, *rules: dict[str, Any]) -> str:
    path = folder / name
    path.write_text("---\n".join(yaml.safe_dump(each, sort_keys=False) for each in rules))
    return str(path)


def test_import_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detections", "import", "--sigma", written(tmp_path, "aws_x.yml", whole())]) == 0
    entry = json.loads(capsys.readouterr().out)
    assert entry["id"] == "sigma-x"


def test_import_of_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rules").mkdir()
    written(tmp_path / "rules", "aws_cloudtrail_good.yml", whole())
    written(tmp_path / "rules", "two.yml", whole(id=None), whole(id=None))
    written(tmp_path / "rules", "bad.yml", rule(selection={"userAgent|re": "x"}))
    out = tmp_path / "out"
    assert (
        main(["detections", "import", "--sigma", str(tmp_path / "rules"), "--out", str(out)]) == 1
    )
    names = ["sigma-good.json", "sigma-two-1.json", "sigma-two-2.json"]
    assert sorted(path.name for path in out.glob("*.json")) == names
    assert sorted(path.name for path in (out / "samples").iterdir()) == names
    told = capsys.readouterr().err
    assert "bad.yml: refused (regular expression): userAgent: EventBridge has none" in told
    assert "3 imported, 1 refused" in told
    # They are what `test` takes.
    assert main(["detections", "test", str(out)]) == 0


def test_names_that_are_alike_when_shortened(tmp_path: Path) -> None:
    for last in ("one", "two"):
        written(tmp_path, f"aws_security_group_change_of_something_{last}.yml", whole())
    assert main(["detections", "import", "--sigma", str(tmp_path), "--out", str(tmp_path)]) == 0
    made = sorted(path.stem for path in tmp_path.glob("*.json"))
    assert made == [
        "sigma-security-group-change-of-2",
        "sigma-security-group-change-of-something",
    ]
    assert main(["detections", "test", str(tmp_path)]) == 0


def test_a_correlation_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counted = {
        "title": "Many",
        "correlation": {
            "type": "event_count",
            "rules": ["one"],
            "group-by": ["userIdentity.arn"],
            "timespan": "10m",
            "condition": {"gte": 5},
        },
    }
    path = written(tmp_path, "many.yml", whole(name="one"), counted)
    assert main(["detections", "import", "--sigma", path]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["id"] == "sigma-many-1"
    assert "refused (correlation)" in captured.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: x\n", "is no Sigma rule"),
        ("[", "is no Sigma rule"),
        ("", "holds no Sigma rule"),
        ("just a text", "is no Sigma rule"),
    ],
)
def test_what_is_no_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    path = tmp_path / "x.yml"
    path.write_text(text)
    assert main(["detections", "import", "--sigma", str(path)]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detections", "import", "--sigma", "nowhere.yml"]) == 2
    assert "nowhere.yml can't be read" in capsys.readouterr().err


def test_without_pysigma_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pySigma is not installed .*reactor\[sigma\]"):
        extra.need_sigma()
