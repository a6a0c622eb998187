"""May CloudTrail write where a trail says? Asked of bucket, key, topic and log group policies.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-permissions-for-sns-notifications.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html

Every function raises RefusalError with the code and sentence of CreateTrail and UpdateTrail.
"""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import ClientError

from localaws.cloudtrail.keeper import Trail
from localaws.iam.permissions import Context, Permissions
from localaws.iam.policy import PolicyError, Principal, evaluate
from localaws.organizations.trusted_access import TrustedAccess, organization
from localaws.s3.buckets import Buckets
from localaws.wire.call import Call
from localaws.wire.errors import RefusalError, need

SERVICE = "cloudtrail.amazonaws.com"
_CLOUDTRAIL = Principal.service(SERVICE)
_BUCKET_NAME = re.compile(r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LOG_GROUP = re.compile(r"arn:[a-z-]+:logs:([a-z0-9-]+):(\d{12}):log-group:([^:*]+):\*")
_KEY = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(?:key/[A-Za-z0-9-]+|alias/[\w/-]+)")


def admit(call: Call, trail: Trail) -> None:
    """Refuse a trail that could not deliver; resolves a key's alias to the key (blocking)."""
    _organization(call, trail)
    _bucket(call, trail)
    _topic(call, trail)
    _key(call, trail)
    _log_group(call, trail)


def _context(call: Call, trail: Trail) -> dict[str, str]:
    now = call.parts.clock.now()
    return {
        "aws:CurrentTime": now.isoformat(),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": SERVICE,
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": "true",
        "aws:SourceAccount": trail.account,
        "aws:SourceArn": trail.arn,
        "aws:ViaAWSService": "false",
    }


def _allowed(policy: Any, action: str, resource: str, context: Context) -> bool:
    try:
        decision = evaluate(
            policy, principal=_CLOUDTRAIL, action=action, resource=resource, context=context
        )
    except PolicyError:
        return False
    return decision.allowed


# --- organization ------------------------------------------------------------------------------


def _organization(call: Call, trail: Trail) -> None:
    if not trail.settings.get("IsOrganizationTrail"):
        return
    master = _organization_of(call).get("MasterAccountId")
    need(
        master == trail.account,
        "NotOrganizationMasterAccountException",
        "The current account is not the management account of an organization or a delegated "
        "administrator account.",
    )
    need(
        SERVICE in call.kept(TrustedAccess).get(trail.account, {}),
        "CloudTrailAccessNotEnabledException",
        "To let CloudTrail integrate with AWS Organizations, enable trusted access for "
        f"{SERVICE} in AWS Organizations.",
    )


def _organization_of(call: Call) -> dict[str, Any]:
    """The caller's organization, or the refusal of one who has none."""
    try:
        return organization(call)
    except ClientError:
        raise RefusalError(
            "OrganizationsNotInUseException",
            "Your account is not a member of an organization. Create one, or leave "
            "IsOrganizationTrail out.",
        ) from None


# --- bucket ------------------------------------------------------------------------------------


def _bucket(call: Call, trail: Trail) -> None:
    name = str(trail.settings.get("S3BucketName") or "")
    need(
        _BUCKET_NAME.fullmatch(name),
        "InvalidS3BucketNameException",
        f"Bucket name is not valid: {name!r}",
    )
    refused = RefusalError(
        "InsufficientS3BucketPolicyException",
        f"Incorrect S3 bucket policy is detected for bucket: {name}",
    )
    s3 = _owner(call, name)
    try:
        policy = s3.get_bucket_policy(Bucket=name)["Policy"]
        payer = s3.get_bucket_request_payment(Bucket=name)["Payer"]
    except ClientError:
        raise refused from None
    context = _context(call, trail)
    bucket = f"arn:aws:s3:::{name}"
    writing = {**context, "s3:x-amz-acl": "bucket-owner-full-control", "s3:TlsVersion": "1.3"}
    key = trail.settings.get("KmsKeyId")
    if key:
        writing["s3:x-amz-server-side-encryption"] = "aws:kms"
        writing["s3:x-amz-server-side-encryption-aws-kms-key-id"] = key
    if (
        payer == "Requester"
        or not _allowed(policy, "s3:GetBucketAcl", bucket, context)
        or not all(
            _allowed(policy, "s3:PutObject", f"{bucket}/{path}", writing)
            for path in _paths(call, trail)
        )
    ):
        raise refused


def _paths(call: Call, trail: Trail) -> list[str]:
    """An object of each kind that the trail writes."""
    prefix = trail.settings.get("S3KeyPrefix")
    root = f"{prefix}/AWSLogs" if prefix else "AWSLogs"
    if trail.settings.get("IsOrganizationTrail"):
        root = f"{root}/{_organization_of(call)['Id']}"
    kinds = ["CloudTrail"]
    if trail.settings.get("LogFileValidationEnabled"):
        kinds.append("CloudTrail-Digest")
    return [f"{root}/{trail.account}/{kind}/{trail.home_region}/file" for kind in kinds]


def _owner(call: Call, bucket: str) -> Any:
    """An S3 client of the account that has the bucket."""
    s3 = call.client("s3", call.kept(Buckets).owners.get(bucket))
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        need(
            error.response["ResponseMetadata"]["HTTPStatusCode"] != 404,
            "S3BucketDoesNotExistException",
            f"S3 bucket {bucket} does not exist!",
        )
    return s3


def _bucket_region(call: Call, bucket: str) -> str:
    location = _owner(call, bucket).get_bucket_location(Bucket=bucket).get("LocationConstraint")
    return str(location or "us-east-1")


# --- key ---------------------------------------------------------------------------------------


def _key(call: Call, trail: Trail) -> None:
    key, bucket = trail.settings.get("KmsKeyId"), trail.settings["S3BucketName"]
    if not key:
        return
    need(
        _KEY.fullmatch(key),
        "InvalidKmsKeyIdException",
        f"The KMS key ID is not valid: {key}",
    )
    region = _bucket_region(call, bucket)
    metadata, policy = _described(call, key)
    need(
        metadata and key.split(":")[3] == region,
        "KmsKeyNotFoundException",
        f"KMS key {key} does not exist in the Region of S3 bucket {bucket}, {region}.",
    )
    need(
        metadata.get("KeyState") == "Enabled",
        "KmsException",
        f"KMS key {key} is {metadata.get('KeyState')}.",
    )
    context = {
        **_context(call, trail),
        "kms:EncryptionContext:aws:cloudtrail:arn": trail.arn,
        "kms:EncryptionContextKeys": "aws:cloudtrail:arn",
    }
    need(
        _allowed(policy, "kms:GenerateDataKey", metadata["Arn"], context)
        and _allowed(policy, "kms:DescribeKey", metadata["Arn"], _context(call, trail)),
        "InsufficientEncryptionPolicyException",
        f"Insufficient permissions to access S3 bucket {bucket} or KMS key {key}.",
    )
    trail.settings["KmsKeyId"] = metadata["Arn"]


def _described(call: Call, key: str) -> tuple[dict[str, Any], Any]:
    parts = key.split(":")
    kms = call.client("kms", parts[4], parts[3])
    try:
        metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
        policy = kms.get_key_policy(KeyId=metadata["KeyId"], PolicyName="default")["Policy"]
    except ClientError:
        return {}, None
    return metadata, policy


# --- topic -------------------------------------------------------------------------------------


def _topic(call: Call, trail: Trail) -> None:
    arn = trail.settings.get("SnsTopicARN")
    if not arn:
        return
    refused = RefusalError(
        "InsufficientSnsTopicPolicyException",
        "SNS Topic does not exist or the topic policy is incorrect!",
    )
    parts = str(arn).split(":")
    if len(parts) != 6 or parts[2] != "sns":
        raise RefusalError("InvalidSnsTopicNameException", f"SNS topic name is not valid: {arn}")
    try:
        attributes = call.client("sns", parts[4], parts[3]).get_topic_attributes(TopicArn=arn)[
            "Attributes"
        ]
    except ClientError:
        raise refused from None
    context = _context(call, trail)
    if not _allowed(attributes.get("Policy"), "sns:Publish", arn, context):
        raise refused
    key = attributes.get("KmsMasterKeyId")
    if not key:
        return
    if not str(key).startswith("arn:"):
        name = key if str(key).startswith("alias/") else f"key/{key}"
        key = f"arn:aws:kms:{parts[3]}:{parts[4]}:{name}"
    metadata, policy = _described(call, key)
    need(
        metadata,
        "KmsKeyNotFoundException",
        f"KMS key {key} of SNS topic {arn} does not exist.",
    )
    if not all(
        _allowed(policy, f"kms:{action}", metadata["Arn"], context)
        for action in ("GenerateDataKey", "Decrypt")
    ):
        raise refused


# --- log group ---------------------------------------------------------------------------------


def _log_group(call: Call, trail: Trail) -> None:
    group = trail.settings.get("CloudWatchLogsLogGroupArn")
    role = trail.settings.get("CloudWatchLogsRoleArn")
    if not group and not role:
        return
    need(
        role,
        "InvalidCloudWatchLogsRoleArnException",
        "You must specify a role ARN as well as a log group.",
    )
    need(
        group,
        "InvalidCloudWatchLogsLogGroupArnException",
        "You must specify a log group as well as a role ARN.",
    )
    found = _LOG_GROUP.fullmatch(str(group))
    missing = RefusalError(
        "InvalidCloudWatchLogsLogGroupArnException",
        "CloudTrail cannot validate the specified log group ARN.",
    )
    if not found or found[1] != trail.home_region:
        raise missing
    logs = call.client("logs", found[2], found[1])
    groups = logs.describe_log_groups(logGroupNamePrefix=found[3])["logGroups"]
    if not any(g["logGroupName"] == found[3] for g in groups):
        raise missing
    _log_role(call, trail, str(role), str(group))


def _log_role(call: Call, trail: Trail, role: str, group: str) -> None:
    parts = role.split(":")
    name = role.rpartition("/")[2]
    untrusted = RefusalError(
        "InvalidCloudWatchLogsRoleArnException",
        "Access denied. Check the trust relationships for your role.",
    )
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        raise untrusted
    try:
        found = call.client("iam", parts[4]).get_role(RoleName=name)["Role"]
    except ClientError:
        raise untrusted from None
    context = _context(call, trail)
    if found["Arn"] != role or not _allowed(
        found["AssumeRolePolicyDocument"], "sts:AssumeRole", role, context
    ):
        raise untrusted
    stream = f"{group.removesuffix(':*')}:log-stream:{trail.account}_CloudTrail_{trail.home_region}"
    permissions = call.of(Permissions)
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        need(
            permissions.role_may(role, action, stream),
            "InvalidCloudWatchLogsLogGroupArnException",
            "Access denied. Check the permissions for your role.",
        )
