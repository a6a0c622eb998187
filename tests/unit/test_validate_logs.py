"""`trailctl validate-logs`: flags, exit codes, what it prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from tests.e2e.localaws import tampering
from tests.e2e.localaws.tampering import ARN, MEMBER, SHARD, digest
from tests.harness.object_store import ObjectStore, served
from trailctl.cli import main

pytestmark = pytest.mark.unit

RANGE = ["--start-time", "2026-01-10T01:30:00Z", "--end-time", "2026-01-10T09:00:00Z"]
TRAIL = ["validate-logs", "--trail-arn", ARN, *RANGE, "--concurrency", "4"]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    made = tampering.trail()
    made.trails = [{"TrailARN": ARN, "S3BucketName": SHARD.bucket}]
    with served(made):
        for name, value in made.environment().items():
            monkeypatch.setenv(name, value)
        yield made


def test_a_proven_range(store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(TRAIL) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith(f"Validating log files for trail {ARN} between 2026-01-10T01:30:00Z")
    assert "9/9 digest files valid\n108/108 log files valid\n" in said.out
    assert said.out.endswith("PROVEN: 7.5 hours of 1 Region\n")
    assert store.requests["DescribeTrails"] == 1


def test_verbose_names_every_file(store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*TRAIL, "--verbose"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"Digest file\ts3://{SHARD.bucket}/{digest(5)}\tvalid" in lines
    assert sum(line.startswith("Log file\ts3://") for line in lines) == 108
    assert store.requests["get"] == 117


def test_what_is_not_proven_is_on_standard_error(
    store: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.delete(SHARD.bucket, digest(5))
    assert main(TRAIL) == 1
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        f"Digest file\ts3://{SHARD.bucket}/{digest(5)}\tINVALID: missing: "
        "the digest after it names it",
        "2026-01-10T04:00:00Z to 2026-01-10T05:00:00Z\tgap: 1 digest is missing",
    ]
    assert "8/9 digest files valid, 1/9 digest files INVALID" in said.out
    assert "NOT PROVEN" in said.out


def test_json(store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    store.delete(SHARD.bucket, digest(5))
    assert main([*TRAIL, "--format", "json", "--all-regions"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["proven"], said["errors"]) == (False, [])
    (report,) = said["reports"]
    assert report["objects"]["digest"] == {"missing": 1, "valid": 8}
    assert [each["verdict"] for each in report["intervals"]] == ["covered", "gap", "covered"]


def test_junit(store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    store.delete(SHARD.bucket, digest(5))
    assert main([*TRAIL, "--format", "junit"]) == 1
    (suite,) = ElementTree.fromstring(capsys.readouterr().out)
    assert suite.attrib == {"name": "111122223333 us-east-1", "tests": "6", "failures": "2"}
    assert [each.attrib["type"] for each in suite.iter("failure")] == ["gap", "missing"]


def test_a_region_that_can_not_be_read_does_not_hide_the_others(
    store: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.fail("", "ListPublicKeys", "denied")
    assert main(TRAIL) == 1
    assert "account 111122223333, us-east-1: AccessDeniedException" in capsys.readouterr().err


def organization(monkeypatch: pytest.MonkeyPatch, made: ObjectStore) -> None:
    tampering.organization(made)
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "flags",
    [
        ["--account-id", MEMBER.account],
        ["--all-accounts"],
        ["--all-accounts", "--organization-id", "o-exampleorgid"],
        ["--account-id", MEMBER.account, "--s3-bucket", SHARD.bucket, "--s3-prefix",
         "central/logs"],
        ["--all-accounts", "--all-regions", "--s3-bucket", SHARD.bucket, "--s3-prefix",
         "/central/logs/"],
    ],
    ids=["account", "all", "id", "bucket", "all in bucket"],
)  # fmt: skip
def test_an_organization_trail(
    flags: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(tampering.trail(MEMBER)) as made:
        organization(monkeypatch, made)
        assert main([*TRAIL, *flags]) == 0
    assert "PROVEN: 7.5 hours of 1 Region" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--trail-arn", "main"], "main is no trail's ARN: give one such as arn:aws:cloudtrail:us"),
        (
            ["--trail-arn", "arn:aws:cloudtrail:us-east-1:111122223333:trail/ab"],
            "its name, ab, is under 3 characters",
        ),
        (["--trail-arn", ARN.replace("main_", "other_")], "there is no trail"),
        (["--start-time", "yesterday-ish"], "is no time"),
        (["--start-time", "2999-01-01"], "must not be after the end time"),
        (["--account-id", "12"], "12 is no account id"),
        (["--region", "moon"], "moon is no Region"),
        (["--organization-id", "x"], "x is no organization's id"),
        (["--replica", "one"], "names no two buckets"),
        (["--stale-after", "soon"], "soon is no duration"),
        (["--profile", "nobody"], "nobody"),
    ],
)
def test_wrong_use(
    store: ObjectStore, capsys: pytest.CaptureFixture[str], flags: list[str], told: str
) -> None:
    assert main([*TRAIL, *flags]) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert said.err.startswith("trailctl: ")
    assert said.err.count("\n") == 1
    assert store.requests["get"] == 0


def test_an_organization_trail_needs_an_account(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(tampering.trail(MEMBER)) as made:
        organization(monkeypatch, made)
        assert main(TRAIL) == 2
    assert "--account-id, or give --all-accounts" in capsys.readouterr().err


def test_help_says_where_it_is_stricter(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["validate-logs", "--help"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    for flag in ("--trail-arn", "--start-time", "--end-time", "--s3-bucket", "--s3-prefix",
                 "--account-id", "--verbose"):  # fmt: skip
        assert flag in said
    assert "stricter than the AWS CLI's validate-logs, on purpose" in said


def test_offsets_count(store: ObjectStore, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--start-time", "2026-01-10T03:30:00+02:00", "--end-time", "2026-01-10 09:00"]
    assert main([*TRAIL, *flags]) == 0
    assert "between 2026-01-10T01:30:00Z and 2026-01-10T09:00:00Z" in capsys.readouterr().out
    assert store.requests["get"] == 117
