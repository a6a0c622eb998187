"""Answers of servers that say more, or less, than AWS: the record is CloudTrail's all the same."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.cloudtrail.recorder import build_record
from tests.unit.localaws.recorder.calls import ACCOUNT, REQUEST_ID, TIME, make_call

pytestmark = pytest.mark.unit

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{KEY_ID}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"


def response(*call: Any) -> Any:
    return build_record(make_call(*call))["responseElements"]


def test_an_instance_without_a_key_pair_has_no_key_name() -> None:
    parameters = {"ImageId": "ami-0abc0abc0abc0abc0", "MinCount": 1, "MaxCount": 1}
    instances = [{"InstanceId": "i-1", "KeyName": ""}, {"InstanceId": "i-2", "KeyName": "ops"}]
    record = response("ec2", "RunInstances", parameters, {"Instances": instances})
    assert record["instancesSet"]["items"] == [
        {"instanceId": "i-1"},
        {"instanceId": "i-2", "keyName": "ops"},
    ]


def test_a_new_volume_has_neither_attachments_nor_an_empty_snapshot() -> None:
    parameters = {"AvailabilityZone": "eu-west-1a", "Size": 8}
    result = {"VolumeId": "vol-1", "SnapshotId": "", "Attachments": [], "Tags": []}
    assert response("ec2", "CreateVolume", parameters, result) == {
        "requestId": REQUEST_ID,
        "volumeId": "vol-1",
        "tagSet": {},
    }


def test_the_newer_shape_has_no_empty_tags() -> None:
    parameters = {"LaunchTemplateName": "web", "LaunchTemplateData": {}}
    template = {"LaunchTemplateName": "web", "Tags": []}
    record = response("ec2", "CreateLaunchTemplate", parameters, {"LaunchTemplate": template})
    assert record["CreateLaunchTemplateResponse"]["launchTemplate"] == {"launchTemplateName": "web"}


@pytest.mark.parametrize(
    ("asked", "told"), [({}, {}), ({"MaxSessionDuration": 7200}, {"maxSessionDuration": 7200})]
)
def test_a_roles_longest_session_is_told_where_it_was_asked(
    asked: dict[str, Any], told: dict[str, Any]
) -> None:
    parameters = {"RoleName": "app", "AssumeRolePolicyDocument": "{}", **asked}
    role = {"RoleName": "app", "MaxSessionDuration": asked.get("MaxSessionDuration", 3600)}
    assert response("iam", "CreateRole", parameters, {"Role": role}) == {
        "role": {"roleName": "app", **told}
    }


@pytest.mark.parametrize(
    ("asked", "told"), [({}, {}), ({"Policy": "{...}"}, {"packedPolicySize": 6})]
)
def test_a_sessions_policies_have_a_size_where_there_are_any(
    asked: dict[str, Any], told: dict[str, Any]
) -> None:
    parameters = {"RoleArn": ROLE, "RoleSessionName": "nightly", **asked}
    result = {"PackedPolicySize": 6 if asked else 0}
    assert (response("sts", "AssumeRole", parameters, result) or {}) == told


def test_a_key_names_its_account_and_the_algorithms_it_has() -> None:
    metadata = {
        "KeyId": KEY_ID,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "SigningAlgorithms": [],
    }
    assert response("kms", "CreateKey", {}, {"KeyMetadata": metadata}) == {
        "keyMetadata": {
            "aWSAccountId": ACCOUNT,
            "keyId": KEY_ID,
            "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        }
    }


@pytest.mark.parametrize(("asked", "told"), [({}, 30), ({"PendingWindowInDays": 7}, 7)])
def test_a_deletion_says_when_it_will_be(asked: dict[str, Any], told: int) -> None:
    result = {"KeyId": KEY, "DeletionDate": TIME}
    record = response("kms", "ScheduleKeyDeletion", {"KeyId": KEY_ID, **asked}, result)
    assert record["pendingWindowInDays"] == told


@pytest.mark.parametrize("operation", ["DisableKey", "EnableKey", "EnableKeyRotation"])
@pytest.mark.parametrize("name", [KEY_ID, KEY])
def test_a_call_that_answers_nothing_names_the_key(operation: str, name: str) -> None:
    assert response("kms", operation, {"KeyId": name}) == {"keyId": KEY}


def test_an_alias_names_its_key() -> None:
    parameters = {"AliasName": "alias/logs", "TargetKeyId": KEY_ID}
    for operation in ("CreateAlias", "UpdateAlias"):
        assert response("kms", operation, parameters) == {"keyId": KEY}


def test_a_function_leaves_out_what_it_does_not_have() -> None:
    result = {
        "FunctionName": "guard",
        "Description": "",
        "KMSKeyArn": "",
        "Layers": [],
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""},
        "RuntimeVersionConfig": {"RuntimeVersionArn": ""},
        "LastUpdateStatusReason": "",
        "StateReason": "",
    }
    assert response("lambda", "PublishVersion", {"FunctionName": "guard"}, result) == {
        "functionName": "guard",
        "description": "",
        "environment": {},
    }


def test_a_function_in_a_network_says_so() -> None:
    network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": [], "VpcId": "vpc-1"}
    record = response("lambda", "PublishVersion", {"FunctionName": "g"}, {"VpcConfig": network})
    assert record["vpcConfig"] == {
        "subnetIds": ["subnet-1"],
        "securityGroupIds": [],
        "vpcId": "vpc-1",
    }


def test_s3_writes_the_tool_in_brackets() -> None:
    assert build_record(make_call("s3", "ListBuckets"))["userAgent"] == "[Boto3/1.43.106]"
    assert build_record(make_call("iam", "ListUsers"))["userAgent"] == "Boto3/1.43.106"
