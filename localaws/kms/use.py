"""May a service use the key of a queue or a topic? Asked of the key and its policy, by the API.

A service that sends to an encrypted queue or topic makes a data key and decrypts with it in its own
name: the key's policy admits the service, or nothing arrives. A key of AWS's own admits nobody.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError

from localaws.iam.policy import Context, PolicyError, Principal, evaluate

_KINDS = {"sqs": ("queue", "aws:sqs:arn"), "sns": ("topic", "aws:sns:topicArn")}


class Clients(Protocol):
    def client(self, service: str, account: str, region: str) -> Any: ...


class KeyRefusedError(Exception):
    """Why the service can't use the key; `missing`: there is no such key."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.missing = missing


def ensure_usable(
    aws: Clients, key: str, user: str, who: str, context: Context, hint: str = ""
) -> None:
    """Raise KeyRefusedError unless the service `who` may use the key of the queue or topic `user`.

    `key`: an id, an ARN or an alias, as the queue or topic names it. `context`: the condition keys
    that the service hands on to KMS. `hint`: what else to say of the statement that is wanted.
    """
    service, region, account = user.split(":")[2:5]
    what, context_key = _KINDS[service]
    managed = KeyRefusedError(
        f"{what} {user} is encrypted with an AWS managed key, which {_NAMES.get(who, who)} can't "
        f"use: give it a customer managed key whose policy allows {who}"
    )
    if key.removeprefix("alias/").startswith("aws/") or ":alias/aws/" in key:
        raise managed
    if key.startswith("arn:"):
        region_of_key, account_of_key = key.split(":")[3:5]
    else:
        region_of_key, account_of_key = region, account
    kms = aws.client("kms", account_of_key, region_of_key)
    try:
        metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        raise KeyRefusedError(f"key {key} of {what} {user} does not exist", missing=True) from None
    if metadata.get("KeyManager") == "AWS":
        raise managed
    if metadata.get("KeyState", "Enabled") != "Enabled":
        raise KeyRefusedError(
            f"key {metadata['Arn']} of {what} {user} is {metadata['KeyState']}: it must be Enabled"
        )
    policy = kms.get_key_policy(KeyId=metadata["KeyId"], PolicyName="default")["Policy"]
    asked: Context = {
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": who,
        "kms:ViaService": f"{service}.{region}.amazonaws.com",
        f"kms:EncryptionContext:{context_key}": user,
        "kms:EncryptionContextKeys": [context_key],
        **context,
    }
    where = f"the policy of the key of {what} {user}: allow kms:Decrypt and kms:GenerateDataKey*"
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        _ensure(policy, who, action, metadata["Arn"], asked, where + hint)


_NAMES: Mapping[str, str] = {
    "cloudwatch.amazonaws.com": "CloudWatch",
    "events.amazonaws.com": "EventBridge",
    "sns.amazonaws.com": "SNS",
}


def _ensure(policy: str, who: str, action: str, key: str, context: Context, where: str) -> None:
    try:
        decision = evaluate(
            policy, principal=Principal.service(who), action=action, resource=key, context=context
        )
    except PolicyError as error:
        raise KeyRefusedError(f"a policy on the way can't be read: {error}") from None
    if not decision.allowed:
        raise KeyRefusedError(f"{who} may not {action} on {key}: {decision.why} {where}")
