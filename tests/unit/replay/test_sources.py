"""Events out of S3 and of LookupEvents, with AWS's answers put in their place."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.stub import Stubber

from tests.unit.replay.events import body, record
from trailctl.errors import UsageError
from trailctl.replay import sources
from trailctl.replay.scan import normalised

pytestmark = pytest.mark.unit


@pytest.fixture
def client() -> Any:
    """Makes clients that reach nobody."""
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "eu-west-1"}
    config = Config(retries={"total_max_attempts": 1})
    make: Any = boto3.client
    return lambda service: make(service, config=config, **keys)


def streamed(data: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(data), len(data))


def test_an_s3_prefix(client: Any) -> None:
    s3, text = client("s3"), gzip.compress(body(record("ec2", "X")))
    keys = ["AWSLogs/1/CloudTrail/a.json.gz", "AWSLogs/1/CloudTrail/b.json"]
    listed = [
        {"Key": keys[0], "Size": len(text)},
        {"Key": "AWSLogs/1/CloudTrail-Digest/d.json.gz", "Size": 1},
        {"Key": "AWSLogs/1/readme.txt", "Size": 1},
        {"Key": keys[1], "Size": 7},
    ]
    with Stubber(s3) as stub:
        asked = {"Bucket": "logs", "Prefix": "AWSLogs/"}
        stub.add_response("list_objects_v2", {"Contents": listed, "IsTruncated": False}, asked)
        objects = sources.s3_objects(s3, "s3://logs/AWSLogs/")
        assert objects == [(keys[0], len(text)), (keys[1], 7)]
        stub.add_response(
            "get_object", {"Body": streamed(text)}, {"Bucket": "logs", "Key": keys[0]}
        )
        [chunk] = sources.s3_chunks(s3, "s3://logs/AWSLogs/", objects[:1])
        assert (chunk.name, chunk.data) == (f"s3://logs/{keys[0]}", text)
        stub.add_client_error("get_object", "InvalidObjectState", "it is in Glacier")
        [chunk] = sources.s3_chunks(s3, "s3://logs/AWSLogs/", objects[1:])
        assert chunk.data is None
        assert "it is in Glacier" in chunk.error


def test_a_bucket_that_cannot_be_listed_or_is_empty(client: Any) -> None:
    s3 = client("s3")
    with Stubber(s3) as stub:
        stub.add_client_error("list_objects_v2", "AccessDenied", "not for you")
        with pytest.raises(UsageError, match=r"s3://logs/x can't be listed: .*not for you"):
            sources.s3_objects(s3, "s3://logs/x")
        stub.add_response("list_objects_v2", {"IsTruncated": False})
        with pytest.raises(UsageError, match=r"s3://logs holds no log files"):
            sources.s3_objects(s3, "s3://logs")


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
    found = [json.loads(normalised(chunk.data or b""))["Records"] for chunk in chunks]
    assert found == [[first], [second]]


def test_events_that_cannot_be_looked_up(client: Any) -> None:
    cloudtrail = client("cloudtrail")
    with Stubber(cloudtrail) as stub:
        stub.add_client_error("lookup_events", "AccessDeniedException", "not for you")
        with pytest.raises(UsageError, match=r"events can't be looked up: .*not for you"):
            list(sources.looked_up(cloudtrail, None, None))
