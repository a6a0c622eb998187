"""The trail's examples end to end: applied, unchanged, protected by MFA delete, archived, gone."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.harness.applies import Applier, Stack
from tests.harness.local_aws import Credentials, LocalAws
from tests.harness.tools import tool
from trailctl.terraform import Completed, clean_environment, run_limited

pytestmark = pytest.mark.e2e

EXAMPLES = Path("examples")
MFA_DEMANDED = "Mfa Authentication must be used for this request"

# Everything that a trail can have; nothing of it may differ in a second plan.
EVERYTHING = """
module "log_bucket" {
  source                       = "${modules}/log-bucket"
  name                         = "everything-logs-x"
  trail_name                   = "everything"
  key_prefix                   = "audit"
  force_destroy                = true # lifts governance retention, too
  access_log                   = "own"
  access_log_expire_after_days = 400
  object_lock_mode             = "governance"
  object_lock_days             = 1
  transitions                  = { GLACIER_IR = 90, GLACIER = 180, DEEP_ARCHIVE = 365 }
  expire_after_days            = 800
  extra_policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = {
      Sid       = "NobodyDeletes"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:DeleteObject"
      Resource  = "arn:aws:s3:::everything-logs-x/never/*"
    }
  })
}

module "trail" {
  source                            = "${modules}/trail"
  name                              = "everything"
  log_bucket                        = module.log_bucket
  management_events                 = "write"
  excluded_management_event_sources = ["kms.amazonaws.com", "rdsdata.amazonaws.com"]
  insights                          = ["call_rate", "error_rate"]
  cloudwatch_logs                   = "own"
  notification_topic                = { arn = aws_sns_topic_policy.files.arn }
  data_events = {
    objects = {
      resource_type = "AWS::S3::Object"
      read_write    = "write"
      resource_arns = { starts_with = ["arn:aws:s3:::customers/"], not_ends_with = [".tmp"] }
    }
    tables = { resource_type = "AWS::DynamoDB::Table", event_names = { equals = ["DeleteItem"] } }
  }
  network_activity_events = { s3 = { event_source = "s3.amazonaws.com" } }
  tags                    = { team = "platform" }
}

resource "aws_sns_topic" "files" {
  name = "log-files"
}

resource "aws_sns_topic_policy" "files" {
  arn = aws_sns_topic.files.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.files.arn
    }]
  })
}
"""

# An organization's bucket in an account of its own.
TWO_ACCOUNTS = """
variable "logs_account" { type = string }
variable "management_account" { type = string }
variable "organization_id" { type = string }

provider "aws" {}

provider "aws" {
  alias      = "logs"
  access_key = var.logs_account
  secret_key = "test"
}

module "log_bucket" {
  source           = "${modules}/log-bucket"
  providers        = { aws = aws.logs }
  name             = "elsewhere-logs-x"
  trail_name       = "elsewhere"
  trail_account_id = var.management_account
  organization_id  = var.organization_id
}

module "trail" {
  source          = "${modules}/trail"
  name            = "elsewhere"
  scope           = "organization"
  log_bucket      = module.log_bucket
  cloudwatch_logs = "own"
}

output "bucket_account" { value = module.log_bucket.account_id }
"""

# The two sides of an archive as two states in two accounts.
SOURCE = """
variable "archive" {
  type = object({ name = string, account_id = string, kms_key_arn = optional(string) })
}
variable "create_rule" { type = bool }
variable "name" { type = string }

module "log_bucket" {
  source     = "${modules}/log-bucket"
  name          = "${var.name}-logs"
  trail_name    = var.name
  force_destroy = true
}

module "log_replication" {
  source      = "${modules}/log-replication"
  name        = var.name
  log_bucket  = module.log_bucket
  archive     = var.archive
  create_rule = var.create_rule
}

output "key" { value = module.log_bucket.kms_key_arn }
"""
ARCHIVE = """
variable "name" { type = string }
variable "role" { type = string }

module "log_archive" {
  source               = "${modules}/log-archive"
  name                 = "${var.name}-archive"
  replication_role_arn = var.role
  retention_days       = 1
  transitions          = {}
  force_destroy        = true
}

output "key" { value = module.log_archive.kms_key_arn }
"""


def organization(aws: LocalAws, account: str) -> str:
    """The id of the account's organization, with trusted access for CloudTrail turned on.

    On the local AWS every account is the management account of an organization of its own.
    """
    client = aws.client("organizations", account)
    client.enable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
    return str(client.describe_organization()["Organization"]["Id"])


@pytest.fixture(scope="module")
def stacks(apply: Applier, local_aws: LocalAws) -> dict[str, Future[Stack]]:
    """All stacks of this module, begun side by side; the slowest (a lifecycle waits 55 s) first."""
    alone, management, logs = apply.account(), apply.account(), apply.account()
    here, there = apply.account(), apply.account()
    apart = {"name": "apart-archive", "account_id": there}
    return {
        "archive": apply.start(EXAMPLES / "archive", {"name": "kept"}),
        "everything": apply.start(EVERYTHING),
        "trail": apply.start(EXAMPLES / "trail", {"name": "plain", "force_destroy": True}),
        "organization": apply.start(
            EXAMPLES / "organization-trail",
            {
                "name": "org",
                "organization_id": organization(local_aws, alone),
                "force_destroy": True,
            },
            account=alone,
        ),
        "elsewhere": apply.start(
            TWO_ACCOUNTS,
            {
                "logs_account": logs,
                "management_account": management,
                "organization_id": organization(local_aws, management),
            },
            account=management,
        ),
        "source": apply.start(
            SOURCE, {"name": "apart", "archive": apart, "create_rule": False}, account=here
        ),
        "target": apply.start(
            ARCHIVE, {"name": "apart", "role": f"arn:aws:iam::{here}:role/apart"}, account=there
        ),
    }


@pytest.fixture
def archive(stacks: dict[str, Future[Stack]]) -> Stack:
    return stacks["archive"].result()


@pytest.fixture(scope="module")
def outputs(stacks: dict[str, Future[Stack]]) -> dict[str, Any]:
    """The archive's outputs as first applied."""
    return stacks["archive"].result().outputs


@pytest.fixture(scope="module")
def operator(stacks: dict[str, Future[Stack]]) -> dict[str, str]:
    """The environment of a user of the archive's account who may do everything, but is not root.

    The provider that is kept is root's: this one gets its own.
    """
    stack = stacks["archive"].result()
    iam = stack.client("iam")
    iam.create_user(UserName="operator")
    document = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    }
    iam.put_user_policy(UserName="operator", PolicyName="own", PolicyDocument=json.dumps(document))
    key = Credentials.of(iam.create_access_key(UserName="operator"))
    environment = stack.aws.environment(stack.account, stack.region, key)
    stack.terraform.run("init", "-no-color", cwd=stack.folder, environment=environment).check()
    return environment


def aws_cli(command: str, environment: dict[str, str], folder: Path) -> Completed:
    """Run a command of the AWS CLI as printed, with the real AWS CLI."""
    words = shlex.split(command)
    assert words[0] == "aws"
    return run_limited(
        [*tool("awscli", "aws"), *words[1:]],
        cwd=folder,
        environment={**clean_environment(home=folder), **environment},
        timeout=60,
    )


def left_in(stack: Stack) -> dict[str, list[Any]]:
    """What there still is in the stack's account, of all that these modules make."""
    keys = stack.client("kms").list_keys()["Keys"]
    states = [
        stack.client("kms").describe_key(KeyId=k["KeyId"])["KeyMetadata"]["KeyState"] for k in keys
    ]
    return {
        "buckets": stack.client("s3").list_buckets()["Buckets"],
        "keys": [state for state in states if state != "PendingDeletion"],
        "groups": stack.client("logs").describe_log_groups()["logGroups"],
        "roles": stack.client("iam").list_roles()["Roles"],
        "topics": stack.client("sns").list_topics()["Topics"],
        "trails": stack.client("cloudtrail").list_trails()["Trails"],
    }


def until(look: Callable[[], Any], seconds: float = 120) -> Any:
    """What `look` finds, once it finds something."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.25)
    return found


NOTHING: dict[str, list[Any]] = {
    kind: [] for kind in ("buckets", "keys", "groups", "roles", "topics", "trails")
}


def statuses(stack: Stack, trail: str) -> dict[str, Any]:
    client = stack.client("cloudtrail")
    found: dict[str, Any] = client.get_trail(Name=trail)["Trail"]
    assert client.get_trail_status(Name=trail)["IsLogging"] is True
    return found


@pytest.mark.parametrize(("example", "trail"), [("trail", "plain"), ("organization", "org")])
def test_an_example_stays_as_it_is_and_goes(
    stacks: dict[str, Future[Stack]], example: str, trail: str
) -> None:
    stack = stacks[example].result()
    assert stack.changes() == {}
    found = statuses(stack, trail)
    assert found["LogFileValidationEnabled"] is True
    assert found["IsMultiRegionTrail"] is True
    assert found["IsOrganizationTrail"] is (example == "organization")
    bucket = stack.outputs["log_bucket_name"]
    logging = stack.client("s3").get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    assert logging == {"TargetBucket": f"{bucket}-access-log", "TargetPrefix": f"{bucket}/"}
    stack.destroy()
    assert left_in(stack) == NOTHING


def test_everything_a_trail_can_have(stacks: dict[str, Future[Stack]]) -> None:
    """No perpetual diff: topic by name, selectors, Insights, lifecycle, Object Lock."""
    stack = stacks["everything"].result()
    assert stack.changes() == {}
    found = statuses(stack, "everything")
    assert found["SnsTopicARN"].endswith(":log-files")
    assert found["CloudWatchLogsLogGroupArn"].endswith(":log-group:/aws/cloudtrail/everything:*")
    client = stack.client("cloudtrail")
    insights = client.get_insight_selectors(TrailName="everything")["InsightSelectors"]
    assert {i["InsightType"] for i in insights} == {"ApiCallRateInsight", "ApiErrorRateInsight"}
    selectors = client.get_event_selectors(TrailName="everything")["AdvancedEventSelectors"]
    assert [s["Name"] for s in selectors] == [
        "Management events",
        "Data events: objects",
        "Data events: tables",
        "Network activity events: s3",
    ]
    lock = stack.client("s3").get_object_lock_configuration(Bucket="everything-logs-x")
    retention = lock["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention == {"Mode": "GOVERNANCE", "Days": 1}
    stack.destroy()
    assert left_in(stack) == NOTHING


def test_an_organizations_bucket_in_another_account(stacks: dict[str, Future[Stack]]) -> None:
    stack = stacks["elsewhere"].result()
    assert stack.outputs["bucket_account"] != stack.account
    assert stack.changes() == {}
    assert statuses(stack, "elsewhere")["IsOrganizationTrail"] is True
    iam = stack.client("iam")
    [name] = [
        role["RoleName"]
        for role in iam.list_roles()["Roles"]
        if role["RoleName"].startswith("elsewhere-logs-")
    ]
    policy = iam.get_role_policy(RoleName=name, PolicyName="deliver")["PolicyDocument"]
    organization = stack.client("organizations").describe_organization()["Organization"]["Id"]
    group = f"arn:aws:logs:us-east-1:{stack.account}:log-group:/aws/cloudtrail/elsewhere"
    assert policy["Statement"][0]["Resource"] == [
        f"{group}:log-stream:{stack.account}_CloudTrail_us-east-1*",
        f"{group}:log-stream:{organization}_*",
    ]


def test_two_states_in_two_accounts(stacks: dict[str, Future[Stack]]) -> None:
    """Both were begun at once, neither with anything of the other: so either can be first."""
    source, archive = stacks["source"].result(), stacks["target"].result()
    assert not [address for address in source.resources if "replication_configuration" in address]
    there = {"name": "apart-archive", "account_id": archive.account}
    rule = {**there, "kms_key_arn": archive.outputs["key"]}
    source.apply({"name": "apart", "archive": rule, "create_rule": True})
    assert source.changes() == archive.changes() == {}
    key = f"AWSLogs/{source.account}/CloudTrail/us-east-1/2026/01/01/log.json.gz"
    put(source, "apart-logs", key, source.outputs["key"])
    assert until(lambda: versions(archive, "apart-archive", key))


def put(stack: Stack, bucket: str, key: str, kms_key: str) -> str:
    answer = stack.client("s3").put_object(
        Bucket=bucket,
        Key=key,
        Body=b"log",
        Metadata={"signature": "5ca1ab1e"},
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=kms_key,
    )
    return str(answer["VersionId"])


def versions(stack: Stack, bucket: str, key: str, region: str = "us-east-1") -> list[Any]:
    s3 = stack.aws.client("s3", stack.account, region)
    found: list[Any] = s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    return found


class TestMfaDelete:
    """The journey: from the warning, by the root user's command, to quiet plans; and back."""

    def test_before(self, archive: Stack, outputs: dict[str, Any]) -> None:
        assert outputs["mfa_delete_enabled"] is False
        planned = archive.run("plan", "-no-color", "-detailed-exitcode")
        assert planned.returncode == 0, planned.stdout
        warned = " ".join(planned.stdout.split())
        assert "MFA delete is to be on for the bucket kept-logs-" in warned
        assert outputs["mfa_delete_commands"]["enable"] in warned

    def test_root_switches_it_with_the_printed_command(
        self, archive: Stack, outputs: dict[str, Any], operator: dict[str, str]
    ) -> None:
        command = with_code(outputs["mfa_delete_commands"]["enable"])
        denied = aws_cli(command, operator, archive.folder)
        assert denied.returncode != 0
        assert MFA_DEMANDED in denied.stderr
        aws_cli(command, archive.environment, archive.folder).check()
        bucket = outputs["log_bucket_name"]
        answer = archive.client("s3").get_bucket_versioning(Bucket=bucket)
        assert (answer["Status"], answer["MFADelete"]) == ("Enabled", "Enabled")

    def test_others_plan_and_apply_without_a_change(
        self, archive: Stack, operator: dict[str, str]
    ) -> None:
        """By a user, not by root: a call that needed the device would be refused."""
        planned = as_user(archive, operator, "plan", "-out", "as-user.bin")
        assert "Warning" not in planned.stdout
        shown = json.loads(archive.run("show", "-json", "as-user.bin").check().stdout)
        actions = {tuple(c["change"]["actions"]) for c in shown["resource_changes"]}
        assert actions <= {("no-op",), ("read",)}
        assert shown["output_changes"]["mfa_delete_enabled"]["after"] is True
        applied = as_user(archive, operator, "apply", "as-user.bin")
        assert "0 added, 0 changed, 0 destroyed" in applied.stdout
        assert archive.outputs["mfa_delete_enabled"] is True
        again = as_user(archive, operator, "plan", "-detailed-exitcode")
        assert "No changes." in again.stdout

    def test_logs_go_on_to_the_archive_and_stay_there(
        self, archive: Stack, outputs: dict[str, Any]
    ) -> None:
        source, target = outputs["log_bucket_name"], outputs["archive_bucket_name"]
        s3, there = archive.client("s3"), archive.aws.client("s3", archive.account, "us-west-2")
        encryption = s3.get_bucket_encryption(Bucket=source)["ServerSideEncryptionConfiguration"]
        default = encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]
        key = f"AWSLogs/{archive.account}/CloudTrail-Digest/us-east-1/2026/01/01/digest.json.gz"
        version = put(archive, source, key, default["KMSMasterKeyID"])
        assert until(lambda: versions(archive, target, key, "us-west-2"))
        assert there.head_object(Bucket=target, Key=key)["Metadata"] == {"signature": "5ca1ab1e"}
        # Hiding it here hides nothing there; removing the version takes the device.
        s3.delete_object(Bucket=source, Key=key)
        with pytest.raises(ClientError, match=MFA_DEMANDED):
            s3.delete_object(Bucket=source, Key=key, VersionId=version)
        assert archive.aws.drain()
        assert there.head_object(Bucket=target, Key=key)["Metadata"] == {"signature": "5ca1ab1e"}
        lock = there.get_object_lock_configuration(Bucket=target)["ObjectLockConfiguration"]
        assert lock["Rule"]["DefaultRetention"] == {"Mode": "GOVERNANCE", "Days": 365}

    def test_suspending_versioning_takes_the_device_too(
        self, archive: Stack, outputs: dict[str, Any]
    ) -> None:
        """What a destroy would do, and why the README says what to do before."""
        with pytest.raises(ClientError, match=MFA_DEMANDED):
            archive.client("s3").put_bucket_versioning(
                Bucket=outputs["log_bucket_name"],
                VersioningConfiguration={"Status": "Suspended"},
            )

    def test_a_lifecycle_is_refused_by_plan_and_by_s3(
        self, archive: Stack, outputs: dict[str, Any]
    ) -> None:
        main = archive.folder / "main.tf"
        text = main.read_text(encoding="utf-8")
        wanted = "mfa_delete    = var.mfa_delete"
        assert wanted in text
        try:
            # Not wanted any more, but still on: seen by what S3 answers.
            main.write_text(text.replace(wanted, "expire_after_days = 900 #"), encoding="utf-8")
            refused = archive.run("plan", "-no-color")
        finally:
            main.write_text(text, encoding="utf-8")
        assert refused.returncode == 1
        words = " ".join(refused.stderr.split())
        assert "S3 refuses a lifecycle beside it: leave out transitions and" in words
        rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}
        with pytest.raises(ClientError, match="InvalidBucketState"):
            archive.client("s3").put_bucket_lifecycle_configuration(
                Bucket=outputs["log_bucket_name"], LifecycleConfiguration={"Rules": [rule]}
            )

    def test_and_back_as_the_readme_says(self, archive: Stack, outputs: dict[str, Any]) -> None:
        command = with_code(outputs["mfa_delete_commands"]["disable"])
        aws_cli(command, archive.environment, archive.folder).check()
        archive.apply({"name": "kept", "mfa_delete": False, "force_destroy": True})
        assert archive.outputs["mfa_delete_enabled"] is False
        archive.destroy()
        assert left_in(archive) == NOTHING


def with_code(command: str) -> str:
    assert command.endswith(' CODE"')
    return command.replace(" CODE", " 123456")


def as_user(stack: Stack, who: dict[str, str], *arguments: str) -> Completed:
    return stack.terraform.run(
        *arguments, "-no-color", cwd=stack.folder, environment=who, timeout=240
    ).check()
