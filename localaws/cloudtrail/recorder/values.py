"""Decoded parameters and results as CloudTrail writes them, by the general rules.

One converter is compiled per operation and direction from botocore's model and then kept, since a
record is built for every call: what is decided by the model is decided once.

There are two families of records (see `tables`): the *Java* family, whose member names begin with
a lower-case letter and whose dates read `Nov 22, 2026, 10:00:00 AM`, and the *wire* family, which
shows the JSON of the wire.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from urllib.parse import quote

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from localaws.cloudtrail.recorder import dates, tables

Converter = Callable[[Any], Any]
Family = Literal["java", "wire"]
Direction = Literal["request", "response"]


class _Omit:
    """The answer of a converter whose value has no place in a record."""


OMIT: Final = _Omit()


def family(model: OperationModel) -> Family:
    """Which family an operation's records belong to."""
    service = str(model.service_model.service_name)
    if service in tables.JSON_WIRE:
        return "wire"
    rest = str(model.service_model.metadata.get("protocol")) == "rest-json"
    return "wire" if rest and service not in tables.REST_JAVA else "java"


def lower_first(name: str) -> str:
    """`SAMLMetadataDocument` is `sAMLMetadataDocument`: only the first letter changes."""
    return name[:1].lower() + name[1:]


def plain(value: Any) -> Any:
    """Any decoded value as JSON can hold it; blobs and streams have no place in a record."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        return dates.iso_seconds(value)
    if isinstance(value, dict):
        items = {str(k): plain(v) for k, v in value.items()}
        return {k: v for k, v in items.items() if v is not OMIT}
    if isinstance(value, (list, tuple)):
        return [v for v in map(plain, value) if v is not OMIT]
    return OMIT


def omit(_value: Any) -> Any:
    """The converter of what is never recorded."""
    return OMIT


def constant(mark: str | list[str]) -> Converter:
    """The converter of what is recorded as a mark instead of its value."""
    return lambda _value: mark if isinstance(mark, str) else list(mark)


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a structure: its name in the record and how its value is converted."""

    name: str
    convert: Converter


def structure(fields: dict[str, Field]) -> Converter:
    """A converter of a decoded structure; members the model does not know are dropped."""

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            return plain(value)
        record: dict[str, Any] = {}
        for member, content in value.items():
            field = fields.get(member)
            if field is None or content is None:
                continue
            converted = field.convert(content)
            if converted is not OMIT:
                record[field.name] = converted
        return record

    return convert


class Compiler:
    """Compiles the converters of one operation's request or response by the general rules."""

    def __init__(self, model: OperationModel, direction: Direction) -> None:
        self.service = str(model.service_model.service_name)
        self.operation = str(model.name)
        self.protocol = str(model.service_model.metadata.get("protocol"))
        self.direction = direction
        self.family: Family = family(model)
        self.secret = tables.HIDDEN if self.family == "java" else tables.STARS
        self._omitted = tables.OMITTED_MEMBERS.get(self.service, frozenset())
        self._kept = tables.KEPT_NAMES.get(self.service, frozenset())
        self._hidden = tables.HIDDEN_MEMBERS.get(self.service, {})
        self._shown = tables.SHOWN_SHAPES.get(self.service, frozenset())
        self._compiled: dict[str, Converter] = {}

    def shape(self, shape: Shape) -> Converter:
        """The converter of a shape; a recursive shape refers to itself by name."""
        if self.service == "dynamodb" and shape.name == "AttributeValue":
            return _attribute_value
        if isinstance(shape, StructureShape):
            if getattr(shape, "is_document_type", False):
                return plain
            return self._once(shape.name, lambda: structure(self.fields(shape)))
        if isinstance(shape, ListShape):
            return self._once(shape.name, lambda: _listed(self.shape(shape.member)))
        if isinstance(shape, MapShape):
            return self._once(shape.name, lambda: _mapped(self.map_value(shape)))
        if shape.type_name == "blob":
            return omit
        if shape.type_name == "timestamp":
            return self.timestamp(shape)
        return plain

    def fields(self, shape: StructureShape) -> dict[str, Field]:
        """The members of a structure by botocore's names."""
        return {
            member: Field(self.name(member, target), self.member(shape, member, target))
            for member, target in shape.members.items()
            if not target.serialization.get("eventstream")
        }

    def name(self, member: str, shape: Shape) -> str:
        """What a record calls a member."""
        if self.family == "wire":
            name = str(shape.serialization.get("name", member))
            in_path = shape.serialization.get("location") == "uri"
            capital = self.service in tables.WIRE_CAPITALS
            return lower_first(name) if in_path and not capital else name
        return member if member in self._kept else lower_first(member)

    def member(self, parent: StructureShape, member: str, shape: Shape) -> Converter:
        """The converter of a member, which may be left out or hidden whatever its shape is."""
        if member in self._omitted:
            return omit
        mark = self._hidden.get(f"{parent.name}.{member}", self._hidden.get(member))
        if mark is not None:
            return constant(mark)
        if self.direction == "response" and shape.name in tables.ENCODED_DOCUMENTS:
            return _document
        if shape.metadata.get("sensitive") and shape.name not in self._shown:
            return constant(self.secret)
        if self.family == "wire" and self.direction == "request":
            location = shape.serialization.get("location")
            if location == "uri":
                return _escaped
            if location == "querystring":
                return _query_text
        return self.shape(shape)

    def map_value(self, shape: MapShape) -> Converter:
        """The converter of a map's values; the keys are the caller's and stay as they are."""
        sensitive = shape.value.metadata.get("sensitive")
        return constant(self.secret) if sensitive else self.shape(shape.value)

    def timestamp(self, shape: Shape) -> Converter:
        """The converter of a date in the style of the service."""
        return _dated(self._date_style(shape))

    def _date_style(self, shape: Shape) -> Callable[[datetime], Any]:
        if self.service in tables.DATE_ISO:
            return dates.iso_micros
        if self.service in tables.DATE_EPOCH_SECONDS:
            return dates.epoch_seconds
        if self.family == "wire":
            declared = shape.serialization.get("timestampFormat")
            return dates.iso_seconds if declared == "iso8601" else dates.epoch_seconds
        if self.service in tables.DATE_NARROW:
            return dates.java_medium_narrow
        return dates.java_medium

    def _once(self, name: str, make: Callable[[], Converter]) -> Converter:
        known = self._compiled.get(name)
        if known is not None:
            return known
        # Until it is made, a shape inside itself is reached through the table.
        self._compiled[name] = lambda value: self._compiled[name](value)
        made = make()
        self._compiled[name] = made
        return made


def _dated(style: Callable[[datetime], Any]) -> Converter:
    def convert(value: Any) -> Any:
        moment = dates.as_datetime(value)
        return plain(value) if moment is None else style(moment)

    return convert


def _listed(item: Converter) -> Converter:
    def convert(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return plain(value)
        return [c for c in map(item, value) if c is not OMIT]

    return convert


def _mapped(item: Converter) -> Converter:
    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            return plain(value)
        pairs = ((str(key), item(content)) for key, content in value.items())
        return {key: content for key, content in pairs if content is not OMIT}

    return convert


def _attribute_value(value: Any) -> Any:
    """DynamoDB records the value of an attribute without its type."""
    if isinstance(value, dict) and len(value) == 1:
        kind, content = next(iter(value.items()))
        if kind == "M" and isinstance(content, dict):
            return {str(k): _attribute_value(v) for k, v in content.items()}
        if kind == "L" and isinstance(content, (list, tuple)):
            return [_attribute_value(item) for item in content]
        return plain(content)
    return plain(value)


def _document(value: Any) -> Any:
    """A policy in a response is URL-encoded, also where a client has already decoded it."""
    if isinstance(value, dict):
        value = json.dumps(value)
    if not isinstance(value, str) or "%" in value[:1]:
        return plain(value)
    return quote(value, safe="")


def _escaped(value: Any) -> Any:
    return quote(value, safe="") if isinstance(value, str) else plain(value)


def _query_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return [_query_text(item) for item in value]
    moment = value if isinstance(value, datetime) else None
    if moment is not None:
        return dates.iso_seconds(moment)
    return str(value) if isinstance(value, (int, float)) else plain(value)
