"""Builds the CloudTrail record of a call.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from typing import Any

from botocore.model import OperationModel, StructureShape

from localaws.cloudtrail.recorder import ec2, names, s3, tables
from localaws.cloudtrail.recorder.dates import iso_seconds
from localaws.cloudtrail.recorder.errors import error_code, keeps_parameters
from localaws.cloudtrail.recorder.identity import user_identity
from localaws.cloudtrail.recorder.quirks import QUIRKS, RESPONSE_QUIRKS
from localaws.cloudtrail.recorder.resources import resources
from localaws.cloudtrail.recorder.values import Compiler, Field, family, structure
from localaws.wire.call import Call

EVENT_VERSION = "1.11"

Part = Callable[[Call], Any]


class _Plan:
    """What every record of one operation has in common, and its two converters."""

    __slots__ = ("api_version", "category", "name", "read_only", "request", "response", "source")

    def __init__(self, model: OperationModel) -> None:
        service, operation = str(model.service_model.service_name), str(model.name)
        self.source = names.event_source(model)
        self.name = names.event_name(model)
        self.read_only = names.is_read_only(service, operation)
        self.category = names.category(service, operation)
        self.api_version = tables.API_VERSIONS.get(service)
        self.request = _request(model, service, operation)
        self.response = _response(model, service, operation, read_only=self.read_only)


_PLANS: dict[tuple[str, str], _Plan] = {}


def build_record(call: Call, *, event_id: str | None = None) -> dict[str, Any]:
    """The CloudTrail record of a call: what EventBridge delivers as `detail`.

    `event_id` is a fresh UUID unless given. The call is not changed, and nothing of it is shared
    with the record. Any operation that botocore has a model of is recorded; whether a trail's
    selectors admit the record is for the caller to decide (`event_category`, `is_read_only`).
    """
    key = (call.service, call.operation)
    plan = _PLANS.get(key)
    if plan is None:
        plan = _PLANS[key] = _Plan(call.model)
    invoked_by = call.identity.invoked_by
    record: dict[str, Any] = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": user_identity(call.identity),
        "eventTime": iso_seconds(call.time),
        "eventSource": plan.source,
        "eventName": plan.name,
        "awsRegion": names.event_bridge_region(call),
        "sourceIPAddress": invoked_by or call.source_ip,
        "userAgent": _cut(invoked_by or _user_agent(call)),
    }
    if call.error is None:
        record["requestParameters"] = _sized("requestParameters", plan.request(call))
        record["responseElements"] = _sized("responseElements", plan.response(call))
    else:
        record.update(_failure(call, plan))
    additional = _additional(call)
    if additional:
        record["additionalEventData"] = _sized("additionalEventData", additional)
    record["requestID"] = call.request_id
    record["eventID"] = event_id or str(uuid.uuid4())
    record["readOnly"] = plan.read_only
    touched = resources(call)
    if touched:
        record["resources"] = touched
    record["eventType"] = "AwsApiCall"
    refused = record.get("errorCode") in tables.REFUSED_AT_THE_DOOR
    if plan.api_version is not None and not refused:
        record["apiVersion"] = plan.api_version
    record["managementEvent"] = plan.category == "Management"
    record["recipientAccountId"] = call.account
    record["eventCategory"] = plan.category
    if invoked_by is None:
        record["tlsDetails"] = {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": s3.CIPHER_SUITE,
            "clientProvidedHostHeader": names.endpoint_host(call),
        }
    return record


def _user_agent(call: Call) -> str:
    """What the caller's tool calls itself; S3 alone writes it in brackets."""
    return f"[{call.user_agent}]" if call.service in s3.SERVICES else call.user_agent


def _failure(call: Call, plan: _Plan) -> dict[str, Any]:
    assert call.error is not None
    code = error_code(call, call.error)
    message = _cut(call.error.message)
    parameters = plan.request(call) if keeps_parameters(call, code) else None
    record: dict[str, Any] = {"errorCode": code}
    if _answers_in_response(call):
        # These services' records have the body of the refusal where others have errorMessage.
        response = None if plan.read_only else {"message": message}
    else:
        response = None
        if message:
            record["errorMessage"] = message
    record["requestParameters"] = _sized("requestParameters", parameters)
    record["responseElements"] = response
    return record


def _answers_in_response(call: Call) -> bool:
    rest = call.model.service_model.metadata.get("protocol") == "rest-json"
    return rest and family(call.model) == "wire"


def _additional(call: Call) -> dict[str, Any] | None:
    return s3.additional_event_data(call) if call.service in s3.SERVICES else None


def _request(model: OperationModel, service: str, operation: str) -> Part:
    if service == "ec2":
        converted = ec2.request(model)
        return lambda call: converted(call.parameters)
    if service in s3.SERVICES:
        return s3.request(model)
    if model.input_shape is None:
        return lambda _call: None
    convert = Compiler(model, "request").shape(model.input_shape)
    defaults = tables.REQUEST_DEFAULTS.get((service, operation), {})
    quirk = QUIRKS.get((service, operation))

    def part(call: Call) -> Any:
        record = _with_defaults(convert(call.parameters), defaults)
        return (quirk(call, record) if quirk else record) or None

    return part


def _response(model: OperationModel, service: str, operation: str, *, read_only: bool) -> Part:
    key = (service, operation)
    if key in tables.NO_RESPONSE or (read_only and key not in tables.RESPONSE_OF_READS):
        return lambda _call: None
    if service == "ec2":
        converted = ec2.response(model)
        return lambda call: converted(call.result or {}, call.request_id)
    if service in s3.SERVICES:
        headers = s3.response(model)
        return lambda call: headers(call.result or {})
    quirk = RESPONSE_QUIRKS.get(key)
    if model.output_shape is None:
        return lambda call: (quirk(call, {}) if quirk else None) or None
    return _general_response(model, model.output_shape, key)


def _general_response(model: OperationModel, shape: StructureShape, key: tuple[str, str]) -> Part:
    compiler = Compiler(model, "response")
    inner = _only_structure(shape) if key[0] in tables.UNWRAPPED else None
    target = shape if inner is None else shape.members[inner]
    assert isinstance(target, StructureShape)
    fields = compiler.fields(target)
    only = tables.RESPONSE_ONLY.get(key)
    if only is not None:
        fields = {name: field for name, field in fields.items() if name in only}
    for name, renamed in tables.RENAMED_MEMBERS.get(key, {}).items():
        fields[name] = Field(renamed, fields[name].convert)
    convert = structure(fields)
    defaults = tables.RESPONSE_DEFAULTS.get(key, {})
    quirk = RESPONSE_QUIRKS.get(key)

    def part(call: Call) -> Any:
        result = call.result or {}
        if inner is not None:
            result = result.get(inner) or {}
        record = _with_defaults(convert(result), defaults)
        return (quirk(call, record) if quirk and isinstance(record, dict) else record) or None

    return part


def _only_structure(shape: StructureShape) -> str | None:
    members = list(shape.members.items())
    if len(members) == 1 and isinstance(members[0][1], StructureShape):
        return members[0][0]
    return None


def _with_defaults(record: Any, defaults: dict[str, object]) -> Any:
    if isinstance(record, dict):
        for name, value in defaults.items():
            if name not in record:
                record[name] = copy.deepcopy(value)
    return record


def _sized(field: str, value: Any) -> Any:
    """A field that is too long for CloudTrail says so instead."""
    if value is None:
        return None
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size <= tables.MAX_BYTES[field]:
        return value
    return {"omitted": True, "originalSize": size, "reason": f"{field} too large"}


def _cut(text: str) -> str:
    """Text of a kind that CloudTrail cuts at 1 KB."""
    if len(text) <= tables.MAX_TEXT // 4:
        return text
    return text.encode()[: tables.MAX_TEXT].decode(errors="ignore")
