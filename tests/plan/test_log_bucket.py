"""modules/log-bucket: its policies to the letter, what it is set to, what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.local_aws import ACCOUNT, REGION
from tests.harness.plans import Plan, Planner
from tests.plan.calls import (
    REGIONS,
    Called,
    Raw,
    Settings,
    assert_refused,
    call,
    calls,
    readme_example,
)

pytestmark = pytest.mark.plan

BUCKET = "acme-logs"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
READERS = ["arn:aws:iam::210987654321:root", f"arn:aws:iam::{ACCOUNT}:role/audit/reader"]
EXTRA = {
    "Sid": "Audit",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/audit"},
    "Action": ["s3:GetObjectVersion", "s3:ListBucketVersions"],
    "Resource": ["arn:aws:s3:::acme-logs", "arn:aws:s3:::acme-logs/*"],
}
LEAST: Settings = {"name": BUCKET, "trail_name": "acme"}
CALLS: dict[str, Settings] = {
    "tagged": {**LEAST, "tags": {"team": "platform"}},
    "dotted": {**LEAST, "name": "acme.audit.logs"},
    "given": {**LEAST, "force_destroy": True, "kms_key_arn": KEY, "own_kms_key": False},
    "made": {**LEAST, "kms_key_arn": Raw("aws_kms_key.mine.arn"), "own_kms_key": False},
    "read": {**LEAST, "key_prefix": "a", "reader_arns": READERS},
    "kept": {**LEAST, "mfa_delete": True, "mfa_device_arn": "GAHT12345678"},
    "open": {**LEAST, "mfa_delete": False},
    "locked": {**LEAST, "object_lock_mode": "compliance", "object_lock_days": 400},
    "logged": {**LEAST, "access_log": "own", "access_log_expire_after_days": 400},
    "given_log": {**LEAST, "access_log": "given", "access_log_bucket": "acme-access"},
    "aged": {
        **LEAST,
        "key_prefix": "a",
        "transitions": {"GLACIER_IR": 90, "DEEP_ARCHIVE": 365},
        "expire_after_days": 800,
    },
    "extra": {**LEAST, "extra_policy_json": json.dumps({"Statement": EXTRA})},
    "organization": {
        **LEAST,
        "key_prefix": "org/audit",
        "organization_id": "o-a1b2c3d4e5",
        "trail_account_id": "210987654321",
        "trail_region": "eu-central-1",
    },
}
ACCEPTED: list[Settings] = [
    {"name": "a1b", "trail_name": "abc"},
    {"name": "a" * 63, "trail_name": "a" * 128},
    {**LEAST, "key_prefix": "a!-_.'()/B/9"},
    {**LEAST, "key_prefix": "p" * 200},
    {**LEAST, "trail_name": "a.b_c-d"},
    {**LEAST, "trail_region": "us-gov-west-1"},
    {**LEAST, "kms_key_arn": KEY.replace("/1", "/mrk-1"), "own_kms_key": False},
]
OWN_KEY = 'resource "aws_kms_key" "mine" {}\n'


@pytest.fixture(scope="module")
def many(tf: Planner) -> Plan:
    """All calls in one plan."""
    named = "".join(call("log-bucket", settings, label) for label, settings in CALLS.items())
    return tf.plan(OWN_KEY + named + calls("log-bucket", ACCEPTED))


def trail_arn(partition: str = "aws", region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:{partition}:cloudtrail:{region}:{account}:trail/acme"


def denials(bucket: str) -> list[dict[str, Any]]:
    common = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
    }
    return [
        {
            "Sid": "DenyInsecureTransport",
            **common,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "DenyOutdatedTls",
            **common,
            "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
        },
    ]


def admission(bucket: str, trail: str, *writes: tuple[str, str]) -> list[dict[str, Any]]:
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    return [
        {
            "Sid": "CloudTrailAclCheck",
            **service,
            "Action": "s3:GetBucketAcl",
            "Resource": bucket,
            "Condition": {"StringEquals": {"aws:SourceArn": trail}},
        },
        *(
            {
                "Sid": sid,
                **service,
                "Action": "s3:PutObject",
                "Resource": f"{bucket}/{below}/*",
                "Condition": {
                    "StringEquals": {
                        "aws:SourceArn": trail,
                        "s3:x-amz-acl": "bucket-owner-full-control",
                    }
                },
            }
            for sid, below in writes
        ),
    ]


def key_policy(
    partition: str, trail: str, trail_account: str = ACCOUNT, bucket: str = BUCKET
) -> dict[str, Any]:
    service = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Resource": "*",
    }
    source = {"StringEquals": {"aws:SourceArn": trail}}
    context = f"arn:{partition}:cloudtrail:*:{trail_account}:trail/*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OwnerAccount",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{ACCOUNT}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "CloudTrailEncrypt",
                **service,
                "Action": "kms:GenerateDataKey*",
                "Condition": {
                    **source,
                    "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": context},
                },
            },
            {
                "Sid": "CloudTrailEncryptWithBucketKey",
                **service,
                "Action": "kms:GenerateDataKey*",
                "Condition": {
                    **source,
                    "StringLike": {
                        "kms:EncryptionContext:aws:s3:arn": [
                            f"arn:{partition}:s3:::{bucket}",
                            f"arn:{partition}:s3:::{bucket}/*",
                        ]
                    },
                },
            },
            {
                "Sid": "CloudTrailDescribe",
                **service,
                "Action": "kms:DescribeKey",
                "Condition": source,
            },
            {"Sid": "CloudTrailDecrypt", **service, "Action": "kms:Decrypt", "Condition": source},
        ],
    }


@pytest.mark.parametrize("partition", REGIONS)
def test_policies_in_each_partition(tf: Planner, partition: str) -> None:
    region = REGIONS[partition]
    settings = {**LEAST, "access_log": "own"}
    plan = tf.plan(call("log-bucket", settings), region=region)
    bucket, trail = f"arn:{partition}:s3:::{BUCKET}", trail_arn(partition, region)
    policies = Called(plan, "this").of_type("aws_s3_bucket_policy")
    assert json.loads(policies["aws_s3_bucket_policy.this"]["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            *denials(bucket),
            *admission(bucket, trail, ("CloudTrailWrite", f"AWSLogs/{ACCOUNT}")),
        ],
    }
    assert json.loads(policies["aws_s3_bucket_policy.access_log[0]"]["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            *denials(f"{bucket}-access-log"),
            log_delivery(f"{bucket}-access-log", bucket),
        ],
    }
    assert json.loads(plan.one("aws_kms_key")["policy"]) == key_policy(partition, trail)
    assert Called(plan, "this").shown["mfa_delete_commands"] == {
        "enable": f"aws s3api put-bucket-versioning --region {region} --bucket {BUCKET} "
        "--versioning-configuration Status=Enabled,MFADelete=Enabled "
        f'--mfa "arn:{partition}:iam::{ACCOUNT}:mfa/root-account-mfa-device CODE"',
        "disable": f"aws s3api put-bucket-versioning --region {region} --bucket {BUCKET} "
        "--versioning-configuration Status=Enabled,MFADelete=Disabled "
        f'--mfa "arn:{partition}:iam::{ACCOUNT}:mfa/root-account-mfa-device CODE"',
    }


def log_delivery(target: str, source: str) -> dict[str, Any]:
    return {
        "Sid": "S3ServerAccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{target}/{BUCKET}/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": source},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        },
    }


def test_what_the_bucket_is_set_to(many: Plan) -> None:
    plan = Called(many, "tagged")
    assert plan.managed == [
        "aws_kms_alias.this[0]",
        "aws_kms_key.this[0]",
        "aws_s3_bucket.this",
        "aws_s3_bucket_ownership_controls.this",
        "aws_s3_bucket_policy.this",
        "aws_s3_bucket_public_access_block.this",
        "aws_s3_bucket_server_side_encryption_configuration.this",
        "aws_s3_bucket_versioning.this",
    ]
    bucket = plan.one("aws_s3_bucket")
    assert (bucket["bucket"], bucket["force_destroy"]) == (BUCKET, False)
    assert bucket["tags"] == {"team": "platform"}
    block = plan.one("aws_s3_bucket_public_access_block")
    assert block["block_public_acls"] is block["block_public_policy"] is True
    assert block["ignore_public_acls"] is block["restrict_public_buckets"] is True
    rule = plan.one("aws_s3_bucket_ownership_controls")["rule"]
    assert rule == [{"object_ownership": "BucketOwnerEnforced"}]
    versioning = plan.one("aws_s3_bucket_versioning")
    assert versioning["versioning_configuration"] == [{"status": "Enabled"}]
    assert versioning["mfa"] is None
    encryption = plan.one("aws_s3_bucket_server_side_encryption_configuration")["rule"][0]
    assert encryption["bucket_key_enabled"] is True
    assert encryption["apply_server_side_encryption_by_default"] == [{"sse_algorithm": "aws:kms"}]
    key = plan.one("aws_kms_key")
    assert key["enable_key_rotation"] is True
    assert key["deletion_window_in_days"] == 30
    assert key["tags"] == {"team": "platform"}
    assert plan.one("aws_kms_alias")["name"] == "alias/log-bucket/acme-logs"


def test_a_trail_waits_for_every_policy(many: Plan) -> None:
    """Passing the module whole orders a trail after what lets CloudTrail write."""
    module = many.json["configuration"]["root_module"]["module_calls"]["tagged"]["module"]
    assert set(module["outputs"]["name"]["depends_on"]) >= {
        "aws_s3_bucket_policy.this",
        "aws_s3_bucket_server_side_encryption_configuration.this",
        "aws_s3_bucket_versioning.this",
    }
    assert module["outputs"]["arn"]["depends_on"] == ["aws_s3_bucket_policy.this"]
    # The key's policy is an argument of the key: whoever has its ARN comes after both.
    assert "local._kms_key_arn" in str(module["outputs"]["kms_key_arn"]["expression"])


def test_an_organization_trail_of_another_account(many: Plan) -> None:
    plan = Called(many, "organization")
    account, region, organization = "210987654321", "eu-central-1", "o-a1b2c3d4e5"
    bucket, trail = f"arn:aws:s3:::{BUCKET}", trail_arn("aws", region, account)
    assert json.loads(plan.one("aws_s3_bucket_policy")["policy"])["Statement"] == [
        *denials(bucket),
        *admission(
            bucket,
            trail,
            ("CloudTrailWrite", f"org/audit/AWSLogs/{account}"),
            ("CloudTrailOrganizationWrite", f"org/audit/AWSLogs/{organization}"),
        ),
    ]
    assert json.loads(plan.one("aws_kms_key")["policy"]) == key_policy("aws", trail, account)
    assert plan.shown["key_prefix"] == "org/audit"


def test_readers(many: Plan) -> None:
    plan = Called(many, "read")
    bucket = f"arn:aws:s3:::{BUCKET}"
    reader = {"Effect": "Allow", "Principal": {"AWS": sorted(READERS)}}
    assert json.loads(plan.one("aws_s3_bucket_policy")["policy"])["Statement"][4:] == [
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
    decrypt = {**reader, "Action": "kms:Decrypt", "Resource": "*"}
    context = "kms:EncryptionContext:aws:cloudtrail:arn"
    objects = {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/*"]}
    assert json.loads(plan.one("aws_kms_key")["policy"])["Statement"][5:] == [
        {"Sid": "ReadersDecryptLogs", **decrypt, "Condition": {"Null": {context: "false"}}},
        {"Sid": "ReadersDecryptBucket", **decrypt, "Condition": {"StringLike": objects}},
    ]


def test_everything_given(many: Plan) -> None:
    plan = Called(many, "given")
    assert not plan.of_type("aws_kms_key")
    assert not plan.of_type("aws_kms_alias")
    encryption = plan.one("aws_s3_bucket_server_side_encryption_configuration")["rule"][0]
    default = encryption["apply_server_side_encryption_by_default"][0]
    assert default == {"kms_master_key_id": KEY, "sse_algorithm": "aws:kms"}
    assert plan.one("aws_s3_bucket")["force_destroy"] is True
    outputs = plan.shown
    assert (outputs["kms_key_arn"], outputs["trail_name"]) == (KEY, "acme")
    # What the given key has to admit.
    assert json.loads(outputs["kms_key_policy"]) == key_policy("aws", trail_arn())


def test_statements_of_ones_own_come_last(many: Plan) -> None:
    policy = json.loads(Called(many, "extra").one("aws_s3_bucket_policy")["policy"])
    assert len(policy["Statement"]) == 5
    assert policy["Statement"][4] == EXTRA


def test_mfa_delete_is_told_not_done(many: Plan) -> None:
    """The code never gets near the state; what to run is put out, for the device that was named."""
    plan = Called(many, "kept")
    versioning = plan.one("aws_s3_bucket_versioning")
    assert versioning["mfa"] is None
    assert versioning["versioning_configuration"] == [{"status": "Enabled"}]
    assert plan.shown["mfa_delete_commands"]["enable"].endswith('--mfa "GAHT12345678 CODE"')
    assert not plan.of_type("aws_s3_bucket_lifecycle_configuration")
    # Whoever did not ask is not told: a first plan of all others is without a warning.
    checks = {check["address"]["to_display"]: check["status"] for check in many.json["checks"]}
    asked = {f"module.{name}.check.mfa_delete" for name in ("kept", "open")}
    mine = {c: s for c, s in checks.items() if c.endswith("check.mfa_delete")}
    assert {c for c, status in mine.items() if status == "unknown"} <= asked
    assert len([w for w in many.warnings if "Check block" in w]) == len(asked)


def test_object_lock(many: Plan) -> None:
    plan = Called(many, "locked")
    [rule] = plan.one("aws_s3_bucket_object_lock_configuration")["rule"]
    assert rule["default_retention"] == [{"days": 400, "mode": "COMPLIANCE", "years": None}]
    # Switched on for the bucket as it is: the argument of the bucket would replace it.
    assert "object_lock_enabled" not in plan.one("aws_s3_bucket")


def test_an_access_log_of_its_own(many: Plan) -> None:
    plan = Called(many, "logged")
    buckets = {a: b["bucket"] for a, b in plan.of_type("aws_s3_bucket").items()}
    own = f"{BUCKET}-access-log"
    assert buckets == {"aws_s3_bucket.this": BUCKET, "aws_s3_bucket.access_log[0]": own}
    encryption = plan.of_type("aws_s3_bucket_server_side_encryption_configuration")
    rule = encryption["aws_s3_bucket_server_side_encryption_configuration.access_log[0]"]["rule"][0]
    # S3 delivers access logs to no bucket under a KMS key, nor to one with Object Lock.
    assert rule["apply_server_side_encryption_by_default"][0]["sse_algorithm"] == "AES256"
    assert not plan.of_type("aws_s3_bucket_object_lock_configuration")
    assert plan.one("aws_s3_bucket_logging")["target_prefix"] == f"{BUCKET}/"
    lifecycle = plan.one("aws_s3_bucket_lifecycle_configuration")["rule"][0]
    assert lifecycle["expiration"][0]["days"] == 400
    assert plan.shown["access_log_bucket"] == own
    assert plan.shown["access_log_policy_statement"] is None


def test_an_access_log_in_a_given_bucket(many: Plan) -> None:
    plan = Called(many, "given_log")
    assert list(plan.of_type("aws_s3_bucket")) == ["aws_s3_bucket.this"]
    logging = plan.one("aws_s3_bucket_logging")
    assert (logging["target_bucket"], logging["target_prefix"]) == ("acme-access", f"{BUCKET}/")
    statement = json.loads(plan.shown["access_log_policy_statement"])
    assert statement == log_delivery("arn:aws:s3:::acme-access", f"arn:aws:s3:::{BUCKET}")


def test_logs_age_where_there_is_no_mfa_delete(many: Plan) -> None:
    rules = Called(many, "aged").one("aws_s3_bucket_lifecycle_configuration")["rule"]
    assert [rule["id"] for rule in rules] == [
        f"age-{ACCOUNT}-logs",
        f"age-{ACCOUNT}-network-activity",
        "expire",
        "clean-up",
    ]
    assert rules[0]["filter"][0]["and"][0]["prefix"] == f"a/AWSLogs/{ACCOUNT}/CloudTrail/"


def test_an_alias_has_no_dots(many: Plan) -> None:
    plan = Called(many, "dotted")
    assert plan.one("aws_s3_bucket")["bucket"] == "acme.audit.logs"
    assert plan.one("aws_kms_alias")["name"] == "alias/log-bucket/acme-audit-logs"


def test_a_key_of_the_same_apply(many: Plan) -> None:
    plan = Called(many, "made")
    assert not plan.of_type("aws_kms_key")
    encryption = "aws_s3_bucket_server_side_encryption_configuration.this"
    [rule] = plan.unknown(encryption)["rule"]
    assert rule["apply_server_side_encryption_by_default"][0]["kms_master_key_id"] is True


def test_a_key_that_nothing_uses_is_told(tf: Planner) -> None:
    plan = tf.plan(call("log-bucket", {**LEAST, "kms_key_arn": KEY}))
    (warning,) = plan.warnings
    assert "which nothing uses: set own_kms_key = false" in warning


def test_numbers_of_days_may_be_secrets(tf: Planner) -> None:
    """What comes from an SSM parameter always is one for Terraform."""
    secret: Settings = {
        **LEAST,
        "expire_after_days": Raw("sensitive(800)"),
        "object_lock_days": Raw("sensitive(400)"),
        "object_lock_mode": Raw('sensitive("governance")'),
        "access_log": "own",
        "access_log_expire_after_days": Raw("sensitive(9)"),
    }
    shown = call("log-bucket", secret).replace(
        "value = module", "sensitive = true\n  value = module"
    )
    plan = Called(tf.plan(shown), "this")
    assert len(plan.of_type("aws_s3_bucket_lifecycle_configuration")) == 2
    assert len(plan.of_type("aws_s3_bucket_object_lock_configuration")) == 1


def test_what_is_accepted(many: Plan) -> None:
    made = [a for a in many.of_type("aws_s3_bucket") if a.endswith("aws_s3_bucket.this")]
    assert len(made) == len(CALLS) + len(ACCEPTED)


def test_what_is_refused(tf: Planner) -> None:
    name = "name must be a bucket name: 3 to 63 lower-case letters"
    reserved = "name has a prefix or suffix that S3 keeps for itself"
    prefix = "key_prefix must be 1 to 200 letters, digits or any of !_.*'()- with single slashes"
    trail = "trail_name must be a trail's name: 3 to 128 letters"
    organization = "organization_id must be an organization's id such as o-a1b2c3d4e5"
    readers = "reader_arns must hold ARNs of roles, users or accounts without wildcards"
    region = "trail_region must be a Region such as eu-west-1"
    account = "trail_account_id must be the 12 digits of an account id"
    key = "kms_key_arn must be the ARN of a key, arn:<partition>:kms:<region>:<account>:key/<id>"
    assert_refused(
        tf,
        "log-bucket",
        [
            *(
                ({**LEAST, "name": bad}, name)
                for bad in ("ab", "A-b", "a_b", "-ab", "ab-", "a..b", "10.0.0.1", "a" * 64)
            ),
            *(({**LEAST, "name": bad}, reserved) for bad in ("xn--logs", "logs-s3alias")),
            *(
                ({**LEAST, "key_prefix": bad}, prefix)
                for bad in ("", "/a", "a/", "a//b", "a b", "p" * 201)
            ),
            ({**LEAST, "key_prefix": "a*"}, 'key_prefix must not hold "*"'),
            *(
                ({**LEAST, "trail_name": bad}, trail)
                for bad in ("ab", "-abc", "abc-", "a--b", "a b", "a" * 129)
            ),
            *(({**LEAST, "organization_id": bad}, organization) for bad in ("", "r-a1b2c3d4e5")),
            *(
                ({**LEAST, "reader_arns": [bad]}, readers)
                for bad in ("*", "210987654321", "arn:aws:iam::210987654321:role/*")
            ),
            ({**LEAST, "trail_region": "Ireland"}, region),
            ({**LEAST, "trail_account_id": "1234"}, account),
            *(
                ({**LEAST, "kms_key_arn": bad}, key)
                for bad in ("alias/logs", KEY.replace(":key/", ":alias/"))
            ),
        ],
    )


def test_what_is_refused_of_the_new(tf: Planner) -> None:
    statement = {"Sid": "CloudTrailWrite", "Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    document = "extra_policy_json must be a policy document as JSON with a Statement"
    serial = "mfa_device_arn must be arn:<partition>:iam::<account>:mfa/<name>"
    assert_refused(
        tf,
        "log-bucket",
        [
            ({**LEAST, "access_log": "on"}, 'access_log must be "off", "own"'),
            *(({**LEAST, "extra_policy_json": bad}, document) for bad in ("{", "[]", "{}")),
            (
                {**LEAST, "extra_policy_json": json.dumps({"Statement": statement})},
                "extra_policy_json uses a Sid of the module's own statements",
            ),
            *(({**LEAST, "mfa_device_arn": bad}, serial) for bad in ("", "arn:aws:iam::1:mfa/x")),
            (
                {**LEAST, "object_lock_mode": "legal", "object_lock_days": 1},
                'object_lock_mode must be "governance" or "compliance"',
            ),
            *(
                (
                    {**LEAST, "object_lock_mode": "governance", "object_lock_days": bad},
                    "object_lock_days must be a whole number of days from 1 to 36500",
                )
                for bad in (0, 1.5, 36501)
            ),
            (
                {**LEAST, "access_log": "own", "access_log_expire_after_days": 0},
                "access_log_expire_after_days must be a whole number of days",
            ),
        ],
    )


def test_what_is_refused_together(tf: Planner) -> None:
    """These read two settings, and are only reached where each by itself is right."""
    both = 'access_log = "given" and access_log_bucket go together'
    lifecycle = "S3 refuses a lifecycle on a bucket with MFA delete: leave out transitions and"
    lock = "object_lock_mode and object_lock_days go together"
    key = "own_kms_key is false and kms_key_arn is missing, so that nothing would encrypt"
    governed = {**LEAST, "object_lock_mode": "governance"}
    assert_refused(
        tf,
        "log-bucket",
        [
            (
                {**LEAST, "name": "a" * 53, "access_log": "own"},
                "shorten name to 52, or give a bucket",
            ),
            ({**LEAST, "access_log": "given"}, both),
            ({**LEAST, "access_log_bucket": "acme-access"}, both),
            (
                {**LEAST, "access_log": "given", "access_log_bucket": BUCKET},
                "access_log_bucket is the log bucket itself",
            ),
            (
                {**LEAST, "access_log_expire_after_days": 9},
                "access_log_expire_after_days is for the module's own access log bucket",
            ),
            ({**LEAST, "mfa_delete": True, "transitions": {"GLACIER_IR": 90}}, lifecycle),
            ({**LEAST, "mfa_delete": True, "expire_after_days": 90}, lifecycle),
            (
                {**LEAST, "mfa_delete": True, "force_destroy": True},
                "force_destroy can't delete versions from a bucket with MFA delete",
            ),
            (governed, lock),
            ({**LEAST, "own_kms_key": False}, key),
            ({**LEAST, "object_lock_days": 9}, lock),
            (
                {**governed, "object_lock_days": 9, "expire_after_days": 8},
                "expire_after_days is shorter than object_lock_days",
            ),
        ],
    )


def test_a_policy_that_s3_would_not_take(tf: Planner) -> None:
    many = [{**EXTRA, "Sid": f"Audit{n}"} for n in range(120)]
    error = tf.plan_error(
        call("log-bucket", {**LEAST, "extra_policy_json": json.dumps({"Statement": many})})
    )
    assert "S3 takes 20,480: shorten extra_policy_json or reader_arns" in error


def test_a_setting_that_is_misspelt_is_an_error(tf: Planner) -> None:
    error = tf.plan_error(call("log-bucket", {**LEAST, "force_destory": True}))
    assert 'An argument named "force_destory" is not expected here.' in error


def test_the_readmes_example(tf: Planner) -> None:
    plan = tf.plan(readme_example("log-bucket"))
    assert plan.warnings == ()
    assert len(plan.of_type("aws_cloudtrail")) == 1
