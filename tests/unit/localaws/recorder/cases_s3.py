"""S3: names of its own, flags, headers, documents, object-level data events."""

from __future__ import annotations

import json
from typing import Any

from localaws.wire.errors import ApiError
from tests.unit.localaws.recorder.calls import ACCOUNT, Case

HOST = "s3.eu-west-1.amazonaws.com"
BUCKET = "acme-logs"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
BUCKET_RESOURCE = {
    "accountId": ACCOUNT,
    "type": "AWS::S3::Bucket",
    "ARN": "arn:aws:s3:::acme-logs",
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}],
}


def s3(
    operation: str,
    *,
    sent: int = 0,
    answered: int = 0,
    resources: list[dict[str, str]] | None = None,
    **values: Any,
) -> Case:
    values["request"] = {"Host": HOST, **values.get("request", {})}
    values["parameters"] = values.get("parameters", {"Bucket": BUCKET})
    fields = {
        "additionalEventData": {
            "SignatureVersion": "SigV4",
            "CipherSuite": "TLS_AES_128_GCM_SHA256",
            "bytesTransferredIn": sent,
            "AuthenticationMethod": "AuthHeader",
            "bytesTransferredOut": answered,
        },
        **values.pop("fields", {}),
    }
    if resources is None:
        resources = [BUCKET_RESOURCE]
    if resources:
        fields["resources"] = resources
    return Case("s3", operation, HOST, fields=fields, **values)


CASES = [
    s3(
        "CreateBucket",
        parameters={
            "Bucket": BUCKET,
            "ACL": "private",
            "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"},
            "ObjectLockEnabledForBucket": True,
        },
        result={"Location": "/acme-logs"},
        resources=[],
        request={
            "bucketName": BUCKET,
            "x-amz-acl": "private",
            "x-amz-bucket-object-lock-enabled": "true",
            "CreateBucketConfiguration": {
                "xmlns": NAMESPACE,
                "LocationConstraint": "eu-west-1",
            },
        },
    ),
    s3("DeleteBucket", request={"bucketName": BUCKET}),
    s3(
        "DeleteBucket",
        error=ApiError("NoSuchBucket", "The specified bucket does not exist", 404),
        resources=[],
        request={"bucketName": BUCKET},
        fields={
            "errorCode": "NoSuchBucket",
            "errorMessage": "The specified bucket does not exist",
        },
    ),
    s3("ListBuckets", parameters={}, result={"Buckets": []}, read_only=True, resources=[]),
    s3(
        "ListBuckets",
        parameters={},
        error=ApiError("AccessDenied", "Access Denied", 403),
        read_only=True,
        resources=[],
        fields={"errorCode": "AccessDenied", "errorMessage": "Access Denied"},
    ),
    s3(
        "PutBucketPolicy",
        parameters={"Bucket": BUCKET, "Policy": json.dumps(POLICY)},
        sent=len(json.dumps(POLICY)),
        request={"bucketName": BUCKET, "policy": "", "bucketPolicy": POLICY},
    ),
    s3("DeleteBucketPolicy", request={"bucketName": BUCKET, "policy": ""}),
    s3(
        "GetBucketPolicy",
        error=ApiError("NoSuchBucketPolicy", "The bucket policy does not exist", 404),
        read_only=True,
        request={"bucketName": BUCKET, "policy": ""},
        fields={
            "errorCode": "NoSuchBucketPolicy",
            "errorMessage": "The bucket policy does not exist",
        },
    ),
    s3("GetBucketAcl", read_only=True, request={"bucketName": BUCKET, "acl": ""}),
    s3(
        "PutBucketAcl",
        parameters={"Bucket": BUCKET, "ACL": "public-read"},
        request={"bucketName": BUCKET, "acl": "", "x-amz-acl": "public-read"},
    ),
    s3(
        "PutBucketAcl",
        parameters={
            "Bucket": BUCKET,
            "AccessControlPolicy": {
                "Owner": {"ID": "owner-id"},
                "Grants": [
                    {
                        "Grantee": {
                            "Type": "Group",
                            "URI": "http://acs.amazonaws.com/groups/global/AllUsers",
                        },
                        "Permission": "READ",
                    }
                ],
            },
        },
        request={
            "bucketName": BUCKET,
            "acl": "",
            "AccessControlPolicy": {
                "xmlns": NAMESPACE,
                "Owner": {"ID": "owner-id"},
                "AccessControlList": {
                    "Grant": {
                        "Grantee": {
                            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
                            "xsi:type": "Group",
                            "URI": "http://acs.amazonaws.com/groups/global/AllUsers",
                        },
                        "Permission": "READ",
                    }
                },
            },
        },
    ),
    s3(
        "PutBucketVersioning",
        parameters={
            "Bucket": BUCKET,
            "MFA": "arn:aws:iam::111122223333:mfa/root 123456",
            "VersioningConfiguration": {"Status": "Enabled", "MFADelete": "Enabled"},
        },
        request={
            "bucketName": BUCKET,
            "versioning": "",
            "VersioningConfiguration": {
                "xmlns": NAMESPACE,
                "Status": "Enabled",
                "MfaDelete": "Enabled",
            },
        },
    ),
    s3(
        "PutBucketEncryption",
        parameters={
            "Bucket": BUCKET,
            "ServerSideEncryptionConfiguration": {
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
                        "BucketKeyEnabled": True,
                    }
                ]
            },
        },
        request={
            "bucketName": BUCKET,
            "encryption": "",
            "ServerSideEncryptionConfiguration": {
                "xmlns": NAMESPACE,
                "Rule": {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
                    "BucketKeyEnabled": True,
                },
            },
        },
    ),
    s3(
        "PutPublicAccessBlock",
        name="PutBucketPublicAccessBlock",
        parameters={
            "Bucket": BUCKET,
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": False,
                "RestrictPublicBuckets": False,
            },
        },
        request={
            "bucketName": BUCKET,
            "publicAccessBlock": "",
            "PublicAccessBlockConfiguration": {
                "xmlns": NAMESPACE,
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": False,
                "RestrictPublicBuckets": False,
            },
        },
    ),
    s3(
        "DeletePublicAccessBlock",
        name="DeleteBucketPublicAccessBlock",
        request={"bucketName": BUCKET, "publicAccessBlock": ""},
    ),
    s3(
        "PutBucketLifecycleConfiguration",
        name="PutBucketLifecycle",
        parameters={
            "Bucket": BUCKET,
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "ID": "expire",
                        "Status": "Enabled",
                        "Filter": {"Prefix": "AWSLogs/"},
                        "Expiration": {"Days": 30},
                    },
                    {
                        "ID": "archive",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}],
                    },
                ]
            },
        },
        request={
            "bucketName": BUCKET,
            "lifecycle": "",
            "LifecycleConfiguration": {
                "xmlns": NAMESPACE,
                "Rule": [
                    {
                        "ID": "expire",
                        "Status": "Enabled",
                        "Filter": {"Prefix": "AWSLogs/"},
                        "Expiration": {"Days": 30},
                    },
                    {
                        "ID": "archive",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "Transition": {"Days": 90, "StorageClass": "GLACIER"},
                    },
                ],
            },
        },
    ),
    s3(
        "GetBucketLifecycleConfiguration",
        name="GetBucketLifecycle",
        read_only=True,
        request={"bucketName": BUCKET, "lifecycle": ""},
    ),
    s3(
        "GetObjectLockConfiguration",
        name="GetBucketObjectLockConfiguration",
        read_only=True,
        request={"bucketName": BUCKET, "object-lock": ""},
    ),
    s3(
        "PutBucketTagging",
        parameters={"Bucket": BUCKET, "Tagging": {"TagSet": [{"Key": "a", "Value": "1"}]}},
        request={
            "bucketName": BUCKET,
            "tagging": "",
            "Tagging": {"xmlns": NAMESPACE, "TagSet": {"Tag": {"Key": "a", "Value": 1}}},
        },
    ),
    s3("HeadBucket", read_only=True, data=True, request={"bucketName": BUCKET}),
    s3(
        "PutObject",
        parameters={
            "Bucket": BUCKET,
            "Key": "a/b.txt",
            "Body": b"hello",
            "ServerSideEncryption": "AES256",
            "SSECustomerKey": "c2VjcmV0",
            "ContentType": "text/plain",
        },
        result={"ETag": '"x"', "VersionId": "v1", "ServerSideEncryption": "AES256"},
        data=True,
        sent=5,
        resources=[
            {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::acme-logs/a/b.txt"},
            BUCKET_RESOURCE,
        ],
        request={
            "bucketName": BUCKET,
            "key": "a/b.txt",
            "x-amz-server-side-encryption": "AES256",
        },
        response={"x-amz-version-id": "v1", "x-amz-server-side-encryption": "AES256"},
    ),
    s3(
        "GetObject",
        parameters={"Bucket": BUCKET, "Key": "a/b.txt"},
        result={"ContentLength": 5, "ServerSideEncryption": "AES256"},
        data=True,
        read_only=True,
        answered=5,
        resources=[
            {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::acme-logs/a/b.txt"},
            BUCKET_RESOURCE,
        ],
        request={"bucketName": BUCKET, "key": "a/b.txt"},
    ),
    s3(
        "ListObjectsV2",
        name="ListObjects",
        parameters={"Bucket": BUCKET, "Prefix": "AWSLogs/", "MaxKeys": 10},
        data=True,
        read_only=True,
        resources=[
            {"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::acme-logs/"},
            BUCKET_RESOURCE,
        ],
        request={
            "bucketName": BUCKET,
            "list-type": "2",
            "prefix": "AWSLogs/",
            "max-keys": "10",
        },
    ),
]
