"""An ordinary day of an organization's log: nobody attacks, and 120,000 calls are made.

Seven accounts: one deploys all day, three run (production, staging, data), one is the tools', one
the security team's, and one a sandbox where people try things. The calls of pipelines, Terraform,
autoscaling, Karpenter, backups, image builds, Identity Center, scanners, nodes and services have
the shapes that AWS documents (their pages are named at each group) and that real records have.
How often each is made is an assumption, written down in the numbers below.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

SEED = 14
DAY = "2026-03-03"
TOOLS, PROD, STAGING, DATA, SECURITY, SANDBOX = (f"{n}" * 12 for n in (1, 2, 3, 4, 5, 6))
RUNNING = (PROD, STAGING, DATA)
EVERY = (TOOLS, *RUNNING, SECURITY, SANDBOX)
VENDOR = "777788889999"  # of a monitoring service, which comes by a role
REGION = "eu-west-1"
OFFICE = "198.51.100.40"
_SLR = "aws-service-role"
_SSO = "aws-reserved/sso.amazonaws.com/eu-west-1"
Fields = dict[str, Any]

# What such an organization would leave alone, and why: the file of --exclusions.
EXCLUSIONS: dict[str, list[dict[str, Any]]] = {
    "*": [
        {
            "where": {"organizational_units": ["ou-ab12-sandbox0"]},
            "reason": "people try things there; nothing of ours is in it",
            "until": "2026-12-31",
        },
    ],
    **{
        id_: [
            {
                "where": {"principals": [f"arn:aws:iam::{TOOLS}:role/image-builder"]},
                "reason": "each image build has a key pair, a group and a machine for a while",
                "until": "2026-12-31",
            }
        ]
        for id_ in ("key-pair", "image-deregistered", "sg-open")
    },
    **{
        id_: [
            {
                "where": {"principals": [f"arn:aws:iam::{STAGING}:role/ci/preview"]},
                "reason": "preview environments come and go with their branches",
                "until": "2026-12-31",
            }
        ]
        for id_ in (
            *("bucket-deleted", "database-deleted", "logs-deleted"),
            *("deletion-protection-off", "queue-purged", "alarm-off"),
        )
    },
    **{
        id_: [
            {
                "where": {"principals": [f"arn:aws:iam::{account}:role/security/scanner"]},
                "reason": "our scanner reads everything each night, and may not read all",
                "until": "2026-12-31",
            }
            for account in EVERY
        ]
        for id_ in ("account-recon", "unauthorized-api", "userdata-read", "ses-recon")
    },
    "snapshots-deleted": [
        {
            "where": {"principals": ["*:role/service-role/AWSDataLifecycleManagerDefaultRole"]},
            "reason": "it deletes what its policies let expire",
            "until": "2026-12-31",
        },
        {
            "where": {"principals": [f"arn:aws:iam::{TOOLS}:role/image-builder"]},
            "reason": "each image build has a key pair, a group and a machine for a while",
            "until": "2026-12-31",
        },
    ],
    "db-log-read": [
        {
            "where": {"principals": [f"arn:aws:iam::{account}:role/monitoring"]},
            "reason": "the monitoring service reads the databases' logs",
            "until": "2026-12-31",
        }
        for account in RUNNING
    ],
    "secrets-bulk": [
        {
            "where": {"principals": [f"arn:aws:iam::{PROD}:role/eks/external-secrets"]},
            "reason": "it copies every secret of the cluster, each hour",
            "until": "2026-12-31",
        }
    ],
    "ssm-parameters": [
        {
            "where": {"role_paths": ["/ci/"]},
            "reason": "deployments read their settings",
            "until": "2026-12-31",
        }
    ],
}
UNITS = {"ou-ab12-sandbox0": [SANDBOX]}


def session(account: str, role: str, name: str, *, path: str = "", **fields: Any) -> Fields:
    """A session of a role, as CloudTrail tells it."""
    arn = f"arn:aws:iam::{account}:role/{path + '/' if path else ''}{role}"
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE{role.upper()[:10]}:{name}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        "accountId": account,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": f"AROAEXAMPLE{role.upper()[:10]}",
                "arn": arn,
                "accountId": account,
                "userName": role,
            },
            "attributes": {"creationDate": f"{DAY}T06:00:00Z", "mfaAuthenticated": "false"},
        },
        **fields,
    }


def linked(account: str, service: str, role: str) -> Fields:
    """A session of a service-linked role."""
    name = role.removeprefix("AWSServiceRoleFor")
    path = f"{_SLR}/{service}.amazonaws.com"
    return session(account, role, name, path=path, invokedBy=f"{service}.amazonaws.com")


def person(account: str, name: str, permission_set: str = "Developer") -> Fields:
    """A person's session by Identity Center."""
    role = f"AWSReservedSSO_{permission_set}_0123456789abcdef"
    return session(account, role, f"{name}@example.com", path=_SSO)


def service(name: str) -> Fields:
    """AWS itself."""
    return {"type": "AWSService", "invokedBy": f"{name}.amazonaws.com"}


class Day:
    """The records of the day, as they are added."""

    def __init__(self, seed: int = SEED) -> None:
        self.records: list[Fields] = []
        self.rng = random.Random(seed)

    def add(
        self,
        number: int,
        who: Fields,
        calls: str,
        request: Fields | None = None,
        *,
        account: str = "",
        hours: tuple[float, float] = (0, 24),
        **fields: Any,
    ) -> None:
        """`number` turns of calls, `service.Name service.Name`, one second after the other."""
        for _ in range(number):
            at = self.rng.uniform(*hours) * 3600 * 0.999
            for turn, call in enumerate(calls.split()):
                source, name = call.split(".")
                self.records.append(
                    _record(self.rng, source, name, who, account, at + turn, request, fields)
                )

    def ordered(self) -> list[Fields]:
        """The records by their time."""
        return sorted(self.records, key=lambda record: str(record["eventTime"]))


_READS = ("Get", "List", "Describe", "Lookup", "Search", "Head", "Batch", "Decrypt", "Assume")


def _record(
    rng: random.Random,
    source: str,
    name: str,
    who: Fields,
    account: str,
    at: float,
    request: Fields | None,
    fields: Fields,
) -> Fields:
    second = min(86_399, int(at))
    account = account or who.get("accountId", PROD)
    invoked = who.get("invokedBy", "")
    reads = name.startswith((*_READS, "GenerateDataKey", "Encrypt"))
    return {
        "eventVersion": "1.11",
        "userIdentity": who,
        "eventTime": f"{DAY}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1" if source in ("iam", "organizations") else REGION,
        "sourceIPAddress": invoked or OFFICE,
        "userAgent": invoked or "aws-sdk-go-v2/1.30.3",
        "requestParameters": request,
        "responseElements": None,
        "requestID": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "eventID": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "readOnly": reads,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        **fields,
    }


def ordinary_day(seed: int = SEED) -> list[Fields]:
    """All records, by their time; always the same ones for a seed."""
    day = Day(seed)
    for part in (_services, _nodes, _scaling, _backups, _scans, _pipelines, _images, _people):
        part(day)
    return day.ordered()


def _services(day: Day) -> None:
    """Service-linked and service roles: most of a log, and all of it by machines.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
    """
    for account in EVERY:
        config = linked(account, "config", "AWSServiceRoleForConfig")
        day.add(520, config, "ec2.DescribeInstances ec2.DescribeSecurityGroups iam.ListRoles")
        day.add(180, config, "iam.GetRole s3.GetBucketPolicy s3.GetBucketAcl kms.GetKeyPolicy")
        day.add(70, config, "iam.GetAccountAuthorizationDetails lambda.ListFunctions20150331")
        day.add(
            150,
            linked(account, "guardduty", "AWSServiceRoleForAmazonGuardDuty"),
            "ec2.DescribeInstances ec2.DescribeImages ec2.DescribeVpcEndpoints",
        )
        hub = linked(account, "securityhub", "AWSServiceRoleForSecurityHub")
        day.add(60, hub, "config.DescribeConfigRules config.GetComplianceDetailsByConfigRule")
        day.add(
            3,
            hub,
            "config.PutConfigRule config.DeleteConfigRule",
            {"configRuleName": "securityhub-x"},
        )
        day.add(
            80,
            linked(account, "trustedadvisor", "AWSServiceRoleForTrustedAdvisor"),
            "ec2.DescribeVolumes iam.GetAccountSummary rds.DescribeDBInstances",
        )
        day.add(
            40,
            linked(account, "access-analyzer", "AWSServiceRoleForAccessAnalyzer"),
            "s3.ListBuckets sqs.GetQueueAttributes kms.ListGrants iam.ListRoles",
        )
        day.add(
            30,
            linked(account, "inspector2", "AWSServiceRoleForAmazonInspector2"),
            "ssm.DescribeAssociation ec2.DescribeInstances lambda.GetFunction20150331v2",
        )
    for account in RUNNING:
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        for name, number in (("lambda", 2600), ("ecs-tasks", 700), ("ec2", 900), ("events", 250)):
            request = {"roleArn": f"arn:aws:iam::{account}:role/app", "roleSessionName": "x"}
            day.add(number, service(name), "sts.AssumeRole", request, account=account)
        app = session(account, "app", "app-worker", path="app")
        day.add(8400, app, "kms.Decrypt", {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"})
        day.add(1500, app, "kms.GenerateDataKey", {"keySpec": "AES_256"})
        day.add(700, app, "logs.CreateLogStream", {"logGroupName": "/aws/lambda/app"})
        day.add(120, app, "secretsmanager.GetSecretValue", {"secretId": "shop/database"})
        day.add(90, app, "ssm.GetParameters", {"names": ["/shop/a"], "withDecryption": True})
        day.add(60, app, "ssm.GetParametersByPath", {"path": "/shop", "withDecryption": True})
        rotation = session(account, "rotation", "rotate-database", path="service-role")
        day.add(
            2,
            rotation,
            "secretsmanager.GetSecretValue secretsmanager.PutSecretValue "
            "secretsmanager.UpdateSecretVersionStage",
            {"secretId": "shop/database"},
        )
        vendor = session(account, "monitoring", "DatadogAWSIntegration")
        day.add(
            380,
            vendor,
            "monitoring.DescribeAlarms ec2.DescribeInstances rds.DescribeDBInstances",
            sourceIPAddress="203.0.113.80",
        )
        day.add(
            60,
            vendor,
            "rds.DownloadDBLogFilePortion",
            {"dBInstanceIdentifier": "shop", "logFileName": "error/postgresql.log"},
        )
        day.add(
            45,
            vendor,
            "support.DescribeTrustedAdvisorChecks",
            errorCode="AccessDenied",
            errorMessage="not authorized",
        )


def _nodes(day: Day) -> None:
    """Machines by the role of their instance.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html
    """
    for account in RUNNING:
        for number in range(30):
            name = f"i-0{number:016x}"
            node = session(account, "eks-node", name, path="eks")
            node["sessionContext"]["ec2RoleDelivery"] = "2.0"
            day.add(110, node, "ssm.UpdateInstanceInformation", {"instanceId": name})
            day.add(14, node, "ec2.DescribeInstances ec2.DescribeNetworkInterfaces")
            day.add(6, node, "ecr.GetAuthorizationToken ecr.BatchGetImage")
            day.add(4, node, "ec2.AssignPrivateIpAddresses", {"networkInterfaceId": "eni-1"})
            day.add(1, node, "sts.GetCallerIdentity eks.DescribeCluster")
            day.add(1, node, "ssm.PutInventory", {"instanceId": name})
    secrets = session(PROD, "external-secrets", "external-secrets", path="eks")
    for hour in range(24):
        for number in range(35):
            at = (hour + 0.5, hour + 0.52)
            day.add(
                1, secrets, "secretsmanager.GetSecretValue", {"secretId": f"k8s/{number}"}, hours=at
            )
    window = linked(PROD, "ssm", "AWSServiceRoleForAmazonSSM")
    day.add(6, window, "ssm.SendCommand", {"documentName": "AWS-RunPatchBaseline"}, hours=(3, 4))


def _launch(day: Day, number: int, who: Fields, type_: str, count: int, **fields: Any) -> None:
    for _ in range(number):
        items = [
            {"instanceId": f"i-0{day.rng.getrandbits(64):016x}", "instanceType": type_}
            for _ in range(count)
        ]
        response = {"instancesSet": {"items": items}}
        request = {"instanceType": type_, "instancesSet": {"items": [{"maxCount": count}]}}
        day.add(1, who, "ec2.RunInstances", request, responseElements=response, **fields)


def _scaling(day: Day) -> None:
    """Machines that come and go.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
    """
    for account in RUNNING:
        scaling = linked(account, "autoscaling", "AWSServiceRoleForAutoScaling")
        _launch(day, 40, scaling, "m5.large", 2)
        day.add(
            40,
            scaling,
            "ec2.TerminateInstances ec2.CreateTags",
            {"instancesSet": {"items": [{"instanceId": "i-1"}]}},
        )
        day.add(120, scaling, "ec2.DescribeInstanceStatus elasticloadbalancing.RegisterTargets")
        karpenter = session(account, "karpenter", "1700000000", path="eks")
        fleet = {**karpenter, "invokedBy": "ec2fleet.amazonaws.com"}
        day.add(60, karpenter, "ec2.CreateFleet ec2.DescribeSpotPriceHistory pricing.GetProducts")
        _launch(day, 55, fleet, "m6i.2xlarge", 1)
        _launch(day, 5, fleet, "r6i.4xlarge", 1)
        day.add(
            55,
            karpenter,
            "ec2.TerminateInstances",
            {"instancesSet": {"items": [{"instanceId": "i-1"}]}},
        )
    emr = session(
        DATA, "emr", "CCSSession", path="service-role", invokedBy="elasticmapreduce.amazonaws.com"
    )
    _launch(day, 2, emr, "r5.4xlarge", 12, hours=(2, 3))
    refused = {"instanceType": "m6i.2xlarge"}
    day.add(
        6,
        session(PROD, "karpenter", "1700000000", path="eks"),
        "ec2.RunInstances",
        refused,
        errorCode="Server.InsufficientInstanceCapacity",
    )


def _backups(day: Day) -> None:
    """The nightly backups, and the old ones that they replace.

    https://docs.aws.amazon.com/aws-backup/latest/devguide/logging-using-cloudtrail.html
    """
    for account in RUNNING:
        backup = session(
            account,
            "AWSBackupDefaultServiceRole",
            "AWSBackup-x",
            path="service-role",
            invokedBy="backup.amazonaws.com",
        )
        day.add(
            40,
            backup,
            "ec2.CreateSnapshot ec2.DescribeSnapshots",
            {"volumeId": "vol-1"},
            hours=(1, 2),
        )
        day.add(40, backup, "ec2.DeleteSnapshot", {"snapshotId": "snap-1"}, hours=(4, 4.3))
        day.add(4, backup, "rds.CreateDBSnapshot", {"dBSnapshotIdentifier": "awsbackup:x"})
        day.add(
            4,
            backup,
            "rds.DeleteDBSnapshot",
            {"dBSnapshotIdentifier": "awsbackup:job-x"},
            hours=(4, 4.3),
        )
        day.add(
            44,
            service("backup"),
            "backup.RecoveryPointDeleted",
            account=account,
            hours=(4, 5),
            eventType="AwsServiceEvent",
            readOnly=False,
        )
        dlm = session(
            account,
            "AWSDataLifecycleManagerDefaultRole",
            "dlm",
            path="service-role",
            invokedBy="dlm.amazonaws.com",
        )
        day.add(20, dlm, "ec2.CreateSnapshot", {"volumeId": "vol-2"}, hours=(5, 5.2))
        day.add(20, dlm, "ec2.DeleteSnapshot", {"snapshotId": "snap-2"}, hours=(5.3, 5.4))


def _scans(day: Day) -> None:
    """Auditors' tools that read each account in a few minutes."""
    wide = (
        "iam.ListUsers iam.ListRoles iam.ListPolicies iam.GetAccountAuthorizationDetails "
        "iam.GetAccountPasswordPolicy iam.ListAccessKeys s3.ListBuckets s3.GetBucketPolicy "
        "s3.GetBucketAcl ec2.DescribeInstances ec2.DescribeSecurityGroups ec2.DescribeRegions "
        "ec2.DescribeSnapshots rds.DescribeDBInstances rds.DescribeDBSnapshots kms.ListKeys "
        "lambda.ListFunctions20150331 cloudtrail.DescribeTrails guardduty.ListDetectors "
        "organizations.ListAccounts sts.GetCallerIdentity ses.GetSendQuota ses.ListIdentities "
        "ses.GetAccountSendingEnabled secretsmanager.ListSecrets dynamodb.ListTables"
    )
    for account in EVERY:
        scanner = session(account, "scanner", "nightly", path="security")
        day.add(12, scanner, wide, hours=(2, 2.1))
        day.add(
            25,
            scanner,
            "ec2.DescribeInstanceAttribute",
            {"attribute": "userData", "instanceId": "i-1"},
            hours=(2, 2.05),
        )
        day.add(
            30,
            scanner,
            "s3.GetBucketPolicy",
            {"bucketName": "keys"},
            hours=(2, 2.05),
            errorCode="AccessDenied",
            errorMessage="denied",
        )


def _statement(**fields: Any) -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", **fields}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _pipelines(day: Day) -> None:
    """Deployments, Terraform, CloudFormation and preview environments, in office hours.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html
    """
    hours = (7, 19)
    for account in RUNNING:
        deploy = session(account, "deploy", "GitHubActions", path="ci")
        web = {
            "type": "WebIdentityUser",
            "userName": "repo:example/shop:ref:refs/heads/main",
            "identityProvider": "token.actions.githubusercontent.com",
        }
        day.add(
            40,
            web,
            "sts.AssumeRoleWithWebIdentity",
            {"roleArn": f"arn:aws:iam::{account}:role/ci/deploy"},
            account=account,
            hours=hours,
        )
        day.add(
            40,
            deploy,
            "ecr.GetAuthorizationToken ecr.InitiateLayerUpload ecr.PutImage "
            "ecs.DescribeServices ecs.DescribeTaskDefinition",
            hours=hours,
        )
        day.add(
            30,
            deploy,
            "ecs.RegisterTaskDefinition ecs.UpdateService",
            {"family": "shop", "containerDefinitions": [{"image": "shop:1", "name": "web"}]},
            hours=hours,
        )
        day.add(
            25,
            deploy,
            "lambda.UpdateFunctionCode20150331v2 lambda.GetFunction20150331v2 "
            "lambda.UpdateAlias20150331",
            {"functionName": "orders"},
            hours=hours,
        )
        day.add(
            8,
            deploy,
            "lambda.UpdateFunctionConfiguration20150331v2",
            {"functionName": "orders", "timeout": 30},
            hours=hours,
        )
        for at in (9, 11, 14, 16):
            day.add(
                8,
                deploy,
                "ssm.GetParameters",
                {"names": ["/shop/a"], "withDecryption": True},
                hours=(at, at + 0.05),
            )
        terraform = session(account, "terraform", "plan", path="ci")
        day.add(
            30,
            terraform,
            "ec2.DescribeVpcs ec2.DescribeSubnets iam.GetRole iam.GetPolicy "
            "iam.ListAttachedRolePolicies s3.GetBucketVersioning s3.GetBucketPolicy "
            "kms.DescribeKey logs.DescribeLogGroups rds.DescribeDBInstances "
            "sts.GetCallerIdentity events.ListTargetsByRule",
            hours=hours,
        )
        _terraform(day, terraform, account, hours)
        stack = session(
            account,
            "cdk-exec",
            "AWSCloudFormation",
            path="ci",
            invokedBy="cloudformation.amazonaws.com",
        )
        trust = json.dumps(
            {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                    }
                ]
            }
        )
        day.add(
            3,
            stack,
            "iam.CreateRole",
            {"roleName": "f", "assumeRolePolicyDocument": trust},
            hours=hours,
        )
        day.add(
            3,
            stack,
            "iam.PutRolePolicy",
            {
                "roleName": "f",
                "policyName": "p",
                "policyDocument": _statement(Resource="arn:aws:s3:::shop/*"),
            },
            hours=hours,
        )
        day.add(
            3,
            stack,
            "iam.AttachRolePolicy",
            {
                "roleName": "f",
                "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
            },
            hours=hours,
        )
    preview = session(STAGING, "preview", "GitHubActions", path="ci")
    for call, request in (
        ("s3.DeleteBucket", {"bucketName": "preview-1"}),
        ("rds.DeleteDBInstance", {"dBInstanceIdentifier": "preview-1", "skipFinalSnapshot": True}),
        ("rds.ModifyDBInstance", {"dBInstanceIdentifier": "p", "deletionProtection": False}),
        ("logs.DeleteLogGroup", {"logGroupName": "/aws/lambda/preview-1"}),
        ("secretsmanager.DeleteSecret", {"secretId": "preview-1"}),
        ("sqs.PurgeQueue", {"queueUrl": "https://sqs.eu-west-1.amazonaws.com/3/preview-1"}),
        ("monitoring.DeleteAlarms", {"alarmNames": ["preview-1"]}),
    ):
        day.add(6, preview, call, request, hours=hours)


def _terraform(day: Day, who: Fields, account: str, hours: tuple[float, float]) -> None:
    """What a few applies change."""
    bucket = {"bucketName": "shop-assets"}
    secure = {
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": "arn:aws:s3:::shop-assets/*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
    }
    shut = {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    key = {
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "kms:*",
                "Resource": "*",
                "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            }
        ]
    }
    group = {
        "groupId": "sg-0123456789abcdef0",
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 8443,
                    "toPort": 8443,
                    "groups": {"items": []},
                    "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]},
                    "ipv6Ranges": {},
                }
            ]
        },
    }
    for call, request in (
        ("s3.CreateBucket", bucket),
        ("s3.PutBucketVersioning", {**bucket, "VersioningConfiguration": {"Status": "Enabled"}}),
        ("s3.PutBucketPublicAccessBlock", {**bucket, "PublicAccessBlockConfiguration": shut}),
        ("s3.PutBucketPolicy", {**bucket, "bucketPolicy": secure}),
        ("s3.PutBucketEncryption", {**bucket, "ServerSideEncryptionConfiguration": {}}),
        ("ec2.CreateSecurityGroup", {"groupName": "shop", "vpcId": "vpc-1"}),
        ("ec2.AuthorizeSecurityGroupIngress", group),
        ("ec2.RevokeSecurityGroupEgress", {"groupId": "sg-0123456789abcdef0"}),
        ("ec2.CreateRoute", {"routeTableId": "rtb-1", "natGatewayId": "nat-1"}),
        ("logs.CreateLogGroup", {"logGroupName": "/shop"}),
        ("logs.PutRetentionPolicy", {"logGroupName": "/shop", "retentionInDays": 90}),
        ("monitoring.PutMetricAlarm", {"alarmName": "shop", "actionsEnabled": True}),
        ("events.PutRule", {"name": "shop", "state": "ENABLED"}),
        ("events.PutTargets", {"rule": "shop"}),
        ("kms.CreateKey", {"policy": json.dumps(key)}),
        ("kms.EnableKeyRotation", {"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}),
        (
            "sqs.SetQueueAttributes",
            {
                "queueUrl": "https://sqs.eu-west-1.amazonaws.com/2/shop",
                "attributes": {"VisibilityTimeout": "60"},
            },
        ),
        (
            "lambda.AddPermission20150331v2",
            {"functionName": "orders", "principal": "events.amazonaws.com", "statementId": "x"},
        ),
        (
            "iam.CreatePolicyVersion",
            {
                "policyArn": f"arn:aws:iam::{account}:policy/shop",
                "policyDocument": _statement(Resource="arn:aws:s3:::shop/*"),
            },
        ),
        ("iam.TagRole", {"roleName": "app"}),
        ("rds.ModifyDBInstance", {"dBInstanceIdentifier": "shop", "allocatedStorage": 200}),
        ("ecs.UpdateCluster", {"cluster": "shop"}),
        ("ec2.CreateTags", {"resourcesSet": {"items": [{"resourceId": "vpc-1"}]}}),
    ):
        day.add(2, who, call, request, hours=hours)


def _images(day: Day) -> None:
    """Image builds: a machine with a key and a group of its own, and old images taken away.

    https://developer.hashicorp.com/packer/integrations/hashicorp/amazon/latest/components/builder/ebs
    """
    packer = session(TOOLS, "image-builder", "packer")
    opened = {
        "groupId": "sg-0aaaaaaaaaaaaaaa0",
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                    "groups": {},
                    "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
                    "ipv6Ranges": {},
                }
            ]
        },
    }
    for hour in range(6, 18, 2):
        at = (hour, hour + 0.2)
        day.add(1, packer, "ec2.CreateKeyPair ec2.DeleteKeyPair", {"keyName": "packer_1"}, hours=at)
        day.add(1, packer, "ec2.CreateSecurityGroup", {"groupName": "packer_1"}, hours=at)
        day.add(1, packer, "ec2.AuthorizeSecurityGroupIngress", opened, hours=at)
        _launch(day, 1, packer, "c5.large", 1, hours=at)
        day.add(1, packer, "ec2.CreateImage ec2.DescribeImages", {"name": "base"}, hours=at)
        day.add(1, packer, "ec2.DeregisterImage", {"imageId": "ami-0123456789abcdef0"}, hours=at)
        day.add(2, packer, "ec2.DeleteSnapshot", {"snapshotId": "snap-3"}, hours=at)
        day.add(1, packer, "ec2.TerminateInstances ec2.DeleteSecurityGroup", hours=at)


def _people(day: Day) -> None:
    """People at the console and on the command line, and what they try in the sandbox.

    https://docs.aws.amazon.com/singlesignon/latest/userguide/logging-using-cloudtrail.html
    """
    hours = (7, 18)
    names = [f"person{number:02}" for number in range(60)]
    for name in names:
        who = {"type": "Unknown", "userName": name, "accountId": SECURITY, "principalId": name}
        day.add(
            2,
            who,
            "sso.Authenticate sso.Federate",
            account=SECURITY,
            hours=hours,
            eventType="AwsServiceEvent",
        )
        account = day.rng.choice((*RUNNING, SANDBOX))
        user = person(account, name)
        day.add(
            1,
            user,
            "signin.ConsoleLogin",
            account=account,
            hours=hours,
            eventType="AwsConsoleSignIn",
            responseElements={"ConsoleLogin": "Success"},
            additionalEventData={"MFAUsed": "No", "MobileVersion": "No"},
            readOnly=False,
        )
        day.add(
            18,
            user,
            "ec2.DescribeInstances ec2.DescribeVolumes logs.DescribeLogGroups "
            "monitoring.DescribeAlarms s3.ListBuckets lambda.ListFunctions20150331",
            hours=hours,
            sessionCredentialFromConsole="true",
        )
        day.add(3, user, "sts.GetCallerIdentity cloudtrail.LookupEvents", hours=hours)
        day.add(2, user, "logs.StartQuery logs.GetQueryResults", hours=hours)
        day.add(
            day.rng.choice((0, 0, 1, 3)),
            user,
            "ce.GetCostAndUsage",
            hours=hours,
            errorCode="AccessDenied",
            errorMessage="not authorized",
        )
    for name in names[:12]:
        day.add(
            1,
            person(PROD, name, "Operator"),
            "ssm.StartSession",
            {"target": "i-0123456789abcdef0"},
            hours=hours,
        )
    for name in names[:6]:
        day.add(1, person(STAGING, name), "cloudshell.CreateEnvironment", hours=hours)
    for name in names[:5]:
        day.add(
            1,
            person(PROD, name, "Operator"),
            "monitoring.DisableAlarmActions",
            {"alarmNames": ["shop"]},
            hours=hours,
        )
    # A password that is mistyped, and the one user that is not by Identity Center.
    day.add(
        2,
        {"type": "IAMUser", "userName": "billing", "accountId": TOOLS},
        "signin.ConsoleLogin",
        account=TOOLS,
        hours=(9, 9.02),
        eventType="AwsConsoleSignIn",
        errorMessage="Failed authentication",
        responseElements={"ConsoleLogin": "Failure"},
        additionalEventData={"MFAUsed": "Yes"},
        readOnly=False,
    )
    admin = person(SECURITY, "admin", "Admin")
    day.add(
        3,
        admin,
        "sso.CreateAccountAssignment",
        {"targetId": PROD, "principalType": "GROUP"},
        hours=hours,
    )
    day.add(4, admin, "identitystore.CreateGroupMembership", {"groupId": "g"}, hours=hours)
    day.add(10, service("sso"), "identitystore.UpdateUser", account=SECURITY, hours=hours)
    day.add(
        2,
        admin,
        "guardduty.CreateFilter",
        {"detectorId": "d", "name": "known", "action": "ARCHIVE"},
        hours=hours,
    )
    provisioning = linked(PROD, "sso", "AWSServiceRoleForSSO")
    day.add(
        3,
        provisioning,
        "iam.AttachRolePolicy",
        {
            "roleName": "AWSReservedSSO_Admin_0123456789abcdef",
            "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
        },
        hours=hours,
    )
    for name in names[:8]:
        who = person(SANDBOX, name, "Sandbox")
        _launch(day, 2, who, "t3.medium", 1, hours=hours)
        for call, request in (
            ("iam.CreateUser", {"userName": "test"}),
            ("iam.CreateAccessKey", {"userName": "test"}),
            (
                "iam.AttachRolePolicy",
                {"roleName": "t", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            ),
            ("s3.DeleteBucket", {"bucketName": f"test-{name}"}),
            ("ec2.CreateKeyPair", {"keyName": name}),
            (
                "ec2.AuthorizeSecurityGroupIngress",
                {
                    "groupId": "sg-0bbbbbbbbbbbbbbb0",
                    "ipPermissions": {
                        "items": [
                            {
                                "ipProtocol": "tcp",
                                "fromPort": 3389,
                                "toPort": 3389,
                                "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
                            }
                        ]
                    },
                },
            ),
        ):
            day.add(1, who, call, request, hours=hours)


def files(records: list[Fields], size: int = 2_000) -> Iterator[bytes]:
    """The records as contents of log files."""
    for start in range(0, len(records), size):
        yield json.dumps({"Records": records[start : start + size]}).encode()
