"""EC2 launches: every instance tagged with who launched it, large or many ones made known.

Reacts to RunInstances. The tags `<prefix>owner`, `<prefix>launch-source` and `<prefix>launched-at`
go on every instance of the call and on the volumes its response names; a tag that came with the
launch is left as it is. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.event import Event
from reactor.reaction import MalformedEventError, Reaction, Step
from reactor.resources import Instance
from reactor.sizes import rank, reaches
from reactor.tagging import MAX_KEY, MAX_RESOURCES, is_allowed, tag_value

OWNER, SOURCE, TIME = "owner", "launch-source", "launched-at"
_NOT_YET = ("InvalidInstanceID.NotFound", "InvalidVolume.NotFound", "InvalidID")
_SHOWN = 20  # ids an alert names; a call may start thousands
_TYPE_PATTERN = re.compile(r"[a-z0-9.*?-]+")
# AWS sets these itself, nobody else can: whom an instance of a fleet belongs to.
_GROUPS = (
    ("aws:autoscaling:groupName", "autoscaling-group"),
    ("aws:ec2:fleet-id", "ec2-fleet"),
    ("aws:ec2spot:fleet-request-id", "spot-fleet"),
    ("aws:cloudformation:stack-name", "cloudformation-stack"),
)


@dataclass(frozen=True)
class Settings:
    """What the guard is set to; null or empty turns an alert off.

    `alert_from_size` alerts on that size and beyond, `alert_instance_types` on types that match one
    of the wildcards, `alert_from_count` on calls that start so many instances.
    """

    tag_prefix: str = "reactor:"
    alert_from_size: str | None = None
    alert_instance_types: tuple[str, ...] = ()
    alert_from_count: int | None = None

    def __post_init__(self) -> None:
        prefix = self.tag_prefix
        if not prefix or prefix != prefix.strip() or not all(map(is_allowed, prefix)):
            raise ValueError(
                f"tag_prefix is {prefix!r}; use letters, digits and + - = . _ : / @, at least one."
            )
        if prefix.lower().startswith("aws:"):
            raise ValueError(f"tag_prefix is {prefix!r}; AWS keeps aws: for itself, use another.")
        if len(prefix) + len(SOURCE) > MAX_KEY:
            raise ValueError(f"tag_prefix is too long; use at most {MAX_KEY - len(SOURCE)}.")
        if self.alert_from_size is not None and rank(self.alert_from_size) is None:
            raise ValueError(
                f"alert_from_size is {self.alert_from_size!r}, which is no instance size; "
                "use one such as large, 4xlarge or metal."
            )
        for pattern in self.alert_instance_types:
            if not _TYPE_PATTERN.fullmatch(pattern):
                raise ValueError(
                    f"alert_instance_types has {pattern!r}; use lower-case types with * and ?, "
                    "such as p5.* or *.metal."
                )
        if self.alert_from_count is not None and self.alert_from_count < 1:
            raise ValueError(f"alert_from_count is {self.alert_from_count}; use 1 or more.")


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """Tags for every instance of a launch and, where a threshold is reached, one alert.

    A failed launch needs nothing. Raises MalformedEventError where a launch names no instance.
    """
    if event.failed:
        return []
    instances = event.instances
    if not instances:
        why = "CloudTrail left it out as too large" if event.omitted else "it names no instance"
        raise MalformedEventError(
            f"RunInstances {event.id} has no usable response ({why}); look the launch up in "
            "CloudTrail and tag its instances by hand."
        )
    reasons = _reasons(instances, settings)
    steps: list[Step] = [*_tagging(event, instances, settings.tag_prefix)]
    return [*steps, _alert(event, instances, reasons)] if reasons else steps


def owner(event: Event, instance: Instance) -> str:
    """Whom an instance belongs to: who launched it, or the group that a service launched it for."""
    if event.actor.kind in ("service", "service_linked_role"):
        for key, kind in _GROUPS:
            if instance.tags.get(key):
                return f"{kind}/{instance.tags[key]}"
        return event.actor.service or event.actor.name or "unknown"
    return event.actor.owner


def launch_source(event: Event) -> str:
    """What launched it: a service (`autoscaling`), else a tool (`terraform`, `console`, ...)."""
    return event.actor.service.removesuffix(".amazonaws.com") or event.tool


def _tagging(event: Event, instances: tuple[Instance, ...], prefix: str) -> list[Action]:
    """As few CreateTags calls as do: resources that get the same tags share one."""
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    facts = {SOURCE: launch_source(event)}
    if event.time is not None:
        facts[TIME] = f"{event.time:%Y-%m-%dT%H:%M:%SZ}"
    for instance in instances:
        wanted = {
            prefix + name: tag_value(value)
            for name, value in {OWNER: owner(event, instance), **facts}.items()
        }
        named = [(instance.id, instance.tags)]
        named += [(volume, instance.volume_tags) for volume in instance.volumes]
        for resource, present in named:
            missing = tuple((key, value) for key, value in wanted.items() if key not in present)
            if missing:
                groups.setdefault(missing, []).append(resource)
    return [
        _create_tags(dict(tags), ids[start : start + MAX_RESOURCES])
        for tags, ids in groups.items()
        for start in range(0, len(ids), MAX_RESOURCES)
    ]


def _create_tags(tags: Mapping[str, str], ids: list[str]) -> Action:
    call = {"Resources": ids, "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}
    what, how = _number(ids), f"with {_listed(list(tags))}"
    return Action(
        service="ec2",
        operation="create_tags",
        parameters=call,
        resources=tuple(ids),
        summary=f"tag {what} {how}",
        done=f"tagged {what} {how}",
        undo=Undo("ec2", "delete_tags", call),
        not_yet=_NOT_YET,
        batch="Resources",
        what=what,
    )


def _number(ids: list[str]) -> str:
    counted = Counter("volume" if each.startswith("vol-") else "instance" for each in ids)
    return _listed([f"{n} {kind}{'s' * (n > 1)}" for kind, n in counted.items()])


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _reasons(instances: tuple[Instance, ...], settings: Settings) -> list[str]:
    """Why a person should know, a sentence each; empty where nothing stands out."""
    reasons = []
    for type_ in dict.fromkeys(instance.type for instance in instances):
        size = settings.alert_from_size
        if size is not None and reaches(type_, size):
            reasons.append(f"{type_ or 'an unnamed type'} is of size {size} or beyond")
        matched = [p for p in settings.alert_instance_types if fnmatchcase(type_.lower(), p)]
        if matched:
            reasons.append(f"{type_} matches {_listed(matched)}")
    count = settings.alert_from_count
    if count is not None and len(instances) >= count:
        reasons.append(f"{len(instances)} at once, alerted from {count}")
    return reasons


def _alert(event: Event, instances: tuple[Instance, ...], reasons: list[str]) -> Alert:
    counted = Counter(instance.type or "unnamed type" for instance in instances)
    what = _listed([f"{number} x {type_}" for type_, number in counted.items()])
    when = f", at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    ids = [instance.id for instance in instances]
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return Alert(
        severity="medium",
        subject=f"{event.actor.owner} launched {what} in {event.region} ({event.account})",
        headline=(
            f"{event.actor.label} launched {what} in {event.region}, account {event.account}{when}"
        ),
        details=(
            ("Why", "; ".join(reasons)),
            ("Launched by", launch_source(event)),
            ("Instances", ", ".join(ids[:_SHOWN]) + more),
        ),
    )


handler = Reaction(
    "ec2-launch-guard", plan, Settings, calls={"ec2.amazonaws.com": frozenset({"RunInstances"})}
)
