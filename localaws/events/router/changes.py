"""Which API calls change what the router has read: rules, or the rights to deliver."""

from __future__ import annotations

from typing import Literal

Touched = Literal["rules", "grants"]

_READS = ("Describe", "Get", "List", "Lookup", "Test", "Search", "Filter", "Batch", "Check")

# Calls that use a resource and leave it as it is.
_USES: dict[str, frozenset[str]] = {
    "events": frozenset({"PutEvents", "PutPartnerEvents"}),
    "lambda": frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"}),
    "sns": frozenset(
        {"Publish", "PublishBatch", "Subscribe", "Unsubscribe", "ConfirmSubscription"}
    ),
    "sqs": frozenset(
        {
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
            "DeleteMessage",
            "DeleteMessageBatch",
            "PurgeQueue",
            "ReceiveMessage",
            "SendMessage",
            "SendMessageBatch",
        }
    ),
    "logs": frozenset({"CreateLogStream", "DeleteLogStream", "PutLogEvents", "StartQuery"}),
    "kms": frozenset(
        {
            "Decrypt",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext",
            "GenerateMac",
            "GenerateRandom",
            "ReEncrypt",
            "Sign",
            "Verify",
            "VerifyMac",
        }
    ),
}


def touched(service: str, operation: str) -> Touched | None:
    """What a call changes, for botocore's service and operation names; None for neither."""
    if operation.startswith(_READS):
        return None
    if service == "events":
        return None if operation in _USES["events"] else "rules"
    if service in ("cloudformation", "cloudcontrol"):
        return "rules"
    if service == "iam" or (service in _USES and operation not in _USES[service]):
        return "grants"
    return None
