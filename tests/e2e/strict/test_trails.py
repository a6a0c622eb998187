"""CreateTrail and UpdateTrail: only where CloudTrail can write."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.strict.support import Account, allow, policy, refused

pytestmark = pytest.mark.e2e

CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}
ACL = {"s3:x-amz-acl": "bucket-owner-full-control"}


@dataclass
class Ground:
    """An account with a bucket that admits the trail `audit`."""

    account: Account
    bucket: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def trail(self) -> str:
        return self.account.arn("cloudtrail", "trail/audit")

    def admit(
        self, write: dict[str, Any] | None = None, read: dict[str, Any] | None = None,
        resource: str | None = None,
    ) -> None:  # fmt: skip
        """The bucket policy of the documentation, with other conditions where they are given."""
        source = {"aws:SourceArn": self.trail}
        objects = resource or f"AWSLogs/{self.account.number}/*"
        self.put(
            allow(
                "s3:GetBucketAcl",
                f"arn:aws:s3:::{self.bucket}",
                Principal=CLOUDTRAIL,
                Condition={"StringEquals": source if read is None else read},
            ),
            allow(
                "s3:PutObject",
                f"arn:aws:s3:::{self.bucket}/{objects}",
                Principal=CLOUDTRAIL,
                Condition={"StringEquals": {**ACL, **source} if write is None else write},
            ),
        )

    def put(self, *statements: dict[str, Any]) -> None:
        self.account.client("s3").put_bucket_policy(Bucket=self.bucket, Policy=policy(*statements))

    def create(self, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.account.client("cloudtrail").create_trail(
            **{"Name": "audit", "S3BucketName": self.bucket, **self.settings, **more}
        )
        return answer

    def key(self, region: str = "us-east-1", **settings: Any) -> str:
        """A key whose policy is that of the documentation, with other statements if given."""
        kms = self.account.client("kms", region=region)
        root = allow("kms:*", Principal={"AWS": self.account.arn("iam", "root")})
        statements = settings.pop("statements", None) or [
            allow(
                "kms:GenerateDataKey*",
                Principal=CLOUDTRAIL,
                Condition={
                    "StringEquals": {"aws:SourceArn": self.trail},
                    "StringLike": {
                        "kms:EncryptionContext:aws:cloudtrail:arn": self.account.arn(
                            "cloudtrail", "trail/*", "*"
                        )
                    },
                },
            ),
            allow("kms:DescribeKey", Principal=CLOUDTRAIL),
        ]
        return str(kms.create_key(Policy=policy(root, *statements))["KeyMetadata"]["Arn"])


@pytest.fixture
def ground(account: Account) -> Ground:
    made = Ground(account, account.bucket())
    made.admit()
    return made


def incorrect(ground: Ground) -> Any:
    return refused(
        "InsufficientS3BucketPolicyException",
        f"Incorrect S3 bucket policy is detected for bucket: {ground.bucket}",
    )


def test_a_trail_whose_bucket_admits_it(ground: Ground) -> None:
    ground.create(EnableLogFileValidation=True, IsMultiRegionTrail=True)


def test_a_bucket_that_is_not_there(ground: Ground) -> None:
    with refused(
        "S3BucketDoesNotExistException", "S3 bucket there-is-no-such-bucket does not exist!"
    ):
        ground.create(S3BucketName="there-is-no-such-bucket")
    assert ground.account.client("cloudtrail").list_trails()["Trails"] == []


def test_a_bucket_name_that_is_none(ground: Ground) -> None:
    with refused("InvalidS3BucketNameException"):
        ground.create(S3BucketName="My_Bucket")


def test_a_bucket_without_policy(ground: Ground) -> None:
    ground.account.client("s3").delete_bucket_policy(Bucket=ground.bucket)
    with incorrect(ground):
        ground.create()


@pytest.mark.parametrize(
    "change",
    [
        {"write": {"aws:SourceArn": "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit"}},
        {"write": {"s3:x-amz-acl": "private"}},
        {"write": {"aws:SourceAccount": "111122223333"}},
        {"read": {"aws:SourceArn": "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit"}},
        {"resource": "AWSLogs/111122223333/*"},
        {"resource": "logs/AWSLogs/*"},
    ],
)
def test_a_bucket_policy_that_does_not_reach(ground: Ground, change: dict[str, Any]) -> None:
    ground.admit(**change)
    with incorrect(ground):
        ground.create()


@pytest.mark.parametrize("condition", [{}, "account"])
def test_a_bucket_policy_with_fewer_conditions(ground: Ground, condition: Any) -> None:
    source = {"aws:SourceAccount": ground.account.number} if condition else {}
    ground.admit(write={**ACL, **source}, read=source)
    ground.create()


def test_a_deny_in_the_bucket_policy(ground: Ground) -> None:
    admitted = json.loads(
        ground.account.client("s3").get_bucket_policy(Bucket=ground.bucket)["Policy"]
    )["Statement"]
    everything = [f"arn:aws:s3:::{ground.bucket}", f"arn:aws:s3:::{ground.bucket}/*"]
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything}
    over_tls = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    ground.put(*admitted, {**denial, **over_tls})
    ground.create()
    ground.account.client("cloudtrail").delete_trail(Name="audit")
    unencrypted = {"Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}
    ground.put(*admitted, {**denial, "Action": "s3:PutObject", **unencrypted})
    with incorrect(ground):
        ground.create()


def test_the_prefix_is_part_of_the_path(ground: Ground) -> None:
    with incorrect(ground):
        ground.create(S3KeyPrefix="audit")
    ground.admit(resource=f"audit/AWSLogs/{ground.account.number}/*")
    ground.create(S3KeyPrefix="audit")


def test_digests_have_a_path_of_their_own(ground: Ground) -> None:
    ground.admit(resource=f"AWSLogs/{ground.account.number}/CloudTrail/*")
    ground.create()
    with incorrect(ground):
        ground.account.client("cloudtrail").update_trail(Name="audit", EnableLogFileValidation=True)


def test_a_requester_pays_bucket(ground: Ground) -> None:
    s3 = ground.account.client("s3")
    s3.put_bucket_request_payment(
        Bucket=ground.bucket, RequestPaymentConfiguration={"Payer": "Requester"}
    )
    assert s3.get_bucket_request_payment(Bucket=ground.bucket)["Payer"] == "Requester"
    with incorrect(ground):
        ground.create()


def test_a_bucket_of_another_account(ground: Ground, other: Account) -> None:
    elsewhere = Ground(other, other.bucket())
    with refused("InsufficientS3BucketPolicyException"):
        ground.create(S3BucketName=elsewhere.bucket)
    source = {"aws:SourceArn": ground.trail}
    elsewhere.admit(
        write={**ACL, **source}, read=source, resource=f"AWSLogs/{ground.account.number}/*"
    )
    ground.create(S3BucketName=elsewhere.bucket)


def test_an_update_is_checked_like_a_creation(ground: Ground) -> None:
    ground.create()
    trails = ground.account.client("cloudtrail")
    with refused("S3BucketDoesNotExistException"):
        trails.update_trail(Name="audit", S3BucketName="there-is-no-such-bucket")
    with incorrect(ground):
        trails.update_trail(Name="audit", S3KeyPrefix="elsewhere")
    assert trails.get_trail(Name="audit")["Trail"]["S3BucketName"] == ground.bucket
    assert "S3KeyPrefix" not in trails.get_trail(Name="audit")["Trail"]


# --- key ---------------------------------------------------------------------------------------


def test_a_key_that_admits_the_trail(ground: Ground) -> None:
    key = ground.key()
    assert ground.create(KmsKeyId=key)["KmsKeyId"] == key


def test_an_alias_is_kept_as_its_key(ground: Ground) -> None:
    key = ground.key()
    ground.account.client("kms").create_alias(AliasName="alias/audit", TargetKeyId=key)
    assert ground.create(KmsKeyId="alias/audit")["KmsKeyId"] == key


def test_a_key_that_is_not_there(ground: Ground) -> None:
    ghost = ground.account.arn("kms", "key/11111111-2222-3333-4444-555555555555")
    with refused("KmsKeyNotFoundException"):
        ground.create(KmsKeyId=ghost)


def test_a_key_that_is_none(ground: Ground) -> None:
    with refused("InvalidKmsKeyIdException"):
        ground.create(KmsKeyId="arn:aws:s3:::bucket")


def test_a_key_of_another_region_than_the_bucket(ground: Ground) -> None:
    with refused("KmsKeyNotFoundException"):
        ground.create(KmsKeyId=ground.key(region="eu-west-1"))


def test_a_disabled_key(ground: Ground) -> None:
    key = ground.key()
    ground.account.client("kms").disable_key(KeyId=key)
    with refused("KmsException"):
        ground.create(KmsKeyId=key)


@pytest.mark.parametrize(
    "statements",
    [
        [allow("kms:DescribeKey", Principal=CLOUDTRAIL)],
        [allow("kms:GenerateDataKey*", Principal=CLOUDTRAIL)],
        [allow("kms:*", Principal={"Service": "s3.amazonaws.com"})],
        [
            allow("kms:DescribeKey", Principal=CLOUDTRAIL),
            allow(
                "kms:GenerateDataKey*",
                Principal=CLOUDTRAIL,
                Condition={
                    "StringLike": {
                        "kms:EncryptionContext:aws:cloudtrail:arn": (
                            "arn:aws:cloudtrail:*:111122223333:trail/*"
                        )
                    }
                },
            ),
        ],
    ],
)
def test_a_key_that_does_not_admit(ground: Ground, statements: list[dict[str, Any]]) -> None:
    key = ground.key(statements=statements)
    with refused(
        "InsufficientEncryptionPolicyException",
        f"Insufficient permissions to access S3 bucket {ground.bucket} or KMS key {key}.",
    ):
        ground.create(KmsKeyId=key)


# --- topic -------------------------------------------------------------------------------------

TOPIC = "SNS Topic does not exist or the topic policy is incorrect!"


def test_a_topic_that_is_not_there(ground: Ground) -> None:
    with refused("InsufficientSnsTopicPolicyException", TOPIC):
        ground.create(SnsTopicName="audit")


def test_a_topic_by_its_policy(ground: Ground) -> None:
    sns = ground.account.client("sns")
    arn = sns.create_topic(Name="audit")["TopicArn"]
    with refused("InsufficientSnsTopicPolicyException", TOPIC):
        ground.create(SnsTopicName="audit")
    source = {"StringEquals": {"aws:SourceArn": ground.trail}}
    sns.set_topic_attributes(
        TopicArn=arn,
        AttributeName="Policy",
        AttributeValue=policy(allow("sns:Publish", arn, Principal=CLOUDTRAIL, Condition=source)),
    )
    assert ground.create(SnsTopicName="audit")["SnsTopicARN"] == arn


# --- log group ---------------------------------------------------------------------------------


def test_a_log_group_takes_a_role(ground: Ground) -> None:
    group = ground.account.arn("logs", "log-group:audit:*")
    with refused(
        "InvalidCloudWatchLogsRoleArnException",
        "You must specify a role ARN as well as a log group.",
    ):
        ground.create(CloudWatchLogsLogGroupArn=group)
    with refused("InvalidCloudWatchLogsLogGroupArnException"):
        ground.create(CloudWatchLogsRoleArn=ground.account.arn("iam", "role/audit"))


def test_a_log_group_and_the_role_to_write_it(ground: Ground) -> None:
    account = ground.account
    group = account.arn("logs", "log-group:audit:*")
    untrusted = account.role("untrusted", {"Service": "lambda.amazonaws.com"})
    bare = account.role("bare", CLOUDTRAIL)
    writes = allow(["logs:CreateLogStream", "logs:PutLogEvents"], group)
    able = account.role("able", CLOUDTRAIL, writes)

    def create(role: str, arn: str = group) -> Any:
        return ground.create(CloudWatchLogsLogGroupArn=arn, CloudWatchLogsRoleArn=role)

    missing = "CloudTrail cannot validate the specified log group ARN."
    with refused("InvalidCloudWatchLogsLogGroupArnException", missing):
        create(able)
    account.client("logs").create_log_group(logGroupName="audit")
    with refused("InvalidCloudWatchLogsLogGroupArnException", missing):
        create(able, group.removesuffix(":*"))
    trust = "Access denied. Check the trust relationships for your role."
    with refused("InvalidCloudWatchLogsRoleArnException", trust):
        create(account.arn("iam", "role/ghost"))
    with refused("InvalidCloudWatchLogsRoleArnException", trust):
        create(untrusted)
    permissions = "Access denied. Check the permissions for your role."
    with refused("InvalidCloudWatchLogsLogGroupArnException", permissions):
        create(bare)
    assert create(able)["CloudWatchLogsRoleArn"] == able


# --- organization and Insights -----------------------------------------------------------------


def test_an_organization_trail(ground: Ground) -> None:
    account = ground.account
    organizations = account.client("organizations")
    with refused("CloudTrailAccessNotEnabledException"):
        ground.create(IsOrganizationTrail=True)
    service = "cloudtrail.amazonaws.com"
    organizations.enable_aws_service_access(ServicePrincipal=service)
    [enabled] = organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"]
    assert enabled["ServicePrincipal"] == service
    with incorrect(ground):
        ground.create(IsOrganizationTrail=True)
    organization = organizations.describe_organization()["Organization"]["Id"]
    ground.admit(resource=f"AWSLogs/{organization}/*")
    assert ground.create(IsOrganizationTrail=True)["IsOrganizationTrail"] is True
    organizations.disable_aws_service_access(ServicePrincipal=service)
    assert (
        organizations.list_aws_service_access_for_organization()["EnabledServicePrincipals"] == []
    )


@pytest.mark.parametrize(
    ("selector", "insight", "admitted"),
    [
        ({"ReadWriteType": "All"}, "ApiCallRateInsight", True),
        ({"ReadWriteType": "WriteOnly"}, "ApiCallRateInsight", True),
        ({"ReadWriteType": "ReadOnly"}, "ApiCallRateInsight", False),
        ({"ReadWriteType": "ReadOnly"}, "ApiErrorRateInsight", True),
        ({"IncludeManagementEvents": False}, "ApiCallRateInsight", False),
        ({"IncludeManagementEvents": False}, "ApiErrorRateInsight", False),
        ({"ReadWriteType": "All"}, "ApiLatencyInsight", False),
    ],
)
def test_insights_need_the_events_they_count(
    ground: Ground, selector: dict[str, Any], insight: str, admitted: bool
) -> None:
    ground.create()
    trails = ground.account.client("cloudtrail")
    trails.put_event_selectors(TrailName="audit", EventSelectors=[selector])
    wanted = [{"InsightType": insight}]
    if admitted:
        trails.put_insight_selectors(TrailName="audit", InsightSelectors=wanted)
        found = trails.get_insight_selectors(TrailName="audit")["InsightSelectors"]
        assert found == wanted
        return
    with refused("InvalidInsightSelectorsException"):
        trails.put_insight_selectors(TrailName="audit", InsightSelectors=wanted)


def test_who_may_not_is_not_told_about_the_bucket(ground: Ground) -> None:
    who = ground.account.user("ana")
    with refused("AccessDeniedException"):
        ground.account.client("cloudtrail", who).create_trail(
            Name="audit", S3BucketName="there-is-no-such-bucket"
        )
