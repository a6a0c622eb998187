"""The table: calls by tool, and what is special in the record of each.

How soon a thing is ready (an instance that runs at once, a table that is active) and which
addresses it gets is the emulator's business, not the recorder's: such values are matched.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from urllib.parse import quote

from tests.e2e.localaws.recorded import (
    DATE,
    EPOCH_MILLISECONDS,
    IAM_DATE,
    MILLISECONDS,
    SOME,
    UUID,
    Besides,
    Call,
    Like,
    Number,
)

LAMBDA_DATE = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
FUNCTION_STATE = ("state", "stateReason", "stateReasonCode", "lastUpdateStatus")
ADDRESS = Like(r"\d+\.\d+\.\d+\.\d+")


def by_boto3(service: str, operation: str, **values: Any) -> Call:
    return Call("boto3", service, operation, **values)


def by_cli(service: str, operation: str, **values: Any) -> Call:
    return Call("cli", service, operation, who="root", **values)


def by_terraform(service: str, operation: str, **values: Any) -> Call:
    return Call("terraform", service, operation, who="root", **values)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str) -> str:
    return document({"Effect": "Allow", "Action": action, "Resource": "*"})


def trust(**principal: str) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def transferred(bytes_in: Any, bytes_out: Any) -> dict[str, Any]:
    """What S3 says besides."""
    return {
        "SignatureVersion": "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": bytes_in,
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": SOME,
        "bytesTransferredOut": bytes_out,
    }


def package() -> bytes:
    """A function's code."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return 1\n")
    return content.getvalue()


PACKAGE = package()
TRUST = trust(AWS="arn:aws:iam::<account>:root", Service="lambda.amazonaws.com")
OTHER_TRUST = trust(Service="ec2.amazonaws.com")
TRAIL = "arn:aws:cloudtrail:us-east-1:<account>:trail/all"
STATEMENT = json.dumps(
    {
        "Sid": "events",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": "arn:aws:lambda:us-east-1:<account>:function:guard",
        "Condition": {
            "ArnLike": {"AWS:SourceArn": "arn:aws:events:us-east-1:<account>:rule/launches"}
        },
    }
)
# Terraform writes no spaces, its functions sort members, its provider puts the version first.
TERRAFORM_TRUST = (
    '{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow",'
    '"Principal":{"Service":"lambda.amazonaws.com"}}],"Version":"2012-10-17"}'
)
TERRAFORM_POLICY = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Action":"logs:PutLogEvents","Effect":"Allow","Resource":"*"}]}'
)
CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}
BUCKET_POLICY = document(
    {
        "Effect": "Allow",
        "Principal": CLOUDTRAIL,
        "Action": "s3:GetBucketAcl",
        "Resource": "arn:aws:s3:::logs-<account>",
        "Condition": {"StringEquals": {"aws:SourceArn": TRAIL}},
    },
    {
        "Effect": "Allow",
        "Principal": CLOUDTRAIL,
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs-<account>/AWSLogs/<account>/*",
        "Condition": {
            "StringEquals": {
                "aws:SourceArn": TRAIL,
                "s3:x-amz-acl": "bucket-owner-full-control",
            }
        },
    },
)

BOTO3 = [
    by_boto3(
        "iam",
        "CreateUser",
        parameters={
            "UserName": "mira",
            "Path": "/staff/",
            "Tags": [{"Key": "team", "Value": "core"}],
        },
        request={"path": "/staff/", "userName": "mira", "tags": [{"key": "team", "value": "core"}]},
        response={
            "user": {
                "path": "/staff/",
                "userName": "mira",
                "userId": "<user_id>",
                "arn": "arn:aws:iam::<account>:user/staff/mira",
                "createDate": IAM_DATE,
                "tags": [{"key": "team", "value": "core"}],
            }
        },
        host="iam.amazonaws.com",
        who="root",
        keeps={"user_id": "User.UserId"},
    ),
    by_boto3(
        "iam",
        "PutUserPolicy",
        parameters={"UserName": "mira", "PolicyName": "all", "PolicyDocument": allow("*")},
        request={"userName": "mira", "policyName": "all", "policyDocument": allow("*")},
        host="iam.amazonaws.com",
        who="root",
    ),
    by_boto3(
        "iam",
        "CreateAccessKey",
        parameters={"UserName": "mira"},
        request={"userName": "mira"},
        response={
            "accessKey": {
                "userName": "mira",
                "accessKeyId": "<user_key>",
                "status": "Active",
                "createDate": IAM_DATE,
            }
        },
        host="iam.amazonaws.com",
        who="root",
        keeps={"user_key": "AccessKey.AccessKeyId", "user_secret": "AccessKey.SecretAccessKey"},
    ),
    by_boto3(
        "iam",
        "CreateRole",
        parameters={
            "RoleName": "app",
            "AssumeRolePolicyDocument": TRUST,
            "Description": "runs the app",
            "Tags": [{"Key": "team", "Value": "core"}],
        },
        request={
            "roleName": "app",
            "assumeRolePolicyDocument": TRUST,
            "description": "runs the app",
            "tags": [{"key": "team", "value": "core"}],
        },
        response={
            "role": {
                "path": "/",
                "roleName": "app",
                "roleId": "<role_id>",
                "arn": "arn:aws:iam::<account>:role/app",
                "createDate": IAM_DATE,
                "assumeRolePolicyDocument": quote(TRUST, safe="<>"),
                "description": "runs the app",
                "tags": [{"key": "team", "value": "core"}],
            }
        },
        host="iam.amazonaws.com",
        keeps={"role_id": "Role.RoleId"},
    ),
    by_boto3(
        "iam",
        "CreateRole",
        parameters={"RoleName": "app", "AssumeRolePolicyDocument": OTHER_TRUST},
        request={"roleName": "app", "assumeRolePolicyDocument": OTHER_TRUST},
        host="iam.amazonaws.com",
        error=("EntityAlreadyExistsException", "Role with name app already exists."),
    ),
    by_boto3(
        "iam",
        "PutRolePolicy",
        parameters={"RoleName": "app", "PolicyName": "read", "PolicyDocument": allow("s3:List*")},
        request={"roleName": "app", "policyName": "read", "policyDocument": allow("s3:List*")},
        host="iam.amazonaws.com",
    ),
    by_boto3(
        "iam",
        "CreatePolicy",
        parameters={"PolicyName": "reader", "PolicyDocument": allow("s3:Get*")},
        request={"policyName": "reader", "policyDocument": allow("s3:Get*")},
        response={
            "policy": {
                "policyName": "reader",
                "policyId": Like(r"ANPA[A-Z0-9]{16,17}"),
                "arn": "arn:aws:iam::<account>:policy/reader",
                "path": "/",
                "defaultVersionId": "v1",
                "attachmentCount": 0,
                "permissionsBoundaryUsageCount": 0,
                "isAttachable": True,
                "createDate": IAM_DATE,
                "updateDate": IAM_DATE,
            }
        },
        host="iam.amazonaws.com",
    ),
    by_boto3(
        "iam",
        "AttachRolePolicy",
        parameters={"RoleName": "app", "PolicyArn": "arn:aws:iam::<account>:policy/reader"},
        request={"roleName": "app", "policyArn": "arn:aws:iam::<account>:policy/reader"},
        host="iam.amazonaws.com",
    ),
    by_boto3(
        "iam",
        "CreateLoginProfile",
        parameters={"UserName": "mira", "Password": "never-2b-seen-X9!"},
        request={"userName": "mira", "passwordResetRequired": False},
        response={
            "loginProfile": {
                "userName": "mira",
                "createDate": IAM_DATE,
                "passwordResetRequired": False,
            }
        },
        host="iam.amazonaws.com",
    ),
    by_boto3(
        "iam",
        "GetRole",
        parameters={"RoleName": "app"},
        request={"roleName": "app"},
        read_only=True,
        host="iam.amazonaws.com",
    ),
    by_boto3(
        "iam",
        "GetUser",
        parameters={"UserName": "nobody"},
        request={"userName": "nobody"},
        read_only=True,
        host="iam.amazonaws.com",
        error=("NoSuchEntityException", "The user with name nobody cannot be found."),
    ),
    by_boto3(
        "iam",
        "ListUsers",
        parameters={"MaxItems": 10},
        request={"maxItems": 10},
        read_only=True,
        host="iam.amazonaws.com",
    ),
    by_boto3(
        "iam",
        "CreateInstanceProfile",
        parameters={"InstanceProfileName": "web"},
        request={"instanceProfileName": "web"},
        response={
            "instanceProfile": {
                "path": "/",
                "instanceProfileName": "web",
                "instanceProfileId": Like(r"AIPA[A-Z0-9]{16,17}"),
                "arn": "arn:aws:iam::<account>:instance-profile/web",
                "createDate": IAM_DATE,
                "roles": [],
            }
        },
        host="iam.amazonaws.com",
    ),
    by_boto3("sts", "GetCallerIdentity", read_only=True),
    by_boto3(
        "sts",
        "AssumeRole",
        parameters={
            "RoleArn": "arn:aws:iam::<account>:role/app",
            "RoleSessionName": "nightly",
            "DurationSeconds": 900,
        },
        request={
            "roleArn": "arn:aws:iam::<account>:role/app",
            "roleSessionName": "nightly",
            "durationSeconds": 900,
        },
        response={
            "credentials": {
                "accessKeyId": "<session_key>",
                "sessionToken": "<session_token>",
                "expiration": DATE,
            },
            "assumedRoleUser": {
                "assumedRoleId": "<role_id>:nightly",
                "arn": "arn:aws:sts::<account>:assumed-role/app/nightly",
            },
        },
        read_only=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::IAM::Role",
                    "ARN": "arn:aws:iam::<account>:role/app",
                }
            ]
        },
        keeps={
            "session_key": "Credentials.AccessKeyId",
            "session_secret": "Credentials.SecretAccessKey",
            "session_token": "Credentials.SessionToken",
        },
    ),
    by_boto3("sts", "GetCallerIdentity", read_only=True, who="session"),
    by_boto3(
        "iam",
        "DeleteUser",
        parameters={"UserName": "mira"},
        host="iam.amazonaws.com",
        who="session",
        error=(
            "AccessDenied",
            (
                "User: arn:aws:sts::<account>:assumed-role/app/nightly is not "
                "authorized to perform: iam:DeleteUser on resource: "
                "arn:aws:iam::<account>:user/staff/mira because no identity-based "
                "policy allows the iam:DeleteUser action"
            ),
        ),
    ),
    by_boto3(
        "s3",
        "CreateBucket",
        parameters={"Bucket": "logs-<account>"},
        request={"bucketName": "logs-<account>", "Host": "s3.us-east-1.amazonaws.com"},
        fields={"additionalEventData": transferred(0, 0)},
    ),
    by_boto3(
        "s3",
        "PutBucketPolicy",
        parameters={"Bucket": "logs-<account>", "Policy": BUCKET_POLICY},
        request={
            "policy": "",
            "bucketName": "logs-<account>",
            "bucketPolicy": json.loads(BUCKET_POLICY),
            "Host": "s3.us-east-1.amazonaws.com",
        },
        fields={
            "additionalEventData": transferred(Number(1), 0),
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::logs-<account>",
                }
            ],
        },
    ),
    by_boto3(
        "s3",
        "PutBucketVersioning",
        parameters={"Bucket": "logs-<account>", "VersioningConfiguration": {"Status": "Enabled"}},
        request={
            "versioning": "",
            "bucketName": "logs-<account>",
            "VersioningConfiguration": {
                "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
                "Status": "Enabled",
            },
            "Host": "s3.us-east-1.amazonaws.com",
        },
        fields={
            "additionalEventData": transferred(0, 0),
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::logs-<account>",
                }
            ],
        },
    ),
    by_boto3(
        "s3",
        "PutPublicAccessBlock",
        parameters={
            "Bucket": "logs-<account>",
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        },
        request={
            "publicAccessBlock": "",
            "bucketName": "logs-<account>",
            "PublicAccessBlockConfiguration": {
                "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
            "Host": "s3.us-east-1.amazonaws.com",
        },
        name="PutBucketPublicAccessBlock",
        fields={
            "additionalEventData": transferred(0, 0),
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::logs-<account>",
                }
            ],
        },
    ),
    by_boto3(
        "s3",
        "PutBucketEncryption",
        parameters={
            "Bucket": "logs-<account>",
            "ServerSideEncryptionConfiguration": {
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        },
        request={
            "encryption": "",
            "bucketName": "logs-<account>",
            "ServerSideEncryptionConfiguration": {
                "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
                "Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
            },
            "Host": "s3.us-east-1.amazonaws.com",
        },
        fields={
            "additionalEventData": transferred(0, 0),
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::logs-<account>",
                }
            ],
        },
    ),
    by_boto3(
        "s3",
        "ListBuckets",
        request={"Host": "s3.us-east-1.amazonaws.com"},
        read_only=True,
        fields={"additionalEventData": transferred(0, 0)},
    ),
    by_boto3(
        "s3",
        "ListBuckets",
        request={"Host": "s3.us-east-1.amazonaws.com"},
        read_only=True,
        who="session",
        fields={"additionalEventData": transferred(0, 0)},
    ),
    by_boto3(
        "s3",
        "GetBucketLifecycleConfiguration",
        parameters={"Bucket": "logs-<account>"},
        request={
            "lifecycle": "",
            "bucketName": "logs-<account>",
            "Host": "s3.us-east-1.amazonaws.com",
        },
        read_only=True,
        name="GetBucketLifecycle",
        error=("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        fields={
            "additionalEventData": transferred(0, 0),
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::logs-<account>",
                }
            ],
        },
    ),
    by_boto3(
        "s3",
        "DeleteBucket",
        parameters={"Bucket": "gone-<account>"},
        request={"bucketName": "gone-<account>", "Host": "s3.us-east-1.amazonaws.com"},
        error=("NoSuchBucket", "The specified bucket does not exist"),
        fields={"additionalEventData": transferred(0, 0)},
    ),
    by_boto3(
        "cloudtrail",
        "CreateTrail",
        parameters={
            "Name": "all",
            "S3BucketName": "logs-<account>",
            "IsMultiRegionTrail": True,
            "EnableLogFileValidation": True,
        },
        request={
            "name": "all",
            "s3BucketName": "logs-<account>",
            "isMultiRegionTrail": True,
            "enableLogFileValidation": True,
        },
        response={
            "name": "all",
            "s3BucketName": "logs-<account>",
            "includeGlobalServiceEvents": True,
            "isMultiRegionTrail": True,
            "trailARN": "arn:aws:cloudtrail:us-east-1:<account>:trail/all",
            "logFileValidationEnabled": True,
            "isOrganizationTrail": False,
        },
    ),
    by_boto3(
        "cloudtrail",
        "CreateTrail",
        parameters={"Name": "other", "S3BucketName": "logs-<account>"},
        request={"name": "other", "s3BucketName": "logs-<account>"},
        error=(
            "InsufficientS3BucketPolicyException",
            "Incorrect S3 bucket policy is detected for bucket: logs-<account>",
        ),
    ),
    by_boto3(
        "cloudtrail",
        "PutEventSelectors",
        parameters={
            "TrailName": "all",
            "AdvancedEventSelectors": [
                {
                    "Name": "management",
                    "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}],
                },
                {
                    "Name": "AWS::S3::Object",
                    "FieldSelectors": [
                        {"Field": "eventCategory", "Equals": ["Data"]},
                        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
                    ],
                },
                {
                    "Name": "AWS::SNS::Topic",
                    "FieldSelectors": [
                        {"Field": "eventCategory", "Equals": ["Data"]},
                        {"Field": "resources.type", "Equals": ["AWS::SNS::Topic"]},
                    ],
                },
                {
                    "Name": "AWS::SQS::Queue",
                    "FieldSelectors": [
                        {"Field": "eventCategory", "Equals": ["Data"]},
                        {"Field": "resources.type", "Equals": ["AWS::SQS::Queue"]},
                    ],
                },
                {
                    "Name": "AWS::DynamoDB::Table",
                    "FieldSelectors": [
                        {"Field": "eventCategory", "Equals": ["Data"]},
                        {"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]},
                    ],
                },
                {
                    "Name": "AWS::Lambda::Function",
                    "FieldSelectors": [
                        {"Field": "eventCategory", "Equals": ["Data"]},
                        {"Field": "resources.type", "Equals": ["AWS::Lambda::Function"]},
                    ],
                },
            ],
        },
        request={
            "trailName": "all",
            "advancedEventSelectors": [
                {
                    "name": "management",
                    "fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}],
                },
                {
                    "name": "AWS::S3::Object",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                    ],
                },
                {
                    "name": "AWS::SNS::Topic",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::SNS::Topic"]},
                    ],
                },
                {
                    "name": "AWS::SQS::Queue",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::SQS::Queue"]},
                    ],
                },
                {
                    "name": "AWS::DynamoDB::Table",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::DynamoDB::Table"]},
                    ],
                },
                {
                    "name": "AWS::Lambda::Function",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::Lambda::Function"]},
                    ],
                },
            ],
        },
        response={
            "trailARN": "arn:aws:cloudtrail:us-east-1:<account>:trail/all",
            "advancedEventSelectors": [
                {
                    "name": "management",
                    "fieldSelectors": [{"field": "eventCategory", "equals": ["Management"]}],
                },
                {
                    "name": "AWS::S3::Object",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                    ],
                },
                {
                    "name": "AWS::SNS::Topic",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::SNS::Topic"]},
                    ],
                },
                {
                    "name": "AWS::SQS::Queue",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::SQS::Queue"]},
                    ],
                },
                {
                    "name": "AWS::DynamoDB::Table",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::DynamoDB::Table"]},
                    ],
                },
                {
                    "name": "AWS::Lambda::Function",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::Lambda::Function"]},
                    ],
                },
            ],
        },
    ),
    by_boto3("cloudtrail", "StartLogging", parameters={"Name": "all"}, request={"name": "all"}),
    by_boto3(
        "cloudtrail",
        "GetTrailStatus",
        parameters={"Name": "all"},
        request={"name": "all"},
        read_only=True,
    ),
    by_boto3(
        "cloudtrail",
        "DescribeTrails",
        parameters={"trailNameList": ["all"]},
        request={"trailNameList": ["all"]},
        read_only=True,
    ),
    by_boto3(
        "cloudtrail",
        "GetTrail",
        parameters={"Name": "gone"},
        request={"name": "gone"},
        read_only=True,
        error=("TrailNotFoundException", "Unknown trail: gone for the user: <account>"),
    ),
    by_boto3(
        "cloudtrail",
        "LookupEvents",
        parameters={
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateTrail"}],
            "MaxResults": 1,
        },
        request={
            "lookupAttributes": [{"attributeKey": "EventName", "attributeValue": "CreateTrail"}],
            "maxResults": 1,
        },
        read_only=True,
    ),
    by_boto3(
        "s3",
        "PutObject",
        parameters={
            "Bucket": "logs-<account>",
            "Key": "a/b.txt",
            "Body": b"never to be seen",
            "ServerSideEncryption": "AES256",
        },
        request={
            "bucketName": "logs-<account>",
            "key": "a/b.txt",
            "x-amz-server-side-encryption": "AES256",
            "Host": "s3.us-east-1.amazonaws.com",
        },
        response={"x-amz-server-side-encryption": "AES256", "x-amz-version-id": UUID},
        data=True,
        fields={
            "additionalEventData": transferred(16, 0),
            "resources": [
                {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::logs-<account>/a/b.txt"},
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::logs-<account>",
                },
            ],
        },
    ),
    by_boto3(
        "s3",
        "GetObject",
        parameters={"Bucket": "logs-<account>", "Key": "a/b.txt"},
        request={
            "bucketName": "logs-<account>",
            "key": "a/b.txt",
            "Host": "s3.us-east-1.amazonaws.com",
        },
        read_only=True,
        data=True,
        fields={
            "additionalEventData": transferred(0, 16),
            "resources": [
                {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::logs-<account>/a/b.txt"},
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::logs-<account>",
                },
            ],
        },
    ),
    by_boto3(
        "s3",
        "GetObject",
        parameters={"Bucket": "logs-<account>", "Key": "a/c.txt"},
        request={
            "bucketName": "logs-<account>",
            "key": "a/c.txt",
            "Host": "s3.us-east-1.amazonaws.com",
        },
        read_only=True,
        data=True,
        error=("NoSuchKey", "The specified key does not exist."),
        fields={
            "additionalEventData": transferred(0, 0),
            "resources": [
                {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::logs-<account>/a/c.txt"},
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::logs-<account>",
                },
            ],
        },
    ),
    by_boto3(
        "s3",
        "ListObjectsV2",
        parameters={"Bucket": "logs-<account>", "Prefix": "a/"},
        request={
            "list-type": "2",
            "bucketName": "logs-<account>",
            "encoding-type": "url",
            "prefix": "a/",
            "Host": "s3.us-east-1.amazonaws.com",
        },
        read_only=True,
        name="ListObjects",
        who="session",
        data=True,
        fields={
            "additionalEventData": transferred(0, 0),
            "resources": [
                {"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::logs-<account>/"},
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::logs-<account>",
                },
            ],
        },
    ),
    by_boto3(
        "ec2",
        "CreateVpc",
        parameters={"CidrBlock": "10.7.0.0/16"},
        request={
            "cidrBlock": "10.7.0.0/16",
            "instanceTenancy": "default",
            "amazonProvidedIpv6CidrBlock": False,
        },
        response={
            "requestId": UUID,
            "vpc": {
                "ownerId": "<account>",
                "instanceTenancy": "default",
                "cidrBlockAssociationSet": {
                    "items": [
                        {
                            "associationId": Like(r"vpc-cidr-assoc-[0-9a-f]{17}"),
                            "cidrBlock": "10.7.0.0/16",
                            "cidrBlockState": {"state": "associated"},
                        }
                    ]
                },
                "isDefault": False,
                "tagSet": {},
                "vpcId": "<vpc>",
                "state": Like("pending|available"),
                "cidrBlock": "10.7.0.0/16",
                "dhcpOptionsId": "dopt-00000001",
            },
        },
        keeps={"vpc": "Vpc.VpcId"},
    ),
    by_boto3(
        "ec2",
        "CreateSubnet",
        parameters={"VpcId": "<vpc>", "CidrBlock": "10.7.1.0/24", "AvailabilityZone": "us-east-1a"},
        request={"availabilityZone": "us-east-1a", "cidrBlock": "10.7.1.0/24", "vpcId": "<vpc>"},
        response={
            "requestId": UUID,
            "subnet": {
                "availabilityZoneId": "use1-az1",
                "ownerId": "<account>",
                "assignIpv6AddressOnCreation": False,
                "tagSet": {},
                "subnetArn": "arn:aws:ec2:us-east-1:<account>:subnet/<subnet>",
                "enableDns64": False,
                "ipv6Native": False,
                "privateDnsNameOptionsOnLaunch": {
                    "hostnameType": "ip-name",
                    "enableResourceNameDnsARecord": False,
                    "enableResourceNameDnsAAAARecord": False,
                },
                "subnetId": "<subnet>",
                "state": Like("pending|available"),
                "vpcId": "<vpc>",
                "cidrBlock": "10.7.1.0/24",
                "availableIpAddressCount": 251,
                "availabilityZone": "us-east-1a",
                "defaultForAz": False,
                "mapPublicIpOnLaunch": False,
            },
        },
        keeps={"subnet": "Subnet.SubnetId"},
    ),
    by_boto3(
        "ec2",
        "CreateSecurityGroup",
        parameters={"GroupName": "web", "Description": "web servers", "VpcId": "<vpc>"},
        request={"groupDescription": "web servers", "groupName": "web", "vpcId": "<vpc>"},
        response={
            "requestId": UUID,
            "_return": True,
            "groupId": "<group>",
            "securityGroupArn": "arn:aws:ec2:us-east-1:<account>:security-group/<group>",
        },
        keeps={"group": "GroupId"},
    ),
    by_boto3(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        parameters={
            "GroupId": "<group>",
            "IpPermissions": [
                {
                    "IpProtocol": "tcp",
                    "FromPort": 443,
                    "ToPort": 443,
                    "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}],
                }
            ],
        },
        request={
            "groupId": "<group>",
            "ipPermissions": {
                "items": [
                    {
                        "ipProtocol": "tcp",
                        "fromPort": 443,
                        "toPort": 443,
                        "ipRanges": {"items": [{"description": "all", "cidrIp": "0.0.0.0/0"}]},
                        "groups": {},
                        "ipv6Ranges": {},
                        "prefixListIds": {},
                    }
                ]
            },
        },
        response={
            "requestId": UUID,
            "_return": True,
            "securityGroupRuleSet": {
                "items": [
                    {
                        "securityGroupRuleId": Like(r"sgr-[0-9a-f]{17}"),
                        "groupId": "<group>",
                        "groupOwnerId": "<account>",
                        "isEgress": False,
                        "ipProtocol": "tcp",
                        "fromPort": 443,
                        "toPort": 443,
                        "cidrIpv4": "0.0.0.0/0",
                        "description": "all",
                        "securityGroupRuleArn": Like(
                            r"arn:aws:ec2:us-east-1:<account>:security-group-rule/sgr-[0-9a-f]{17}"
                        ),
                    }
                ]
            },
        },
    ),
    by_boto3(
        "ec2",
        "CreateKeyPair",
        parameters={"KeyName": "ops"},
        request={"keyName": "ops"},
        response={
            "requestId": UUID,
            "keyPairId": Like(r"key-[0-9a-f]{17}"),
            "keyName": "ops",
            "keyFingerprint": Like("[0-9a-f]{2}(:[0-9a-f]{2}){19}"),
            "keyMaterial": "<sensitiveDataRemoved>",
        },
    ),
    by_boto3(
        "ec2",
        "DescribeImages",
        parameters={"Owners": ["amazon"]},
        request={
            "ownersSet": {"items": [{"owner": "amazon"}]},
            "executableBySet": {},
            "imagesSet": {},
            "filterSet": {},
        },
        read_only=True,
        keeps={"image": "Images.0.ImageId"},
    ),
    by_boto3(
        "ec2",
        "RunInstances",
        parameters={
            "ImageId": "<image>",
            "InstanceType": "t3.micro",
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": "<subnet>",
            "SecurityGroupIds": ["<group>"],
            "UserData": "never to be seen",
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "core"}]}
            ],
        },
        request={
            "instancesSet": {"items": [{"imageId": "<image>", "minCount": 1, "maxCount": 1}]},
            "instanceType": "t3.micro",
            "groupSet": {"items": [{"groupId": "<group>"}]},
            "subnetId": "<subnet>",
            "userData": "<sensitiveDataRemoved>",
            "tagSpecificationSet": {
                "items": [{"resourceType": "instance", "tags": [{"key": "team", "value": "core"}]}]
            },
            "clientToken": UUID,
            "blockDeviceMapping": {},
            "disableApiStop": False,
            "disableApiTermination": False,
            "monitoring": {"enabled": False},
        },
        response={
            "requestId": UUID,
            "reservationId": Like(r"r-[0-9a-f]{17}"),
            "ownerId": "<account>",
            "groupSet": {},
            "instancesSet": {
                "items": [
                    {
                        "architecture": "x86_64",
                        "blockDeviceMapping": {
                            "items": [
                                {
                                    "deviceName": "/dev/xvda",
                                    "ebs": {
                                        "attachTime": EPOCH_MILLISECONDS,
                                        "deleteOnTermination": True,
                                        "status": Like("attaching|attached"),
                                        "volumeId": Like(r"vol-[0-9a-f]{17}"),
                                    },
                                }
                            ]
                        },
                        "hypervisor": "xen",
                        "rootDeviceName": "/dev/xvda",
                        "rootDeviceType": "ebs",
                        "groupSet": {"items": [{"groupId": "<group>", "groupName": "web"}]},
                        "sourceDestCheck": True,
                        "tagSet": {"items": [{"key": "team", "value": "core"}]},
                        "virtualizationType": "hvm",
                        "instanceId": "<instance>",
                        "imageId": "<image>",
                        "instanceState": {"code": Number(), "name": Like("pending|running")},
                        "privateDnsName": SOME,
                        "dnsName": SOME,
                        "amiLaunchIndex": 0,
                        "instanceType": "t3.micro",
                        "launchTime": EPOCH_MILLISECONDS,
                        "placement": {"tenancy": "default", "availabilityZone": "us-east-1a"},
                        "monitoring": {"state": "disabled"},
                        "subnetId": "<subnet>",
                        "vpcId": "<vpc>",
                        "privateIpAddress": ADDRESS,
                        "ipAddress": ADDRESS,
                    }
                ]
            },
        },
        keeps={"instance": "Instances.0.InstanceId"},
    ),
    by_boto3(
        "ec2",
        "RunInstances",
        parameters={
            "ImageId": "<image>",
            "InstanceType": "t3.micro",
            "MinCount": 1,
            "MaxCount": 1,
            "DryRun": True,
        },
        request={
            "instancesSet": {"items": [{"imageId": "<image>", "minCount": 1, "maxCount": 1}]},
            "instanceType": "t3.micro",
            "clientToken": UUID,
            "blockDeviceMapping": {},
            "disableApiStop": False,
            "disableApiTermination": False,
            "monitoring": {"enabled": False},
        },
        error=("Client.DryRunOperation", "Request would have succeeded, but DryRun flag is set."),
    ),
    by_boto3(
        "ec2",
        "RunInstances",
        parameters={
            "ImageId": "<image>",
            "InstanceType": "p5.48xlarge",
            "MinCount": 1,
            "MaxCount": 2,
        },
        request={
            "instancesSet": {"items": [{"imageId": "<image>", "minCount": 1, "maxCount": 2}]},
            "instanceType": "p5.48xlarge",
            "clientToken": UUID,
            "blockDeviceMapping": {},
            "disableApiStop": False,
            "disableApiTermination": False,
            "monitoring": {"enabled": False},
        },
        who="session",
        error=(
            "Client.UnauthorizedOperation",
            (
                "You are not authorized to perform this operation. User: "
                "arn:aws:sts::<account>:assumed-role/app/nightly is not authorized "
                "to perform: ec2:RunInstances on resource: "
                "arn:aws:ec2:us-east-1::image/<image> because no identity-based "
                "policy allows the ec2:RunInstances action"
            ),
        ),
    ),
    by_boto3(
        "ec2",
        "DescribeInstances",
        parameters={"InstanceIds": ["<instance>"]},
        request={"instancesSet": {"items": [{"instanceId": "<instance>"}]}, "filterSet": {}},
        read_only=True,
    ),
    by_boto3(
        "ec2",
        "DescribeInstances",
        parameters={"InstanceIds": ["i-0123456789abcdef0"]},
        request={
            "instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]},
            "filterSet": {},
        },
        read_only=True,
        error=(
            "Client.InvalidInstanceID.NotFound",
            "The instance ID 'i-0123456789abcdef0' does not exist",
        ),
    ),
    by_boto3(
        "ec2",
        "CreateTags",
        parameters={"Resources": ["<instance>"], "Tags": [{"Key": "owner", "Value": "mira"}]},
        request={
            "resourcesSet": {"items": [{"resourceId": "<instance>"}]},
            "tagSet": {"items": [{"key": "owner", "value": "mira"}]},
        },
        response={"requestId": UUID, "_return": True},
    ),
    by_boto3(
        "ec2",
        "CreateVolume",
        parameters={"AvailabilityZone": "us-east-1a", "Size": 8, "VolumeType": "gp3"},
        request={"zone": "us-east-1a", "size": "8", "volumeType": "gp3", "clientToken": UUID},
        response={
            "requestId": UUID,
            "iops": 3000,
            "tagSet": {},
            "volumeType": "gp3",
            "multiAttachEnabled": False,
            "volumeId": "<volume>",
            "size": "8",
            "zone": "us-east-1a",
            "status": Like("creating|available"),
            "createTime": EPOCH_MILLISECONDS,
            "encrypted": False,
        },
        keeps={"volume": "VolumeId"},
    ),
    by_boto3(
        "ec2",
        "CreateSnapshot",
        parameters={"VolumeId": "<volume>", "Description": "before"},
        request={"description": "before", "volumeId": "<volume>"},
        response={
            "requestId": UUID,
            "tagSet": {},
            "storageTier": "standard",
            "snapshotId": "<snapshot>",
            "volumeId": "<volume>",
            "status": Like("pending|completed"),
            "startTime": EPOCH_MILLISECONDS,
            "progress": Like(r"(\d+%)?"),
            "ownerId": "<account>",
            "description": "before",
            "volumeSize": "8",
            "encrypted": False,
        },
        keeps={"snapshot": "SnapshotId"},
    ),
    by_boto3(
        "ec2",
        "CreateInternetGateway",
        response={
            "requestId": UUID,
            "internetGateway": {
                "attachmentSet": {},
                "internetGatewayId": "<gateway>",
                "ownerId": "<account>",
                "tagSet": {},
            },
        },
        keeps={"gateway": "InternetGateway.InternetGatewayId"},
    ),
    by_boto3(
        "ec2",
        "AttachInternetGateway",
        parameters={"InternetGatewayId": "<gateway>", "VpcId": "<vpc>"},
        request={"internetGatewayId": "<gateway>", "vpcId": "<vpc>"},
        response={"requestId": UUID, "_return": True},
    ),
    by_boto3(
        "ec2",
        "CreateLaunchTemplate",
        parameters={
            "LaunchTemplateName": "web",
            "LaunchTemplateData": {"InstanceType": "t3.micro", "ImageId": "<image>"},
        },
        request={
            "CreateLaunchTemplateRequest": {
                "ClientToken": UUID,
                "LaunchTemplateName": "web",
                "LaunchTemplateData": {"ImageId": "<image>", "InstanceType": "t3.micro"},
            }
        },
        response={
            "CreateLaunchTemplateResponse": {
                "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
                "requestId": UUID,
                "launchTemplate": {
                    "launchTemplateId": "<template>",
                    "launchTemplateName": "web",
                    "createTime": MILLISECONDS,
                    "createdBy": "arn:aws:iam::<account>:root",
                    "defaultVersionNumber": 1,
                    "latestVersionNumber": 1,
                },
            }
        },
        keeps={"template": "LaunchTemplate.LaunchTemplateId"},
    ),
    by_boto3(
        "ec2",
        "DescribeVpcs",
        parameters={"Filters": [{"Name": "cidr", "Values": ["10.7.0.0/16"]}]},
        request={
            "filterSet": {
                "items": [{"name": "cidr", "valueSet": {"items": [{"value": "10.7.0.0/16"}]}}]
            },
            "vpcSet": {},
        },
        read_only=True,
        region="eu-west-1",
    ),
    by_boto3(
        "ec2",
        "StopInstances",
        parameters={"InstanceIds": ["<instance>"]},
        request={"instancesSet": {"items": [{"instanceId": "<instance>"}]}, "force": False},
        response={
            "requestId": UUID,
            "instancesSet": {
                "items": [
                    {
                        "instanceId": "<instance>",
                        "currentState": {"code": Number(), "name": Like("stopping|stopped")},
                        "previousState": {"code": 16, "name": "running"},
                    }
                ]
            },
        },
    ),
    by_boto3(
        "ec2",
        "TerminateInstances",
        parameters={"InstanceIds": ["<instance>"]},
        request={"instancesSet": {"items": [{"instanceId": "<instance>"}]}},
        response={
            "requestId": UUID,
            "instancesSet": {
                "items": [
                    {
                        "instanceId": "<instance>",
                        "currentState": {
                            "code": Number(),
                            "name": Like("shutting-down|terminated"),
                        },
                        "previousState": {"code": 80, "name": "stopped"},
                    }
                ]
            },
        },
    ),
    by_boto3(
        "lambda",
        "CreateFunction",
        parameters={
            "FunctionName": "guard",
            "Role": "arn:aws:iam::<account>:role/app",
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Code": {"ZipFile": PACKAGE},
            "Environment": {"Variables": {"TOKEN": "never to be seen"}},
            "Timeout": 10,
        },
        request={
            "functionName": "guard",
            "runtime": "python3.13",
            "role": "arn:aws:iam::<account>:role/app",
            "handler": "app.handler",
            "code": {},
            "timeout": 10,
            "environment": {},
            "publish": False,
        },
        response={
            "functionName": "guard",
            "functionArn": "arn:aws:lambda:us-east-1:<account>:function:guard",
            "runtime": "python3.13",
            "role": "arn:aws:iam::<account>:role/app",
            "handler": "app.handler",
            "codeSize": Number(1),
            "description": "",
            "timeout": 10,
            "memorySize": 128,
            "lastModified": LAMBDA_DATE,
            "codeSha256": SOME,
            "version": "$LATEST",
            "environment": {},
            "tracingConfig": {"mode": "PassThrough"},
            "revisionId": UUID,
            "state": "Pending",
            "stateReason": "The function is being created.",
            "stateReasonCode": "Creating",
            "lastUpdateStatus": "InProgress",
            "packageType": "Zip",
            "architectures": ["x86_64"],
            "ephemeralStorage": {"size": 512},
            "snapStart": {"applyOn": "None", "optimizationStatus": "Off"},
            "loggingConfig": {"logFormat": "Text", "logGroup": "/aws/lambda/guard"},
        },
        name="CreateFunction20150331",
    ),
    by_boto3(
        "lambda",
        "AddPermission",
        parameters={
            "FunctionName": "guard",
            "StatementId": "events",
            "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
            "SourceArn": "arn:aws:events:us-east-1:<account>:rule/launches",
        },
        request={
            "functionName": "guard",
            "statementId": "events",
            "action": "lambda:InvokeFunction",
            "principal": "events.amazonaws.com",
            "sourceArn": "arn:aws:events:us-east-1:<account>:rule/launches",
        },
        response={"statement": STATEMENT},
        name="AddPermission20150331v2",
    ),
    by_boto3(
        "lambda",
        "UpdateFunctionConfiguration",
        parameters={"FunctionName": "guard", "MemorySize": 256},
        request={"functionName": "guard", "memorySize": 256, "environment": {}},
        response=Besides(
            {
                "functionName": "guard",
                "functionArn": "arn:aws:lambda:us-east-1:<account>:function:guard",
                "runtime": "python3.13",
                "role": "arn:aws:iam::<account>:role/app",
                "handler": "app.handler",
                "codeSize": Number(1),
                "description": "",
                "timeout": 10,
                "memorySize": 256,
                "lastModified": LAMBDA_DATE,
                "codeSha256": SOME,
                "version": "$LATEST",
                "environment": {},
                "tracingConfig": {"mode": "PassThrough"},
                "revisionId": UUID,
                "packageType": "Zip",
                "architectures": ["x86_64"],
                "ephemeralStorage": {"size": 512},
                "snapStart": {"applyOn": "None", "optimizationStatus": "Off"},
                "loggingConfig": {"logFormat": "Text", "logGroup": "/aws/lambda/guard"},
            },
            *FUNCTION_STATE,
        ),
        name="UpdateFunctionConfiguration20150331v2",
    ),
    by_boto3(
        "lambda",
        "PublishVersion",
        parameters={"FunctionName": "guard"},
        request={"functionName": "guard"},
        response=Besides(
            {
                "functionName": "guard",
                "functionArn": "arn:aws:lambda:us-east-1:<account>:function:guard:1",
                "runtime": "python3.13",
                "role": "arn:aws:iam::<account>:role/app",
                "handler": "app.handler",
                "codeSize": Number(1),
                "description": "",
                "timeout": 10,
                "memorySize": 256,
                "lastModified": LAMBDA_DATE,
                "codeSha256": SOME,
                "version": "1",
                "environment": {},
                "tracingConfig": {"mode": "PassThrough"},
                "revisionId": UUID,
                "packageType": "Zip",
                "architectures": ["x86_64"],
                "ephemeralStorage": {"size": 512},
                "snapStart": {"applyOn": "None", "optimizationStatus": "Off"},
                "loggingConfig": {"logFormat": "Text", "logGroup": "/aws/lambda/guard"},
            },
            *FUNCTION_STATE,
        ),
        name="PublishVersion20150331",
    ),
    by_boto3(
        "lambda",
        "GetFunction",
        parameters={"FunctionName": "guard"},
        request={"functionName": "guard"},
        read_only=True,
        name="GetFunction20150331v2",
    ),
    by_boto3(
        "lambda",
        "ListFunctions",
        parameters={"MaxItems": 50},
        request={"maxItems": 50},
        read_only=True,
        name="ListFunctions20150331",
    ),
    by_boto3(
        "lambda",
        "DeleteFunction",
        parameters={"FunctionName": "gone"},
        request={"functionName": "gone"},
        name="DeleteFunction20150331",
        error=(
            "ResourceNotFoundException",
            ("Function not found: arn:aws:lambda:us-east-1:<account>:function:gone"),
        ),
    ),
    by_boto3(
        "sns",
        "CreateTopic",
        parameters={"Name": "alerts", "Tags": [{"Key": "team", "Value": "core"}]},
        request={"name": "alerts", "tags": [{"key": "team", "value": "core"}]},
        response={"topicArn": "<topic>"},
        keeps={"topic": "TopicArn"},
    ),
    by_boto3(
        "sns",
        "SetTopicAttributes",
        parameters={
            "TopicArn": "<topic>",
            "AttributeName": "DisplayName",
            "AttributeValue": "Alerts",
        },
        request={"topicArn": "<topic>", "attributeName": "DisplayName", "attributeValue": "Alerts"},
    ),
    by_boto3(
        "sns",
        "Subscribe",
        parameters={
            "TopicArn": "<topic>",
            "Protocol": "email",
            "Endpoint": "ops@example.com",
            "ReturnSubscriptionArn": True,
        },
        request={
            "topicArn": "<topic>",
            "protocol": "email",
            "endpoint": "ops@example.com",
            "returnSubscriptionArn": True,
        },
        response={"subscriptionArn": Like(r"<topic>:[0-9a-f-]{36}")},
    ),
    by_boto3("sns", "ListTopics", read_only=True),
    by_boto3(
        "sns",
        "GetTopicAttributes",
        parameters={"TopicArn": "<topic>-gone"},
        request={"topicArn": "<topic>-gone"},
        read_only=True,
        error=("NotFoundException", "Topic does not exist: <topic>-gone"),
    ),
    by_boto3(
        "sns",
        "Publish",
        parameters={"TopicArn": "<topic>", "Message": "never to be seen", "Subject": "never"},
        request={
            "topicArn": "<topic>",
            "message": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "subject": "HIDDEN_DUE_TO_SECURITY_REASONS",
        },
        response={"messageId": UUID},
        data=True,
        fields={
            "resources": [{"accountId": "<account>", "type": "AWS::SNS::Topic", "ARN": "<topic>"}]
        },
    ),
    by_boto3(
        "sqs",
        "CreateQueue",
        parameters={
            "QueueName": "jobs",
            "Attributes": {"VisibilityTimeout": "45"},
            "tags": {"team": "core"},
        },
        request={
            "queueName": "jobs",
            "attributes": {"VisibilityTimeout": "45"},
            "tags": {"team": "core"},
        },
        response={"queueUrl": "<queue>"},
        keeps={"queue": "QueueUrl"},
    ),
    by_boto3(
        "sqs",
        "SetQueueAttributes",
        parameters={"QueueUrl": "<queue>", "Attributes": {"MessageRetentionPeriod": "3600"}},
        request={"queueUrl": "<queue>", "attributes": {"MessageRetentionPeriod": "3600"}},
    ),
    by_boto3(
        "sqs",
        "GetQueueAttributes",
        parameters={"QueueUrl": "<queue>", "AttributeNames": ["QueueArn"]},
        request={"queueUrl": "<queue>", "attributeNames": ["QueueArn"]},
        read_only=True,
    ),
    by_boto3(
        "sqs",
        "GetQueueUrl",
        parameters={"QueueName": "gone"},
        request={"queueName": "gone"},
        read_only=True,
        error=("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."),
    ),
    by_boto3(
        "sqs",
        "SendMessage",
        parameters={"QueueUrl": "<queue>", "MessageBody": "never to be seen"},
        request={"queueUrl": "<queue>", "messageBody": "HIDDEN_DUE_TO_SECURITY_REASONS"},
        response={"mD5OfMessageBody": Like("[0-9a-f]{32}"), "messageId": UUID},
        data=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::SQS::Queue",
                    "ARN": "arn:aws:sqs:us-east-1:<account>:jobs",
                }
            ]
        },
    ),
    by_boto3(
        "sqs",
        "ReceiveMessage",
        parameters={"QueueUrl": "<queue>", "MaxNumberOfMessages": 1},
        request={"queueUrl": "<queue>", "maxNumberOfMessages": 1},
        read_only=True,
        data=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::SQS::Queue",
                    "ARN": "arn:aws:sqs:us-east-1:<account>:jobs",
                }
            ]
        },
    ),
    by_boto3(
        "kms",
        "CreateKey",
        parameters={"Description": "logs", "Tags": [{"TagKey": "team", "TagValue": "core"}]},
        request={
            "description": "logs",
            "tags": [{"tagKey": "team", "tagValue": "core"}],
            "bypassPolicyLockoutSafetyCheck": False,
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "keySpec": "SYMMETRIC_DEFAULT",
            "keyUsage": "ENCRYPT_DECRYPT",
            "multiRegion": False,
            "origin": "AWS_KMS",
        },
        response={
            "keyMetadata": {
                "aWSAccountId": "<account>",
                "keyId": "<key>",
                "arn": "arn:aws:kms:us-east-1:<account>:key/<key>",
                "creationDate": DATE,
                "enabled": True,
                "description": "logs",
                "keyUsage": "ENCRYPT_DECRYPT",
                "keyState": "Enabled",
                "origin": "AWS_KMS",
                "keyManager": "CUSTOMER",
                "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
                "keySpec": "SYMMETRIC_DEFAULT",
                "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
                "multiRegion": False,
                "currentKeyMaterialId": Like("[0-9a-f]{64}"),
            }
        },
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::KMS::Key",
                    "ARN": "arn:aws:kms:us-east-1:<account>:key/<key>",
                }
            ]
        },
        keeps={"key": "KeyMetadata.KeyId"},
    ),
    by_boto3(
        "kms",
        "CreateAlias",
        parameters={"AliasName": "alias/logs", "TargetKeyId": "<key>"},
        request={"aliasName": "alias/logs", "targetKeyId": "<key>"},
        response={"keyId": "arn:aws:kms:us-east-1:<account>:key/<key>"},
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::KMS::Key",
                    "ARN": "arn:aws:kms:us-east-1:<account>:key/<key>",
                },
                {
                    "accountId": "<account>",
                    "type": "AWS::KMS::Key",
                    "ARN": "arn:aws:kms:us-east-1:<account>:alias/logs",
                },
            ]
        },
    ),
    by_boto3(
        "kms",
        "EnableKeyRotation",
        parameters={"KeyId": "<key>"},
        request={"keyId": "<key>"},
        response={"keyId": "arn:aws:kms:us-east-1:<account>:key/<key>"},
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::KMS::Key",
                    "ARN": "arn:aws:kms:us-east-1:<account>:key/<key>",
                }
            ]
        },
    ),
    by_boto3(
        "kms",
        "DescribeKey",
        parameters={"KeyId": "<key>"},
        request={"keyId": "<key>"},
        read_only=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::KMS::Key",
                    "ARN": "arn:aws:kms:us-east-1:<account>:key/<key>",
                }
            ]
        },
    ),
    by_boto3(
        "kms",
        "Encrypt",
        parameters={"KeyId": "<key>", "Plaintext": b"never", "EncryptionContext": {"app": "x"}},
        request={
            "keyId": "<key>",
            "encryptionContext": {"app": "x"},
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        },
        read_only=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::KMS::Key",
                    "ARN": "arn:aws:kms:us-east-1:<account>:key/<key>",
                }
            ]
        },
        keeps={"cipher": "CiphertextBlob"},
    ),
    by_boto3(
        "kms",
        "Decrypt",
        parameters={"CiphertextBlob": "<cipher>", "EncryptionContext": {"app": "x"}},
        request={"encryptionContext": {"app": "x"}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        read_only=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::KMS::Key",
                    "ARN": "arn:aws:kms:us-east-1:<account>:key/<key>",
                }
            ]
        },
    ),
    by_boto3(
        "kms",
        "GenerateDataKey",
        parameters={"KeyId": "<key>", "KeySpec": "AES_256"},
        request={"keyId": "<key>", "keySpec": "AES_256"},
        read_only=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::KMS::Key",
                    "ARN": "arn:aws:kms:us-east-1:<account>:key/<key>",
                }
            ]
        },
    ),
    by_boto3(
        "kms",
        "DescribeKey",
        parameters={"KeyId": "alias/gone"},
        read_only=True,
        error=("NotFoundException", "Key alias/gone not found"),
    ),
    by_boto3(
        "kms",
        "ScheduleKeyDeletion",
        parameters={"KeyId": "<key>", "PendingWindowInDays": 7},
        request={"keyId": "<key>", "pendingWindowInDays": 7},
        response={
            "keyId": "arn:aws:kms:us-east-1:<account>:key/<key>",
            "deletionDate": DATE,
            "keyState": "PendingDeletion",
            "pendingWindowInDays": 7,
        },
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::KMS::Key",
                    "ARN": "arn:aws:kms:us-east-1:<account>:key/<key>",
                }
            ]
        },
    ),
    by_boto3(
        "events",
        "PutRule",
        parameters={
            "Name": "launches",
            "EventPattern": '{"source": ["aws.ec2"]}',
            "Description": "what is launched",
        },
        request={
            "name": "launches",
            "eventPattern": '{"source": ["aws.ec2"]}',
            "description": "what is launched",
        },
        response={"ruleArn": "arn:aws:events:us-east-1:<account>:rule/launches"},
    ),
    by_boto3(
        "events",
        "PutTargets",
        parameters={
            "Rule": "launches",
            "Targets": [
                {"Id": "guard", "Arn": "arn:aws:lambda:us-east-1:<account>:function:guard"}
            ],
        },
        request={
            "rule": "launches",
            "targets": [
                {"id": "guard", "arn": "arn:aws:lambda:us-east-1:<account>:function:guard"}
            ],
        },
        response={"failedEntryCount": 0, "failedEntries": []},
    ),
    by_boto3(
        "events",
        "PutRule",
        parameters={"Name": "broken", "EventPattern": '{"source": "aws.ec2"}'},
        request={"name": "broken", "eventPattern": '{"source": "aws.ec2"}'},
        error=(
            "InvalidEventPatternException",
            (
                "Event pattern is not valid. Reason: a field takes an array of "
                "values or an object of fields, not a string; write the value in [ "
                "]"
            ),
        ),
    ),
    by_boto3(
        "events",
        "ListRules",
        parameters={"NamePrefix": "lau"},
        request={"namePrefix": "lau"},
        read_only=True,
    ),
    by_boto3(
        "events",
        "DescribeRule",
        parameters={"Name": "gone"},
        request={"name": "gone"},
        read_only=True,
        error=("ResourceNotFoundException", "Rule gone does not exist."),
    ),
    by_boto3(
        "events", "DisableRule", parameters={"Name": "launches"}, request={"name": "launches"}
    ),
    by_boto3(
        "dynamodb",
        "CreateTable",
        parameters={
            "TableName": "Music",
            "AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
        request={
            "attributeDefinitions": [{"attributeName": "Artist", "attributeType": "S"}],
            "tableName": "Music",
            "keySchema": [{"attributeName": "Artist", "keyType": "HASH"}],
            "billingMode": "PAY_PER_REQUEST",
        },
        response={
            "tableDescription": {
                "attributeDefinitions": [{"attributeName": "Artist", "attributeType": "S"}],
                "tableName": "Music",
                "keySchema": [{"attributeName": "Artist", "keyType": "HASH"}],
                "tableStatus": Like("CREATING|ACTIVE"),
                "creationDateTime": DATE,
                "provisionedThroughput": {"readCapacityUnits": 0, "writeCapacityUnits": 0},
                "tableSizeBytes": 0,
                "itemCount": 0,
                "tableArn": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                "tableId": UUID,
                "billingModeSummary": {"billingMode": "PAY_PER_REQUEST"},
                "deletionProtectionEnabled": False,
                "warmThroughput": {
                    "readUnitsPerSecond": 0,
                    "writeUnitsPerSecond": 0,
                    "status": Like("UPDATING|ACTIVE"),
                },
            }
        },
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::DynamoDB::Table",
                    "ARN": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                }
            ],
            "apiVersion": "2012-08-10",
        },
    ),
    by_boto3(
        "dynamodb",
        "PutItem",
        parameters={"TableName": "Music", "Item": {"Artist": {"S": "never to be seen"}}},
        request={"tableName": "Music", "items": ["Artist"]},
        data=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::DynamoDB::Table",
                    "ARN": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                }
            ],
            "apiVersion": "2012-08-10",
        },
    ),
    by_boto3(
        "dynamodb",
        "GetItem",
        parameters={"TableName": "Music", "Key": {"Artist": {"S": "Acme"}}},
        request={"tableName": "Music", "key": {"Artist": "Acme"}},
        read_only=True,
        data=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::DynamoDB::Table",
                    "ARN": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                }
            ],
            "apiVersion": "2012-08-10",
        },
    ),
    by_boto3(
        "dynamodb",
        "DescribeTable",
        parameters={"TableName": "Music"},
        request={"tableName": "Music"},
        read_only=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::DynamoDB::Table",
                    "ARN": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                }
            ],
            "apiVersion": "2012-08-10",
        },
    ),
    by_boto3(
        "dynamodb",
        "DescribeTable",
        parameters={"TableName": "Gone"},
        request={"tableName": "Gone"},
        read_only=True,
        error=("ResourceNotFoundException", "Requested resource not found: Table: Gone not found"),
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::DynamoDB::Table",
                    "ARN": "arn:aws:dynamodb:us-east-1:<account>:table/Gone",
                }
            ],
            "apiVersion": "2012-08-10",
        },
    ),
    by_boto3(
        "dynamodb",
        "UpdateTimeToLive",
        parameters={
            "TableName": "Music",
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "until"},
        },
        request={
            "tableName": "Music",
            "timeToLiveSpecification": {"enabled": True, "attributeName": "until"},
        },
        response={"timeToLiveSpecification": {"enabled": True, "attributeName": "until"}},
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::DynamoDB::Table",
                    "ARN": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                }
            ],
            "apiVersion": "2012-08-10",
        },
    ),
    by_boto3(
        "dynamodb",
        "DeleteTable",
        parameters={"TableName": "Music"},
        request={"tableName": "Music"},
        response={
            "tableDescription": {
                "attributeDefinitions": [{"attributeName": "Artist", "attributeType": "S"}],
                "tableName": "Music",
                "keySchema": [{"attributeName": "Artist", "keyType": "HASH"}],
                "tableStatus": "DELETING",
                "creationDateTime": DATE,
                "provisionedThroughput": {"readCapacityUnits": 0, "writeCapacityUnits": 0},
                "tableSizeBytes": 200,
                "itemCount": 1,
                "tableArn": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                "tableId": UUID,
                "billingModeSummary": {"billingMode": "PAY_PER_REQUEST"},
                "deletionProtectionEnabled": False,
                "warmThroughput": {
                    "readUnitsPerSecond": 0,
                    "writeUnitsPerSecond": 0,
                    "status": Like("UPDATING|ACTIVE"),
                },
            }
        },
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::DynamoDB::Table",
                    "ARN": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                }
            ],
            "apiVersion": "2012-08-10",
        },
    ),
    by_boto3(
        "ssm",
        "PutParameter",
        parameters={"Name": "/app/token", "Value": "never to be seen", "Type": "SecureString"},
        request={
            "name": "/app/token",
            "value": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "type": "SecureString",
            "overwrite": False,
        },
        response={"version": 1, "tier": "Standard"},
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "ARN": "arn:aws:ssm:us-east-1:<account>:parameter/app/token",
                }
            ]
        },
    ),
    by_boto3(
        "ssm",
        "GetParameter",
        parameters={"Name": "/app/token", "WithDecryption": True},
        request={"name": "/app/token", "withDecryption": True},
        read_only=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "ARN": "arn:aws:ssm:us-east-1:<account>:parameter/app/token",
                }
            ]
        },
    ),
    by_boto3(
        "ssm",
        "GetParameter",
        parameters={"Name": "/app/gone"},
        request={"name": "/app/gone"},
        read_only=True,
        error=("ParameterNotFound", "Parameter /app/gone not found"),
    ),
    by_boto3(
        "logs",
        "CreateLogGroup",
        parameters={"logGroupName": "/app/web"},
        request={"logGroupName": "/app/web"},
        fields={"apiVersion": "20140328"},
    ),
    by_boto3(
        "logs",
        "PutRetentionPolicy",
        parameters={"logGroupName": "/app/web", "retentionInDays": 30},
        request={"logGroupName": "/app/web", "retentionInDays": 30},
        fields={"apiVersion": "20140328"},
    ),
    by_boto3(
        "logs",
        "CreateLogGroup",
        parameters={"logGroupName": "/app/web"},
        request={"logGroupName": "/app/web"},
        error=(
            "ResourceAlreadyExistsException",
            "The specified log group already exists: /app/web",
        ),
        fields={"apiVersion": "20140328"},
    ),
    by_boto3(
        "logs",
        "DescribeLogGroups",
        parameters={"logGroupNamePrefix": "/app"},
        request={"logGroupNamePrefix": "/app"},
        read_only=True,
        fields={"apiVersion": "20140328"},
    ),
    by_boto3("cloudtrail", "StopLogging", parameters={"Name": "all"}, request={"name": "all"}),
]

CLI = [
    by_cli(
        "ec2",
        "DescribeInstances",
        command=("ec2 describe-instances --filters Name=instance-state-name,Values=running"),
        request={
            "filterSet": {
                "items": [
                    {"name": "instance-state-name", "valueSet": {"items": [{"value": "running"}]}}
                ]
            },
            "instancesSet": {},
        },
        read_only=True,
    ),
    by_cli(
        "ec2",
        "CreateSecurityGroup",
        command="ec2 create-security-group --group-name cli --description made",
        request={"groupDescription": "made", "groupName": "cli"},
        response={
            "requestId": UUID,
            "_return": True,
            "groupId": Like(r"sg-[0-9a-f]{17}"),
            "securityGroupArn": Like(
                r"arn:aws:ec2:us-east-1:<account>:security-group/sg-[0-9a-f]{17}"
            ),
        },
    ),
    by_cli(
        "ec2",
        "RunInstances",
        command=(
            "ec2 run-instances --image-id ami-0abcdef0123456789 --instance-type t3.micro --count 1"
        ),
        request={
            "instancesSet": {
                "items": [{"imageId": "ami-0abcdef0123456789", "minCount": 1, "maxCount": 1}]
            },
            "instanceType": "t3.micro",
            "clientToken": UUID,
            "blockDeviceMapping": {},
            "disableApiStop": False,
            "disableApiTermination": False,
            "monitoring": {"enabled": False},
        },
        error=(
            "Client.InvalidAMIID.NotFound",
            "The image id '[ami-0abcdef0123456789]' does not exist",
        ),
    ),
    by_cli(
        "s3",
        "CreateBucket",
        command="s3 mb s3://cli-<account>",
        request={"bucketName": "cli-<account>", "Host": "s3.us-east-1.amazonaws.com"},
        fields={"additionalEventData": transferred(0, 0)},
    ),
    by_cli(
        "s3",
        "PutBucketTagging",
        command=(
            "s3api put-bucket-tagging --bucket cli-<account> --tagging "
            "TagSet=[{Key=team,Value=core}]"
        ),
        request={
            "tagging": "",
            "bucketName": "cli-<account>",
            "Tagging": {
                "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/",
                "TagSet": {"Tag": {"Key": "team", "Value": "core"}},
            },
            "Host": "s3.us-east-1.amazonaws.com",
        },
        fields={
            "additionalEventData": transferred(0, 0),
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::cli-<account>",
                }
            ],
        },
    ),
    by_cli(
        "s3",
        "GetBucketPolicy",
        command="s3api get-bucket-policy --bucket cli-<account>",
        request={"policy": "", "bucketName": "cli-<account>", "Host": "s3.us-east-1.amazonaws.com"},
        read_only=True,
        error=("NoSuchBucketPolicy", "The bucket policy does not exist"),
        fields={
            "additionalEventData": transferred(0, 0),
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::cli-<account>",
                }
            ],
        },
    ),
    by_cli(
        "iam",
        "CreateUser",
        command="iam create-user --user-name cli",
        request={"userName": "cli"},
        response={
            "user": {
                "path": "/",
                "userName": "cli",
                "userId": Like(r"AIDA[A-Z0-9]{16,17}"),
                "arn": "arn:aws:iam::<account>:user/cli",
                "createDate": IAM_DATE,
            }
        },
        host="iam.amazonaws.com",
    ),
    by_cli(
        "iam",
        "ListRoles",
        command="iam list-roles --max-items 5",
        read_only=True,
        host="iam.amazonaws.com",
    ),
    by_cli(
        "iam",
        "DeleteRole",
        command="iam delete-role --role-name gone",
        request={"roleName": "gone"},
        host="iam.amazonaws.com",
        error=("NoSuchEntityException", "Role gone not found."),
    ),
    by_cli("sts", "GetCallerIdentity", command="sts get-caller-identity", read_only=True),
    by_cli(
        "sns",
        "CreateTopic",
        command="sns create-topic --name cli",
        request={"name": "cli"},
        response={"topicArn": "arn:aws:sns:us-east-1:<account>:cli"},
    ),
    by_cli("cloudtrail", "DescribeTrails", command="cloudtrail describe-trails", read_only=True),
    by_cli(
        "events",
        "PutRule",
        command="events put-rule --name cli --schedule-expression 'rate(5 minutes)'",
        request={"name": "cli", "scheduleExpression": "rate(5 minutes)"},
        response={"ruleArn": "arn:aws:events:us-east-1:<account>:rule/cli"},
    ),
    by_cli(
        "dynamodb",
        "CreateTable",
        command=(
            "dynamodb create-table --table-name cli --attribute-definitions "
            "AttributeName=k,AttributeType=S --key-schema "
            "AttributeName=k,KeyType=HASH --billing-mode PAY_PER_REQUEST"
        ),
        request={
            "attributeDefinitions": [{"attributeName": "k", "attributeType": "S"}],
            "tableName": "cli",
            "keySchema": [{"attributeName": "k", "keyType": "HASH"}],
            "billingMode": "PAY_PER_REQUEST",
        },
        response={
            "tableDescription": {
                "attributeDefinitions": [{"attributeName": "k", "attributeType": "S"}],
                "tableName": "cli",
                "keySchema": [{"attributeName": "k", "keyType": "HASH"}],
                "tableStatus": Like("CREATING|ACTIVE"),
                "creationDateTime": DATE,
                "provisionedThroughput": {"readCapacityUnits": 0, "writeCapacityUnits": 0},
                "tableSizeBytes": 0,
                "itemCount": 0,
                "tableArn": "arn:aws:dynamodb:us-east-1:<account>:table/cli",
                "tableId": UUID,
                "billingModeSummary": {"billingMode": "PAY_PER_REQUEST"},
                "deletionProtectionEnabled": False,
                "warmThroughput": {
                    "readUnitsPerSecond": 0,
                    "writeUnitsPerSecond": 0,
                    "status": Like("UPDATING|ACTIVE"),
                },
            }
        },
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::DynamoDB::Table",
                    "ARN": "arn:aws:dynamodb:us-east-1:<account>:table/cli",
                }
            ],
            "apiVersion": "2012-08-10",
        },
    ),
    by_cli(
        "ssm",
        "PutParameter",
        command="ssm put-parameter --name /cli/x --value never --type String",
        request={
            "name": "/cli/x",
            "value": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "type": "String",
            "overwrite": False,
        },
        response={"version": 1, "tier": "Standard"},
        fields={
            "resources": [
                {"accountId": "<account>", "ARN": "arn:aws:ssm:us-east-1:<account>:parameter/cli/x"}
            ]
        },
    ),
    by_cli(
        "logs",
        "CreateLogGroup",
        command="logs create-log-group --log-group-name /cli/x",
        request={"logGroupName": "/cli/x"},
        fields={"apiVersion": "20140328"},
    ),
]

TERRAFORM = """
resource "aws_s3_bucket" "this" {
  bucket_prefix = "records-"
}
resource "aws_iam_role" "this" {
  name = "app"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}
resource "aws_iam_role_policy" "this" {
  name = "logs"
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "logs:PutLogEvents", Resource = "*" }]
  })
}
resource "aws_sns_topic" "this" {
  name = "alerts"
}
resource "aws_cloudwatch_log_group" "this" {
  name = "/app/web"
  retention_in_days = 30
}
resource "aws_ssm_parameter" "this" {
  name = "/app/level"
  type = "String"
  value = "never to be seen"
}
resource "aws_dynamodb_table" "this" {
  name = "Music"
  billing_mode = "PAY_PER_REQUEST"
  hash_key = "Artist"
  attribute {
    name = "Artist"
    type = "S"
  }
}
resource "aws_cloudwatch_event_rule" "this" {
  name = "launches"
  event_pattern = jsonencode({ source = ["aws.ec2"] })
}
resource "aws_vpc" "this" {
  cidr_block = "10.8.0.0/16"
}
resource "aws_security_group" "this" {
  name = "web"
  vpc_id = aws_vpc.this.id
}
"""

TERRAFORM_CALLS = [
    by_terraform("sts", "GetCallerIdentity", read_only=True),
    by_terraform(
        "ssm",
        "PutParameter",
        request={
            "name": "/app/level",
            "value": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "type": "String",
            "overwrite": False,
            "allowedPattern": "",
        },
        response={"version": 1, "tier": "Standard"},
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "ARN": "arn:aws:ssm:us-east-1:<account>:parameter/app/level",
                }
            ]
        },
    ),
    by_terraform(
        "dynamodb",
        "CreateTable",
        request={
            "attributeDefinitions": [{"attributeName": "Artist", "attributeType": "S"}],
            "tableName": "Music",
            "keySchema": [{"attributeName": "Artist", "keyType": "HASH"}],
            "billingMode": "PAY_PER_REQUEST",
        },
        response={
            "tableDescription": {
                "attributeDefinitions": [{"attributeName": "Artist", "attributeType": "S"}],
                "tableName": "Music",
                "keySchema": [{"attributeName": "Artist", "keyType": "HASH"}],
                "tableStatus": Like("CREATING|ACTIVE"),
                "creationDateTime": DATE,
                "provisionedThroughput": {"readCapacityUnits": 0, "writeCapacityUnits": 0},
                "tableSizeBytes": 0,
                "itemCount": 0,
                "tableArn": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                "tableId": UUID,
                "billingModeSummary": {"billingMode": "PAY_PER_REQUEST"},
                "deletionProtectionEnabled": False,
                "warmThroughput": {
                    "readUnitsPerSecond": 0,
                    "writeUnitsPerSecond": 0,
                    "status": Like("UPDATING|ACTIVE"),
                },
            }
        },
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::DynamoDB::Table",
                    "ARN": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                }
            ],
            "apiVersion": "2012-08-10",
        },
    ),
    by_terraform(
        "ec2",
        "CreateVpc",
        request={
            "cidrBlock": "10.8.0.0/16",
            "instanceTenancy": "default",
            "amazonProvidedIpv6CidrBlock": False,
        },
        response={
            "requestId": UUID,
            "vpc": {
                "ownerId": "<account>",
                "instanceTenancy": "default",
                "cidrBlockAssociationSet": {
                    "items": [
                        {
                            "associationId": Like(r"vpc-cidr-assoc-[0-9a-f]{17}"),
                            "cidrBlock": "10.8.0.0/16",
                            "cidrBlockState": {"state": "associated"},
                        }
                    ]
                },
                "isDefault": False,
                "tagSet": {},
                "vpcId": Like(r"vpc-[0-9a-f]{17}"),
                "state": Like("pending|available"),
                "cidrBlock": "10.8.0.0/16",
                "dhcpOptionsId": "dopt-00000001",
            },
        },
    ),
    by_terraform(
        "logs",
        "CreateLogGroup",
        request={"logGroupName": "/app/web"},
        fields={"apiVersion": "20140328"},
    ),
    by_terraform(
        "sns",
        "CreateTopic",
        request={"name": "alerts"},
        response={"topicArn": "arn:aws:sns:us-east-1:<account>:alerts"},
    ),
    by_terraform(
        "events",
        "PutRule",
        request={
            "name": "launches",
            "eventPattern": '{"source":["aws.ec2"]}',
            "eventBusName": "default",
        },
        response={"ruleArn": "arn:aws:events:us-east-1:<account>:rule/launches"},
    ),
    by_terraform(
        "iam",
        "CreateRole",
        request={
            "path": "/",
            "roleName": "app",
            "assumeRolePolicyDocument": TERRAFORM_TRUST,
            "maxSessionDuration": 3600,
        },
        response={
            "role": {
                "path": "/",
                "roleName": "app",
                "roleId": Like(r"AROA[A-Z0-9]{16,17}"),
                "arn": "arn:aws:iam::<account>:role/app",
                "createDate": IAM_DATE,
                "assumeRolePolicyDocument": quote(TERRAFORM_TRUST, safe=""),
                "description": "",
                "maxSessionDuration": 3600,
            }
        },
        host="iam.amazonaws.com",
    ),
    by_terraform(
        "s3",
        "CreateBucket",
        request={
            "x-amz-acl": "private",
            "bucketName": Like(r"records-\d{26}"),
            "Host": "s3.us-east-1.amazonaws.com",
        },
        fields={"additionalEventData": transferred(0, 0)},
    ),
    by_terraform(
        "logs",
        "PutRetentionPolicy",
        request={"logGroupName": "/app/web", "retentionInDays": 30},
        fields={"apiVersion": "20140328"},
    ),
    by_terraform(
        "iam", "GetRole", request={"roleName": "app"}, read_only=True, host="iam.amazonaws.com"
    ),
    by_terraform(
        "sns",
        "SetTopicAttributes",
        request={
            "topicArn": "arn:aws:sns:us-east-1:<account>:alerts",
            "attributeName": "LambdaSuccessFeedbackSampleRate",
            "attributeValue": "0",
        },
    ),
    by_terraform(
        "dynamodb",
        "DescribeTimeToLive",
        request={"tableName": "Music"},
        read_only=True,
        fields={
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::DynamoDB::Table",
                    "ARN": "arn:aws:dynamodb:us-east-1:<account>:table/Music",
                }
            ],
            "apiVersion": "2012-08-10",
        },
    ),
    by_terraform(
        "s3",
        "GetBucketPolicy",
        request={
            "policy": "",
            "bucketName": Like(r"records-\d{26}"),
            "Host": "s3.us-east-1.amazonaws.com",
        },
        read_only=True,
        error=("NoSuchBucketPolicy", "The bucket policy does not exist"),
        fields={
            "additionalEventData": transferred(0, 0),
            "resources": [
                {
                    "accountId": "<account>",
                    "type": "AWS::S3::Bucket",
                    "ARN": Like(r"arn:aws:s3:::records-\d{26}"),
                }
            ],
        },
    ),
    by_terraform(
        "ec2",
        "CreateSecurityGroup",
        request={
            "groupDescription": "Managed by Terraform",
            "groupName": "web",
            "vpcId": Like(r"vpc-[0-9a-f]{17}"),
        },
        response={
            "requestId": UUID,
            "_return": True,
            "groupId": Like(r"sg-[0-9a-f]{17}"),
            "securityGroupArn": Like(
                r"arn:aws:ec2:us-east-1:<account>:security-group/sg-[0-9a-f]{17}"
            ),
        },
    ),
    by_terraform(
        "iam",
        "PutRolePolicy",
        request={"roleName": "app", "policyName": "logs", "policyDocument": TERRAFORM_POLICY},
        host="iam.amazonaws.com",
    ),
]
