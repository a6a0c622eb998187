"""`trailctl replay` with exclusions and entries of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.detections.own import OWN, own_record, write
from tests.unit.replay.events import ACCOUNT, record, session, zipped
from tests.unit.replay.test_command import report, rule, run

pytestmark = pytest.mark.unit
__all__ = ["run"]

Run = Callable[..., "tuple[int, str, str]"]
CI = f"arn:aws:iam::{ACCOUNT}:role/ci"
UNTIL = "2026-03-03"
EXCLUSIONS = {
    "iam-user-created": [
        {"where": {"principals": [CI]}, "reason": "tests make users", "until": UNTIL},
        {"where": {"accounts": ["444455556666"]}, "reason": "a sandbox", "until": UNTIL},
    ],
    "*": [
        {
            "where": {"source_ip_ranges": ["203.0.113.0/24"], "organizational_units": ["ou-1"]},
            "reason": "the yearly test",
            "until": "2026-12-31",
        }
    ],
}
UNITS = {"ou-1": [ACCOUNT, "444455556666"], "ou-2": []}


def made(time: str, **fields: Any) -> dict[str, Any]:
    return record("iam", "CreateUser", time, requestParameters={"userName": "bob"}, **fields)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    ci = session("ci", "run-7")
    return zipped(
        tmp_path / "x.json.gz",
        made("2026-03-02T08:00:00Z", userIdentity=ci),
        made("2026-03-03T23:59:59Z", userIdentity=ci),
        made("2026-03-04T00:00:00Z", userIdentity=ci),
        made("2026-03-04T08:00:00Z"),
        made("2026-03-04T09:00:00Z", sourceIPAddress="203.0.113.9"),
        record("cloudtrail", "StopLogging", sourceIPAddress="203.0.113.9"),
    )


@pytest.fixture
def files(tmp_path: Path) -> list[object]:
    exclusions, units = tmp_path / "exclusions.json", tmp_path / "units.json"
    exclusions.write_text(json.dumps(EXCLUSIONS))
    units.write_text(json.dumps(UNITS))
    return ["--exclusions", exclusions, "--organizational-units", units]


def test_what_exclusions_leave_alone_is_told_and_not_counted(
    run: Run, log: Path, files: list[object]
) -> None:
    narrow = ["--id", "iam-user-created", "--id", "trail-tamper"]
    bare = rule(report(run, *narrow, log), "iam-user-created")
    assert (bare["matches"], bare["alerts"], bare["excluded"]) == (5, 5, 0)
    found = report(run, *narrow, *files, log)
    user = rule(found, "iam-user-created")
    assert (user["matches"], user["alerts"], user["excluded"]) == (2, 2, 3)
    assert user["per_day"] == {"2026-03-04": 2}
    assert len(user["examples"]) == 2
    tamper = rule(found, "trail-tamper")
    assert (tamper["matches"], tamper["alerts"], tamper["excluded"]) == (0, 0, 1)
    assert found["never_fired"] == []
    by_name = {each["name"]: each for each in found["exclusions"]}
    assert {n: (e["matches"], e["ended"]) for n, e in by_name.items()} == {
        "iam-user-created[0]": (2, 1),
        "iam-user-created[1]": (0, 0),
        "*[0]": (2, 0),
    }
    assert by_name["*[0]"]["where"] == {
        "accounts": [ACCOUNT, "444455556666"],
        "source_ip_ranges": ["203.0.113.0/24"],
    }


def test_several_processes_leave_the_same_alone(run: Run, log: Path, files: list[object]) -> None:
    zipped(log.parent / "y.json.gz", made("2026-03-02T09:00:00Z", userIdentity=session("ci", "8")))
    one = report(run, "--id", "iam-user-created", *files, log.parent)
    two = report(run, "--id", "iam-user-created", *files, "--jobs", "2", log.parent)
    assert one == two
    assert rule(one, "iam-user-created")["excluded"] == 4


@pytest.mark.parametrize("kind", ["table", "html"])
def test_exclusions_are_shown(
    run: Run, log: Path, files: list[object], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    narrow = ["--id", "iam-user-created", "--id", "trail-tamper"]
    _, out, _ = run("replay", *narrow, *files, "--format", kind, log)
    assert "left 2 matches alone; it ended, and 1 more are not left alone" in out
    assert "iam-user-created[1] (a sandbox, until 2026-03-03): was never used" in out
    assert "1 more" in out
    assert "trail-tamper" in out


def test_a_finding_is_left_alone_and_no_match_that_is_none(run: Run, tmp_path: Path) -> None:
    exclusions = tmp_path / "exclusions.json"
    everybody = {"where": {"accounts": [ACCOUNT]}, "reason": "x", "until": "2026-12-31"}
    exclusions.write_text(json.dumps({"iam-key-for-other": [everybody]}))
    for_other = {"requestParameters": {"userName": "bob"}}
    for_oneself = {"requestParameters": {"userName": "alice"}}
    log = zipped(
        tmp_path / "x.json.gz",
        record("iam", "CreateAccessKey", "2026-03-02T08:00:00Z", **for_other),
        record("iam", "CreateAccessKey", "2026-03-02T09:00:00Z", **for_oneself),
    )
    found = rule(
        report(run, "--id", "iam-key-for-other", "--exclusions", exclusions, log),
        "iam-key-for-other",
    )
    assert (found["matches"], found["findings"], found["excluded"]) == (1, 0, 1)


def test_a_rule_whose_matches_are_all_left_alone_did_not_fire(run: Run, tmp_path: Path) -> None:
    exclusions = tmp_path / "exclusions.json"
    everybody = {"where": {"accounts": [ACCOUNT]}, "reason": "x", "until": "2026-12-31"}
    exclusions.write_text(json.dumps({"iam-user-created": [everybody]}))
    log = zipped(tmp_path / "x.json.gz", record("iam", "CreateUser", "2026-03-02T08:00:00Z"))
    for kind in ("table", "html"):
        narrow = ["--id", "iam-user-created", "--exclusions", exclusions, "--format", kind]
        _, out, _ = run("replay", *narrow, log)
        assert "0 of 1 rules fired" in " ".join(out.split())
        assert "1 more" in out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"where": {"principals": ["*"]}}, "which would leave everybody alone"),
        ({"where": {"principals": ["arn:aws:iam::*:role/*"]}}, "would leave everybody alone"),
        ({"where": {"principals": [f"arn:aws:iam::{ACCOUNT}:*"]}}, "leave everybody alone"),
        ({"where": {"principals": ["bob"]}}, 'principals[0] is "bob": write the ARN of'),
        ({"where": {"role_paths": ["/"]}}, "role_paths"),
        ({"where": {"accounts": ["12"]}}, "accounts"),
        ({"where": {"acounts": [ACCOUNT]}}, "where.acounts is not known: did you mean accounts?"),
        ({"where": {"source_ip_ranges": ["0.0.0.0/0"]}}, "of at least 8"),
        ({"where": {"source_ip_ranges": ["::/0"]}}, "of at least 8"),
        ({"where": {"source_ip_ranges": ["203.0.113.7"]}}, "write a CIDR block"),
        ({"where": {"source_ip_ranges": ["203.0.113.7/24"]}}, "has host bits set"),
        ({"where": {"resources": ["arn:aws:s3:::*"]}}, "leave everything alone"),
        ({"where": {"resources": ["arn:aws:kms:*:*:key/*"]}}, "leave everything alone"),
        ({"where": {"resources": ["site"]}}, "resources"),
        ({"where": {"organizational_units": ["ou-9"]}}, "ou-9 is no unit that is known"),
        ({"where": {}}, "where is an object with some of"),
        (
            {"where": {"accounts": []}},
            "accounts is []: write a list that is not empty, each an",
        ),
        ({"reason": " "}, "reason"),
        ({"until": "31.12.2026"}, "until"),
        ({"until": "2026-02-30"}, "write the last day"),
        ({"untill": "2026-12-31"}, "[0].untill is not known: did you mean until?"),
    ],
)
def test_exclusions_that_the_module_refuses(
    run: Run, log: Path, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    sound = {"where": {"accounts": [ACCOUNT]}, "reason": "x", "until": "2026-12-31"}
    path = tmp_path / "exclusions.json"
    path.write_text(json.dumps({"iam-user-created": [{**sound, **change}]}))
    code, _, err = run("replay", "--exclusions", path, log)
    assert code == 2
    assert words in err
    assert err.count("\n") == 1


def test_an_unknown_detection_and_what_is_no_json(run: Run, log: Path, tmp_path: Path) -> None:
    path = tmp_path / "exclusions.json"
    path.write_text('{"iam-user-creatd": []}')
    told = run("replay", "--exclusions", path, log)[2]
    assert "there is no detection iam-user-creatd (did you mean" in told
    path.write_text("{")
    assert "is no JSON" in run("replay", "--exclusions", path, log)[2]
    assert "can't be read" in run("replay", "--exclusions", tmp_path / "none", log)[2]


def test_exclusions_of_a_plan_are_honoured(run: Run, log: Path, tmp_path: Path) -> None:
    detection = {
        "id": "iam-user-created",
        "title": "An IAM user was made",
        "severity": "medium",
        "summary": {"input_paths": {}, "template": "x"},
        "exclusions": EXCLUSIONS["iam-user-created"],
    }
    pattern = {"source": ["aws.iam"], "detail": {"eventName": ["CreateUser"]}}
    template = f'{{"detection":{json.dumps(detection)},"event":<aws.events.event.json>}}'
    rows = [
        ("rule", {"name": "made", "event_pattern": json.dumps(pattern)}),
        (
            "target",
            {"rule": "made", "input_transformer": [{"input_template": template}]},
        ),
        ("target", {"rule": "made", "input_transformer": []}),
    ]
    resources = [
        {
            "address": f"x.{n}",
            "mode": "managed",
            "type": f"aws_cloudwatch_event_{kind}",
            "values": v,
        }
        for n, (kind, v) in enumerate(rows)
    ]
    plan = {"format_version": "1.2", "planned_values": {"root_module": {"resources": resources}}}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    found = report(run, "--plan", path, log)
    user = rule(found, "made")
    assert (user["severity"], user["title"]) == ("medium", "An IAM user was made")
    assert (user["matches"], user["excluded"]) == (3, 2)
    assert found["exclusions"][0]["matches"] == 2


def test_entries_of_ones_own_are_replayed(run: Run, tmp_path: Path) -> None:
    entry = write(tmp_path, OWN)
    log = zipped(tmp_path / "logs" / "x.json.gz", own_record())
    found = report(run, "--entries", entry, "--id", "user-tagged", "--id", "trail-tamper", log)
    assert rule(found, "user-tagged")["matches"] == 1
    assert [each["name"] for each in found["rules"]] == ["trail-tamper", "user-tagged"]
    folder = report(run, "--entries", entry.parent, log)
    assert rule(folder, "user-tagged")["severity"] == "low"
