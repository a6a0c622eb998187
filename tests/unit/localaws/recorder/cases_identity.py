"""IAM and STS: both recorded where AWS records them, with their documents, dates and secrets."""

from __future__ import annotations

from typing import Any

from localaws.wire.errors import ApiError
from tests.unit.localaws.recorder.calls import ACCOUNT, TIME, Case, denied, refusal

ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
TRUST = '{"Version": "2012-10-17", "Statement": []}'
TRUST_ENCODED = "%7B%22Version%22%3A%20%222012-10-17%22%2C%20%22Statement%22%3A%20%5B%5D%7D"
METADATA = "<EntityDescriptor>" + "x" * 1000 + "</EntityDescriptor>"
# IAM puts a narrow no-break space before AM and PM.
DATE = "Nov 22, 2026, 10:00:00\u202fAM"


def iam(operation: str, **values: Any) -> Case:
    return Case("iam", operation, "iam.amazonaws.com", region="us-east-1", **values)


def sts(operation: str, **values: Any) -> Case:
    return Case("sts", operation, "sts.eu-west-1.amazonaws.com", **values)


CASES = [
    iam(
        "CreateUser",
        parameters={"UserName": "bob", "Path": "/ops/", "Tags": [{"Key": "a", "Value": "b"}]},
        result={
            "User": {
                "UserName": "bob",
                "UserId": "AIDAEXAMPLEBOB",
                "Path": "/ops/",
                "Arn": f"arn:aws:iam::{ACCOUNT}:user/ops/bob",
                "CreateDate": TIME,
                "Tags": [{"Key": "a", "Value": "b"}],
            }
        },
        request={"userName": "bob", "path": "/ops/", "tags": [{"key": "a", "value": "b"}]},
        response={
            "user": {
                "userName": "bob",
                "userId": "AIDAEXAMPLEBOB",
                "path": "/ops/",
                "arn": f"arn:aws:iam::{ACCOUNT}:user/ops/bob",
                "createDate": DATE,
                "tags": [{"key": "a", "value": "b"}],
            }
        },
    ),
    iam(
        "CreateUser",
        parameters={"UserName": "bob"},
        error=denied("iam:CreateUser"),
        fields={"errorCode": "AccessDenied", "errorMessage": refusal("iam:CreateUser")},
    ),
    iam(
        "CreateUser",
        parameters={"UserName": "bob"},
        error=ApiError("EntityAlreadyExists", "User with name bob already exists.", 409),
        request={"userName": "bob"},
        fields={
            "errorCode": "EntityAlreadyExistsException",
            "errorMessage": "User with name bob already exists.",
        },
    ),
    iam(
        "CreateAccessKey",
        parameters={"UserName": "bob"},
        result={
            "AccessKey": {
                "UserName": "bob",
                "AccessKeyId": "AKIAEXAMPLEBOB",
                "Status": "Active",
                "SecretAccessKey": "never to be seen",
                "CreateDate": TIME,
            }
        },
        request={"userName": "bob"},
        response={
            "accessKey": {
                "userName": "bob",
                "accessKeyId": "AKIAEXAMPLEBOB",
                "status": "Active",
                "createDate": DATE,
            }
        },
    ),
    iam(
        "CreateLoginProfile",
        parameters={"UserName": "bob", "Password": "never to be seen"},
        result={
            "LoginProfile": {
                "UserName": "bob",
                "CreateDate": TIME,
                "PasswordResetRequired": False,
            }
        },
        request={"userName": "bob", "passwordResetRequired": False},
        response={
            "loginProfile": {
                "userName": "bob",
                "createDate": DATE,
                "passwordResetRequired": False,
            }
        },
    ),
    iam(
        "UpdateLoginProfile",
        parameters={"UserName": "bob", "Password": "never to be seen"},
        request={"userName": "bob"},
    ),
    iam(
        "CreateRole",
        parameters={"RoleName": "app", "AssumeRolePolicyDocument": TRUST, "Path": "/"},
        result={
            "Role": {
                "Path": "/",
                "RoleName": "app",
                "RoleId": "AROAEXAMPLEAPP",
                "Arn": ROLE,
                "CreateDate": TIME,
                "AssumeRolePolicyDocument": TRUST_ENCODED,
            }
        },
        request={"roleName": "app", "assumeRolePolicyDocument": TRUST, "path": "/"},
        response={
            "role": {
                "path": "/",
                "roleName": "app",
                "roleId": "AROAEXAMPLEAPP",
                "arn": ROLE,
                "createDate": DATE,
                "assumeRolePolicyDocument": TRUST_ENCODED,
            }
        },
    ),
    iam(
        "AttachRolePolicy",
        parameters={
            "RoleName": "app",
            "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
        },
        request={
            "roleName": "app",
            "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
        },
    ),
    iam(
        "PutRolePolicy",
        parameters={"RoleName": "app", "PolicyName": "inline", "PolicyDocument": TRUST},
        request={"roleName": "app", "policyName": "inline", "policyDocument": TRUST},
    ),
    iam(
        "GetRole",
        parameters={"RoleName": "gone"},
        error=ApiError("NoSuchEntity", "The role with name gone cannot be found.", 404),
        read_only=True,
        request={"roleName": "gone"},
        fields={
            "errorCode": "NoSuchEntityException",
            "errorMessage": "The role with name gone cannot be found.",
        },
    ),
    iam("ListUsers", result={"Users": []}, read_only=True),
    iam(
        "CreateServiceLinkedRole",
        parameters={"AWSServiceName": "autoscaling.amazonaws.com"},
        result={"Role": {"RoleName": "AWSServiceRoleForAutoScaling", "CreateDate": TIME}},
        request={"aWSServiceName": "autoscaling.amazonaws.com"},
        response={"role": {"roleName": "AWSServiceRoleForAutoScaling", "createDate": DATE}},
    ),
    iam(
        "UpdateSAMLProvider",
        parameters={
            "SAMLMetadataDocument": METADATA,
            "SAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/corp",
        },
        result={"SAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"},
        request={
            "sAMLMetadataDocument": METADATA,
            "sAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/corp",
        },
        response={"sAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"},
    ),
    sts("GetCallerIdentity", result={"Account": ACCOUNT}, read_only=True),
    sts(
        "AssumeRole",
        parameters={"RoleArn": ROLE, "RoleSessionName": "deploy", "DurationSeconds": 900},
        result={
            "Credentials": {
                "AccessKeyId": "ASIAEXAMPLE",
                "SecretAccessKey": "never to be seen",
                "SessionToken": "token",
                "Expiration": TIME,
            },
            "AssumedRoleUser": {
                "AssumedRoleId": "AROAEXAMPLEAPP:deploy",
                "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/deploy",
            },
        },
        read_only=True,
        request={"roleArn": ROLE, "roleSessionName": "deploy", "durationSeconds": 900},
        response={
            "credentials": {
                "accessKeyId": "ASIAEXAMPLE",
                "sessionToken": "token",
                "expiration": "Nov 22, 2026, 10:00:00 AM",
            },
            "assumedRoleUser": {
                "assumedRoleId": "AROAEXAMPLEAPP:deploy",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/deploy",
            },
        },
        fields={
            "resources": [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": ROLE}],
        },
    ),
    sts(
        "AssumeRole",
        parameters={"RoleArn": ROLE, "RoleSessionName": "deploy"},
        error=denied("sts:AssumeRole"),
        read_only=True,
        fields={"errorCode": "AccessDenied", "errorMessage": refusal("sts:AssumeRole")},
    ),
    sts(
        "GetFederationToken",
        parameters={"Name": "partner"},
        result={
            "Credentials": {
                "AccessKeyId": "ASIAEXAMPLE",
                "SecretAccessKey": "never to be seen",
                "SessionToken": "token",
                "Expiration": TIME,
            },
            "PackedPolicySize": 4,
        },
        request={"name": "partner"},
        response={
            "credentials": {
                "accessKeyId": "ASIAEXAMPLE",
                "sessionToken": "token",
                "expiration": "Nov 22, 2026, 10:00:00 AM",
            },
            "packedPolicySize": 4,
        },
    ),
]
