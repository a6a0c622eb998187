"""What the tests of refusals share: accounts with users, roles, keys and buckets."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from botocore.exceptions import ClientError

from tests.harness.local_aws import Credentials, LocalAws

REGION = "us-east-1"
IMAGE = "ami-0abcdef1234567890"


@contextmanager
def refused(code: str, sentence: str | None = None, status: int = 400) -> Iterator[None]:
    """The call inside fails with exactly this code, HTTP status and (where given) sentence."""
    with pytest.raises(ClientError) as caught:
        yield
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (
        code,
        status,
    ), answer["Error"]["Message"]
    if sentence is not None:
        assert answer["Error"]["Message"] == sentence


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trusts(principal: dict[str, Any], **more: Any) -> str:
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


def package(code: str = "def h(event, context):\n    return event\n") -> bytes:
    """A function's zip, of a module `m`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("m.py", code)
    return buffer.getvalue()


@dataclass(frozen=True)
class Account:
    """An account, seen by its root user unless credentials are given."""

    aws: LocalAws
    number: str

    def client(
        self, service: str, credentials: Credentials | None = None, region: str = REGION
    ) -> Any:
        return self.aws.client(service, self.number, region, credentials)

    def arn(self, service: str, resource: str, region: str = REGION) -> str:
        return f"arn:aws:{service}:{'' if service == 'iam' else region}:{self.number}:{resource}"

    def user(self, name: str, *statements: dict[str, Any]) -> Credentials:
        """A user with these permissions and an access key."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return Credentials.of(iam.create_access_key(UserName=name))

    def role(
        self, name: str, trusted: dict[str, Any], *statements: dict[str, Any], **more: Any
    ) -> str:
        iam = self.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusts(trusted), **more)
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return str(role["Role"]["Arn"])

    def session(self, name: str, *statements: dict[str, Any], **assume: Any) -> Credentials:
        """A role's session: a user of the account assumes it."""
        role = self.arn("iam", f"role/{name}")
        caller = self.user(f"{name}-caller", allow("sts:AssumeRole", role))
        made = self.role(name, {"AWS": self.arn("iam", f"user/{name}-caller")}, *statements)
        answer = self.client("sts", caller).assume_role(
            RoleArn=made, RoleSessionName="test", **assume
        )
        return Credentials.of(answer)

    def bucket(self, suffix: str = "", region: str = REGION) -> str:
        name = f"bucket-{self.number}{suffix}"
        where: dict[str, Any] = (
            {}
            if region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        self.client("s3", region=region).create_bucket(Bucket=name, **where)
        return name

    def launch(self, **more: Any) -> list[str]:
        answer = self.client("ec2").run_instances(
            **{"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, **more}
        )
        return [i["InstanceId"] for i in answer["Instances"]]


def form(account: Account, service: str, members: dict[str, str]) -> str:
    """The answer to a call in the query protocol."""
    url = account.aws.url
    request = AWSRequest(
        "POST",
        f"{url}/",
        data=urlencode(members),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    SigV4Auth(Keys(account.number, "test"), service, "us-east-1").add_auth(request)
    sent = urllib.request.Request(
        f"{url}/", data=urlencode(members).encode(), headers=dict(request.headers.items())
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(sent, timeout=30) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()
