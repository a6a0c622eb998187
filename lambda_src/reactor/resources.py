"""Resources of a call, read from CloudTrail's request and response bodies; nothing here raises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reactor.shapes import dig, items, mapping, text


@dataclass(frozen=True)
class Resource:
    """A resource by its id or ARN and CloudFormation's type name, such as `AWS::EC2::Instance`."""

    id: str
    type: str
    account: str = ""


@dataclass(frozen=True)
class Instance:
    """An instance that a RunInstances call started.

    `volumes` are the ids that the response names, usually none: volumes attach a moment later.
    `tags` and `volume_tags` are those that came with the launch, from the request and the response.
    """

    id: str
    type: str
    image: str
    volumes: tuple[str, ...]
    tags: Mapping[str, str]
    volume_tags: Mapping[str, str]


def read_instances(request: Mapping[str, Any], response: Mapping[str, Any]) -> tuple[Instance, ...]:
    """Every instance named in a RunInstances response, once each, in its order.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
    """
    found: dict[str, Instance] = {}
    asked = {kind: launch_tags(request, kind) for kind in ("instance", "volume")}
    for entry in items(response.get("instancesSet")):
        id_ = text(dig(entry, "instanceId"))
        if not id_ or id_ in found:
            continue
        volumes = (
            text(dig(device, "ebs", "volumeId"))
            for device in items(entry.get("blockDeviceMapping"))
        )
        found[id_] = Instance(
            id=id_,
            type=text(entry.get("instanceType")) or text(request.get("instanceType")),
            image=text(entry.get("imageId")),
            volumes=tuple(dict.fromkeys(volume for volume in volumes if volume)),
            tags={**asked["instance"], **read_tags(entry.get("tagSet"))},
            volume_tags=asked["volume"],
        )
    return tuple(found.values())


def launch_tags(request: Mapping[str, Any], kind: str) -> dict[str, str]:
    """The tags that a request gives to new resources of a kind (`instance`, `volume`)."""
    tags: dict[str, str] = {}
    for entry in items(request.get("tagSpecificationSet")):
        if text(dig(entry, "resourceType")) == kind:
            tags.update(read_tags(dig(entry, "tags")))
    return tags


def read_tags(value: object) -> dict[str, str]:
    """Tags in any of CloudTrail's spellings: lists of key and value in either case, or a map."""
    if isinstance(value, dict) and value and not _is_listed(value):
        return {text(key): text(entry) for key, entry in value.items()}
    tags: dict[str, str] = {}
    for entry in items(value):
        tag = {text(key).lower(): part for key, part in mapping(entry).items()}
        key = text(tag.get("key")) or text(tag.get("tagkey"))
        if key:
            tags[key] = text(tag.get("value")) or text(tag.get("tagvalue"))
    return tags


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that AWS itself set: nobody else can set a key that begins with `aws:`."""
    return {key: value for key, value in tags.items() if key.startswith("aws:")}


def requested_tags(request: object) -> frozenset[str]:
    """The keys of every tag that a request sets, wherever its body holds them."""
    found: set[str] = set()

    def walk(value: object, inside: bool, depth: int = 0) -> None:
        if depth > 20:
            return
        if isinstance(value, dict):
            names = {text(key).lower(): part for key, part in value.items()}
            key = text(names.get("key")) or text(names.get("tagkey"))
            if inside and key:
                found.add(key)
            for name, part in value.items():
                if inside and isinstance(part, str):
                    found.add(text(name))  # tags as a map
                walk(part, inside or "tag" in text(name).lower(), depth + 1)
        elif isinstance(value, list):
            for part in value:
                walk(part, inside, depth + 1)

    walk(request, inside=False)
    return frozenset(found)


def _is_listed(value: Mapping[str, Any]) -> bool:
    return "items" in value or any(text(key).lower() in ("key", "tagkey") for key in value)


def read_resources(
    detail: Mapping[str, Any], instances: tuple[Instance, ...]
) -> tuple[Resource, ...]:
    """The resources of a record: those that it lists, the instances, and their volumes."""
    found: dict[str, Resource] = {}

    def add(id_: str, type_: str, account: str = "") -> None:
        if id_:
            found.setdefault(id_, Resource(id_, type_, account))

    for entry in items(detail.get("resources")):
        id_ = text(dig(entry, "ARN")) or text(dig(entry, "arn")) or text(dig(entry, "ARNPrefix"))
        add(id_, text(dig(entry, "type")), text(dig(entry, "accountId")))
    for instance in instances:
        add(instance.id, "AWS::EC2::Instance")
        for volume in instance.volumes:
            add(volume, "AWS::EC2::Volume")
    return tuple(found.values())
