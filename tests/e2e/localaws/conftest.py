"""A local AWS of these tests' own: they move its clock and reset it, which others would feel."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from localaws.client.process import RunningAws, running
from tests.harness.local_aws import REPOSITORY
from trailctl.terraform import clean_environment

ACCOUNT = "111122223333"
REGION = "us-east-1"
REACTOR_ZIP = REPOSITORY / "lambda_src" / "dist" / "reactor.zip"

# Clients are dear to make, and outlive what a reset forgets.
_CLIENTS: dict[tuple[str, str, str, str], Any] = {}


@dataclass(frozen=True)
class OwnAws:
    """A running local AWS, fresh for every test."""

    aws: RunningAws
    variables: dict[str, str]
    """The environment in which to run `trailctl` itself."""

    @property
    def port(self) -> str:
        return self.aws.url.rpartition(":")[2]

    def client(self, service: str, account: str = ACCOUNT, region: str = REGION) -> Any:
        key = (self.aws.url, service, account, region)
        if key not in _CLIENTS:
            _CLIENTS[key] = self.aws.client(service, access_key=account, region=region)
        return _CLIENTS[key]

    def trail(self, account: str = ACCOUNT, region: str = REGION) -> str:
        """A multi-Region trail that logs, into a bucket that admits it; its name."""
        bucket, name = f"log-{account}", "all"
        arn = f"arn:aws:cloudtrail:{region}:{account}:trail/{name}"
        s3 = self.client("s3", account, region)
        where: dict[str, Any] = {} if region == "us-east-1" else {"LocationConstraint": region}
        s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
        service = {"Service": "cloudtrail.amazonaws.com"}
        source = {"aws:SourceArn": arn}
        objects = f"arn:aws:s3:::{bucket}/AWSLogs/{account}/*"
        acl = source | {"s3:x-amz-acl": "bucket-owner-full-control"}
        s3.put_bucket_policy(
            Bucket=bucket,
            Policy=policy(
                allow(service, "s3:GetBucketAcl", f"arn:aws:s3:::{bucket}", StringEquals=source),
                allow(service, "s3:PutObject", objects, StringEquals=acl),
            ),
        )
        trails = self.client("cloudtrail", account, region)
        trails.create_trail(Name=name, S3BucketName=bucket, IsMultiRegionTrail=True)
        trails.start_logging(Name=name)
        return name

    def queue(self, name: str, account: str = ACCOUNT, region: str = REGION) -> str:
        """A queue that EventBridge may send to; its ARN."""
        arn = f"arn:aws:sqs:{region}:{account}:{name}"
        admits = allow({"Service": "events.amazonaws.com"}, "sqs:SendMessage", arn)
        self.client("sqs", account, region).create_queue(
            QueueName=name, Attributes={"Policy": policy(admits)}
        )
        return arn

    def role(self, name: str, service: str, *statements: dict[str, Any], account: str = ACCOUNT,
             condition: dict[str, Any] | None = None) -> str:  # fmt: skip
        """A role that the service may assume, with these statements; its ARN."""
        iam = self.client("iam", account)
        trust = allow({"Service": service}, "sts:AssumeRole") | (
            {"Condition": condition} if condition else {}
        )
        del trust["Resource"]
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"][
            "Arn"
        ]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return arn

    def rule(
        self,
        name: str,
        target: str,
        pattern: dict[str, Any] | None = None,
        account: str = ACCOUNT,
        region: str = REGION,
        **settings: Any,
    ) -> str:
        """A rule with one target; its ARN."""
        events = self.client("events", account, region)
        given = {"EventPattern": json.dumps(pattern)} if pattern else {}
        role = {"RoleArn": settings.pop("TargetRole")} if "TargetRole" in settings else {}
        arn: str = events.put_rule(Name=name, **given, **settings)["RuleArn"]
        answer = events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": target, **role}])
        assert answer["FailedEntryCount"] == 0
        return arn

    def function(self, name: str, handler: str, code: dict[str, str] | None = None) -> str:
        """A function that rules may start, its ARN: of these files, or else a reaction of the
        checked-in zip in mode enforce.
        """
        statements = (
            allow(None, "dynamodb:*", f"arn:aws:dynamodb:*:*:table/{name}-ledger"),
            allow(None, "ec2:*"),
            allow(None, "s3:*"),
        )
        role = self.role(f"{name}-role", "lambda.amazonaws.com", *statements)
        self.client("dynamodb").create_table(
            TableName=f"{name}-ledger",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        layer = self.client("ssm").get_parameter(
            Name="/aws/service/powertools/python/arm64/python3.13/3.22.1"
        )["Parameter"]["Value"]
        functions = self.client("lambda")
        arn: str = functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler=handler,
            Timeout=60,
            Layers=[layer],
            Code={"ZipFile": zipped(code) if code else REACTOR_ZIP.read_bytes()},
            Environment={
                "Variables": {
                    "REACTION_ACT_WITHIN_SECONDS": "86400",
                    "REACTION_LEDGER_DAYS": "30",
                    "REACTION_LEDGER_TABLE": f"{name}-ledger",
                    "REACTION_MODE": "enforce",
                    "REACTION_NAME": name,
                }
            },
        )["FunctionArn"]
        functions.add_permission(
            FunctionName=name,
            StatementId="rules",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
        )
        return arn

    def received(self, arn: str) -> list[Any]:
        """The bodies of all messages in a queue once everything has settled; they are taken out."""
        assert self.aws.drain()
        return [json.loads(message["Body"]) for message in self.messages(arn)]

    def messages(self, arn: str) -> list[dict[str, Any]]:
        """The messages in a queue, which are taken out."""
        region, account, name = arn.split(":")[3:6]
        sqs = self.client("sqs", account, region)
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found: list[dict[str, Any]] = []
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            handles = [message["ReceiptHandle"] for message in messages]
            sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[{"Id": str(n), "ReceiptHandle": h} for n, h in enumerate(handles)],
            )
            found += messages
        return found

    def steps(self, kind: str) -> list[dict[str, Any]]:
        """The activity of one kind since the last reset."""
        return [step for step in self.aws.activity() if step["kind"] == kind]


def allow(
    principal: dict[str, Any] | None, action: str, resource: str = "*", **condition: Any
) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": resource}
    if principal is not None:
        statement["Principal"] = principal
    if condition:
        statement["Condition"] = condition
    return statement


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnAws]:
    folder = tmp_path_factory.mktemp("own-local-aws")
    paths = f"{REPOSITORY}:{REPOSITORY / 'lambda_src'}"
    variables = {**clean_environment(home=folder), "PYTHONPATH": paths}
    with running(variables, folder / "log", ACCOUNT, REGION) as aws:
        yield OwnAws(aws, variables)


@pytest.fixture
def own(own_server: OwnAws) -> OwnAws:
    """A local AWS with nothing in it, for one test at a time."""
    own_server.aws.reset()
    return own_server
