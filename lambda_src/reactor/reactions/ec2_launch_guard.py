"""EC2 launches: every instance tagged with who launched it, large or many ones made known.

Reacts to RunInstances. The tags `<prefix>owner`, `<prefix>creator-kind`, `<prefix>launch-source`
and `<prefix>launched-at` go on every instance of the call and on its volumes; one that is there by
now is left as it is. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.event import Event
from reactor.places import NoWayError
from reactor.reaction import MalformedEventError, Reaction, Step
from reactor.resources import Instance, read_tags
from reactor.sizes import rank, reaches
from reactor.tagging import MAX_KEY, MAX_RESOURCES, is_allowed, tag_value

OWNER, KIND, SOURCE, TIME = "owner", "creator-kind", "launch-source", "launched-at"
_NOT_YET = ("InvalidInstanceID.NotFound", "InvalidVolume.NotFound", "InvalidID")
_MAX_FILTER = 200  # values that a Describe call's filter takes
_MAX_TYPES = 100
_ACCELERATORS = ("GpuInfo", "InferenceAcceleratorInfo", "NeuronInfo", "FpgaInfo")
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
    of the wildcards, `alert_from_count` on calls that start so many instances, `alert_from_vcpus`
    on calls whose instances have so many vCPUs in all, `alert_on_accelerators` on GPUs and their
    like. `stop_flagged` stops what is alerted on, unless it belongs to a group or is a Spot
    instance: those would be launched anew, or can't be stopped.
    """

    tag_prefix: str = "reactor:"
    alert_from_size: str | None = None
    alert_instance_types: tuple[str, ...] = ()
    alert_from_count: int | None = None
    alert_from_vcpus: int | None = None
    alert_on_accelerators: bool = False
    stop_flagged: bool = False

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
        if self.alert_from_vcpus is not None and self.alert_from_vcpus < 1:
            raise ValueError(f"alert_from_vcpus is {self.alert_from_vcpus}; use 1 or more.")


@dataclass(frozen=True)
class Seen:
    """An instance as it is now: its own tags, its volumes' tags, and whether it may be stopped."""

    instance: Instance
    volumes: Mapping[str, Mapping[str, str]]
    state: str = ""
    spot: bool = False

    @property
    def gone(self) -> bool:
        """Whether there is nothing left to tag."""
        return self.state in ("shutting-down", "terminated")

    @property
    def can_stop(self) -> bool:
        """Whether stopping it is of use."""
        kept = any(self.instance.tags.get(key) for key, _ in _GROUPS[:3])
        return self.state in ("", "pending", "running") and not self.spot and not kept


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
    seen = _look(instances, aws)
    reasons, flagged = _reasons(instances, settings, aws)
    steps: list[Step] = [*_tagging(event, seen, settings.tag_prefix)]
    if not reasons:
        return steps
    if settings.stop_flagged:
        stopped = [s for s in seen if s.instance.type in flagged and s.can_stop]
        steps += _stopping(stopped)
    return [*steps, _alert(event, instances, reasons)]


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


def _look(instances: Sequence[Instance], aws: Aws) -> list[Seen]:
    """The instances with the tags and volumes that they have by now.

    What AWS does not show (yet) is taken from the event, and so is all where there is no way to
    look: then nothing will be done either.
    """
    ids = [instance.id for instance in instances]
    now: dict[str, Any] = {}
    attached: dict[str, dict[str, dict[str, str]]] = {}
    try:
        for page in _pages(aws, "describe_instances", "instance-id", ids):
            for reservation in page["Reservations"]:
                now.update({each["InstanceId"]: each for each in reservation["Instances"]})
        for page in _pages(aws, "describe_volumes", "attachment.instance-id", ids):
            for volume in page["Volumes"]:
                for attachment in volume.get("Attachments", ()):
                    tags = read_tags(volume.get("Tags"))
                    attached.setdefault(attachment["InstanceId"], {})[volume["VolumeId"]] = tags
    except NoWayError:
        pass
    seen = []
    for instance in instances:
        state = now.get(instance.id, {})
        named = dict.fromkeys(instance.volumes, instance.volume_tags)
        if state:
            instance = replace(instance, tags=read_tags(state.get("Tags")))
        seen.append(
            Seen(
                instance,
                attached.get(instance.id) or named,
                state.get("State", {}).get("Name", ""),
                state.get("InstanceLifecycle") == "spot",
            )
        )
    return seen


def _pages(aws: Aws, operation: str, name: str, ids: Sequence[str]) -> Iterator[Any]:
    """The answers about the ids; a filter asks for them, as an id that is gone is no error there.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
    """
    for start in range(0, len(ids), _MAX_FILTER):
        values = list(ids[start : start + _MAX_FILTER])
        call: dict[str, Any] = {"Filters": [{"Name": name, "Values": values}]}
        while True:
            page = aws.read("ec2", operation, call)
            yield page
            if not page.get("NextToken"):
                break
            call["NextToken"] = page["NextToken"]


def _tagging(event: Event, seen: Sequence[Seen], prefix: str) -> list[Action]:
    """As few CreateTags calls as do: resources that get the same tags share one."""
    groups: dict[tuple[tuple[str, str], ...], dict[str, Mapping[str, str]]] = {}
    facts = {KIND: event.actor.kind.replace("_", "-"), SOURCE: launch_source(event)}
    if event.time is not None:
        facts[TIME] = f"{event.time:%Y-%m-%dT%H:%M:%SZ}"
    for each in seen:
        if each.gone:
            continue
        wanted = {
            prefix + name: tag_value(value)
            for name, value in {OWNER: owner(event, each.instance), **facts}.items()
        }
        for resource, present in {each.instance.id: each.instance.tags, **each.volumes}.items():
            missing = tuple((key, value) for key, value in wanted.items() if key not in present)
            if missing:
                groups.setdefault(missing, {})[resource] = present
    actions = []
    for tags, resources in groups.items():
        ids = list(resources)
        for start in range(0, len(ids), MAX_RESOURCES):
            part = ids[start : start + MAX_RESOURCES]
            actions.append(_create_tags(dict(tags), {id_: resources[id_] for id_ in part}))
    return actions


def _create_tags(tags: Mapping[str, str], resources: Mapping[str, Mapping[str, str]]) -> Action:
    ids = list(resources)
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
        after={"Tags": dict(tags)},
        tags=resources,
    )


def _stopping(seen: Sequence[Seen]) -> list[Action]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html"""
    actions = []
    for start in range(0, len(seen), MAX_RESOURCES):
        part = seen[start : start + MAX_RESOURCES]
        ids = [each.instance.id for each in part]
        what = _number(ids)
        actions.append(
            Action(
                service="ec2",
                operation="stop_instances",
                parameters={"InstanceIds": ids},
                resources=tuple(ids),
                summary=f"stop {what}",
                done=f"stopped {what}",
                undo=Undo("ec2", "start_instances", {"InstanceIds": ids}),
                not_yet=(*_NOT_YET, "IncorrectInstanceState"),
                batch="InstanceIds",
                what=what,
                before={"State": {each.instance.id: each.state or "pending" for each in part}},
                after={"State": dict.fromkeys(ids, "stopping")},
                tags={each.instance.id: each.instance.tags for each in part},
            )
        )
    return actions


def _number(ids: list[str]) -> str:
    counted = Counter("volume" if each.startswith("vol-") else "instance" for each in ids)
    return _listed([f"{n} {kind}{'s' * (n > 1)}" for kind, n in counted.items()])


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _reasons(
    instances: Sequence[Instance], settings: Settings, aws: Aws
) -> tuple[list[str], set[str]]:
    """Why a person should know, a sentence each, and the types that it is about."""
    reasons, flagged = [], set()
    types = list(dict.fromkeys(instance.type for instance in instances))
    facts = _facts(types, settings, aws)
    for type_ in types:
        size = settings.alert_from_size
        told = []
        if size is not None and reaches(type_, size):
            told.append(f"{type_ or 'an unnamed type'} is of size {size} or beyond")
        matched = [p for p in settings.alert_instance_types if fnmatchcase(type_.lower(), p)]
        if matched:
            told.append(f"{type_} matches {_listed(matched)}")
        if settings.alert_on_accelerators:
            found = facts.get(type_)
            if found is None:
                told.append(f"what accelerators {type_ or 'an unnamed type'} has can't be told")
            elif any(found.get(kind) for kind in _ACCELERATORS):
                told.append(f"{type_} has accelerators")
        if told:
            reasons += told
            flagged.add(type_)
    number = sum(
        facts.get(instance.type, {}).get("VCpuInfo", {}).get("DefaultVCpus", 0)
        for instance in instances
    )
    vcpus, count = settings.alert_from_vcpus, settings.alert_from_count
    if vcpus is not None and (number >= vcpus or not facts):
        what = f"{number} vCPUs" if facts else "a number of vCPUs that can't be told"
        reasons.append(f"{what} in all, alerted from {vcpus}")
        flagged.update(types)
    if count is not None and len(instances) >= count:
        reasons.append(f"{len(instances)} at once, alerted from {count}")
        flagged.update(types)
    return reasons, flagged


def _facts(types: Sequence[str], settings: Settings, aws: Aws) -> dict[str, Any]:
    """What AWS says of the types, where a setting asks; nothing of one it does not know.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html
    """
    if settings.alert_from_vcpus is None and not settings.alert_on_accelerators:
        return {}
    found: dict[str, Any] = {}
    named = list(filter(None, types))
    try:
        for start in range(0, len(named), _MAX_TYPES):
            answer = aws.read(
                "ec2",
                "describe_instance_types",
                {"InstanceTypes": named[start : start + _MAX_TYPES]},
                none_on=("InvalidInstanceType",),
            )
            found.update(
                {
                    each["InstanceType"]: each
                    for each in (answer or {"InstanceTypes": ()})["InstanceTypes"]
                }
            )
    except NoWayError:
        pass
    return found


def _alert(event: Event, instances: Sequence[Instance], reasons: list[str]) -> Alert:
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
