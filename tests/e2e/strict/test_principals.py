"""Policies that name principals: in every service, whoever is named must exist."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.strict.support import Account, allow, policy, refused, trusts

pytestmark = pytest.mark.e2e

Put = Callable[[Account, Any], None]


def _bucket(account: Account, principal: Any) -> None:
    bucket = account.bucket()
    document = policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal=principal))
    account.client("s3").put_bucket_policy(Bucket=bucket, Policy=document)


def _key_statements(account: Account, principal: Any) -> str:
    root = allow("kms:*", Principal={"AWS": account.arn("iam", "root")})
    return policy(root, allow("kms:Decrypt", Principal=principal))


def _new_key(account: Account, principal: Any) -> None:
    account.client("kms").create_key(Policy=_key_statements(account, principal))


def _key(account: Account, principal: Any) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=_key_statements(account, principal))


def _new_role(account: Account, principal: Any) -> None:
    account.client("iam").create_role(RoleName="new", AssumeRolePolicyDocument=trusts(principal))


def _role(account: Account, principal: Any) -> None:
    account.role("old", {"Service": "lambda.amazonaws.com"})
    account.client("iam").update_assume_role_policy(
        RoleName="old", PolicyDocument=trusts(principal)
    )


def _new_topic(account: Account, principal: Any) -> None:
    document = policy(allow("sns:Publish", account.arn("sns", "new"), Principal=principal))
    account.client("sns").create_topic(Name="new", Attributes={"Policy": document})


def _topic(account: Account, principal: Any) -> None:
    sns = account.client("sns")
    arn = sns.create_topic(Name="old")["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=arn,
        AttributeName="Policy",
        AttributeValue=policy(allow("sns:Publish", arn, Principal=principal)),
    )


def _new_queue(account: Account, principal: Any) -> None:
    document = policy(allow("sqs:SendMessage", account.arn("sqs", "new"), Principal=principal))
    account.client("sqs").create_queue(QueueName="new", Attributes={"Policy": document})


def _queue(account: Account, principal: Any) -> None:
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName="old")["QueueUrl"]
    document = policy(allow("sqs:SendMessage", account.arn("sqs", "old"), Principal=principal))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})


KMS = (
    "MalformedPolicyDocumentException",
    "Policy contains a statement with one or more invalid principals.",
)
IAM = ("MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"{}"')
SNS = ("InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound")
SQS = ("InvalidAttributeValue", "Invalid value for the parameter Policy.")
PLACES: dict[Put, tuple[str, str]] = {
    _bucket: ("MalformedPolicy", "Invalid principal in policy"),
    _new_key: KMS,
    _key: KMS,
    _new_role: IAM,
    _role: IAM,
    _new_topic: SNS,
    _topic: SNS,
    _new_queue: SQS,
    _queue: SQS,
}
each_place = pytest.mark.parametrize("put", PLACES, ids=lambda put: put.__name__.strip("_"))


@each_place
def test_whoever_does_not_exist(account: Account, other: Account, put: Put) -> None:
    account.role("here", {"Service": "lambda.amazonaws.com"}, Path="/team/")
    code, sentence = PLACES[put]
    for ghost in (
        account.arn("iam", "role/ghost"),
        account.arn("iam", "user/ghost"),
        account.arn("iam", "role/here"),  # it is in /team/
        other.arn("iam", "role/here"),
        account.arn("iam", "role/*"),
        f"arn:aws:sts::{account.number}:assumed-role/ghost/session",
        "1234",
        "ana",
    ):
        with refused(code, sentence.replace("{}", ghost)):
            put(account, {"AWS": ghost})
        _clean(account)


def _clean(account: Account) -> None:
    """Room for the next attempt, where the first made something before it was refused."""
    for role in account.client("iam").list_roles()["Roles"]:
        if role["RoleName"] in ("old", "new"):
            account.client("iam").delete_role(RoleName=role["RoleName"])


@each_place
def test_whoever_exists(account: Account, other: Account, put: Put) -> None:
    account.user("ana")
    role = account.role("here", {"Service": "lambda.amazonaws.com"}, Path="/team/")
    far = other.role("there", {"Service": "lambda.amazonaws.com"})
    put(
        account,
        {
            "AWS": [
                account.arn("iam", "user/ana"),
                role,
                far,
                account.arn("iam", "root"),
                "111122223333",
                f"arn:aws:sts::{account.number}:assumed-role/here/session",
            ],
            "Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"],
        },
    )


@each_place
def test_a_service_that_is_none(account: Account, put: Put) -> None:
    with refused(PLACES[put][0]):
        put(account, {"Service": "events"})


def test_bucket_policies_that_are_none(account: Account) -> None:
    s3, bucket = account.client("s3"), account.bucket()
    with refused("MalformedPolicy", "This policy contains invalid Json"):
        s3.put_bucket_policy(Bucket=bucket, Policy="not json")
    elsewhere = allow("s3:GetObject", "arn:aws:s3:::elsewhere/*", Principal={"AWS": "111122223333"})
    with refused("MalformedPolicy", "Policy has invalid resource"):
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(elsewhere))
    wild = allow("s3:GetObject", "arn:aws:s3:::bucket-*/*", Principal={"AWS": "111122223333"})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(wild))


def test_a_trust_policy_that_is_none(account: Account) -> None:
    with refused("MalformedPolicyDocument", "This policy contains invalid Json"):
        account.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{")


def test_a_key_policy_that_locks_its_owner_out(account: Account) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    locked = policy(allow("kms:Decrypt", Principal={"AWS": account.arn("iam", "root")}))
    with refused(
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    ):
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=locked)
    kms.put_key_policy(
        KeyId=key, PolicyName="default", Policy=locked, BypassPolicyLockoutSafetyCheck=True
    )
    kept = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    assert json.loads(kept) == json.loads(locked)


def test_who_may_not_is_not_told_about_principals(account: Account) -> None:
    bucket, who = account.bucket(), account.user("ana")
    document = policy(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": "ghost"}))
    with refused("AccessDenied", status=403):
        account.client("s3", who).put_bucket_policy(Bucket=bucket, Policy=document)
