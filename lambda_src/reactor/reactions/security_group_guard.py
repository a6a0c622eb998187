"""Security groups: revokes a rule that opens a risky port to the world, and exactly that rule.

A group's rules admit together, and a prefix list's entries change without its rules. So the guard
judges the group as it is now, and blames the call for what it added.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RevokeSecurityGroupIngress.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.detections.model import Known, any_matches
from reactor.entries import of_entry
from reactor.event import Event
from reactor.meaning.addresses import WORLD_PREFIX
from reactor.reaction import Reaction, Step
from reactor.resources import read_tags
from reactor.security_groups import SecurityGroupRule, opened, security_group_rules
from reactor.shapes import items, mapping, text

_OF_LISTS = ("ModifyManagedPrefixList", "RestoreManagedPrefixListVersion")
CALLS = frozenset({"AuthorizeSecurityGroupIngress", "ModifySecurityGroupRules", *_OF_LISTS})
_GONE = ("InvalidGroup.NotFound", "InvalidSecurityGroupRuleId.NotFound", "InvalidGroupId.Malformed")
_NO_LIST = ("InvalidPrefixListID.NotFound", "InvalidPrefixListId.NotFound")
_LIST = re.compile(r"pl-[0-9a-f]{8,17}")
# What a caller writes, such as a list's name, can't look like it: JSON escapes the quotes.
_LIST_OF_CALL = re.compile(rf'"[Pp]refixListId": "({_LIST.pattern})"')
_ANYBODY = frozenset({"unreadable"})  # the networks of a list that can't be read
_SHOWN = 20

IsOurs = Callable[[SecurityGroupRule], bool]


@dataclass(frozen=True)
class Settings:
    """`ports` may not be open to the world.

    Exceptions are `allowed_ports` in every group, and all ports in groups whose id or name one of
    the wildcards `allowed_groups` matches. The world are peers that together hold as many public
    addresses as an IPv4 network of the length `world_prefix`.
    """

    ports: tuple[int, ...] = Known().risky_ports
    allowed_ports: tuple[int, ...] = ()
    allowed_groups: tuple[str, ...] = ()
    world_prefix: int = WORLD_PREFIX

    def __post_init__(self) -> None:
        for port in (*self.ports, *self.allowed_ports):
            if not 0 <= port <= 65535:
                raise ValueError(f"ports has {port}; use 0 to 65535.")
        if not 1 <= self.world_prefix <= 24:
            raise ValueError(f"world_prefix is {self.world_prefix}; use 1 to 24.")

    @property
    def watched(self) -> tuple[int, ...]:
        """The ports that may not be open."""
        return tuple(port for port in self.ports if port not in self.allowed_ports)


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """A revocation for each of the call's rules that is still there and opens a port, and one
    alert.
    """
    if event.failed:
        return []
    asked = _asked(event, aws)
    if not asked and (event.omitted or event.name not in _OF_LISTS):
        return [_alert_of_all(event, settings, aws)]
    steps: list[Step] = []
    told = []
    for group, is_ours in asked.items():
        about, rules = _look(group, aws)
        if about is None or _is_allowed(about, settings):
            continue
        lists = _lists([rule for _, rule in rules], event, settings, aws)
        here = {rule: raw for raw, rule in rules}
        ours = [rule for rule in here if is_ours(rule)]
        for rule, ports in _opened([*here], ours, lists, settings).items():
            # The call made its rules, tags and all; a changed rule and the group were there before.
            own = {} if event.name.startswith("Authorize") else read_tags(here[rule].get("Tags"))
            steps.append(_revoke(here[rule], rule, {**read_tags(about.get("Tags")), **own}))
            told.append(f"{_described(rule)} of {group} (among them {_ports(ports)})")
    return [*steps, _alert(event, told)] if told else []


def _opened(
    rules: list[SecurityGroupRule],
    ours: list[SecurityGroupRule],
    lists: Mapping[str, frozenset[str]],
    settings: Settings,
) -> dict[SecurityGroupRule, list[int]]:
    return opened(rules, ours, settings.watched, lists, settings.world_prefix)


def _asked(event: Event, aws: Aws) -> dict[str, IsOurs]:
    """The groups that the call is about, each with a test for the call's rules."""
    if event.name not in _OF_LISTS:
        asked = [rule for rule in security_group_rules(event) if not rule.egress and rule.group]
        return {rule.group: _of_call(rule.group, asked) for rule in asked}
    bodies = json.dumps([event.request, event.response], default=str)
    changed = frozenset(_LIST_OF_CALL.findall(bodies))
    call = {"Filters": [{"Name": "ip-permission.prefix-list-id", "Values": sorted(changed)}]}
    pages = _pages(aws, "describe_security_groups", call) if changed else iter(())
    return {
        text(group.get("GroupId")): lambda rule: rule.peer in changed
        for page in pages
        for group in page["SecurityGroups"]
    }


def _of_call(group: str, asked: list[SecurityGroupRule]) -> IsOurs:
    of_group = [rule for rule in asked if rule.group == group]
    return lambda rule: _is_one_of(rule, of_group)


def _is_allowed(about: Mapping[str, Any], settings: Settings) -> bool:
    names = (text(about.get("GroupId")), text(about.get("GroupName")))
    return any(any_matches(name, settings.allowed_groups) for name in names)


def _look(group: str, aws: Aws) -> tuple[Any, list[tuple[Any, SecurityGroupRule]]]:
    """The group and its rules as they are now; None if the group is gone."""
    answer = aws.read("ec2", "describe_security_groups", {"GroupIds": [group]}, none_on=_GONE)
    if not answer or not answer["SecurityGroups"]:
        return None, []
    call = {"Filters": [{"Name": "group-id", "Values": [group]}]}
    pages = _pages(aws, "describe_security_group_rules", call)
    rules = [(raw, _rule(raw)) for page in pages for raw in page["SecurityGroupRules"]]
    return answer["SecurityGroups"][0], rules


def _pages(
    aws: Aws, operation: str, call: Mapping[str, Any], none_on: tuple[str, ...] = ()
) -> Iterator[Any]:
    token: dict[str, str] = {}
    while True:
        page = aws.read("ec2", operation, {**call, **token}, none_on=none_on)
        if page is None:
            return
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _lists(
    rules: list[SecurityGroupRule], event: Event, settings: Settings, aws: Aws
) -> dict[str, frozenset[str]]:
    """The networks of the prefix lists that admit to a watched port.

    A list that was just changed may still show its old entries: those that the call adds count too.
    """
    found: dict[str, frozenset[str]] = {}
    adding = mapping(event.request.get("ModifyManagedPrefixListRequest")) or event.request
    added = {
        text(mapping(each).get("Cidr")) or text(mapping(each).get("cidr"))
        for name in ("AddEntry", "addEntry", "addEntries", "addEntrySet")
        for each in items(adding.get(name))
    }
    of_call = text(adding.get("PrefixListId")) or text(adding.get("prefixListId"))
    for rule in rules:
        id_ = rule.peer
        if id_ in found or not _LIST.fullmatch(id_) or rule.egress:
            continue
        if not any(map(rule.covers, settings.watched)):
            continue
        call = {"PrefixListId": id_}
        pages = [*_pages(aws, "get_managed_prefix_list_entries", call, _NO_LIST)]
        entries = {text(entry.get("Cidr")) for page in pages for entry in page["Entries"]}
        entries |= added - {""} if id_ == of_call else set()
        found[id_] = frozenset(entries) if pages else _ANYBODY
    return found


def _rule(raw: Mapping[str, Any]) -> SecurityGroupRule:
    ports = [None if raw.get(k) in (None, -1) else int(raw[k]) for k in ("FromPort", "ToPort")]
    peers = (text(raw.get(name)) for name in ("CidrIpv4", "CidrIpv6", "PrefixListId"))
    return SecurityGroupRule(
        id=raw["SecurityGroupRuleId"],
        group=text(raw.get("GroupId")),
        egress=bool(raw.get("IsEgress")),
        protocol=text(raw.get("IpProtocol")),
        from_port=ports[0],
        to_port=ports[1],
        peer=next(filter(None, peers), ""),
    )


def _is_one_of(rule: SecurityGroupRule, asked: list[SecurityGroupRule]) -> bool:
    """True if the call added the rule: by its id if CloudTrail tells it, else by what it opens."""
    ids = {each.id for each in asked if each.id}
    if ids:
        return rule.id in ids
    now = rule.canonical
    for each in asked:
        protocol, first, last, peer = each.canonical
        every_port = peer == now[3] and protocol in ("-1", now[0]) and first is last is None
        if (protocol, first, last, peer) == now or every_port:
            return True
    return False


def _revoke(raw: Mapping[str, Any], rule: SecurityGroupRule, tags: Mapping[str, str]) -> Action:
    ranges: dict[str, Any] = {}
    peer = {"Description": raw["Description"]} if raw.get("Description") else {}
    if raw.get("CidrIpv4"):
        ranges["IpRanges"] = [{"CidrIp": raw["CidrIpv4"], **peer}]
    elif raw.get("CidrIpv6"):
        ranges["Ipv6Ranges"] = [{"CidrIpv6": raw["CidrIpv6"], **peer}]
    else:
        ranges["PrefixListIds"] = [{"PrefixListId": raw["PrefixListId"], **peer}]
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
        **of_entry("sg-open"),
    )


def _alert_of_all(event: Event, settings: Settings, aws: Aws) -> Alert:
    """An alert for a call whose group can't be told: it names all groups that are open by now."""
    groups: dict[str, list[SecurityGroupRule]] = {}
    for page in _pages(aws, "describe_security_group_rules", {}):
        for raw in page["SecurityGroupRules"]:
            groups.setdefault(text(raw.get("GroupId")), []).append(_rule(raw))
    found = []
    for group, rules in groups.items():
        lists = _lists(rules, event, settings, aws)
        ports = {p for those in _opened(rules, rules, lists, settings).values() for p in those}
        if ports:
            about = aws.read(
                "ec2", "describe_security_groups", {"GroupIds": [group]}, none_on=_GONE
            )
            if about and not _is_allowed(about["SecurityGroups"][0], settings):
                found.append(f"{group} (among them {_ports(sorted(ports))})")
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    when = f", at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    return Alert(
        severity="high",
        subject=f"{event.actor.owner} changed a security group that can't be told "
        f"({event.account})",
        headline=(
            f"{event.actor.label} called {event.name} in {event.region}, account "
            f"{event.account}{when}, and CloudTrail left out as too large which group it was"
        ),
        details=(("Open by now", ", ".join(found[:_SHOWN]) + more or "no group"),),
        **of_entry("sg-open"),
    )


handler = Reaction("security-group-guard", plan, Settings, calls={"ec2.amazonaws.com": CALLS})
