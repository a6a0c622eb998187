"""A router over moto's in-process AWS, a clock that waits by jumping, and what it reported."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from localaws.events.router import Router, RouterEvent

ACCOUNT = "123456789012"
OTHER = "210987654321"
REGION = "us-east-1"
# Now, since log groups take no old entries.
START = datetime.now(UTC).replace(microsecond=0)


class JumpingClock:
    """Waiting takes no time: the clock jumps to where the wait would end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = START
        self.waits: list[float] = []

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def wait(self, seconds: float, cancel: threading.Event) -> bool:
        with self._lock:
            self._now += timedelta(seconds=seconds)
            self.waits.append(seconds)
        return not cancel.is_set()


class Clients:
    """Clients of each account; `calls` are the operations made through them, `fail` breaks some."""

    # Clients are dear to make (50 ms and more), and moto serves old ones as well.
    _shared: ClassVar[dict[tuple[str, str, str], Any]] = {}
    _current: ClassVar[Clients | None] = None

    def __init__(self) -> None:
        self._own: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.Lock()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.fail: Callable[[str], Exception | None] = lambda operation: None
        Clients._current = self

    def client(self, service: str, account: str, region: str) -> Any:
        # moto's account is that of the role whose credentials are used, and it forgets those.
        kept = self._shared if account == ACCOUNT else self._own
        with self._lock:
            key = (service, account, region)
            if key not in kept:
                kept[key] = self._make(*key)
            return kept[key]

    def made(self, operation: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.calls if name == operation]

    def _make(self, service: str, account: str, region: str) -> Any:
        keys: dict[str, Any] = {
            "aws_access_key_id": "AKIATEST",
            "aws_secret_access_key": "test",
        }
        if account != ACCOUNT:
            role = f"arn:aws:iam::{account}:role/any"
            session = boto3.client("sts", region_name=REGION, **keys).assume_role(
                RoleArn=role, RoleSessionName="test"
            )["Credentials"]
            keys = {
                "aws_access_key_id": session["AccessKeyId"],
                "aws_secret_access_key": session["SecretAccessKey"],
                "aws_session_token": session["SessionToken"],
            }
        client = boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            config=Config(retries={"max_attempts": 0}),
            **keys,
        )
        client.meta.events.register(f"provide-client-params.{service}.*", self._record)
        return client

    @staticmethod
    def _record(params: dict[str, Any], model: Any, **_: Any) -> None:
        current = Clients._current
        assert current is not None
        current.calls.append((model.name, dict(params)))
        error = current.fail(model.name)
        if error is not None:
            raise error


class Bench:
    """What a test needs to set up targets and see what came of an event."""

    def __init__(self, aws: Clients, clock: JumpingClock) -> None:
        self.aws = aws
        self.clock = clock
        self.steps: list[RouterEvent] = []
        self.invoked: list[tuple[str, bytes]] = []
        self.router = Router(aws, clock, self.steps.append, invoke=self._invoke)

    def _invoke(self, function: str, payload: bytes) -> str:
        self.invoked.append((function, payload))
        return f"invocation-{len(self.invoked)}"

    def rule(
        self,
        name: str,
        *targets: dict[str, Any],
        pattern: dict[str, Any] | None = None,
        state: str = "ENABLED",
        bus: str = "default",
        account: str = ACCOUNT,
        region: str = REGION,
    ) -> str:
        """A rule with these targets; its ARN."""
        events = self.aws.client("events", account, region)
        arn: str = events.put_rule(
            Name=name,
            EventBusName=bus,
            State=state,
            EventPattern=json.dumps(pattern or {"source": ["aws.ec2"]}),
        )["RuleArn"]
        if targets:
            events.put_targets(Rule=name, EventBusName=bus, Targets=list(targets))
        self.router.invalidate(account, region)
        return arn

    def queue(
        self, name: str, *statements: dict[str, Any], account: str = ACCOUNT, **attributes: str
    ) -> str:
        """A queue with a policy of these statements; its ARN."""
        sqs = self.aws.client("sqs", account, REGION)
        if statements:
            attributes["Policy"] = policy(*statements)
        sqs.create_queue(QueueName=name, Attributes=attributes)
        return f"arn:aws:sqs:{REGION}:{account}:{name}"

    def topic(self, name: str, *statements: dict[str, Any], **attributes: str) -> str:
        """A topic with a policy of these statements (SNS's own where there is none); its ARN."""
        if statements:
            attributes["Policy"] = policy(*statements)
        sns = self.aws.client("sns", ACCOUNT, REGION)
        arn: str = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        return arn

    def key(self, *statements: dict[str, Any]) -> str:
        """A customer managed key with a policy of these statements; its ARN."""
        root = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        kms = self.aws.client("kms", ACCOUNT, REGION)
        arn: str = kms.create_key(Policy=policy(root, *statements))["KeyMetadata"]["Arn"]
        return arn

    def role(
        self,
        name: str,
        *statements: dict[str, Any],
        trust: str = "events.amazonaws.com",
        account: str = ACCOUNT,
        **more: Any,
    ) -> str:
        """A role that a service may assume, with an inline policy of these statements; its ARN."""
        iam = self.aws.client("iam", account, REGION)
        trusted = {
            "Effect": "Allow",
            "Principal": {"Service": trust},
            "Action": "sts:AssumeRole",
        }
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trusted), **more)[
            "Role"
        ]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return arn

    def function(self, name: str, publish: bool = False) -> str:
        """A function nobody may invoke yet; its ARN."""
        role = self.role(f"{name}-role", trust="lambda.amazonaws.com")
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "def handler(event, context): pass")
        arn: str = self.aws.client("lambda", ACCOUNT, REGION).create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
            Publish=publish,
        )["FunctionArn"]
        return arn

    def permit(self, function: str, **permission: str) -> None:
        """aws_lambda_permission for EventBridge."""
        self.aws.client("lambda", ACCOUNT, REGION).add_permission(
            FunctionName=function,
            StatementId="events",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            **permission,
        )
        self.router.observe("lambda", "AddPermission", ACCOUNT, REGION)

    def messages(self, arn: str) -> list[dict[str, Any]]:
        """Everything in a queue, taken out."""
        account, name = arn.split(":")[4:]
        sqs = self.aws.client("sqs", account, REGION)
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found: list[dict[str, Any]] = []
        while page := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += page
            for message in page:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def put(self, event: dict[str, Any], **where: Any) -> list[str]:
        """Put an event, wait, and give the kinds of the steps it led to."""
        where = {"account": ACCOUNT, "region": REGION} | where
        before = len(self.steps)
        self.router.put(event, **where)
        assert self.router.drain(timeout=20), self.steps
        return [step.kind for step in self.steps[before:]]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", **condition: Any) -> dict[str, Any]:
    """Allow EventBridge; `condition` as `ArnEquals={"aws:SourceArn": ...}`."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": action,
        "Resource": resource,
    }
    return statement | ({"Condition": condition} if condition else {})


def rule_arn(name: str) -> str:
    return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"


def grants(action: str, resource: str = "*") -> dict[str, Any]:
    """A statement of an identity policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def call_event(name: str = "RunInstances", **detail: Any) -> dict[str, Any]:
    """The event of one API call."""
    return {
        "version": "0",
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": ACCOUNT,
        "time": START.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [],
        "detail": {
            "eventName": name,
            "eventCategory": "Management",
            "managementEvent": True,
            "readOnly": False,
        }
        | detail,
    }


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield Clients()


@pytest.fixture
def bench(clients: Clients) -> Iterator[Bench]:
    made = Bench(clients, JumpingClock())
    yield made
    made.router.close()


@pytest.fixture
def tools() -> Any:
    """This module's helpers: test modules are imported by path and can't import a neighbour."""
    import sys

    return sys.modules[__name__]
