"""EC2: sizes, numbers and ports."""

from __future__ import annotations

from reactor.detections.model import Detected, Known, decides
from reactor.event import Event
from reactor.security_groups import SecurityGroupRule, opened, security_group_rules
from reactor.shapes import dig, mapping, text
from reactor.sizes import reaches


@decides("ec2-large")
def large(event: Event, known: Known) -> Detected | None:
    """A launch of instances of the size that counts as large, or a larger one; or an instance that
    is made one.
    """
    if event.name == "ModifyInstanceAttribute":
        id_ = text(event.request.get("instanceId"))
        type_ = text(dig(event.request, "instanceType", "value"))
        # CloudTrail takes the value out of a call that names the attribute apart.
        if not reaches(type_, known.large_from):
            return None
        return Detected(f"{id_} is now {type_ or 'of a type that is not told'}", id_)
    found = [each for each in event.instances if reaches(each.type, known.large_from)]
    if not found:
        return None
    types = ", ".join(dict.fromkeys(each.type or "unnamed type" for each in found))
    return Detected(f"{len(found)} of {types}", ", ".join(each.id for each in found[:20]))


@decides("ec2-burst")
def burst(event: Event, known: Known) -> Detected | None:
    """A launch of many instances at once."""
    count = len(event.instances)
    if count < known.burst_from:
        return None
    return Detected(
        f"{count} instances at once, from {known.burst_from} on it is a burst",
        ", ".join(each.id for each in event.instances[:20]),
    )


@decides("sg-open")
def open_to_world(event: Event, known: Known) -> Detected | None:
    """Security-group rules of a call that let the whole internet reach a risky port."""
    rules = security_group_rules(event)
    found = opened(rules, rules, known.risky_ports)
    if not found:
        return None
    told = [f"{_ports(rule, ports)} open to {rule.peer}" for rule, ports in found.items()]
    modify = mapping(event.request.get("ModifySecurityGroupRulesRequest"))
    group = next((rule.group for rule in found if rule.group), "")
    group = group or text(event.request.get("groupId")) or text(modify.get("GroupId"))
    return Detected("; ".join(dict.fromkeys(told)), group or text(event.request.get("groupName")))


def _ports(rule: SecurityGroupRule, ports: list[int]) -> str:
    if rule.protocol in ("-1", "all"):
        return "every port"
    shown = ", ".join(map(str, ports[:5]))
    return f"port {shown}" if len(ports) == 1 else f"ports {shown}" + ", ..." * (len(ports) > 5)
