"""modules/log-archive and modules/log-replication: two sides that fit, policies to the letter."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import (
    REGIONS,
    Called,
    Settings,
    assert_refused,
    call,
    readme_example,
)
from tests.plan.test_log_bucket import denials

pytestmark = pytest.mark.plan

LOGS, KEPT = "acme-logs", "acme-archive"
OTHER = "210987654321"
KEY_ID = "11111111-2222-3333-4444-555555555555"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"


def key(partition: str = "aws", region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:{partition}:kms:{region}:{account}:key/{KEY_ID}"


def role(partition: str = "aws", account: str = ACCOUNT, name: str = "acme-replication") -> str:
    return f"arn:{partition}:iam::{account}:role/{name}"


READERS = [f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{ACCOUNT}:role/audit"]
ARCHIVE: Settings = {"name": KEPT, "replication_role_arn": role()}
REPLICATION: Settings = {
    "name": "acme-replication",
    "log_bucket": {"name": LOGS, "kms_key_arn": key()},
    "archive": {"name": KEPT, "kms_key_arn": key()},
}
CALLS: dict[str, tuple[str, Settings]] = {
    "archive": ("log-archive", {**ARCHIVE, "tags": {"team": "platform"}}),
    "given": (
        "log-archive",
        {
            **ARCHIVE,
            "kms_key_arn": key(),
            "own_kms_key": False,
            "key_prefix": "a",
            "reader_arns": READERS,
            "retention_mode": "compliance",
            "retention_days": 2555,
            "transitions": {},
        },
    ),
    "theirs": (
        "log-archive",
        {
            **ARCHIVE,
            "replication_role_arn": role(account=OTHER),
            "organization_id": "o-a1b2c3d4e5",
            "account_ids": [OTHER, "345678901234"],
            "expire_after_days": 800,
        },
    ),
    "replication": ("log-replication", REPLICATION),
    "role_only": (
        "log-replication",
        {
            **REPLICATION,
            "create_rule": False,
            "archive": {"name": KEPT, "account_id": OTHER},
            "role_path": "/audit/",
            "permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        },
    ),
    "far": (
        "log-replication",
        {
            **REPLICATION,
            "log_bucket": {"name": LOGS, "kms_key_arn": key(), "key_prefix": "a"},
            "archive": {
                "name": KEPT,
                "account_id": OTHER,
                "region": "eu-west-1",
                "kms_key_arn": key(region="eu-west-1", account=OTHER),
            },
            "alarm_topic": {"arn": TOPIC},
            "replication_time_control": True,
        },
    ),
}


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    return tf.plan("".join(call(m, settings, label) for label, (m, settings) in CALLS.items()))


def archive_policy(partition: str, source: str = ACCOUNT) -> list[dict[str, Any]]:
    bucket = f"arn:{partition}:s3:::{KEPT}"
    replication = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{source}:root"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": role(partition, source)}},
    }
    return [
        *denials(bucket),
        {
            "Sid": "ReplicationLook",
            **replication,
            "Action": ["s3:GetBucketVersioning", "s3:ListBucket"],
            "Resource": bucket,
        },
        {
            "Sid": "ReplicationWrite",
            **replication,
            "Action": [
                "s3:ObjectOwnerOverrideToBucketOwner",
                "s3:ReplicateObject",
                "s3:ReplicateTags",
            ],
            "Resource": f"{bucket}/*",
        },
    ]


def via_s3(bucket: str, region: str, suffix: str) -> dict[str, Any]:
    return {
        "StringEquals": {"kms:ViaService": f"s3.{region}.{suffix}"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/*"]},
    }


def archive_key_policy(partition: str, region: str, suffix: str) -> list[dict[str, Any]]:
    via = via_s3(f"arn:{partition}:s3:::{KEPT}", region, suffix)
    return [
        {
            "Sid": "OwnerAccount",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "ReplicationEncrypt",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{ACCOUNT}:root"},
            "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": role(partition)}, **via},
        },
    ]


def role_policy(partition: str, region: str, suffix: str) -> list[dict[str, Any]]:
    source, target = f"arn:{partition}:s3:::{LOGS}", f"arn:{partition}:s3:::{KEPT}"
    return [
        {
            "Sid": "ReadConfiguration",
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": source,
        },
        {
            "Sid": "ReadVersions",
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectLegalHold",
                "s3:GetObjectRetention",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"{source}/*",
        },
        {
            "Sid": "WriteReplicas",
            "Effect": "Allow",
            "Action": [
                "s3:ObjectOwnerOverrideToBucketOwner",
                "s3:ReplicateObject",
                "s3:ReplicateTags",
            ],
            "Resource": f"{target}/*",
        },
        {
            "Sid": "DecryptLogs",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": key(partition, region),
            "Condition": via_s3(source, region, suffix),
        },
        {
            "Sid": "EncryptReplicas",
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": key(partition, region),
            "Condition": via_s3(target, region, suffix),
        },
    ]


@pytest.mark.parametrize("partition", REGIONS)
def test_policies_in_each_partition(tf: Planner, partition: str) -> None:
    region = REGIONS[partition]
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    mine = key(partition, region)
    sides = {"log_bucket": {"name": LOGS, "kms_key_arn": mine}}
    plan = tf.plan(
        call("log-archive", {**ARCHIVE, "replication_role_arn": role(partition)}, "archive")
        + call(
            "log-replication",
            {**REPLICATION, **sides, "archive": {"name": KEPT, "kms_key_arn": mine}},
            "replication",
        ),
        region=region,
    )

    def statements(text: str) -> Any:
        policy = json.loads(text)
        assert policy.pop("Version") == "2012-10-17"
        return policy.pop("Statement")

    assert statements(plan.one("aws_s3_bucket_policy")["policy"]) == archive_policy(partition)
    kms = statements(plan.one("aws_kms_key")["policy"])
    assert kms == archive_key_policy(partition, region, suffix)
    found = statements(plan.one("aws_iam_role_policy")["policy"])
    assert found == role_policy(partition, region, suffix)
    assert statements(plan.one("aws_iam_role")["assume_role_policy"]) == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
        }
    ]
    assert Called(plan, "replication").shown["role_arn"] == role(partition)


def test_the_archives_settings_by_default(many: Plan) -> None:
    plan = Called(many, "archive")
    assert plan.managed == [
        "aws_kms_alias.this[0]",
        "aws_kms_key.this[0]",
        "aws_s3_bucket.this",
        "aws_s3_bucket_object_lock_configuration.this",
        "aws_s3_bucket_ownership_controls.this",
        "aws_s3_bucket_policy.this",
        "aws_s3_bucket_public_access_block.this",
        "aws_s3_bucket_server_side_encryption_configuration.this",
        "aws_s3_bucket_versioning.this",
        "module.lifecycle[0].aws_s3_bucket_lifecycle_configuration.this",
    ]
    [rule] = plan.one("aws_s3_bucket_object_lock_configuration")["rule"]
    assert rule["default_retention"] == [{"days": 365, "mode": "GOVERNANCE", "years": None}]
    assert plan.one("aws_s3_bucket_ownership_controls")["rule"] == [
        {"object_ownership": "BucketOwnerEnforced"}
    ]
    encryption = plan.one("aws_s3_bucket_server_side_encryption_configuration")["rule"][0]
    assert encryption["bucket_key_enabled"] is True
    assert plan.one("aws_kms_key")["enable_key_rotation"] is True
    assert plan.one("aws_kms_alias")["name"] == f"alias/log-archive/{KEPT}"
    assert plan.one("aws_s3_bucket")["tags"] == {"team": "platform"}


def test_by_default_no_digest_and_nothing_small_moves(many: Plan) -> None:
    rules = Called(many, "archive").one("aws_s3_bucket_lifecycle_configuration")["rule"]
    moving = [rule for rule in rules if rule["transition"]]
    prefixes = [rule["filter"][0]["and"][0]["prefix"] for rule in moving]
    assert prefixes == [
        f"AWSLogs/{ACCOUNT}/CloudTrail/",
        f"AWSLogs/{ACCOUNT}/CloudTrail-NetworkActivity/",
    ]
    digest = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/01/01/x.json.gz"
    assert not any(digest.startswith(prefix) for prefix in prefixes)
    for rule in moving:
        assert rule["filter"][0]["and"][0]["object_size_greater_than"] == 128 * 1024 - 1
        found = {(t["storage_class"], t["days"]) for t in rule["transition"]}
        assert found == {("GLACIER_IR", 90), ("DEEP_ARCHIVE", 365)}
    assert [rule for rule in rules if rule["expiration"]] == []


def test_an_archive_with_everything_given(many: Plan) -> None:
    plan = Called(many, "given")
    assert not plan.of_type("aws_kms_key")
    assert not plan.of_type("aws_s3_bucket_lifecycle_configuration")
    [rule] = plan.one("aws_s3_bucket_object_lock_configuration")["rule"]
    assert rule["default_retention"] == [{"days": 2555, "mode": "COMPLIANCE", "years": None}]
    bucket = f"arn:aws:s3:::{KEPT}"
    reader = {"Effect": "Allow", "Principal": {"AWS": sorted(READERS)}}
    policy = json.loads(plan.one("aws_s3_bucket_policy")["policy"])["Statement"]
    assert policy == [
        *archive_policy("aws"),
        {
            "Sid": "ReadersList",
            **reader,
            "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
            "Resource": bucket,
        },
        {
            "Sid": "ReadersRead",
            **reader,
            "Action": "s3:GetObject",
            "Resource": f"{bucket}/a/AWSLogs/*",
        },
    ]
    decrypt = json.loads(plan.shown["kms_key_policy"])["Statement"][2]
    assert decrypt == {
        "Sid": "ReadersDecrypt",
        **reader,
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/*"]}},
    }


def test_an_organizations_archive_fed_from_another_account(many: Plan) -> None:
    plan = Called(many, "theirs")
    policy = json.loads(plan.one("aws_s3_bucket_policy")["policy"])["Statement"]
    assert policy == archive_policy("aws", OTHER)
    rules = plan.one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert [rule["id"] for rule in rules] == [
        f"age-{OTHER}-logs",
        f"age-{OTHER}-network-activity",
        "age-345678901234-logs",
        "age-345678901234-network-activity",
        "expire",
        "clean-up",
    ]
    base = "AWSLogs/o-a1b2c3d4e5"
    assert rules[0]["filter"][0]["and"][0]["prefix"] == f"{base}/{OTHER}/CloudTrail/"
    assert rules[4]["expiration"][0]["days"] == 800
    assert rules[4]["noncurrent_version_expiration"][0]["noncurrent_days"] == 30


def test_the_rule(many: Plan) -> None:
    plan = Called(many, "replication")
    assert plan.managed == [
        "aws_iam_role.this",
        "aws_iam_role_policy.this",
        "aws_s3_bucket_replication_configuration.this[0]",
    ]
    configuration = plan.one("aws_s3_bucket_replication_configuration")
    assert configuration["bucket"] == LOGS
    [rule] = configuration["rule"]
    assert (rule["id"], rule["status"]) == ("acme-replication", "Enabled")
    assert rule["filter"][0]["prefix"] == "AWSLogs/"
    assert rule["delete_marker_replication"] == [{"status": "Disabled"}]
    criteria = rule["source_selection_criteria"][0]
    assert criteria["sse_kms_encrypted_objects"] == [{"status": "Enabled"}]
    [target] = rule["destination"]
    assert target["bucket"] == f"arn:aws:s3:::{KEPT}"
    assert target["encryption_configuration"] == [{"replica_kms_key_id": key()}]
    # Same account: S3 refuses a new owner without another account, and the other way round.
    assert target["account"] in (None, "")
    assert target["access_control_translation"] == target["metrics"] == []
    assert not any(plan.shown["operations"].values())


def test_a_rule_to_another_account_with_alarm_and_promise(many: Plan) -> None:
    plan = Called(many, "far")
    [rule] = plan.one("aws_s3_bucket_replication_configuration")["rule"]
    assert rule["filter"][0]["prefix"] == "a/AWSLogs/"
    [target] = rule["destination"]
    assert target["account"] == OTHER
    assert target["access_control_translation"] == [{"owner": "Destination"}]
    assert target["metrics"][0]["event_threshold"] == [{"minutes": 15}]
    assert target["replication_time"][0]["time"] == [{"minutes": 15}]
    alarm = plan.one("aws_cloudwatch_metric_alarm")
    assert alarm["dimensions"] == {
        "DestinationBucket": KEPT,
        "RuleId": "acme-replication",
        "SourceBucket": LOGS,
    }
    assert (alarm["namespace"], alarm["metric_name"]) == ("AWS/S3", "OperationsFailedReplication")
    assert alarm["alarm_actions"] == [TOPIC]
    encrypt = json.loads(plan.one("aws_iam_role_policy")["policy"])["Statement"][4]
    assert encrypt["Resource"] == key(region="eu-west-1", account=OTHER)
    assert encrypt["Condition"] == via_s3(f"arn:aws:s3:::{KEPT}", "eu-west-1", "amazonaws.com")


def test_the_role_can_be_made_before_the_archive(many: Plan) -> None:
    plan = Called(many, "role_only")
    assert plan.managed == ["aws_iam_role.this", "aws_iam_role_policy.this"]
    assert plan.one("aws_iam_role")["permissions_boundary"].endswith(":policy/boundary")
    assert plan.shown["role_arn"] == f"arn:aws:iam::{ACCOUNT}:role/audit/acme-replication"
    policy = json.loads(plan.one("aws_iam_role_policy")["policy"])["Statement"]
    assert [s["Sid"] for s in policy] == [
        "ReadConfiguration",
        "ReadVersions",
        "WriteReplicas",
        "DecryptLogs",
    ]


def test_wrong_settings_of_the_archive_are_refused(tf: Planner) -> None:
    arn = "replication_role_arn must be a role's ARN, arn:<partition>:iam::<account>:role/<name>"
    days = "retention_days must be a whole number of days from 1 to 36500"
    assert_refused(
        tf,
        "log-archive",
        [
            *(
                ({**ARCHIVE, "replication_role_arn": bad}, arn)
                for bad in ("acme", f"arn:aws:iam::{ACCOUNT}:user/x", "arn:aws:iam::*:role/x")
            ),
            *(({**ARCHIVE, "retention_days": bad, "transitions": {}}, days) for bad in (0, 1.5)),
            (
                {**ARCHIVE, "retention_mode": "legal"},
                'retention_mode must be "governance" or "compliance"',
            ),
            ({**ARCHIVE, "name": "A"}, "name must be a bucket name: 3 to 63 lower-case letters"),
            ({**ARCHIVE, "kms_key_arn": "alias/x"}, "kms_key_arn must be the ARN of a key"),
            ({**ARCHIVE, "key_prefix": "/a"}, "key_prefix must be 1 to 200 letters"),
            ({**ARCHIVE, "key_prefix": "a*"}, 'key_prefix must not hold "*"'),
            (
                {**ARCHIVE, "name": "xn--logs"},
                "name has a prefix or suffix that S3 keeps for itself",
            ),
            ({**ARCHIVE, "organization_id": "r-1"}, "organization_id must be an organization's id"),
            ({**ARCHIVE, "reader_arns": ["*"]}, "reader_arns must hold ARNs of roles, users or"),
        ],
    )


def test_wrong_combinations_of_the_archive_are_refused(tf: Planner) -> None:
    assert_refused(
        tf,
        "log-archive",
        [
            (
                {**ARCHIVE, "retention_days": 30},
                "retention_days is shorter than the first transition: logs could be deleted before "
                "they are archived. Raise retention_days to 90 or more",
            ),
            (
                {**ARCHIVE, "expire_after_days": 364, "transitions": {}},
                "expire_after_days is shorter than retention_days",
            ),
        ],
    )


def test_wrong_settings_of_the_replication_are_refused(tf: Planner) -> None:
    sentence = "name must be a role's name: 1 to 64 letters"
    assert_refused(
        tf,
        "log-replication",
        [
            *(({**REPLICATION, "name": bad}, sentence) for bad in ("", "a b", "a" * 65)),
            (
                {**REPLICATION, "role_path": "audit"},
                "role_path must begin and end with a slash, as in /audit/.",
            ),
        ],
    )
    assert_refused(
        tf,
        "log-replication",
        [
            (
                {**REPLICATION, "archive": {"name": KEPT}},
                "archive.kms_key_arn is missing, and S3 replicates encrypted objects only with",
            ),
            (
                {**REPLICATION, "archive": {"name": LOGS, "kms_key_arn": key()}},
                "archive is the log bucket itself: give another bucket.",
            ),
        ],
    )
    elsewhere = {"arn": TOPIC.replace(REGION, "eu-west-1")}
    error = tf.plan_error(call("log-replication", {**REPLICATION, "alarm_topic": elsewhere}))
    assert f"alarm_topic is in eu-west-1, which an alarm of {REGION} can't reach" in error


@pytest.mark.parametrize("module", ["log-archive", "log-replication"])
def test_the_readmes_example(tf: Planner, module: str) -> None:
    plan = tf.plan(readme_example(module))
    assert len(plan.of_type("aws_s3_bucket_replication_configuration")) == 1
