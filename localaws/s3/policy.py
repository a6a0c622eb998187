"""Bucket policies: who and what they may name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from localaws.iam.principals import Wording, check_policy
from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import need

_WORDING = Wording(
    "MalformedPolicy", "Invalid principal in policy", "This policy contains invalid Json"
)


@gap.refuses("s3", "PutBucketPolicy")
def _bucket_policy(call: Call) -> None:
    policy = call.request.body.decode("utf-8", "replace")
    document = check_policy(call, policy, _WORDING)
    bucket = f"arn:aws:s3:::{call.parameters.get('Bucket')}"
    statements = document.get("Statement") or ()
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        resources = statement.get("Resource") or statement.get("NotResource") or ()
        for resource in [resources] if isinstance(resources, str) else resources:
            need(
                resource.partition("/")[0] == bucket or _covers(resource, bucket),
                "MalformedPolicy",
                "Policy has invalid resource",
            )


def _covers(pattern: str, bucket: str) -> bool:
    """Whether a resource with wildcards reaches the bucket or its objects."""
    head = pattern.partition("/")[0]
    if "*" not in head and "?" not in head:
        return False
    expression = re.escape(head).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, bucket) is not None
