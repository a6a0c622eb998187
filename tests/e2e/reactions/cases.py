"""What each reaction is tried with: the call that provokes it, and what is to come of it."""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.e2e.reactions.world import World, allow
from tests.harness.local_aws import Credentials

IMAGE = "ami-0abcdef1234567890"
ANYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}],
}
FOREVER = "2999-12-31"


class Case(ABC):
    """A reaction and a call that it is for.

    `operations` are what it does about the first such call, `late` how much is left of that for an
    earlier call that arrives after a later one (None: all), `permission` what it can't do without,
    `unused` the permissions of its role that this call needs none of; `subject` and `sentence` are
    in the alert, where `{}` is the resource; `spared_by` is in the log.
    """

    name: ClassVar[str]
    call: ClassVar[str]
    operations: ClassVar[tuple[str, ...]]
    permission: ClassVar[str]
    subject: ClassVar[str]
    sentence: ClassVar[str]
    spared_by: ClassVar[str]
    unused: ClassVar[frozenset[str]] = frozenset()
    exempt: ClassVar[dict[str, Any]] = {}
    late: ClassVar[int | None] = None

    @property
    def source(self) -> str | Path:
        return Path("examples") / self.name

    def variables(self, mode: str) -> dict[str, Any]:
        return {"name": f"e2e-{self.name}"[:24], "mode": mode, "force_destroy": True, **self.exempt}

    @abstractmethod
    def provoke(self, world: World, user: str = "ana") -> str:
        """Make the call; the id or name of what it made or changed."""

    @abstractmethod
    def acted(self, world: World, resource: str) -> bool:
        """Whether the reaction has acted, as the state tells."""

    @abstractmethod
    def take_back(self, world: World, resource: str) -> None:
        """Undo what it did, all of it."""

    def worsen(self, world: World, resource: str) -> None:
        """Make it so that the reaction has to do all that it ever does about it."""
        self.take_back(world, resource)

    def fill(self, world: World, resource: str) -> None:
        """Give it all that the reaction may have to look at; most need no more."""
        del world, resource

    def spare(self, world: World) -> str:
        """Make the call as somebody, or on something, that is exempt."""
        return self.provoke(world, "trusted")

    def restore(self, world: World) -> None:
        """Put back what the stack's own plan would find changed; most change nothing of it."""
        del world


class LaunchGuard(Case):
    name = "ec2-cost-guard"
    call = "RunInstances"
    operations = ("stop_instances", "create_tags")
    permission = "ec2:StopInstances"
    subject = "[medium] ana launched 1 x p4d.24xlarge"
    sentence = "stopped 1 instance and tagged"
    exempt: ClassVar = {"exempt_role_paths": {"/trusted/": FOREVER}}
    spared_by = f"exempt until {FOREVER} (role path /trusted/)"

    def provoke(self, world: World, user: str = "ana") -> str:
        return launch(world.client("ec2", user))

    def acted(self, world: World, resource: str) -> bool:
        state, tags = seen(world, resource)
        return state in ("stopping", "stopped") and "reactor:owner" in tags

    def take_back(self, world: World, resource: str) -> None:
        ec2 = world.root("ec2")
        tags = [{"Key": key} for key in seen(world, resource)[1]]
        ec2.start_instances(InstanceIds=[resource])
        if tags:
            ec2.delete_tags(Resources=[resource], Tags=tags)

    def spare(self, world: World) -> str:
        iam = world.root("iam")
        trust = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{world.stack.account}:user/ana"},
                "Action": "sts:AssumeRole",
            },
        }
        role = iam.create_role(
            RoleName="batch", Path="/trusted/", AssumeRolePolicyDocument=json.dumps(trust)
        )["Role"]
        iam.put_role_policy(RoleName="batch", PolicyName="ec2", PolicyDocument=allow("ec2:*"))
        session = world.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="night")
        return launch(world.stack.client("ec2", Credentials.of(session)))


class RoleGuard(Case):
    name = "iam-role-guard"
    call = "CreateRole"
    # For calls that change a policy, not a role.
    unused = frozenset({"iam:ListEntitiesForPolicy"})
    operations = ("put_role_policy",)
    permission = "iam:PutRolePolicy"
    subject = "[high] role {} breaks a rule"
    sentence = "it trusts anybody; e2e-iam-role-guard-guard denied everything to the role {}."
    exempt: ClassVar = {"exempt_principals": {"arn:aws:iam::*:user/trusted": FOREVER}}
    spared_by = f"exempt until {FOREVER} (principal arn:aws:iam::*:user/trusted)"

    def provoke(self, world: World, user: str = "ana") -> str:
        name = f"open-{uuid.uuid4().hex[:8]}"
        world.client("iam", user).create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(ANYBODY)
        )
        return name

    def acted(self, world: World, resource: str) -> bool:
        names = world.root("iam").list_role_policies(RoleName=resource)["PolicyNames"]
        return "reactor-quarantine" in names

    def take_back(self, world: World, resource: str) -> None:
        if self.acted(world, resource):
            world.root("iam").delete_role_policy(RoleName=resource, PolicyName="reactor-quarantine")

    def worsen(self, world: World, resource: str) -> None:
        """Make it so that the reaction has to do all that it ever does about it."""
        self.take_back(world, resource)

    def fill(self, world: World, resource: str) -> None:
        iam = world.root("iam")
        made = iam.create_policy(PolicyName=resource, PolicyDocument=allow("s3:GetObject"))
        iam.attach_role_policy(RoleName=resource, PolicyArn=made["Policy"]["Arn"])
        iam.put_role_policy(
            RoleName=resource, PolicyName="own", PolicyDocument=allow("s3:GetObject")
        )


class BucketBaseline(Case):
    name = "bucket-baseline"
    call = "CreateBucket"
    operations = (
        "put_bucket_versioning",
        "put_bucket_policy",
        "put_bucket_tagging",
    )
    permission = "s3:PutBucketVersioning"
    # A new bucket has these and no key of its own, and the access log is not asked for.
    unused = frozenset(
        {
            "kms:DescribeKey",
            "s3:GetBucketLogging",
            "s3:PutBucketOwnershipControls",
            "s3:PutEncryptionConfiguration",
        }
    )
    subject = "[low] bucket {} below the baseline"
    sentence = "e2e-bucket-baseline-guard set versioning on the bucket {}"
    exempt: ClassVar = {"exempt_tags": {"reactor-exempt=yes": FOREVER}}
    spared_by = f"exempt until {FOREVER} (tag reactor-exempt=yes)"

    def provoke(self, world: World, user: str = "ana") -> str:
        name = f"data-{uuid.uuid4().hex[:12]}"
        world.client("s3", user).create_bucket(Bucket=name)
        return name

    def acted(self, world: World, resource: str) -> bool:
        found = world.root("s3").get_bucket_versioning(Bucket=resource)
        return bool(found.get("Status") == "Enabled")

    def take_back(self, world: World, resource: str) -> None:
        s3 = world.root("s3")
        s3.put_bucket_versioning(Bucket=resource, VersioningConfiguration={"Status": "Suspended"})
        s3.delete_bucket_policy(Bucket=resource)
        s3.delete_bucket_tagging(Bucket=resource)

    def worsen(self, world: World, resource: str) -> None:
        self.take_back(world, resource)
        world.root("s3").delete_public_access_block(Bucket=resource)

    def spare(self, world: World) -> str:
        """A tag that came before the call: the one that the call itself brings does not count."""
        with world.deaf():
            name = self.provoke(world)
            tag = {"Key": "reactor-exempt", "Value": "yes"}
            world.client("s3").put_bucket_tagging(Bucket=name, Tagging={"TagSet": [tag]})
        world.client("s3").delete_public_access_block(Bucket=name)
        return name


class TrailGuard(Case):
    name = "trail-guard"
    call = "StopLogging"
    operations = ("start_logging",)
    permission = "cloudtrail:StartLogging"
    # A stopped trail needs no others, and one of a single account nothing of the organization.
    unused = frozenset(
        {
            "cloudtrail:PutEventSelectors",
            "cloudtrail:UpdateTrail",
            "iam:CreateServiceLinkedRole",
            "iam:GetRole",
            "organizations:ListAWSServiceAccessForOrganization",
        }
    )
    late = 0  # logging is on again by then
    subject = "[critical] StopLogging on the trail {}"
    sentence = "e2e-trail-guard-guard started the logging of {}."
    exempt: ClassVar = {"exempt_principals": {"arn:aws:iam::*:user/trusted": FOREVER}}
    spared_by = f"exempt until {FOREVER} (principal arn:aws:iam::*:user/trusted)"

    def provoke(self, world: World, user: str = "ana") -> str:
        name = str(world.outputs["trail_name"])
        self.restore(world)  # what no trail records reaches no rule
        world.client("cloudtrail", user).stop_logging(Name=name)
        return name

    def acted(self, world: World, resource: str) -> bool:
        return bool(world.root("cloudtrail").get_trail_status(Name=resource)["IsLogging"])

    def take_back(self, world: World, resource: str) -> None:
        world.root("cloudtrail").stop_logging(Name=resource)

    def restore(self, world: World) -> None:
        world.root("cloudtrail").start_logging(Name=world.outputs["trail_name"])


class OwnReaction(Case):
    name = "own-reaction"
    call = "PutParameter"
    operations = ("delete_parameter",)
    permission = "ssm:DeleteParameter"
    subject = "[low] odd parameter {}"
    sentence = "ana (IAM user) put {}; e2e-own-reaction-guard deleted the parameter {}."
    exempt: ClassVar = {"exempt_principals": {"arn:aws:iam::*:user/trusted": FOREVER}}
    spared_by = f"exempt until {FOREVER} (principal arn:aws:iam::*:user/trusted)"

    def provoke(self, world: World, user: str = "ana") -> str:
        name = f"/odd/{uuid.uuid4().hex[:8]}"
        world.client("ssm", user).put_parameter(Name=name, Value="1", Type="String")
        return name

    def acted(self, world: World, resource: str) -> bool:
        return not world.root("ssm").get_parameters(Names=[resource])["Parameters"]

    def take_back(self, world: World, resource: str) -> None:
        world.root("ssm").put_parameter(Name=resource, Value="1", Type="String", Overwrite=True)


# The two that no example is for, beside one trail.
_BESIDE_ONE_TRAIL = """
variable "exempt_principals" {
  type = map(string)
}

variable "force_destroy" {
  type = bool
}

variable "mode" {
  type = string
}

variable "name" {
  type = string
}

data "aws_caller_identity" "current" {}

module "log_bucket" {
  source        = "${modules}/log-bucket"
  name          = "guards-logs-${data.aws_caller_identity.current.account_id}"
  trail_name    = var.name
  force_destroy = var.force_destroy
}

module "trail" {
  source     = "${modules}/trail"
  name       = var.name
  log_bucket = module.log_bucket
}

resource "aws_sns_topic" "alerts" {
  for_each = toset(["ports", "keys"])
  name     = each.key
}

resource "aws_securityhub_account" "this" {
  enable_default_standards = false
}

resource "aws_sqs_queue" "siem" {
  name = "siem"
}

locals {
  targets = { ports = aws_securityhub_account.this.arn, keys = aws_sqs_queue.siem.arn }
}

module "ports" {
  source = "${modules}/security-group-guard"
  mode   = var.mode
}

module "keys" {
  source         = "${modules}/notify"
  mode           = var.mode == "enforce" ? "notify" : var.mode
  title          = "an access key was made"
  summary        = "{actor} made an access key in account {account}"
  severity       = "high"
  window_seconds = 0

  event_pattern = jsonencode({
    source      = ["aws.iam"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail      = { eventName = ["CreateAccessKey"], userIdentity = { type = ["IAMUser"] } }
  })
}

module "reaction" {
  source            = "${modules}/reaction"
  for_each          = { ports = module.ports, keys = module.keys }
  name              = each.key
  guard             = each.value
  alert_topic       = aws_sns_topic.alerts[each.key]
  exempt_principals = var.exempt_principals
  finding_target    = { arn = local.targets[each.key] }
}

module "event_rules" {
  source = "${modules}/event-rules"
  name   = var.name
  rules  = { for key, reaction in module.reaction : key => reaction.rule }
}

output "security-group-guard" {
  value = {
    alert_topic_arn = aws_sns_topic.alerts["ports"].arn
    failure_queue   = module.reaction["ports"].failure_queue
    function_name   = module.reaction["ports"].function_name
    log_group_name  = module.reaction["ports"].log_group.name
  }
}

output "notify" {
  value = {
    alert_topic_arn = aws_sns_topic.alerts["keys"].arn
    failure_queue   = module.reaction["keys"].failure_queue
    function_name   = module.reaction["keys"].function_name
    log_group_name  = module.reaction["keys"].log_group.name
  }
}
"""


class _BesideOneTrail(Case):
    exempt: ClassVar = {"exempt_principals": {"arn:aws:iam::*:user/trusted": FOREVER}}
    spared_by = f"exempt until {FOREVER} (principal arn:aws:iam::*:user/trusted)"

    @property
    def source(self) -> str:
        return _BESIDE_ONE_TRAIL

    def variables(self, mode: str) -> dict[str, Any]:
        return {**super().variables(mode), "name": "guards"}


class SecurityGroupGuard(_BesideOneTrail):
    name = "security-group-guard"
    call = "AuthorizeSecurityGroupIngress"
    operations = ("revoke_security_group_ingress",)
    permission = "ec2:RevokeSecurityGroupIngress"
    unused = frozenset({"ec2:GetManagedPrefixListEntries"})  # the rule names a network
    subject = "[high] ana opened risky ports to the world"
    sentence = "ports revoked the rule sgr-"

    def provoke(self, world: World, user: str = "ana") -> str:
        ec2 = world.client("ec2", user)
        group = ec2.create_security_group(GroupName=uuid.uuid4().hex, Description="web")["GroupId"]
        open_ports(ec2, group)
        return str(group)

    def acted(self, world: World, resource: str) -> bool:
        found = world.root("ec2").describe_security_groups(GroupIds=[resource])
        return not found["SecurityGroups"][0]["IpPermissions"]

    def take_back(self, world: World, resource: str) -> None:
        if self.acted(world, resource):
            open_ports(world.root("ec2"), resource)


class Notify(_BesideOneTrail):
    name = "notify"
    call = "CreateAccessKey"
    operations = ()
    permission = "sns:Publish"
    subject = "[high] an access key was made"
    sentence = "ana (IAM user) made an access key in account"

    def provoke(self, world: World, user: str = "ana") -> str:
        name = f"user-{uuid.uuid4().hex[:8]}"
        iam = world.client("iam", user)
        iam.create_user(UserName=name)
        iam.create_access_key(UserName=name)
        return name

    def acted(self, world: World, resource: str) -> bool:
        return False

    def take_back(self, world: World, resource: str) -> None:
        """It does nothing."""


def launch(ec2: Any, kind: str = "p4d.24xlarge", **more: Any) -> str:
    answer = ec2.run_instances(ImageId=IMAGE, InstanceType=kind, MinCount=1, MaxCount=1, **more)
    return str(answer["Instances"][0]["InstanceId"])


def seen(world: World, id_: str) -> tuple[str, dict[str, str]]:
    """An instance's state and tags."""
    found = world.root("ec2").describe_instances(InstanceIds=[id_])
    instance = found["Reservations"][0]["Instances"][0]
    return instance["State"]["Name"], {t["Key"]: t["Value"] for t in instance.get("Tags", ())}


def open_ports(ec2: Any, group: str) -> None:
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 20,
                "ToPort": 25,
                "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "for now"}],
            }
        ],
    )


CASES: dict[str, Case] = {
    case.name: case
    for case in (
        LaunchGuard(), RoleGuard(), BucketBaseline(), TrailGuard(), OwnReaction(),
        SecurityGroupGuard(), Notify(),
    )
}  # fmt: skip


def group(name: str) -> Any:
    """The mark of a case's tests: what is applied once is used by one worker."""
    case = CASES[name]
    return pytest.mark.xdist_group(f"reaction-{case.variables('')['name']}")
