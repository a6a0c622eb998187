"""security-group-guard: any shape of rule, revoked exactly, and given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from reactor.reaction import Reaction
from reactor.reactions import security_group_guard as guard

from tests.unit.reactor.world import Context, envelope, log_lines, record

pytestmark = pytest.mark.unit

React = Callable[..., Reaction[guard.Settings]]
Sent = Callable[[], list[tuple[str, str]]]
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
WORLD, WORLD6 = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


@pytest.fixture
def group(aws: None) -> str:
    made = boto3.client("ec2").create_security_group(GroupName="web", Description="web")
    return str(made["GroupId"])


def opened(group: str, *permissions: dict[str, Any]) -> list[dict[str, Any]]:
    answer = boto3.client("ec2").authorize_security_group_ingress(
        GroupId=group, IpPermissions=list(permissions)
    )
    return list(answer["SecurityGroupRules"])


def call(rules: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """CloudTrail's record of an authorize call, with the response that tells the rules' ids."""
    shown = [
        {
            "groupId": rule["GroupId"],
            "securityGroupRuleId": rule["SecurityGroupRuleId"],
            "isEgress": False,
            "ipProtocol": rule["IpProtocol"],
            "fromPort": rule.get("FromPort", -1),
            "toPort": rule.get("ToPort", -1),
            **({"cidrIpv4": rule["CidrIpv4"]} if rule.get("CidrIpv4") else {}),
            **({"cidrIpv6": rule["CidrIpv6"]} if rule.get("CidrIpv6") else {}),
        }
        for rule in rules
    ]
    detail = record(
        **{
            "eventName": "AuthorizeSecurityGroupIngress",
            "requestParameters": {"groupId": rules[0]["GroupId"]} if rules else {},
            "responseElements": {"securityGroupRuleSet": {"items": shown}},
            **changes,
        }
    )
    return envelope(detail)


def ids(group: str) -> set[str]:
    found = boto3.client("ec2").describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group]}]
    )
    return {r["SecurityGroupRuleId"] for r in found["SecurityGroupRules"] if not r["IsEgress"]}


@pytest.mark.parametrize(
    ("permission", "risky"),
    [
        ({**SSH, **WORLD}, True),
        ({**SSH, **WORLD6}, True),
        ({"IpProtocol": "tcp", "FromPort": 20, "ToPort": 4000, **WORLD}, True),
        ({"IpProtocol": "-1", **WORLD}, True),
        ({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **WORLD}, False),
        ({**SSH, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, False),
        ({"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, **WORLD}, False),
    ],
)
def test_risky_rules_are_revoked_and_others_stay(
    permission: dict[str, Any], risky: bool, group: str, react: React, sent: Sent
) -> None:
    kept = opened(group, {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, **WORLD})
    rules = opened(group, permission)
    answer = react(guard)(call(rules), Context())
    assert (answer["taken"], answer["alerts"]) == ((1, 1) if risky else (0, 0))
    assert (rules[0]["SecurityGroupRuleId"] in ids(group)) is not risky
    assert kept[0]["SecurityGroupRuleId"] in ids(group)


def test_a_rule_that_stood_before_is_not_the_calls(group: str, react: React) -> None:
    before = opened(group, {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, **WORLD})
    rules = opened(group, {**SSH, **WORLD, **WORLD6})
    assert react(guard)(call(rules), Context())["taken"] == 2
    assert ids(group) == {before[0]["SecurityGroupRuleId"]}


@pytest.mark.parametrize(
    "request_",
    [
        {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "0.0.0.0/0"},
        {
            "ipPermissions": {
                "items": [
                    {
                        "ipProtocol": "tcp",
                        "fromPort": 22,
                        "toPort": 22,
                        "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
                    }
                ]
            }
        },
    ],
)
def test_without_ids_the_rule_is_found_by_what_it_opens(
    request_: dict[str, Any], group: str, react: React
) -> None:
    rules = opened(group, {**SSH, **WORLD})
    event = call(rules, requestParameters={"groupId": group, **request_}, responseElements=None)
    assert react(guard)(event, Context())["taken"] == 1
    assert ids(group) == set()


def test_the_undo_command_opens_the_port_again(
    group: str, react: React, capsys: pytest.CaptureFixture[str], sent: Sent
) -> None:
    described = {"IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "for a while"}]}
    rules = opened(group, {**SSH, **described})
    handler = react(guard)
    handler(call(rules), Context())
    assert handler(call(rules, eventID="again"), Context())["planned"] == 0
    (audit,) = [x["action"] for x in log_lines(capsys.readouterr().out) if "action" in x]
    undo = audit["undo"]
    getattr(boto3.client("ec2"), undo["operation"])(**undo["parameters"])
    assert len(ids(group)) == 1
    ((_, text),) = sent()
    assert text.startswith("alice (IAM user) opened tcp 22 from 0.0.0.0/0 of sg-")
    assert "security-group-guard revoked the rule sgr-" in text.splitlines()[0]


@pytest.mark.parametrize(
    "settings",
    [{"allowed_ports": [22]}, {"ports": [3389]}, {"allowed_groups": ["web"]}],
)
def test_allowed_rules_stay(settings: dict[str, Any], group: str, react: React) -> None:
    rules = opened(group, {**SSH, **WORLD})
    assert react(guard, **settings)(call(rules), Context())["planned"] == 0


def test_a_group_that_is_gone_needs_nothing(group: str, react: React) -> None:
    rules = opened(group, {**SSH, **WORLD})
    boto3.client("ec2").delete_security_group(GroupId=group)
    assert react(guard)(call(rules), Context())["planned"] == 0
