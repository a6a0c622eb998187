"""A trail's files, into its bucket."""

from __future__ import annotations

from localaws.cloudtrail.trailwriter import Stored
from localaws.wire.clients import InProcessClients


def deliver(
    aws: InProcessClients, account: str, region: str, stored: Stored, kms_key: str | None
) -> None:
    """Put a file as CloudTrail does: encrypted, and past the recorder."""
    encryption = (
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
        if kms_key
        else {"ServerSideEncryption": "AES256"}
    )
    aws.client("s3", account, region).put_object(
        Bucket=stored.bucket,
        Key=stored.key,
        Body=stored.body,
        ACL="bucket-owner-full-control",
        ContentEncoding="gzip",
        ContentType="application/json",
        Metadata=dict(stored.metadata),
        **encryption,
    )
