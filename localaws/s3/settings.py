"""Lifecycle and encryption of buckets: what AWS refuses of them.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from localaws.wire import gap
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need

_ACTIONS = (
    "AbortIncompleteMultipartUpload",
    "Expiration",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "Transitions",
)
_IN_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}


def _malformed() -> RefusalError:
    return RefusalError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


@gap.refuses("s3", "PutBucketLifecycleConfiguration")
def _lifecycle(call: Call) -> None:
    rules = (call.parameters.get("LifecycleConfiguration") or {}).get("Rules") or ()
    if not rules or len(rules) > 1000:
        raise _malformed()
    ids = [str(rule["ID"]) for rule in rules if rule.get("ID")]
    need(
        len(ids) == len(set(ids)),
        "InvalidArgument",
        "Rule ID must be unique. Found same ID for more than one rule",
    )
    need(
        all(len(name) <= 255 for name in ids),
        "InvalidArgument",
        "ID length should not exceed allowed limit of 255",
    )
    for rule in rules:
        _rule(rule)


def _rule(rule: Mapping[str, Any]) -> None:
    if rule.get("Status") not in ("Enabled", "Disabled"):
        raise _malformed()
    if (rule.get("Filter") is None) == (rule.get("Prefix") is None):
        raise _malformed()
    need(
        any(rule.get(action) for action in _ACTIONS),
        "InvalidRequest",
        "At least one action needs to be specified in a rule",
    )
    expiration = rule.get("Expiration") or {}
    if len([k for k in ("Date", "Days", "ExpiredObjectDeleteMarker") if k in expiration]) > 1:
        raise _malformed()
    transitions = list(rule.get("Transitions") or ())
    for action in [expiration, *transitions]:
        when = action.get("Date")
        need(
            not isinstance(when, datetime) or when.time() == time(),
            "InvalidArgument",
            "'Date' must be at midnight GMT",
        )
    need(
        int(expiration.get("Days", 1)) > 0,
        "InvalidArgument",
        "'Days' for Expiration action must be a positive integer",
    )
    for transition in transitions:
        days, kind = transition.get("Days"), str(transition.get("StorageClass"))
        if days is None:
            continue
        need(
            int(days) >= _IN_DAYS.get(kind, 0),
            "InvalidArgument",
            "'Days' in Transition action must be greater than or equal to "
            f"{_IN_DAYS.get(kind, 0)} for storageClass '{kind}'",
        )
        need(
            int(expiration.get("Days", int(days) + 1)) > int(days),
            "InvalidArgument",
            "'Days' in the Expiration action for filter must be greater than 'Days' in the "
            "Transition action",
        )


@gap.refuses("s3", "PutBucketEncryption")
def _encryption(call: Call) -> None:
    configuration = call.parameters.get("ServerSideEncryptionConfiguration") or {}
    rules = list(configuration.get("Rules") or ())
    if len(rules) != 1:
        raise _malformed()
    default = rules[0].get("ApplyServerSideEncryptionByDefault") or {}
    kind = default.get("SSEAlgorithm")
    if default and kind not in ("AES256", "aws:kms", "aws:kms:dsse"):
        raise _malformed()
    need(
        not default.get("KMSMasterKeyID") or kind in ("aws:kms", "aws:kms:dsse"),
        "InvalidArgument",
        "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or "
        "aws:kms:dsse",
    )
