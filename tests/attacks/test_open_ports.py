"""Somebody who opens a port without writing 0.0.0.0/0, against guard and detection."""

from __future__ import annotations

import random
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any

import boto3
import pytest
from reactor.detections import Known, decide
from reactor.event import read_event
from reactor.meaning.addresses import are_most, share
from reactor.reaction import Reaction
from reactor.reactions import security_group_guard as guard
from reactor.testing import AwsDouble
from reactor.testing import decide as decisions

from tests.unit.reactor.test_security_group_guard import call, ids, opened
from tests.unit.reactor.world import Context, envelope, record

pytestmark = pytest.mark.unit

React = Callable[..., Reaction[guard.Settings]]
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
CUT = {"omitted": True, "originalSize": 181_326}


def of(*cidrs: str, **more: Any) -> dict[str, Any]:
    four = [{"CidrIp": cidr} for cidr in cidrs if ":" not in cidr]
    six = [{"CidrIpv6": cidr} for cidr in cidrs if ":" in cidr]
    return {**SSH, "IpRanges": four, "Ipv6Ranges": six, **more}


@pytest.fixture
def group(aws: None) -> str:
    made = boto3.client("ec2").create_security_group(GroupName="web", Description="web")
    return str(made["GroupId"])


# ---- networks


@pytest.mark.parametrize(
    "networks",
    [
        ["0.0.0.0/0"],
        ["::/0"],
        ["0.0.0.0/1", "128.0.0.0/1"],
        ["0.0.0.0/1"],
        ["2000::/3"],
        ["::/1", "8000::/1"],
        [f"{n}.0.0.0/9" for n in range(11, 99, 2)],
        [f"{n}.{m}.0.0/12" for n in (11, 12) for m in range(0, 256, 16)],
        ["52.0.0.0/8"],
        ["2600::/11"],
        [f"{n:x}::/13" for n in range(0x2000, 0x2020, 8)],
        ["::ffff:0:0/96"],
        ["10.0.0.0/8", "0.0.0.0/0"],
        ["somewhere"],
    ],
)
def test_the_world_in_other_words(networks: list[str]) -> None:
    assert are_most(networks)


@pytest.mark.parametrize(
    "networks",
    [
        [],
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"],
        ["224.0.0.0/3"],
        ["0.0.0.0/8"],
        ["203.0.113.0/24"] * 1000,
        ["17.0.0.0/9"],
        ["2001:db8::/32"],
        ["fc00::/7", "fe80::/10"],
        ["4000::/2"],
    ],
)
def test_what_is_not_the_world(networks: list[str]) -> None:
    assert not are_most(networks)


def test_split_networks_count_as_the_whole() -> None:
    dice = random.Random(13)
    for _ in range(300):
        whole = IPv4Network((dice.getrandbits(32), dice.randint(1, 20)), strict=False)
        parts = [whole]
        for _ in range(dice.randint(1, 30)):
            part = parts.pop(dice.randrange(len(parts)))
            parts += part.subnets() if part.prefixlen < 32 else [part]
        dice.shuffle(parts)
        doubled = parts + [next(part.subnets()) for part in parts[:5] if part.prefixlen < 32]
        assert share(frozenset(map(str, doubled))) == share(frozenset({str(whole)}))


# ---- the guard


@pytest.mark.parametrize(
    "permissions",
    [
        [of("0.0.0.0/1", "128.0.0.0/1")],
        [of("2000::/3")],
        [of("::/1", "8000::/1")],
        [of(*(f"{n}.0.0.0/8" for n in range(11, 41)))],
        [of(*(f"{n}.0.0.0/10" for n in range(20, 30)))],
        [of("11.0.0.0/9", FromPort=0, ToPort=30), of("12.0.0.0/9", FromPort=22, ToPort=99)],
        [of("11.0.0.0/9"), of("12.0.0.0/9", IpProtocol="-1")],
    ],
)
def test_a_port_is_closed_to_the_world_in_other_words(
    permissions: list[dict[str, Any]], group: str, react: React
) -> None:
    rules = opened(group, *permissions)
    answer = react(guard)(call(rules), Context())
    assert answer["taken"] >= 1
    assert answer["alerts"] == 1
    left = boto3.client("ec2").describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group]}]
    )["SecurityGroupRules"]
    peers = [r.get("CidrIpv4") or r["CidrIpv6"] for r in left if not r["IsEgress"]]
    assert not are_most(peers)


def test_rules_that_add_up_over_calls(group: str, react: React) -> None:
    handler = react(guard)
    calls = [opened(group, of(f"{n}.0.0.0/10")) for n in range(20, 28)]
    taken = [
        handler(call(rules, eventID=f"e-{n}"), Context())["taken"] for n, rules in enumerate(calls)
    ]
    # All stood there when the first call was judged; each later one met fewer.
    assert sum(taken) == 5
    assert len(ids(group)) == 3


def test_what_is_narrow_beside_the_world_stays(group: str, react: React) -> None:
    rules = opened(group, of("0.0.0.0/1", "128.0.0.0/1", "203.0.113.7/32", "10.0.0.0/8"))
    react(guard)(call(rules), Context())
    left = [r["SecurityGroupRuleId"] for r in rules if r["CidrIpv4"] in ("203.0.113.7/32",)]
    assert left[0] in ids(group)


def test_a_call_is_not_blamed_for_what_was_open_before(group: str, react: React) -> None:
    opened(group, of("0.0.0.0/0"))
    rules = opened(group, of("203.0.113.7/32"))
    assert react(guard)(call(rules), Context())["planned"] == 0


def test_private_networks_stay(group: str, react: React) -> None:
    rules = opened(group, of("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
    assert react(guard)(call(rules), Context())["planned"] == 0


def test_the_threshold_is_an_input(group: str, react: React) -> None:
    rules = opened(group, of("17.0.0.0/12"))
    assert react(guard)(call(rules), Context())["planned"] == 0
    strict = react(guard, world_prefix=12)
    assert strict(call(rules, eventID="again"), Context())["taken"] == 1


def test_a_network_written_oddly_is_still_the_calls(group: str, react: React) -> None:
    opened(group, of("0.0.0.0/1"))
    event = call([], responseElements=CUT, requestParameters={})
    event["detail"]["requestParameters"] = {
        "groupId": group,
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "6",
                    "fromPort": 22,
                    "toPort": 22,
                    "ipRanges": {"items": [{"cidrIp": "77.1.2.3/1"}]},
                }
            ]
        },
    }
    assert react(guard)(event, Context())["taken"] == 1


# ---- prefix lists

LIST = "pl-0123456789abcdef0"


def group_with_list(*cidrs: str) -> AwsDouble:
    rule = {
        "SecurityGroupRuleId": "sgr-1",
        "GroupId": "sg-1",
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "PrefixListId": LIST,
    }
    return AwsDouble(
        {
            "ec2.describe_security_groups": {
                "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "web"}]
            },
            "ec2.describe_security_group_rules": {"SecurityGroupRules": [rule]},
            "ec2.get_managed_prefix_list_entries": {"Entries": [{"Cidr": cidr} for cidr in cidrs]},
        }
    )


def authorize() -> dict[str, Any]:
    rule = {"groupId": "sg-1", "securityGroupRuleId": "sgr-1", "prefixListId": LIST}
    return call([], responseElements={"securityGroupRuleSet": {"items": [rule]}})


def modify(*added: str) -> dict[str, Any]:
    entries = [{"Cidr": cidr, "tag": n} for n, cidr in enumerate(added, 1)]
    request = {"ModifyManagedPrefixListRequest": {"PrefixListId": LIST, "AddEntry": entries}}
    return envelope(record(eventName="ModifyManagedPrefixList", requestParameters=request))


def test_a_prefix_list_of_the_world_is_revoked_and_can_be_given_back() -> None:
    steps = decisions(guard.handler, authorize(), aws=group_with_list("0.0.0.0/1", "128.0.0.0/1"))
    revoke: Any = steps[0]
    assert revoke.parameters["SecurityGroupRuleIds"] == ["sgr-1"]
    (back,) = revoke.undo.parameters["IpPermissions"]
    assert back["PrefixListIds"] == [{"PrefixListId": LIST}]


def test_a_narrow_prefix_list_stays() -> None:
    assert decisions(guard.handler, authorize(), aws=group_with_list("203.0.113.0/24")) == []


@pytest.mark.parametrize("shown", [["0.0.0.0/1"], []])
def test_a_list_that_is_widened_under_its_groups(shown: list[str]) -> None:
    steps = decisions(guard.handler, modify("0.0.0.0/1"), aws=group_with_list(*shown))
    assert [getattr(step, "operation", "alert") for step in steps] == [
        "revoke_security_group_ingress",
        "alert",
    ]


def test_a_list_that_is_named_as_another_changes_nothing_of_the_other_s_groups() -> None:
    request = {"PrefixListId": "pl-0fedcba9876543210", "PrefixListName": LIST}
    told = {"prefixListId": request["PrefixListId"], "prefixListName": f'"prefixListId": "{LIST}"'}
    detail = record(
        eventName="ModifyManagedPrefixList",
        requestParameters={"ModifyManagedPrefixListRequest": request},
        responseElements={"ModifyManagedPrefixListResponse": {"prefixList": told}},
    )
    aws = group_with_list("0.0.0.0/1", "128.0.0.0/1")
    assert decisions(guard.handler, envelope(detail), aws=aws) == []


def test_a_list_that_nobody_can_read_may_be_anybody() -> None:
    from reactor.testing import Refusal

    aws = group_with_list()
    aws.answers["ec2.get_managed_prefix_list_entries"] = Refusal("InvalidPrefixListID.NotFound")
    assert len(decisions(guard.handler, authorize(), aws=aws)) == 2


# ---- tags and cut events


def test_a_tag_on_the_rule_of_the_call_exempts_nothing(
    group: str, react: React, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACTION_EXEMPTIONS", '{"tags": {"ok=yes": "2999-12-31"}}')
    rules = opened(group, of("0.0.0.0/0"))
    id_ = rules[0]["SecurityGroupRuleId"]
    boto3.client("ec2").create_tags(Resources=[id_], Tags=[{"Key": "ok", "Value": "yes"}])
    assert react(guard)(call(rules), Context())["taken"] == 1


def test_a_call_whose_group_cloudtrail_left_out_is_told_with_all_that_is_open(
    group: str, react: React, sent: Callable[[], list[tuple[str, str]]]
) -> None:
    opened(group, of("0.0.0.0/1", "128.0.0.0/1"))
    event = call([], requestParameters=CUT, responseElements=CUT)
    answer = react(guard)(event, Context())
    assert (answer["planned"], answer["alerts"]) == (0, 1)
    ((subject, text),) = sent()
    assert subject.startswith("[high] alice changed a security group that can't be told")
    assert f"{group} (among them 22)" in text


def test_a_rule_that_is_gone_by_now_needs_nothing(group: str, react: React) -> None:
    rules = opened(group, of("0.0.0.0/0"))
    rule = rules[0]["SecurityGroupRuleId"]
    boto3.client("ec2").revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    again = opened(group, of("203.0.113.0/24"))
    assert react(guard)(call(rules), Context())["planned"] == 0
    assert again[0]["SecurityGroupRuleId"] in ids(group)


# ---- the detection


@pytest.mark.parametrize(
    ("cidrs", "found"),
    [
        (["0.0.0.0/1", "128.0.0.0/1"], True),
        (["2000::/3"], True),
        (["11.0.0.0/9", "12.0.0.0/9"], True),
        (["10.0.0.0/8"], False),
        (["11.0.0.0/9"], False),
    ],
)
def test_the_detection_adds_up_too(cidrs: list[str], found: bool) -> None:
    ranges = [{"cidrIpv6" if ":" in cidr else "cidrIp": cidr} for cidr in cidrs]
    permission = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
    permission |= {
        "ipRanges": {"items": [each for each in ranges if "cidrIp" in each]},
        "ipv6Ranges": {"items": [each for each in ranges if "cidrIpv6" in each]},
    }
    request = {"groupId": "sg-1", "ipPermissions": {"items": [permission]}}
    detail = record(eventName="AuthorizeSecurityGroupIngress", requestParameters=request)
    assert bool(decide("sg-open", read_event(envelope(detail)), Known())) is found
