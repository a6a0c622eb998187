"""Security groups: revokes a rule that opens a risky port to the world, and exactly that rule.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.detections.model import Known, any_matches
from reactor.event import Event
from reactor.reaction import Reaction, Step
from reactor.resources import read_tags
from reactor.security_groups import SecurityGroupRule, security_group_rules
from reactor.shapes import text

CALLS = frozenset({"AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules"})
_GONE = ("InvalidGroup.NotFound", "InvalidSecurityGroupRuleId.NotFound", "InvalidGroupId.Malformed")
_WITH_PORTS = ("tcp", "udp", "6", "17", "-1", "all")


@dataclass(frozen=True)
class Settings:
    """`ports` may not be open to the world.

    Exceptions are `allowed_ports` in every group, and all ports in groups whose id or name one of
    the wildcards `allowed_groups` matches.
    """

    ports: tuple[int, ...] = Known().risky_ports
    allowed_ports: tuple[int, ...] = ()
    allowed_groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for port in (*self.ports, *self.allowed_ports):
            if not 0 <= port <= 65535:
                raise ValueError(f"ports has {port}; use 0 to 65535.")


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """A revocation for each of the call's rules that is still there and open, and one alert."""
    if event.failed:
        return []
    asked = [rule for rule in security_group_rules(event) if not rule.egress and rule.group]
    steps: list[Step] = []
    told = []
    for group in dict.fromkeys(rule.group for rule in asked):
        about, rules = _look(group, aws)
        if about is None or any_matches(group, settings.allowed_groups):
            continue
        if any_matches(text(about.get("GroupName")), settings.allowed_groups):
            continue
        of_call = [rule for rule in asked if rule.group == group]
        for raw, rule in rules:
            ports = exposed(rule, settings)
            if ports and _is_one_of(rule, of_call):
                tags = {**read_tags(about.get("Tags")), **read_tags(raw.get("Tags"))}
                steps.append(_revoke(raw, rule, tags))
                told.append(f"{_described(rule)} of {group} (among them {_ports(ports)})")
    return [*steps, _alert(event, told)] if told else []


def exposed(rule: SecurityGroupRule, settings: Settings) -> list[int]:
    """The forbidden ports that a rule opens to the world, IPv4 or IPv6."""
    if rule.egress or not rule.is_open or rule.protocol not in _WITH_PORTS:
        return []
    watched = [port for port in settings.ports if port not in settings.allowed_ports]
    return [port for port in watched if rule.covers(port)]


def _look(group: str, aws: Aws) -> tuple[Any, list[tuple[Any, SecurityGroupRule]]]:
    """The group and its rules as they are now; None if the group is gone."""
    answer = aws.read("ec2", "describe_security_groups", {"GroupIds": [group]}, none_on=_GONE)
    if not answer or not answer["SecurityGroups"]:
        return None, []
    call: dict[str, Any] = {"Filters": [{"Name": "group-id", "Values": [group]}]}
    rules = []
    while True:
        page = aws.read("ec2", "describe_security_group_rules", call)
        rules += [(raw, _rule(raw)) for raw in page["SecurityGroupRules"]]
        if not page.get("NextToken"):
            return answer["SecurityGroups"][0], rules
        call["NextToken"] = page["NextToken"]


def _rule(raw: Mapping[str, Any]) -> SecurityGroupRule:
    ports = [None if raw.get(k) in (None, -1) else int(raw[k]) for k in ("FromPort", "ToPort")]
    return SecurityGroupRule(
        id=raw["SecurityGroupRuleId"],
        group=text(raw.get("GroupId")),
        egress=bool(raw.get("IsEgress")),
        protocol=text(raw.get("IpProtocol")),
        from_port=ports[0],
        to_port=ports[1],
        peer=text(raw.get("CidrIpv4")) or text(raw.get("CidrIpv6")),
    )


def _is_one_of(rule: SecurityGroupRule, asked: list[SecurityGroupRule]) -> bool:
    """True if the call added the rule: by its id if CloudTrail tells it, else by what it opens."""
    ids = {each.id for each in asked if each.id}
    if ids:
        return rule.id in ids
    return any(
        (each.protocol, each.from_port, each.to_port, each.peer)
        == (rule.protocol, rule.from_port, rule.to_port, rule.peer)
        or (
            each.peer == rule.peer
            and each.protocol in ("-1", rule.protocol)
            and (each.from_port, each.to_port) in ((None, None), (-1, -1))
        )
        for each in asked
    )


def _revoke(raw: Mapping[str, Any], rule: SecurityGroupRule, tags: Mapping[str, str]) -> Action:
    ranges: dict[str, Any] = {}
    peer = {"Description": raw["Description"]} if raw.get("Description") else {}
    if raw.get("CidrIpv4"):
        ranges["IpRanges"] = [{"CidrIp": raw["CidrIpv4"], **peer}]
    else:
        ranges["Ipv6Ranges"] = [{"CidrIpv6": raw["CidrIpv6"], **peer}]
    permission = {"IpProtocol": raw["IpProtocol"], **ranges}
    for name in ("FromPort", "ToPort"):
        if raw.get(name) is not None:
            permission[name] = raw[name]
    what = f"the rule {rule.id} of {rule.group} ({_described(rule)})"
    return Action(
        service="ec2",
        operation="revoke_security_group_ingress",
        parameters={"GroupId": rule.group, "SecurityGroupRuleIds": [rule.id]},
        resources=(rule.id,),
        summary=f"revoke {what}",
        done=f"revoked {what}",
        undo=Undo(
            "ec2",
            "authorize_security_group_ingress",
            {"GroupId": rule.group, "IpPermissions": [permission]},
        ),
        before={"rule": permission},
        after={"rule": None},
        tags={rule.id: tags},
    )


def _described(rule: SecurityGroupRule) -> str:
    if rule.protocol in ("-1", "all"):
        return f"everything from {rule.peer}"
    first, last = rule.from_port, rule.to_port
    ports = f"{first}" if first == last else f"{first} to {last}"
    return f"{rule.protocol} {'all ports' if first is None else ports} from {rule.peer}"


def _ports(ports: list[int]) -> str:
    return ", ".join(map(str, ports[:5])) + (" ..." if len(ports) > 5 else "")


def _alert(event: Event, told: list[str]) -> Alert:
    when = f", at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    return Alert(
        severity="high",
        subject=f"{event.actor.owner} opened risky ports to the world ({event.account})",
        headline=(
            f"{event.actor.label} opened {told[0]}{' and more' if len(told) > 1 else ''} in "
            f"{event.region}, account {event.account}{when}"
        ),
        details=(("Opened", "; ".join(told)),),
    )


handler = Reaction("security-group-guard", plan, Settings, calls={"ec2.amazonaws.com": CALLS})
