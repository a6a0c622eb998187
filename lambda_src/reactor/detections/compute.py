"""EC2: sizes, numbers and ports."""

from __future__ import annotations

from reactor.detections.model import Finding, Known, decides
from reactor.event import Event
from reactor.security_groups import SecurityGroupRule, security_group_rules
from reactor.shapes import mapping, text
from reactor.sizes import reaches


@decides("ec2-large")
def large(event: Event, known: Known) -> Finding | None:
    """A launch of instances of the size that is called large, or beyond it."""
    found = [each for each in event.instances if reaches(each.type, known.large_from)]
    if not found:
        return None
    types = ", ".join(dict.fromkeys(each.type or "unnamed type" for each in found))
    return Finding(f"{len(found)} of {types}", ", ".join(each.id for each in found[:20]))


@decides("ec2-burst")
def burst(event: Event, known: Known) -> Finding | None:
    """A launch of many instances at once."""
    count = len(event.instances)
    if count < known.burst_from:
        return None
    return Finding(
        f"{count} instances at once, from {known.burst_from} on it is a burst",
        ", ".join(each.id for each in event.instances[:20]),
    )


@decides("sg-open")
def open_to_world(event: Event, known: Known) -> Finding | None:
    """A security-group rule that lets the whole internet reach a risky port."""
    found = []
    for rule in security_group_rules(event):
        if rule.egress or not rule.is_open:
            continue
        ports = _ports(rule, known)
        if ports:
            found.append(f"{ports} open to {rule.peer}")
    if not found:
        return None
    group = next((rule.group for rule in security_group_rules(event) if rule.group), "")
    modify = mapping(event.request.get("ModifySecurityGroupRulesRequest"))
    group = group or text(event.request.get("groupId")) or text(modify.get("GroupId"))
    return Finding("; ".join(dict.fromkeys(found)), group or text(event.request.get("groupName")))


def _ports(rule: SecurityGroupRule, known: Known) -> str:
    if rule.protocol in ("-1", "all"):
        return "every port"
    if rule.protocol not in ("tcp", "udp", "6", "17"):
        return ""
    risky = [port for port in known.risky_ports if rule.covers(port)]
    if not risky:
        return ""
    shown = ", ".join(map(str, risky[:5]))
    return f"port {shown}" if len(risky) == 1 else f"ports {shown}" + ", ..." * (len(risky) > 5)
