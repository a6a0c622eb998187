"""EC2's records, in the two shapes they have.

Older operations read as EC2's SOAP interface spelt them (`instancesSet: {items: [...]}`, dates in
epoch milliseconds, `_return: true`); newer ones read as their query and response turned from XML to
JSON (`{"CreateFlowLogsRequest": {"ResourceId": {"tag": 1, "content": "vpc-1"}}}`).
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/logging-using-cloudtrail.html
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from localaws.cloudtrail.recorder import dates, ec2_tables, tables
from localaws.cloudtrail.recorder.values import (
    OMIT,
    Compiler,
    Converter,
    Direction,
    Field,
    constant,
    lower_first,
    omit,
    plain,
)
from localaws.cloudtrail.recorder.xmljson import once_or_list, text_value

Request = Callable[[dict[str, Any]], Any]
Response = Callable[[dict[str, Any], str], Any]


def is_classic(operation: str) -> bool:
    """Whether an operation's records have the older of the two shapes."""
    return operation in ec2_tables.CLASSIC


def request(model: OperationModel) -> Request:
    """The converter of an operation's parameters to `requestParameters`."""
    if is_classic(str(model.name)):
        return _classic_request(model)
    return _newer_request(model)


def response(model: OperationModel) -> Response:
    """The converter of an operation's result and request id to `responseElements`."""
    if is_classic(str(model.name)):
        return _classic_response(model)
    return _newer_response(model)


# --- The older shape ---------------------------------------------------------------------------


class _Classic(Compiler):
    """The general rules with EC2's names, sets and marks."""

    def __init__(self, model: OperationModel, direction: Direction) -> None:
        super().__init__(model, direction)
        self.secret = tables.REMOVED

    def shape(self, shape: Shape) -> Converter:
        if isinstance(shape, ListShape):
            return self._once(shape.name, lambda: self._set(shape, "", "items"))
        if isinstance(shape, StructureShape):
            return self._once(shape.name, lambda: _merged(self.fields(shape)))
        return super().shape(shape)

    def _set(self, shape: ListShape, key: str, items: str) -> Converter:
        convert = self.shape(shape.member)
        scalar = not isinstance(shape.member, StructureShape)

        def converted(value: Any) -> Any:
            if not isinstance(value, (list, tuple)):
                return plain(value)
            members = [m for m in map(convert, value) if m is not OMIT]
            if scalar and key:
                members = [{key: member} for member in members]
            return {items: members} if members else {}

        return converted


class _ClassicRequest(_Classic):
    def __init__(self, model: OperationModel) -> None:
        super().__init__(model, "request")
        self.root = None if model.input_shape is None else model.input_shape.name

    def name(self, member: str, shape: Shape) -> str:
        named = ec2_tables.REQUEST_NAMES.get((self.operation, member))
        if named is not None:
            return named
        if isinstance(shape, ListShape):
            known = self._known_set(member)
            if known is not None:
                return known[0]
            query = lower_first(_query_name(member, shape))
            return query if isinstance(shape.member, StructureShape) else f"{query}Set"
        return lower_first(_query_name(member, shape))

    def member(self, parent: StructureShape, member: str, shape: Shape) -> Converter:
        where = (self.operation, member)
        if member == "DryRun" or where in ec2_tables.NOT_RECORDED:
            return omit
        flat = parent.name == self.root and where in ec2_tables.SECRET_ATTRIBUTE
        if member in ec2_tables.SECRET_MEMBERS or flat:
            return constant(tables.REMOVED)
        if where in ec2_tables.REQUEST_TEXT:
            return _as_text
        if isinstance(shape, ListShape):
            if member == "Tags" and parent.name == "TagSpecification":
                return _plain_list(self.shape(shape.member))
            known = self._known_set(member)
            key = known[1] if known else lower_first(_query_name(member, shape))
            return self._set(shape, key, self._items(member))
        return super().member(parent, member, shape)

    def fields(self, shape: StructureShape) -> dict[str, Field]:
        fields = super().fields(shape)
        if shape.name == "IpPermission":
            # A rule shows the kinds of source it does not have as well.
            return {**fields, _RULE: Field(_RULE, omit)}
        if shape.name == "TagSpecification":
            return {**fields, "Tags": Field("tags", fields["Tags"].convert)}
        return fields

    def _known_set(self, member: str) -> tuple[str, str] | None:
        own = ec2_tables.OPERATION_SETS.get((self.operation, member))
        return own or ec2_tables.SETS.get(member)

    def _items(self, member: str) -> str:
        return "item" if (self.operation, member) in ec2_tables.ITEM_OPERATIONS else "items"


_RULE = "\x00rule"


def _merged(fields: dict[str, Field]) -> Converter:
    """A structure in which two members may fill the same set (group ids and group names)."""
    rule = _RULE in fields

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            return plain(value)
        record: dict[str, Any] = {}
        for member, content in value.items():
            field = fields.get(member)
            if field is None or content is None:
                continue
            converted = field.convert(content)
            if converted is OMIT:
                continue
            before = record.get(field.name)
            if isinstance(before, dict) and isinstance(converted, dict):
                converted = _joined(before, converted)
            record[field.name] = converted
        if rule:
            for name in ec2_tables.RULE_SETS:
                record.setdefault(name, {})
        return record

    return convert


def _joined(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    items = [*one.get("items", []), *other.get("items", [])]
    return {"items": items} if items else {**one, **other}


def _classic_request(model: OperationModel) -> Request:
    operation = str(model.name)
    shape = model.input_shape
    compiler = _ClassicRequest(model)
    convert = compiler.shape(shape) if shape is not None else (lambda _value: {})
    defaults = dict(ec2_tables.DEFAULTS.get(operation, {}))
    if operation.startswith("Describe") and shape is not None:
        for member, target in shape.members.items():
            shown = (operation, member) not in ec2_tables.SETS_SHOWN_WHEN_GIVEN
            if isinstance(target, ListShape) and shown:
                defaults[compiler.name(member, target)] = {}
    shaped = _SHAPED.get(operation)

    def converted(parameters: dict[str, Any]) -> Any:
        record = convert(parameters)
        for name, value in defaults.items():
            if name not in record:
                record[name] = copy.deepcopy(value)
        return (shaped(record) if shaped else record) or None

    return converted


def _run_instances(record: dict[str, Any]) -> dict[str, Any]:
    """RunInstances says what to launch in `instancesSet` and where at the top."""
    launched = {
        name: record.pop(name)
        for name in ("imageId", "minCount", "maxCount", "keyName")
        if name in record
    }
    placement = record.pop("placement", None)
    if isinstance(placement, dict):
        record.update(placement)
    return {"instancesSet": {"items": [launched]}, **record}


def _modify_image_attribute(record: dict[str, Any]) -> dict[str, Any]:
    record.pop("attribute", None)
    permission = _permission(record)
    if permission is not None:
        record["launchPermission"] = permission
    if "launchPermission" in record:
        record["attributeType"] = "launchPermission"
    return record


def _modify_snapshot_attribute(record: dict[str, Any]) -> dict[str, Any]:
    record.pop("attribute", None)
    permission = _permission(record)
    if permission is not None:
        record["createVolumePermission"] = permission
    if "createVolumePermission" in record:
        record["attributeType"] = "CREATE_VOLUME_PERMISSION"
    return record


def _permission(record: dict[str, Any]) -> dict[str, Any] | None:
    """Permissions given as flat lists read like those given as a structure."""
    operation = record.pop("operationType", None)
    users = record.pop("userIdSet", {}).get("items", [])
    groups = record.pop("userGroupSet", {}).get("items", [])
    items = [{"userId": user["userId"]} for user in users]
    items += [{"group": group["userGroup"]} for group in groups]
    return {str(operation or "add"): {"items": items}} if items else None


_SHAPED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "ModifyImageAttribute": _modify_image_attribute,
    "ModifySnapshotAttribute": _modify_snapshot_attribute,
    "RunInstances": _run_instances,
}


class _ClassicResponse(_Classic):
    def name(self, member: str, shape: Shape) -> str:
        name = lower_first(str(shape.serialization.get("name", member)))
        if name == "return":
            return "_return"
        return ec2_tables.RESPONSE_NAMES.get((self.operation, name), name)

    def member(self, parent: StructureShape, member: str, shape: Shape) -> Converter:
        if member in ec2_tables.SECRET_MEMBERS:
            return constant(tables.REMOVED)
        name = str(shape.serialization.get("name", member))
        if (self.operation, name) in ec2_tables.RESPONSE_TEXT:
            return _as_text
        if isinstance(shape, ListShape) and name in ec2_tables.ITEM_SETS:
            return self._set(shape, "", "item")
        convert = super().member(parent, member, shape)
        absent = (self.operation, name) in ec2_tables.EMPTY_NOT_SHOWN
        return _unless_empty(convert) if absent else convert

    def timestamp(self, shape: Shape) -> Converter:
        return _dated_or_plain(dates.epoch_millis)


def _classic_response(model: OperationModel) -> Response:
    shape = model.output_shape
    convert = (
        _ClassicResponse(model, "response").shape(shape)
        if shape is not None
        else (lambda _value: {})
    )
    additions = ec2_tables.RESPONSE_ADDITIONS.get(str(model.name), {})
    returns = shape is None or not shape.members or str(model.name) in ec2_tables.RETURN_TOO

    def converted(result: dict[str, Any], request_id: str) -> Any:
        record: dict[str, Any] = {"requestId": request_id}
        if returns:
            record["_return"] = True
        record.update(copy.deepcopy(additions))
        record.update(convert(result))
        return record

    return converted


# --- The newer shape ---------------------------------------------------------------------------


class _Newer(Compiler, ABC):
    """The general rules for values that went through XML."""

    def shape(self, shape: Shape) -> Converter:
        if isinstance(shape, ListShape):
            return self._once(shape.name, lambda: self.repeated(shape))
        if isinstance(shape, StructureShape):
            return self._once(shape.name, lambda: _element(_merged(self.fields(shape))))
        if shape.type_name == "timestamp":
            return _dated_or_plain(dates.iso_millis)
        if shape.type_name == "blob":
            return omit
        return _text

    def member(self, parent: StructureShape, member: str, shape: Shape) -> Converter:
        if member == "DryRun":
            return omit
        if member in ec2_tables.SECRET_MEMBERS or shape.metadata.get("sensitive"):
            return constant(tables.REMOVED)
        return self.shape(shape)

    @abstractmethod
    def repeated(self, shape: ListShape) -> Converter:
        """The converter of a list: a request's and a response's have other wrappings."""


class _NewerRequest(_Newer):
    def name(self, member: str, shape: Shape) -> str:
        return _query_name(member, shape)

    def repeated(self, shape: ListShape) -> Converter:
        convert = self.shape(shape.member)

        def converted(value: Any) -> Any:
            if not isinstance(value, (list, tuple)):
                return plain(value)
            tagged: list[Any] = []
            for position, item in enumerate(value, start=1):
                content = convert(item)
                if content is OMIT:
                    continue
                if not isinstance(content, dict):
                    content = {"content": content} if content != "" else {}
                tagged.append({**content, "tag": position})
            return once_or_list(tagged)

        return converted


class _NewerResponse(_Newer):
    def name(self, member: str, shape: Shape) -> str:
        return str(shape.serialization.get("name", lower_first(member)))

    def member(self, parent: StructureShape, member: str, shape: Shape) -> Converter:
        convert = super().member(parent, member, shape)
        absent = self.name(member, shape) in ec2_tables.EMPTY_SETS_NOT_SHOWN
        return _unless_empty(convert) if absent else convert

    def repeated(self, shape: ListShape) -> Converter:
        convert = self.shape(shape.member)

        def converted(value: Any) -> Any:
            if not isinstance(value, (list, tuple)):
                return plain(value)
            items = [item for item in map(convert, value) if item is not OMIT]
            return {"item": once_or_list(items)} if items else ""

        return converted


def _newer_request(model: OperationModel) -> Request:
    shape = model.input_shape
    root = f"{model.name}Request"
    if shape is None:
        return lambda _parameters: {root: ""}
    convert = _NewerRequest(model, "request").shape(shape)
    return lambda parameters: {root: convert(parameters)}


def _newer_response(model: OperationModel) -> Response:
    shape = model.output_shape
    root = f"{model.name}Response"
    namespace = f"http://ec2.amazonaws.com/doc/{model.service_model.api_version}/"
    convert = _NewerResponse(model, "response").shape(shape) if shape is not None else None

    def converted(result: dict[str, Any], request_id: str) -> Any:
        record: dict[str, Any] = {"xmlns": namespace, "requestId": request_id}
        content = {"return": True} if convert is None else convert(result)
        if isinstance(content, dict):
            record.update(content)
        return {root: record}

    return converted


# --- Values ------------------------------------------------------------------------------------


def _query_name(member: str, shape: Shape) -> str:
    """The name of a parameter in an EC2 query, which begins with a capital letter."""
    name = shape.serialization.get("queryName")
    if name is None:
        name = shape.serialization.get("name", member)
    return str(name)[:1].upper() + str(name)[1:]


def _element(convert: Converter) -> Converter:
    def converted(value: Any) -> Any:
        record = convert(value)
        return "" if record == {} else record

    return converted


def _unless_empty(convert: Converter) -> Converter:
    return lambda value: OMIT if value in ("", [], {}) else convert(value)


def _text(value: Any) -> Any:
    return text_value(value) if isinstance(value, str) else plain(value)


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, (int, float)) else plain(value)


def _plain_list(convert: Converter) -> Converter:
    def converted(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return plain(value)
        return [item for item in map(convert, value) if item is not OMIT]

    return converted


def _dated_or_plain(style: Callable[[Any], Any]) -> Converter:
    def converted(value: Any) -> Any:
        moment = dates.as_datetime(value)
        return plain(value) if moment is None else style(moment)

    return converted
