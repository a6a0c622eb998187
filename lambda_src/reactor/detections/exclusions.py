"""Exclusions: calls that one detection, or all, leave alone until a last day.

    {"where": {"principals": ["arn:aws:iam::111122223333:role/ci"], "accounts": ["111122223333"]},
     "reason": "the pipeline makes keys", "until": "2027-01-31"}

All that `where` has must hold, each by one of its values:

- `principals`: the caller's user or role, as wildcards of ARNs; of a session its role, since the
  caller chooses the session's name. One that does not spell the account out is of the event's own:
  anybody has roles of any name.
- `role_paths`: the start of the path of the caller's role, if it is of the event's own account.
- `accounts`: the event's account.
- `source_ip_ranges`: the caller's address. That of a call through a VPC endpoint counts only if the
  endpoint is the event's own account's: whoever owns a network chooses its addresses.
- `resources`: what the call is about, as wildcards of ARNs. All that it names must match. What it
  makes does not count: the caller chooses its name.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from reactor.exemptions import lasting, like, own_role
from reactor.shapes import text

if TYPE_CHECKING:
    from reactor.event import Event

KINDS = ("principals", "role_paths", "accounts", "source_ip_ranges", "resources")
_VERSION = re.compile(r"\d{4}_?\d\d_?\d\d(v\d)?$")  # of Lambda's and CloudFront's event names
_MAKING = ("allocate", "clone", "copy", "create", "import", "publish", "register", "restore", "run")
_NAMING = re.compile(
    r"(?:A(?:rn|RN)|Id(?:entifier)?|Name|Url)s?$|^(?:arn|id|identity|name|target)$"
)
# An inline policy is a part of its role, user or group.
_NO_RESOURCE = {"attributeName", "policyName"}
_TYPED = re.compile(r"([a-z-]+)[:/](.+)")


@dataclass(frozen=True)
class Exclusion:
    """One exclusion. Tuples that are empty were not given."""

    reason: str
    until: date
    principals: tuple[str, ...] = ()
    role_paths: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    source_ip_ranges: tuple[IPv4Network | IPv6Network, ...] = ()
    resources: tuple[str, ...] = ()

    @classmethod
    def parse(cls, given: object) -> Exclusion:
        """From its JSON. Raises ValueError for what it does not know, so that nothing widens it."""
        if not isinstance(given, dict) or {*given} != {"where", "reason", "until"}:
            raise ValueError("an exclusion has where, reason and until, and nothing else")
        where, reason, until = given["where"], given["reason"], given["until"]
        if not isinstance(where, dict) or not where or {*where} - {*KINDS}:
            raise ValueError(f"where is an object with some of {', '.join(KINDS)}")
        for kind, values in where.items():
            if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
                raise ValueError(f"{kind} is a list of texts")
            if not values:
                raise ValueError(f"{kind} is empty, which nothing can match: leave it out")
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError("reason is empty: say why the calls are left alone")
        kinds = {kind: tuple(values) for kind, values in where.items()}
        ranges = tuple(ip_network(each) for each in kinds.pop("source_ip_ranges", ()))
        return cls(reason=reason, until=_day(until), source_ip_ranges=ranges, **kinds)

    @property
    def told(self) -> str:
        """The exclusion in words, such as `excluded until 2026-12-31: the pipeline makes keys`."""
        return f"excluded until {self.until}: {self.reason}"

    def holds(self, event: Event) -> bool:
        """True if the event is one of those that are meant, on whatever day."""
        return (
            (not self.principals or _is_one_of(self.principals, event))
            and (not self.role_paths or own_role(event).startswith(self.role_paths))
            and (not self.accounts or event.account in self.accounts)
            and (not self.source_ip_ranges or _is_from(self.source_ip_ranges, event))
            and (not self.resources or _is_about(self.resources, event))
        )


def _day(until: object) -> date:
    if isinstance(until, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", until):
        with suppress(ValueError):
            return date.fromisoformat(until)
    raise ValueError(f"until is {until!r}: write the last day, as in 2026-12-31")


def used(event: Event, exclusions: Iterable[Exclusion]) -> Exclusion | None:
    """The exclusion that leaves an event alone, None if there is none.

    The day that counts is the event's own, in UTC: an event that comes late, or again, is judged as
    it was, and replay agrees with what happened. An event without a time is not left alone.
    """
    if event.time is None:
        return None
    day = event.time.astimezone(UTC).date()
    return next((each for each in exclusions if day <= each.until and each.holds(event)), None)


def _is_one_of(principals: Iterable[str], event: Event) -> bool:
    arn = lasting(event.actor)
    parts = arn.split(":", 5)
    own = len(parts) == 6 and parts[4] == event.account
    return any(
        like(pattern, arn) and (own or _spells(pattern, parts[4])) for pattern in principals if arn
    )


def _spells(pattern: str, account: str) -> bool:
    return pattern.split(":", 5)[4:5] == [account]


def _is_from(ranges: Iterable[IPv4Network | IPv6Network], event: Event) -> bool:
    """A service's name and `AWS Internal`, in an address's place, are in no range."""
    detail = event.detail
    if detail.get("vpcEndpointId") and text(detail.get("vpcEndpointAccountId")) != event.account:
        return False
    try:
        address = ip_address(event.source_ip)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return False
        address = address.ipv4_mapped or address
    return any(address in each for each in ranges)


def _is_about(patterns: Iterable[str], event: Event) -> bool:
    found = _named(event)
    return bool(found) and all(
        any(_is_same(pattern, key, name, event) for pattern in patterns) for key, name in found
    )


def _named(event: Event) -> list[tuple[str, str]]:
    """The names of the resources that a call is about, each with its key of the request.

    The record's own list tells, else the request: a key is about what the call's name says
    (`roleName` of UpdateAssumeRolePolicy), or it is the only one. A call that makes a resource has
    none.
    """
    action = _VERSION.sub("", event.name).lower()
    asked = [*_asked(event.request, action)]
    stems = {_stem(key) for key, _ in asked}
    for verb in _MAKING:
        noun = action.removeprefix(verb)
        if noun != action and any(noun.startswith(s) or noun.endswith(s) for s in stems):
            return []
    # A call that writes a thing may make it: PutRule, but not PutBucketPolicy.
    if event.instances or (action.startswith("put") and stems & {"", action.removeprefix("put")}):
        return []
    if event.resources:
        return [("", resource.id) for resource in event.resources]
    about = [each for each in asked if _stem(each[0]) in action]
    if about or len({key for key, _ in asked}) != 1:
        return about
    # What a new thing is put into says little about it; a credential is about its user.
    return [] if action.startswith(_MAKING) and asked[0][0] != "userName" else asked


def _asked(node: object, action: str, inside: str | None = None) -> Iterator[tuple[str, str]]:
    """Names, ids and ARNs in a request with their keys; deep in it, only what the call is about."""
    if isinstance(node, dict):
        for key, value in node.items():
            if inside is None or isinstance(value, dict | list) or (_stem(key) or "?") in action:
                yield from _asked(value, action, key)
    elif isinstance(node, list):
        for each in node:
            yield from _asked(each, action, inside)
    elif (
        isinstance(node, str)
        and node
        and inside
        and inside not in _NO_RESOURCE
        and _NAMING.search(inside)
    ):
        yield inside, node


def _stem(key: str) -> str:
    """What a key names: `role` of roleName; nothing of `name` and `resourceArn`."""
    return _NAMING.sub("", key).lower().removesuffix("resource")


def _is_same(pattern: str, key: str, name: str, event: Event) -> bool:
    """True if a wildcard of ARNs matches a resource of which a name may be all that is known."""
    if name.startswith("arn:"):
        return like(pattern, name)
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return False
    asked = (event.source.removesuffix(".amazonaws.com"), event.region, event.account)
    if not all(like(part or "*", value) for part, value in zip(parts[2:5], asked, strict=True)):
        return False
    typed = None if parts[2] == "s3" else _TYPED.fullmatch(parts[5])
    kind, own = typed.groups() if typed else ("", parts[5])
    if kind and _stem(key) and kind.rpartition("-")[2] not in key.lower():
        return False
    if name.startswith("https://"):  # of a queue
        name = name.rpartition("/")[2]
    # A name of IAM is one thing in an account, whatever its path.
    return like(own, name) or (parts[2] == "iam" and own.rpartition("/")[2] == name)
