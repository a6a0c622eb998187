"""S3's records: bucket and key, the host, query flags, headers, and documents turned to JSON.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-understanding-s3-entries.html
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from localaws.cloudtrail.recorder import dates
from localaws.cloudtrail.recorder.names import endpoint_host
from localaws.cloudtrail.recorder.values import OMIT, Converter, plain
from localaws.cloudtrail.recorder.xmljson import once_or_list, text_value
from localaws.wire.call import Call

SERVICES = frozenset({"s3", "s3control"})
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
CIPHER_SUITE = "TLS_AES_128_GCM_SHA256"

# Headers with keys or one-time codes in them, and those that only carry the request.
_HEADERS_LEFT_OUT = (
    "x-amz-checksum-",
    "x-amz-mfa",
    "x-amz-sdk-checksum-",
    "x-amz-security-token",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key",
)
_MEMBER_NAMES = {"Bucket": "bucketName", "Key": "key"}
_CONTROL_MEMBER_NAMES = {"AccountId": None}

Request = Callable[[Call], dict[str, Any]]


def request(model: OperationModel) -> Request:
    """The converter of a call's parameters to `requestParameters`."""
    shape = model.input_shape
    flags = dict(
        parse_qsl(urlsplit(str(model.http.get("requestUri", ""))).query, keep_blank_values=True)
    )
    flags.pop("x-id", None)
    fields = _fields(model, shape) if shape is not None else {}

    def converted(call: Call) -> dict[str, Any]:
        record: dict[str, Any] = dict(flags)
        for member, value in call.parameters.items():
            convert = fields.get(member)
            if convert is not None and value is not None:
                record.update(convert(value))
        record["Host"] = endpoint_host(call)
        return record

    return converted


_Part = Callable[[Any], dict[str, Any]]


def _fields(model: OperationModel, shape: StructureShape) -> dict[str, _Part]:
    payload = shape.serialization.get("payload")
    control = str(model.service_model.service_name) == "s3control"
    names: dict[str, str | None] = dict(_CONTROL_MEMBER_NAMES if control else _MEMBER_NAMES)
    fields: dict[str, _Part] = {}
    for member, target in shape.members.items():
        location = target.serialization.get("location")
        wire = str(target.serialization.get("name", member))
        if member in names:
            name = names[member]
            if name is not None:
                fields[member] = _text_part(name)
        elif member == payload:
            fields[member] = _document_part(member, wire, target)
        elif location in ("uri", "querystring"):
            fields[member] = _text_part(wire)
        elif location == "header":
            name = wire.lower()
            if _recorded_header(name):
                fields[member] = _text_part(name)
        elif location is None:
            fields[member] = _document_part(member, wire, target)
    return fields


def _recorded_header(name: str) -> bool:
    return name.startswith("x-amz-") and not name.startswith(_HEADERS_LEFT_OUT)


def _text_part(name: str) -> _Part:
    return lambda value: {name: _header_text(value)}


def _header_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return dates.iso_seconds(value)
    if isinstance(value, (list, tuple)):
        return ",".join(str(item) for item in value)
    return plain(value) if isinstance(value, str) else str(value)


def _document_part(member: str, wire: str, shape: Shape) -> _Part:
    if member == "Policy":
        return lambda value: {"bucketPolicy": _policy(value)}
    if shape.type_name == "blob" or shape.type_name == "string":
        return lambda _value: {}
    convert = _Document().shape(shape)

    def part(value: Any) -> dict[str, Any]:
        content = convert(value)
        if not isinstance(content, dict):
            return {wire: {"xmlns": NAMESPACE}}
        return {wire: {"xmlns": NAMESPACE, **content}}

    return part


def _policy(text: Any) -> Any:
    """A bucket policy is recorded as an object, not as the text that was sent."""
    if not isinstance(text, str):
        return plain(text)
    try:
        return json.loads(text)
    except ValueError:
        return text


class _Document:
    """Converts a document as if its XML had been turned to JSON."""

    def __init__(self) -> None:
        self._compiled: dict[str, Converter] = {}

    def shape(self, shape: Shape) -> Converter:
        if isinstance(shape, StructureShape):
            known = self._compiled.get(shape.name)
            if known is not None:
                return known
            self._compiled[shape.name] = lambda value: self._compiled[shape.name](value)
            made = self._structure(shape)
            self._compiled[shape.name] = made
            return made
        if isinstance(shape, ListShape):
            return self._wrapped_list(shape)
        if isinstance(shape, MapShape):
            return plain
        if shape.type_name == "timestamp":
            return _timestamp
        if shape.type_name == "blob":
            return lambda _value: OMIT
        return lambda value: text_value(value) if isinstance(value, str) else plain(value)

    def _structure(self, shape: StructureShape) -> Converter:
        declared = shape.serialization.get("xmlNamespace", {})
        prefix = declared.get("prefix")
        namespace = {f"xmlns:{prefix}": declared["uri"]} if prefix else {}
        fields: dict[str, tuple[str, Converter]] = {}
        for member, target in shape.members.items():
            name = str(target.serialization.get("name", member))
            if isinstance(target, ListShape) and target.serialization.get("flattened"):
                name = str(
                    target.serialization.get("name")
                    or target.member.serialization.get("name", member)
                )
                fields[member] = (name, self._flat_list(target))
            else:
                fields[member] = (name, self.shape(target))

        def convert(value: Any) -> Any:
            if not isinstance(value, dict):
                return plain(value)
            record: dict[str, Any] = {}
            for member, content in value.items():
                field = fields.get(member)
                if field is None or content is None or content == []:
                    continue
                converted = field[1](content)
                if converted is not OMIT:
                    record[field[0]] = converted
            return {**namespace, **record} if record else ""

        return convert

    def _flat_list(self, shape: ListShape) -> Converter:
        convert = self.shape(shape.member)

        def converted(value: Any) -> Any:
            if not isinstance(value, (list, tuple)):
                return plain(value)
            return once_or_list([convert(item) for item in value])

        return converted

    def _wrapped_list(self, shape: ListShape) -> Converter:
        convert = self._flat_list(shape)
        name = str(shape.member.serialization.get("name", "member"))
        return lambda value: {name: convert(value)} if value else ""


def _timestamp(value: Any) -> Any:
    moment = dates.as_datetime(value)
    return plain(value) if moment is None else dates.iso_millis(moment)


def response(model: OperationModel) -> Callable[[dict[str, Any]], Any]:
    """The converter of a result: only `x-amz-` headers of object-level writes are recorded."""
    shape = model.output_shape
    headers: dict[str, str] = {}
    for member, target in shape.members.items() if shape is not None else ():
        name = str(target.serialization.get("name", "")).lower()
        if target.serialization.get("location") == "header" and _recorded_header(name):
            headers[member] = name
    bucket_level = model.input_shape is None or "Key" not in model.input_shape.members

    def converted(result: dict[str, Any]) -> Any:
        if bucket_level:
            return None
        record = {
            headers[member]: _header_text(value)
            for member, value in result.items()
            if member in headers and value is not None
        }
        return record or None

    return converted


def additional_event_data(call: Call) -> dict[str, Any]:
    """`additionalEventData` of an S3 record; sizes are those of the bodies that can be known."""
    digest = hashlib.sha384(call.request_id.encode()).digest()
    return {
        "SignatureVersion": "SigV4",
        "CipherSuite": CIPHER_SUITE,
        "bytesTransferredIn": _body_size(call.parameters),
        "AuthenticationMethod": "AuthHeader",
        "x-amz-id-2": base64.b64encode(digest).decode(),
        "bytesTransferredOut": _length(call.result),
    }


def _body_size(parameters: dict[str, Any]) -> int:
    for name in ("Body", "Policy"):
        body = parameters.get(name)
        if isinstance(body, str):
            return len(body.encode())
        if isinstance(body, (bytes, bytearray)):
            return len(body)
    length = parameters.get("ContentLength")
    return length if isinstance(length, int) else 0


def _length(result: dict[str, Any] | None) -> int:
    length = (result or {}).get("ContentLength")
    return length if isinstance(length, int) else 0
