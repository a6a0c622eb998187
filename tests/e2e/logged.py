"""What events need beside a configuration: a trail made by hand, events that no call makes."""

from __future__ import annotations

import json
from typing import Any

from localaws.client.control import Control
from tests.harness.applies import Stack
from tests.harness.local_aws import LocalAws
from tests.harness.mail import bodies


def trail(aws: LocalAws, account: str, region: str) -> None:
    """A multi-Region trail of the account that logs, with a bucket that admits it."""
    bucket, name = f"logs-{account}", "existing"
    source = {"aws:SourceArn": f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"}
    statement = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    objects = {
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{account}/*",
        "Condition": {"StringEquals": source | {"s3:x-amz-acl": "bucket-owner-full-control"}},
    }
    acl = {
        "Action": "s3:GetBucketAcl",
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"StringEquals": source},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement | acl, statement | objects]}
    s3 = aws.client("s3", account, region)
    where: dict[str, Any] = {"LocationConstraint": region}
    s3.create_bucket(
        Bucket=bucket, **({} if region == "us-east-1" else {"CreateBucketConfiguration": where})
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    trails = aws.client("cloudtrail", account, region)
    trails.create_trail(Name=name, S3BucketName=bucket, IsMultiRegionTrail=True)
    trails.start_logging(Name=name)


def emit(stack: Stack, *items: dict[str, Any], account: str | None = None) -> list[dict[str, Any]]:
    """Events that no API call makes, as `trailctl local emit` hands them in."""
    batch = [{"where": "test", "item": item} for item in items]
    body = {"items": batch, "account": account or stack.account, "region": None}
    answer = Control(stack.aws.port, stack.aws.token).post(
        "emit", {**body, "sign_in": "Sign In", "fresh": True}
    )
    assert stack.aws.drain()
    emitted: list[dict[str, Any]] = answer["emitted"]
    return emitted


def heard(stack: Stack, url: str) -> list[str]:
    """What the topic said to its queue."""
    return [body["Message"] for body in bodies(stack.client("sqs"), url)]
