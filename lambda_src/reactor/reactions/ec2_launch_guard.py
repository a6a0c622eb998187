"""EC2 launches: tags every instance with who launched it, and alerts on large or many ones.

Reacts to RunInstances. The tags `<prefix>owner`, `<prefix>creator-kind`, `<prefix>launch-source`
and `<prefix>launched-at` go on every instance of the call and on its volumes. What the launcher
wrote into them is overwritten: CloudTrail knows better. An instance that EC2 says another call
launched is only told. ModifyInstanceAttribute makes a small instance a large one: it is alerted on
as a launch of that type would be.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from reactor.actions import Action, Alert, Undo
from reactor.aws import Aws
from reactor.entries import of_entry
from reactor.event import Event
from reactor.places import NoWayError
from reactor.reaction import Reaction, Step
from reactor.resources import Instance, own_tags, read_tags
from reactor.shapes import dig, text
from reactor.sizes import rank, reaches
from reactor.tagging import MAX_KEY, MAX_RESOURCES, is_allowed, tag_value
from reactor.wording import several

OWNER, KIND, SOURCE, TIME = "owner", "creator-kind", "launch-source", "launched-at"
_NOT_YET = ("InvalidInstanceID.NotFound", "InvalidVolume.NotFound", "InvalidID")
_MAX_FILTER = 200  # values that a Describe call's filter takes
_MAX_TYPES = 100
_SLACK = timedelta(minutes=5)  # between a call's time and that of what it made
_ACCELERATORS = ("GpuInfo", "InferenceAcceleratorInfo", "NeuronInfo", "FpgaInfo")
_SHOWN = 20  # the most ids that an alert names; a call may start thousands
_TYPE_PATTERN = re.compile(r"[a-z0-9.*?-]+")
Tags = tuple[tuple[str, str], ...]
# AWS sets these tags, and nobody else can: they name the owner of an instance of a fleet.
_GROUPS = (
    ("aws:autoscaling:groupName", "autoscaling-group"),
    ("aws:ec2:fleet-id", "ec2-fleet"),
    ("aws:ec2spot:fleet-request-id", "spot-fleet"),
    ("aws:cloudformation:stack-name", "cloudformation-stack"),
)


@dataclass(frozen=True)
class Settings:
    """The guard's settings; null or empty turns an alert off.

    `alert_from_size` alerts on that size and larger ones, `alert_instance_types` on types that
    match one of the wildcards. `alert_from_count` alerts on calls that start so many instances,
    `alert_from_vcpus` on calls whose instances have so many vCPUs in all. `alert_on_accelerators`
    alerts on GPUs and the like. `stop_flagged` stops the instances that are alerted on, unless they
    belong to a group, which would launch them anew, or are Spot instances, which can't be stopped.
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
    """An instance as it is now: its own tags, its volumes' tags, and what a stop depends on."""

    instance: Instance
    volumes: Mapping[str, Mapping[str, str]]
    state: str = ""
    spot: bool = False

    @property
    def gone(self) -> bool:
        """True if there is nothing left to tag."""
        return self.state in ("shutting-down", "terminated")

    @property
    def can_stop(self) -> bool:
        """True if it runs and a stop lasts."""
        kept = any(self.instance.tags.get(key) for key, _ in _GROUPS[:3])
        return self.state in ("", "pending", "running") and not self.spot and not kept


@dataclass(frozen=True)
class _Launch:
    """The instances of a call. `notes` are sentences about what the call can't be blamed for."""

    seen: tuple[Seen, ...]
    notes: tuple[str, ...] = ()


def plan(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """Stops where they are asked for, tags for every instance of a launch, and one alert, if a
    threshold is reached or the event and EC2 disagree.

    A failed launch needs nothing.
    """
    if event.failed:
        return []
    if event.name == "ModifyInstanceAttribute":
        return _resized(event, settings, aws)
    instances, reservation = event.instances, text(event.response.get("reservationId"))
    notes: tuple[str, ...] = ()
    if not instances:
        instances, reservation, notes = _find(event, aws)
    launch = _look(event, instances, reservation, aws)
    launched = [each.instance for each in launch.seen]
    reasons, flagged = _reasons(launched, settings, aws)
    steps: list[Step] = []
    if settings.stop_flagged:  # first: a budget is not to be spent on tags
        steps += _stopping([s for s in launch.seen if s.instance.type in flagged and s.can_stop])
    steps += _tagging(event, launch.seen, settings.tag_prefix)
    notes = (*notes, *launch.notes)
    if reasons or notes:
        count = settings.alert_from_count
        counted = count is not None and len(launched) >= count
        if counted and count != 1:
            entry = "ec2-burst"
        else:  # whoever counts from 1 wants to be told of every launch
            entry = "ec2-large" if len(reasons) > counted else "ec2-launched"
        what = _counted(launched) or "what can't be told"
        steps.append(_alert(event, f"launched {what}", launched, reasons, notes, entry))
    return steps


def _resized(event: Event, settings: Settings, aws: Aws) -> list[Step]:
    """A stop, if the instance runs already, and an alert, if its new type asks for one.

    CloudTrail takes the value out of a call that names the attribute apart. Then EC2 is asked.
    """
    id_, told = text(event.request.get("instanceId")), event.request.get("instanceType")
    if not id_ or (told is None and text(event.request.get("attribute")) != "instanceType"):
        return []
    named = text(dig(told, "value"))
    instance = Instance(id=id_, type=named, image="", volumes=(), tags={}, volume_tags={})
    (seen,) = _look(event, [instance], None, aws).seen
    # The call counts, whatever the type is by now.
    instance = replace(seen.instance, type=named or seen.instance.type)
    # A call is about one instance: nothing is launched.
    reasons, _ = _reasons([instance], replace(settings, alert_from_count=None), aws)
    if not reasons:
        return []
    stops = _stopping([seen]) if settings.stop_flagged and seen.can_stop else []
    what = f"made the instance {id_} of type {instance.type or 'unknown'}"
    return [*stops, _alert(event, what, [instance], reasons, (), "ec2-large")]


def owner(event: Event, instance: Instance) -> str:
    """The owner of an instance: the caller, or the group that a service launched it for."""
    if event.actor.kind in ("service", "service_linked_role"):
        for key, kind in _GROUPS:
            if instance.tags.get(key):
                return f"{kind}/{instance.tags[key]}"
        return event.actor.service or event.actor.name or "unknown"
    return event.actor.owner


def launch_source(event: Event) -> str:
    """The source of a launch: a service (`autoscaling`), else a tool (`terraform`, `console`)."""
    return event.actor.service.removesuffix(".amazonaws.com") or event.tool


def _find(event: Event, aws: Aws) -> tuple[tuple[Instance, ...], str, tuple[str, ...]]:
    """The instances of a call whose answer CloudTrail left out, their reservation, and a note.

    The call's client token tells them. Without it, all instances that were launched at that time
    are looked at: if they are of one reservation, it is the call's.
    """
    token = text(event.request.get("clientToken"))
    call: dict[str, Any] = {"MaxResults": 1000}
    if token:
        call = {"Filters": [{"Name": "client-token", "Values": [token]}]}
    found: dict[str, list[Any]] = {}
    try:
        for reservation, each in _instances(aws, [call]):
            near = _is_near(event, _first_launched(each))
            if each.get("ClientToken") == token if token else near:
                found.setdefault(text(reservation.get("ReservationId")), []).append(each)
    except NoWayError:
        found = {}
    cut = "as too large" if event.omitted else "for no known reason"
    how = "its client token" if token else "the time of their launch"
    if len(found) != 1:
        told = "; ".join(
            f"{key}: {_ids([e['InstanceId'] for e in of])}" for key, of in found.items()
        )
        why = f"launched at that time, by this call or others: {told}" if told else "none is found"
        return (), "", (f"CloudTrail left out {cut} what the call launched; by {how}, {why}",)
    ((reservation_id, states),) = found.items()
    instances = [
        Instance(
            id=each["InstanceId"],
            type=text(each.get("InstanceType")),
            image=text(each.get("ImageId")),
            volumes=(),
            tags={},
            volume_tags={},
        )
        for each in states
    ]
    note = f"CloudTrail left out {cut} what the call launched; it is known by {how}"
    return tuple(instances), reservation_id, (note,)


def _look(
    event: Event, instances: Sequence[Instance], reservation_id: str | None, aws: Aws
) -> _Launch:
    """The instances as they are now, without those that EC2 says another call launched (None: no
    matter which one did).

    The event tells about instances that AWS does not show (yet). It tells about all of them if
    there is no way to look; then the reaction does nothing either.
    """
    ids = [instance.id for instance in instances]
    now: dict[str, tuple[Any, Any]] = {}
    attached: dict[str, dict[str, dict[str, str]]] = {}
    try:
        for reservation, each in _instances(aws, _filters("instance-id", ids)):
            now[each["InstanceId"]] = (reservation, each)
        for call in _filters("attachment.instance-id", ids):
            for page in _pages(aws, "describe_volumes", call):
                for volume in page["Volumes"]:
                    # A volume that is older was attached after the launch.
                    born = _is_near(event, volume.get("CreateTime"))
                    tags = {volume["VolumeId"]: read_tags(volume.get("Tags"))} if born else {}
                    for attachment in volume.get("Attachments", ()):
                        attached.setdefault(attachment["InstanceId"], {}).update(tags)
    except NoWayError:
        pass
    seen, others = [], []
    for instance in instances:
        reservation, state = now.get(instance.id, ({}, {}))
        named = dict.fromkeys(instance.volumes, instance.volume_tags)
        if state:
            why = reservation_id is not None and _not_of(event, reservation_id, reservation, state)
            if why:
                others.append(f"{instance.id} {why}")
                continue
            type_ = text(state.get("InstanceType")) or instance.type
            instance = replace(instance, tags=read_tags(state.get("Tags")), type=type_)
        seen.append(
            Seen(
                instance,
                attached.get(instance.id, named),
                text(dig(state, "State", "Name")),
                state.get("InstanceLifecycle") == "spot",
            )
        )
    notes = (f"not of this call: {_ids(others)}",) if others else ()
    return _Launch(tuple(seen), notes)


def _not_of(event: Event, reservation_id: str, reservation: Any, state: Any) -> str:
    """The reason why the call did not launch an instance; empty if it did."""
    account, first = text(reservation.get("OwnerId")), _first_launched(state)
    if account != event.account:
        return f"is of the account {account or 'unknown'}"
    if text(reservation.get("ReservationId")) != reservation_id:
        return f"is of the reservation {reservation.get('ReservationId')}"
    if not _is_near(event, first):
        return f"was launched at {first}"
    return ""


def _first_launched(state: Mapping[str, Any]) -> Any:
    """The time of the launch. LaunchTime changes with every start; the primary network interface
    stays attached.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
    """
    for interface in state.get("NetworkInterfaces") or ():
        if dig(interface, "Attachment", "DeviceIndex") == 0:
            return dig(interface, "Attachment", "AttachTime")
    return state.get("LaunchTime")


def _is_near(event: Event, time: object) -> bool:
    """True if something was made at the time of the call."""
    if not isinstance(time, datetime) or event.time is None:
        return False
    return abs(time - event.time) <= _SLACK


def _filters(name: str, ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Calls about the ids, by a filter, since an id that is gone is no error there.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
    """
    for start in range(0, len(ids), _MAX_FILTER):
        yield {"Filters": [{"Name": name, "Values": list(ids[start : start + _MAX_FILTER])}]}


def _instances(aws: Aws, calls: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Any, Any]]:
    """The reservation and the instance, of all that the calls ask for."""
    for call in calls:
        for page in _pages(aws, "describe_instances", call):
            for reservation in page["Reservations"]:
                for each in reservation["Instances"]:
                    yield reservation, each


def _pages(aws: Aws, operation: str, call: Mapping[str, Any]) -> Iterator[Any]:
    token: dict[str, str] = {}
    while True:
        page = aws.read("ec2", operation, {**call, **token})
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _tagging(event: Event, seen: Sequence[Seen], prefix: str) -> list[Action]:
    """The fewest CreateTags calls: resources that get the same tags, and had the same, share one.

    Tags that are missing and tags that say otherwise are two calls, since their undo differs.
    """
    groups: dict[tuple[Tags, Tags], dict[str, Mapping[str, str]]] = {}
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
            false = tuple((k, v) for k, v in wanted.items() if present.get(k, v) != v)
            before = tuple((key, present[key]) for key, _ in false)
            for tags, old in ((missing, ()), (false, before)):
                if tags:
                    groups.setdefault((tags, old), {})[resource] = own_tags(present)
    actions = []
    for (tags, old), resources in groups.items():
        ids = list(resources)
        for start in range(0, len(ids), MAX_RESOURCES):
            part = {id_: resources[id_] for id_ in ids[start : start + MAX_RESOURCES]}
            actions.append(_create_tags(dict(tags), dict(old), part))
    return actions


def _create_tags(
    tags: Mapping[str, str], old: Mapping[str, str], resources: Mapping[str, Mapping[str, str]]
) -> Action:
    ids = list(resources)

    def call(of: Mapping[str, str]) -> dict[str, Any]:
        return {"Resources": ids, "Tags": [{"Key": key, "Value": of[key]} for key in of]}

    what = _number(ids)
    how, verb = f"with {_listed(list(tags))}", "tag"
    if old:
        how, verb = f"whose {_listed(list(tags))} said otherwise", "retag"
    return Action(
        service="ec2",
        operation="create_tags",
        parameters=call(tags),
        resources=tuple(ids),
        summary=f"{verb} {what} {how}",
        done=f"{verb}ged {what} {how}",
        undo=Undo("ec2", "create_tags", call(old))
        if old
        else Undo("ec2", "delete_tags", call(tags)),
        not_yet=_NOT_YET,
        batch="Resources",
        what=what,
        key="overwrite" if old else "",
        before={"Tags": dict(old)} if old else None,
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
                tags={each.instance.id: own_tags(each.instance.tags) for each in part},
            )
        )
    return actions


def _ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(ids[:_SHOWN]) + more


def _number(ids: list[str]) -> str:
    counted = Counter("volume" if each.startswith("vol-") else "instance" for each in ids)
    return _listed([several(n, kind) for kind, n in counted.items()])


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _reasons(
    instances: Sequence[Instance], settings: Settings, aws: Aws
) -> tuple[list[str], set[str]]:
    """The reasons for an alert, a sentence each, and the instance types that they are about."""
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
    """AWS's facts about the types, if a setting needs them; none about a type that AWS does not
    know.

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


def _counted(instances: Sequence[Instance]) -> str:
    counted = Counter(instance.type or "unnamed type" for instance in instances)
    return _listed([f"{number} x {type_}" for type_, number in counted.items()])


def _alert(
    event: Event,
    what: str,
    instances: Sequence[Instance],
    reasons: Sequence[str],
    notes: Sequence[str],
    entry: str,
) -> Alert:
    when = f", at {event.time:%Y-%m-%d %H:%M:%S} UTC" if event.time else ""
    verb = "Launched" if event.name == "RunInstances" else "Resized"
    details = (
        ("Why", "; ".join(reasons)),
        ("Look at", "; ".join(notes)),
        (f"{verb} by", launch_source(event)),
        ("Instances", _ids([instance.id for instance in instances])),
    )
    return Alert(
        severity="high" if notes else "info" if entry == "ec2-launched" else "medium",
        subject=f"{event.actor.owner} {what} in {event.region} ({event.account})",
        headline=f"{event.actor.label} {what} in {event.region}, account {event.account}{when}",
        details=tuple((label, told) for label, told in details if told),
        **of_entry(entry),
    )


handler = Reaction(
    "ec2-launch-guard",
    plan,
    Settings,
    calls={"ec2.amazonaws.com": frozenset({"ModifyInstanceAttribute", "RunInstances"})},
)
