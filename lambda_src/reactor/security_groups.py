"""Security-group rules of a call, in one shape whatever CloudTrail sent; nothing here raises.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reactor.event import Event
from reactor.meaning.addresses import WORLD_PREFIX, share
from reactor.shapes import dig, items, mapping, text, truth

_NUMBER = re.compile(r"-?[0-9]{1,6}")
# A group has a thousand rules at most: smaller ones can't make up the world.
# https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
_LEAST = 1 / 1024
_WITH_PORTS = ("tcp", "udp", "6", "17", "-1", "all")


@dataclass(frozen=True)
class SecurityGroupRule:
    """One rule: one peer, one range of ports.

    `id` is empty where only the request tells of the rule. `protocol` is as sent (`tcp`, `-1`);
    `from_port` and `to_port` are None if the rule is for every port or none was sent. `peer` is a
    CIDR block, a prefix list's id or a group's id.
    """

    id: str
    group: str
    egress: bool
    protocol: str
    from_port: int | None
    to_port: int | None
    peer: str

    @property
    def canonical(self) -> tuple[str, int | None, int | None, str]:
        """What the rule admits, as EC2 writes it: `tcp` for 6, the network of a host's address."""
        protocol = self.protocol.lower()
        protocol = {"6": "tcp", "17": "udp", "1": "icmp", "all": "-1"}.get(protocol, protocol)
        ports = [None if port == -1 else port for port in (self.from_port, self.to_port)]
        try:
            peer = str(ipaddress.ip_network(self.peer, strict=False))
        except ValueError:
            peer = self.peer
        return protocol, ports[0], ports[1], peer

    @property
    def is_network(self) -> bool:
        """True if the peer is a CIDR block."""
        return "/" in self.peer

    def covers(self, port: int) -> bool:
        """True if a port is within the rule's range, and the protocol has ports."""
        if self.protocol in ("-1", "all"):
            return True
        if self.protocol not in _WITH_PORTS:
            return False
        first = 0 if self.from_port in (None, -1) else self.from_port
        last = 65535 if self.to_port in (None, -1) else self.to_port
        return first <= port <= last


def opened(
    rules: Sequence[SecurityGroupRule],
    ours: Sequence[SecurityGroupRule],
    ports: Iterable[int],
    lists: Mapping[str, frozenset[str]] | None = None,
    prefix: int = WORLD_PREFIX,
) -> dict[SecurityGroupRule, list[int]]:
    """The rules of `ours` that open a port to the world, with those ports; the largest first.

    All rules of a group admit together, and some may come of a call that is judged later. So where
    the rules for a port are the world together, those of `ours` open it, as many as it takes. Rules
    of others that are the world alone are theirs to answer for. `lists` holds the networks of
    prefix lists by their ids; a list that is not there is not judged. `prefix` is the length from
    which networks count as the world.
    """

    def size(of: Iterable[SecurityGroupRule]) -> float:
        found: set[str] = set()
        for rule in of:
            found.update({rule.peer} if rule.is_network else (lists or {}).get(rule.peer, ()))
        return share(frozenset(found), prefix)

    sizes = {rule: size([rule]) for rule in (*rules, *ours) if not rule.egress}
    blamed = [rule for rule in dict.fromkeys(ours) if sizes.get(rule, 0) >= _LEAST]
    blamed.sort(key=lambda rule: sizes[rule], reverse=True)
    found: dict[SecurityGroupRule, list[int]] = {rule: [] for rule in blamed}
    known: dict[frozenset[SecurityGroupRule], list[SecurityGroupRule]] = {}
    for port in ports:
        here = frozenset(rule for rule in sizes if rule.covers(port))
        if here not in known:
            left = {rule for rule in here if rule in found or sizes[rule] < 1}
            guilty = known[here] = []
            for rule in blamed:
                if rule in here and size(left) >= 1:
                    left.remove(rule)
                    guilty.append(rule)
        for rule in known[here]:
            found[rule].append(port)
    return {rule: those for rule, those in found.items() if those}


def security_group_rules(event: Event) -> tuple[SecurityGroupRule, ...]:
    """The rules that an authorize, revoke or modify call is about.

    The response's `securityGroupRuleSet` is complete and comes first. Without it, the request tells
    the rules, in its nested shape, in the AWS CLI's flat one, or in that of
    ModifySecurityGroupRules.
    """
    answered = [
        _described(rule, text(mapping(rule).get("groupId")))
        for rule in items(event.response.get("securityGroupRuleSet"))
    ]
    if answered:
        return tuple(answered)
    modify = mapping(event.request.get("ModifySecurityGroupRulesRequest")) or event.request
    group = text(modify.get("GroupId")) or text(modify.get("groupId"))
    modified = [*items(modify.get("SecurityGroupRule")), *items(modify.get("securityGroupRules"))]
    if modified:
        return tuple(_described(rule, group) for rule in modified)
    return tuple(_requested(event.request, group, "Egress" in event.name))


def _described(rule: object, group: str) -> SecurityGroupRule:
    outer = {text(key).lower(): value for key, value in mapping(rule).items()}
    # A modified rule has its id at the top and the rule one level deeper.
    inner = mapping(outer.get("securitygrouprule")) or outer
    fields = {text(key).lower(): value for key, value in inner.items()}
    referenced = mapping(fields.get("referencedgroupinfo"))
    return SecurityGroupRule(
        id=text(outer.get("securitygroupruleid")),
        group=group,
        egress=truth(fields.get("isegress")) is True,
        protocol=text(fields.get("ipprotocol")),
        from_port=_port(fields.get("fromport")),
        to_port=_port(fields.get("toport")),
        peer=_first(fields, "cidripv4", "cidripv6", "prefixlistid", "referencedgroupid")
        or text(referenced.get("groupId")),
    )


def _requested(request: Mapping[str, Any], group: str, egress: bool) -> Iterator[SecurityGroupRule]:
    for permission in [*items(request.get("ipPermissions")), request]:
        fields = mapping(permission)
        peers = [text(fields.get("cidrIp")), text(fields.get("cidrIpv6"))]
        peers += [text(dig(each, "cidrIp")) for each in items(fields.get("ipRanges"))]
        peers += [text(dig(each, "cidrIpv6")) for each in items(fields.get("ipv6Ranges"))]
        peers += [text(dig(each, "prefixListId")) for each in items(fields.get("prefixListIds"))]
        peers += [text(dig(each, "groupId")) for each in items(fields.get("groups"))]
        for peer in filter(None, peers):
            yield SecurityGroupRule(
                id="",
                group=group,
                egress=egress,
                protocol=text(fields.get("ipProtocol")),
                from_port=_port(fields.get("fromPort")),
                to_port=_port(fields.get("toPort")),
                peer=peer,
            )


def _port(value: object) -> int | None:
    digits = text(value)
    return int(digits) if _NUMBER.fullmatch(digits) else None


def _first(fields: Mapping[str, Any], *names: str) -> str:
    return next(filter(None, (text(fields.get(name)) for name in names)), "")
