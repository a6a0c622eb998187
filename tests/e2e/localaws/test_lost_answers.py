"""An answer that is lost on its way: the SDK asks again, and is not told that its role is there."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.httpsession import URLLib3Session

from tests.e2e.localaws.conftest import ACCOUNT, REGION, OwnAws

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("own-local-aws")]

TRUST = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Principal":"*"}}'


def client(own: OwnAws, lost: list[int]) -> Any:
    """IAM through a wire that loses the answer to the first attempt of a call."""
    iam = boto3.client(
        "iam",
        region_name=REGION,
        endpoint_url=own.aws.url,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 3, "mode": "standard"}),
    )

    def lose(request: Any, **_: Any) -> None:
        if b"attempt=1" in request.headers["amz-sdk-request"]:
            lost.append(URLLib3Session().send(request).status_code)
            raise ConnectionClosedError(endpoint_url=request.url)

    iam.meta.events.register("before-send.iam.CreateRole", lose)
    return iam


def test_it_gets_the_answer_that_it_lost(own: OwnAws) -> None:
    lost: list[int] = []
    iam = client(own, lost)
    made = iam.create_role(RoleName="once", AssumeRolePolicyDocument=TRUST)["Role"]
    assert lost == [200]
    assert made["RoleId"] == iam.get_role(RoleName="once")["Role"]["RoleId"]
    assert own.aws.drain()
    calls = [step["what"] for step in own.aws.activity() if step["kind"] == "call"]
    assert calls.count("iam:CreateRole") == 1


def test_another_call_is_told_the_truth(own: OwnAws) -> None:
    lost: list[int] = []
    iam = client(own, lost)
    iam.create_role(RoleName="twice", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(ClientError, match="EntityAlreadyExists"):
        iam.create_role(RoleName="twice", AssumeRolePolicyDocument=TRUST)
    assert lost == [200, 409]
