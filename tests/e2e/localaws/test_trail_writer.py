"""What the local AWS writes for a trail is what the real AWS CLI takes for CloudTrail's."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.localaws.conftest import ACCOUNT, REGION, OwnAws
from tests.harness.tools import tool

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-local-aws")]

HOUR = 3600.0


def log_trail(own: OwnAws) -> tuple[str, str]:
    """A trail that logs, with validation; its ARN and bucket."""
    name = own.trail()
    trails = own.client("cloudtrail")
    trails.stop_logging(Name=name)
    trails.update_trail(Name=name, EnableLogFileValidation=True)
    trails.start_logging(Name=name)
    return f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}", f"log-{ACCOUNT}"


def objects(own: OwnAws, bucket: str) -> dict[str, dict[str, Any]]:
    s3 = own.client("s3")
    found = {}
    for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        answer = s3.get_object(Bucket=bucket, Key=each["Key"])
        found[each["Key"]] = answer | {"Body": answer["Body"].read()}
    return found


def stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def validated(own: OwnAws, arn: str, since: datetime, until: datetime, region: str = REGION) -> str:
    """What the real CLI says."""
    flags = ["--trail-arn", arn, "--start-time", stamp(since), "--end-time", stamp(until)]
    done = subprocess.run(
        [*tool("awscli", "aws"), "--region", region, "cloudtrail", "validate-logs", *flags],
        env={**own.aws.environment, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_real_cli_validates_what_was_written(own: OwnAws) -> None:
    arn, _ = log_trail(own)
    begun = own.aws.now()
    own.client("sqs").create_queue(QueueName="first")
    own.client("sqs", region="eu-west-1").create_queue(QueueName="second")
    own.aws.advance(2 * HOUR + 60)
    own.client("sqs").create_queue(QueueName="third")
    own.aws.advance(HOUR)

    until = begun + timedelta(hours=3)
    said = validated(own, arn, begun, until)
    assert "3/3 digest files valid" in said
    assert "2/2 log files valid" in said
    said = validated(own, arn, begun, until, "eu-west-1")
    assert "3/3 digest files valid" in said
    assert "1/1 log files valid" in said

    ours = subprocess.run(
        [sys.executable, "-m", "trailctl", "validate-logs", "--trail-arn", arn, "--all-regions",
         "--start-time", stamp(begun), "--end-time", stamp(until), "--format", "json"],
        env={**own.variables, **own.aws.environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )  # fmt: skip
    report = json.loads(ours.stdout)
    assert [each["region"] for each in report["reports"]] == ["eu-west-1", "us-east-1"]
    assert [each["objects"] for each in report["reports"]] == [
        {"digest": {"valid": 3}, "log": {"valid": 1}},
        {"digest": {"valid": 3}, "log": {"valid": 2}},
    ]
    assert [finding for each in report["reports"] for finding in each["findings"]] == []


def test_files_look_like_cloudtrails(own: OwnAws) -> None:
    _, bucket = log_trail(own)
    own.client("sqs").create_queue(QueueName="first")
    own.aws.advance(HOUR + 60)

    found = objects(own, bucket)
    digests = [key for key in found if "CloudTrail-Digest" in key]
    logs = [key for key in found if "CloudTrail-Digest" not in key]
    folder = rf"AWSLogs/{ACCOUNT}/CloudTrail(?:-Digest)?/{REGION}/\d{{4}}/\d\d/\d\d/{ACCOUNT}_"
    for key in logs:
        assert re.fullmatch(
            folder + rf"CloudTrail_{REGION}_\d{{8}}T\d{{4}}Z_\w{{16}}\.json\.gz", key
        )
    for key in digests:
        assert re.fullmatch(
            folder + rf"CloudTrail-Digest_{REGION}_all_{REGION}_\d{{8}}T\d{{6}}Z\.json\.gz", key
        )
        assert found[key]["Metadata"]["signature-algorithm"] == "SHA256withRSA"
        assert re.fullmatch(r"[0-9a-f]{512}", found[key]["Metadata"]["signature"])
    assert {answer["ServerSideEncryption"] for answer in found.values()} == {"AES256"}
    records = [
        record
        for key in logs
        for record in json.loads(gzip.decompress(found[key]["Body"]))["Records"]
    ]
    assert "CreateQueue" in {record["eventName"] for record in records}
    assert "StartLogging" in {record["eventName"] for record in records}


def test_a_chain_ends_with_logging_and_begins_anew(own: OwnAws) -> None:
    arn, bucket = log_trail(own)
    begun, trails = own.aws.now(), own.client("cloudtrail")
    own.aws.advance(1.5 * HOUR)
    trails.stop_logging(Name="all")
    own.aws.advance(2 * HOUR)
    trails.start_logging(Name="all")
    own.aws.advance(HOUR)

    documents = [
        json.loads(gzip.decompress(answer["Body"]))
        for key, answer in sorted(objects(own, bucket).items())
        if f"CloudTrail-Digest/{REGION}" in key
    ]
    # An earlier session of a moment, made when the trail was set up, had no validation.
    assert len(documents) == 3
    first, final, anew = documents
    assert [each["previousDigestSignature"] is None for each in documents] == [True, False, True]
    assert final["previousDigestS3Object"] == first["digestS3Object"]
    lasted = datetime.fromisoformat(final["digestEndTime"]) - datetime.fromisoformat(
        final["digestStartTime"]
    )
    assert timedelta(minutes=29) < lasted < timedelta(minutes=31)
    assert "StopLogging" in {
        record["eventName"]
        for entry in final["logFiles"]
        for record in json.loads(
            gzip.decompress(
                own.client("s3").get_object(Bucket=bucket, Key=entry["s3Object"])["Body"].read()
            )
        )["Records"]
    }
    said = validated(own, arn, begun, begun + timedelta(hours=4.5))
    assert "No log files were delivered by CloudTrail between" in said
    assert len(anew["logFiles"]) == 1


def test_without_validation_there_are_no_digests(own: OwnAws) -> None:
    own.trail()
    own.client("sqs").create_queue(QueueName="first")
    own.aws.advance(2 * HOUR)
    keys = objects(own, f"log-{ACCOUNT}")
    assert keys
    assert not any("Digest" in key for key in keys)
