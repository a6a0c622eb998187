"""Events of another account: acted on there through the member role, refused without it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.applies import Applier, Stack
from tests.harness.mail import Listener

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("member-role")]

HUB = """
variable "member" {
  type = bool
}

resource "aws_sns_topic" "alerts" {
  name = "alerts"
}

module "launches" {
  source           = "${modules}/ec2-launch-guard"
  mode             = "enforce"
  alert_from_count = 1
}

module "guard" {
  source      = "${modules}/reaction"
  name        = "guard"
  guard       = module.launches
  alert_topic = aws_sns_topic.alerts

  member_role = !var.member ? null : {
    name        = "member"
    path        = "/security/"
    external_id = "shared"
  }
}

output "topic" {
  value = aws_sns_topic.alerts.arn
}
"""
MEMBER = """
variable "hub" {
  type = string
}

module "launches" {
  source = "${modules}/ec2-launch-guard"
  mode   = "enforce"
}

module "member" {
  source          = "${modules}/reaction-member-role"
  name            = "member"
  path            = "/security/"
  hub_account_id  = var.hub
  hub_role_names  = ["guard-*"]
  organization_id = null
  external_id     = "shared"
  guards          = { launches = module.launches }
}
"""


def event(account: str, launched: dict[str, Any]) -> dict[str, Any]:
    """A launch in an account, as its forwarding rule would hand it to the hub."""
    instance = launched["Instances"][0]["InstanceId"]
    detail = {
        "eventSource": "ec2.amazonaws.com",
        "eventName": "RunInstances",
        "eventID": f"launch-{instance}",
        "eventTime": f"{launched['Instances'][0]['LaunchTime']:%Y-%m-%dT%H:%M:%SZ}",
        "awsRegion": "us-east-1",
        "recipientAccountId": account,
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{account}:user/ana",
            "accountId": account,
            "userName": "ana",
        },
        "responseElements": {
            "reservationId": launched["ReservationId"],
            "instancesSet": {"items": [{"instanceId": instance, "instanceType": "t3.micro"}]},
        },
    }
    return {
        "id": "1",
        "source": "aws.ec2",
        "detail-type": "AWS API Call via CloudTrail",
        "account": account,
        "region": "us-east-1",
        "time": detail["eventTime"],
        "detail": detail,
    }


def react(hub: Stack, payload: dict[str, Any]) -> dict[str, Any]:
    answer = hub.client("lambda").invoke(FunctionName="guard", Payload=json.dumps(payload).encode())
    body: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, body
    assert hub.aws.drain()  # what it told the topic is on its way
    return body


def test_it_acts_there_with_the_role_and_refuses_without(apply: Applier) -> None:
    hub = apply.fresh(HUB, {"member": False})
    member = apply.fresh(MEMBER, {"hub": hub.account})
    ec2 = member.client("ec2")
    launched = ec2.run_instances(
        ImageId="ami-0abcdef1234567890", InstanceType="t3.micro", MinCount=1, MaxCount=1
    )
    instance = launched["Instances"][0]["InstanceId"]
    listener = Listener(hub.client("sqs"), hub.client("sns"), hub.outputs["topic"])

    def tags() -> dict[str, str]:
        found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}

    refused = react(hub, event(member.account, launched))
    assert (refused["refused"], refused["taken"], refused["alerts"]) == (1, 0, 1)
    ((_, text),) = listener.heard()
    assert "guard refused to tag 1 instance with" in text
    assert f"the event is of account {member.account}, Region us-east-1" in text
    assert tags() == {}

    hub.apply({"member": True})
    iam = member.client("iam")
    trust = iam.get_role(RoleName="member")["Role"]["AssumeRolePolicyDocument"]
    condition = trust["Statement"][0]["Condition"]
    # What the member role does not admit is refused as well: here, another external id.
    condition["StringEquals"]["sts:ExternalId"] = "another"
    iam.update_assume_role_policy(RoleName="member", PolicyDocument=json.dumps(trust))
    assert react(hub, event(member.account, launched))["refused"] == 1
    assert tags() == {}

    condition["StringEquals"]["sts:ExternalId"] = "shared"
    iam.update_assume_role_policy(RoleName="member", PolicyDocument=json.dumps(trust))
    acted = react(hub, event(member.account, launched))
    assert (acted["refused"], acted["taken"]) == (0, 1)
    assert tags()["reactor:owner"] == "ana"
    again = react(hub, event(member.account, launched))
    assert (again["taken"], again["alerts"]) == (0, 0)
