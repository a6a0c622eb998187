"""Which API call an HTTP request is, and what it says, by botocore's service models.

Requests are decoded by moto's parsers and answers of our own written by its serialisers. Both are
internal to moto and pinned for that reason; nothing but this module touches them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

import botocore.parsers
from botocore.loaders import Loader
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers, MultiDict

from localaws.wire.http import Request, Response
from localaws.wire.model import ApiError

# Services whose signing name is not botocore's name for them. Where several share one, the first
# that has the operation is it.
_SIGNED_AS: Mapping[str, tuple[str, ...]] = {
    "airflow": ("mwaa",),
    "aoss": ("opensearchserverless",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "aps": ("amp",),
    "cloudhsm": ("cloudhsmv2",),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elbv2", "elb"),
    "elasticmapreduce": ("emr",),
    "email": ("ses",),
    "es": ("opensearch", "es"),
    "monitoring": ("cloudwatch",),
    "rds": ("rds", "neptune", "docdb"),
    "ses": ("sesv2", "ses"),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
    "waf-regional": ("waf-regional",),
}
_S3_CONTROL_PATH = b"/v20180820/"
_CREDENTIAL = re.compile(r"Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_ERROR_CODE = re.compile(r"<Code>([^<]*)</Code>")
_REQUEST_ID = re.compile(rb"<request_?id>([^<]+)<", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature says: the access key, the Region and the service's signing name."""

    access_key: str
    region: str
    signing_name: str


@dataclass(frozen=True)
class Operation:
    """A recognised API call: service by botocore's name, model, protocol and undecoded request."""

    service: str
    model: OperationModel
    protocol: str
    request: Request
    path_parameters: Mapping[str, str]
    form: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return str(self.model.name)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The request's members by botocore's names; empty where the body cannot be read."""
        if self.protocol == "smithy-rpc-v2-cbor":
            return _decode_cbor(self)
        parser = PROTOCOL_PARSERS[self.protocol](self.model)
        try:
            parsed = parser.parse(
                {
                    "method": self.request.method,
                    "headers": Headers(list(self.request.fields.items())),
                    "body": _plain_body(self.request),
                    "url_path": self.request.path,
                    "url_params": dict(self.path_parameters),
                    "values": MultiDict(self.form or self.request.query),
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            # A body the API would refuse as well; the answer says so, the record keeps the call.
            return {}
        return {k: v for k, v in parsed.items() if v is not None}


def signature(request: Request) -> Scope | None:
    """The credential scope of a signed or presigned request, or None for an unsigned one."""
    found = _CREDENTIAL.search(request.fields.get("authorization", ""))
    if found is None and b"X-Amz-Credential" in request.query_string:
        presigned = dict(request.query).get("X-Amz-Credential", "")
        found = _CREDENTIAL.search(f"Credential={presigned}")
    if found is None:
        return None
    return Scope(access_key=found[1], region=found[3], signing_name=found[4])


def recognise(request: Request, scope: Scope) -> Operation | None:
    """The API call behind a request, or None where no service model knows it."""
    fields = request.fields
    services = _SIGNED_AS.get(scope.signing_name, (scope.signing_name,))
    if request.raw_path.startswith(_S3_CONTROL_PATH):
        services = ("s3control",)
    target = fields.get("x-amz-target")
    if target is not None:
        prefix, _, name = target.rpartition(".")
        return _first(services, name, "json", request, target_prefix=prefix)
    if fields.get("smithy-protocol") == "rpc-v2-cbor":
        name = request.path.rpartition("/")[2]
        return _first(services, name, "smithy-rpc-v2-cbor", request)
    action = _form_action(request, scope.signing_name)
    if action is not None:
        name, form = action
        version = dict(form).get("Version")
        protocol = "ec2" if scope.signing_name == "ec2" else "query"
        return _first(services, name, protocol, request, version=version, form=form)
    for service in services:
        if not _is_known(service):
            continue
        routed = _routes(service).find(request)
        if routed is not None:
            model, parameters = routed
            protocol = str(model.service_model.protocol)
            return Operation(service, model, protocol, request, parameters)
    return None


def decode_answer(
    operation: Operation, response: Response
) -> tuple[dict[str, Any] | None, ApiError | None]:
    """What an answer says: (members, None) on success, (None, error) on failure."""
    protocol = operation.protocol
    parser = _answer_parser(protocol)
    shape = operation.model.output_shape
    body: bytes = response.body
    if response.status < 300 and operation.model.has_streaming_output:
        body = b""
    try:
        parsed = parser.parse(
            {
                "body": body,
                "headers": _CaseInsensitive(response.fields),
                "status_code": response.status,
                "context": {"operation_name": operation.name},
            },
            shape,
        )
    except (botocore.parsers.ResponseParserError, ValueError, KeyError):
        if response.status < 300:
            return {}, None
        return None, ApiError("InternalFailure", "", response.status)
    meta = parsed.pop("ResponseMetadata", {})
    if response.status >= 300 or "Error" in parsed:
        error = parsed.get("Error", {})
        if response.status == 304 or (response.status < 400 and not error):
            return {}, None
        code = str(error.get("Code") or meta.get("HTTPStatusCode", response.status))
        message = error.get("Message") or parsed.get("message") or parsed.get("Message") or ""
        return None, ApiError(code, str(message), response.status)
    return parsed, None


def answered_request_id(operation: Operation, response: Response) -> str | None:
    """The request id that the client was told, which its record must have, or None.

    Query protocols say it in the body, where SDKs look for it, whatever the headers say.
    """
    if operation.protocol in ("query", "ec2"):
        said = _REQUEST_ID.findall(response.body)
        if said:  # EC2 begins with it, the others end with it
            return str(said[0 if operation.protocol == "ec2" else -1].decode("latin-1"))
    fields = response.fields
    return fields.get("x-amzn-requestid") or fields.get("x-amz-request-id")


def encode_answer(operation: Operation, result: Mapping[str, Any], request_id: str) -> Response:
    """An answer of our own in the protocol that the client speaks."""
    return _encode(operation, dict(result), request_id)


class RefusedError(Exception):
    """A refusal as AWS words it: error code, sentence and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def encode_refusal(operation: Operation, refusal: RefusedError, request_id: str) -> Response:
    """An error answer of our own in the protocol that the client speaks."""
    protocol = operation.protocol
    code, message, status = refusal.code, refusal.message, refusal.status
    headers = [(b"x-amzn-requestid", request_id.encode())]
    if protocol == "smithy-rpc-v2-cbor":
        headers.append((b"content-type", b"application/cbor"))
        headers.append((b"smithy-protocol", b"rpc-v2-cbor"))
        return Response(status, headers, _cbor({"__type": code, "message": message}))
    if protocol in ("json", "rest-json"):
        headers.append((b"content-type", b"application/x-amz-json-1.1"))
        headers.append((b"x-amzn-errortype", code.encode()))
        body = json.dumps({"__type": code, "message": message, "Message": message})
        return Response(status, headers, body.encode())
    headers.append((b"content-type", b"text/xml"))
    detail = f"<Code>{_xml(code)}</Code><Message>{_xml(message)}</Message>"
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error>{detail}</Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    elif protocol == "rest-xml":
        body = f"<Error>{detail}<RequestId>{request_id}</RequestId></Error>"
    else:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type>{detail}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return Response(status, headers, b'<?xml version="1.0" encoding="UTF-8"?>' + body.encode())


def _encode(operation: Operation, result: Any, request_id: str) -> Response:
    protocol = operation.protocol
    if protocol == "smithy-rpc-v2-cbor":
        raise RefusedError(
            "UnsupportedProtocol", "This call is answered in JSON and XML only.", 415
        )
    serializer = get_serializer_class(operation.service, protocol)(
        operation.model, context=SerializationContext(request_id)
    )
    written = serializer.serialize(result)
    body = written["body"]
    headers = [(str(k).encode(), str(v).encode()) for k, v in written["headers"].items()]
    headers.append((b"x-amzn-requestid", request_id.encode()))
    return Response(
        int(written["status_code"]), headers, body if isinstance(body, bytes) else body.encode()
    )


def _cbor(members: Mapping[str, str]) -> bytes:
    """A CBOR map of a few texts. https://www.rfc-editor.org/rfc/rfc8949#section-3"""
    encoded = bytes([0xA0 + len(members)])
    for text in (text for member in members.items() for text in member):
        raw = text.encode()
        encoded += b"\x7a" + len(raw).to_bytes(4, "big") + raw
    return encoded


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain_body(request: Request) -> bytes:
    """The body without the chunk framing that streaming signatures add (S3 uploads)."""
    if not request.fields.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        return request.body
    return b""  # only object uploads are framed, and no record holds an object's content


def _form_action(
    request: Request, signing_name: str
) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    content_type = request.fields.get("content-type", "")
    if content_type.startswith("application/x-www-form-urlencoded"):
        form = tuple(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        action = dict(form).get("Action")
        if action:
            return action, form
    if signing_name != "s3" and b"Action=" in request.query_string:
        action = dict(request.query).get("Action")
        if action:
            return action, tuple(request.query)
    return None


def _first(
    services: tuple[str, ...],
    name: str,
    protocol: str,
    request: Request,
    *,
    target_prefix: str | None = None,
    version: str | None = None,
    form: tuple[tuple[str, str], ...] = (),
) -> Operation | None:
    for service in services:
        if not _is_known(service):
            continue
        model = service_model(service)
        # SDKs differ in how much of a dotted prefix they send (CloudTrail's): its end decides.
        known_prefix = str(model.metadata.get("targetPrefix", target_prefix))
        if target_prefix and known_prefix.split(".")[-1] != target_prefix.split(".")[-1]:
            continue
        if version and len(services) > 1 and model.api_version != version:
            continue
        if name in model.operation_names:
            return Operation(service, model.operation_model(name), protocol, request, {}, form)
    return None


@cache
def _known_services() -> frozenset[str]:
    return frozenset(Loader().list_available_services("service-2"))


def _is_known(service: str) -> bool:
    return service in _known_services()


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, by botocore's name for it."""
    return get_service_model(service)


@cache
def _answer_parser(protocol: str) -> Any:
    # Timestamps come as datetimes, blobs as bytes: what boto3 gives its callers.
    return botocore.parsers.create_parser(protocol)


class _CaseInsensitive(dict[str, str]):
    """Header access by any case, as botocore's parsers expect of a response."""

    def __init__(self, lower: Mapping[str, str]) -> None:
        super().__init__(lower)

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key.lower(), default)

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())

    def __contains__(self, key: object) -> bool:
        return super().__contains__(str(key).lower())


def _decode_cbor(operation: Operation) -> dict[str, Any]:
    """Members of an RPC v2 CBOR request, by botocore's own decoder of that protocol."""
    shape = operation.model.input_shape
    if shape is None or not operation.request.body:
        return {}
    parser = _answer_parser("smithy-rpc-v2-cbor")
    stream = parser.get_peekable_stream_from_bytes(operation.request.body)
    try:
        raw = parser.parse_data_item(stream)
        return cast(dict[str, Any], parser._parse_shape(shape, raw))
    except (botocore.parsers.ResponseParserError, ValueError, KeyError, AttributeError):
        return {}


@dataclass(frozen=True)
class _Route:
    model: OperationModel
    method: str
    path: re.Pattern[str]
    names: tuple[str, ...]
    flags: frozenset[tuple[str, str | None]]
    queries: frozenset[str]
    headers: frozenset[str]

    @property
    def weight(self) -> tuple[int, int, int]:
        """More demands first, then the path with fewer placeholders; deprecated twins last."""
        demands = len(self.flags) * 2 + len(self.queries) + len(self.headers)
        return (-demands, len(self.names), int(self.model.deprecated))


class _Routes:
    """The operations of a REST service by method, path, and what a request must carry."""

    def __init__(self, service: str) -> None:
        model = service_model(service)
        routes = [_route(model.operation_model(name)) for name in model.operation_names]
        self._by_method: dict[str, list[_Route]] = {}
        for route in sorted(routes, key=lambda r: r.weight):
            self._by_method.setdefault(route.method, []).append(route)

    def find(self, request: Request) -> tuple[OperationModel, dict[str, str]] | None:
        raw = request.raw_path.decode("latin-1")
        query = dict(request.query)
        headers = request.fields
        for route in self._by_method.get(request.method, ()):
            if any(
                name not in query or (value is not None and query[name] != value)
                for name, value in route.flags
            ):
                continue
            if not (route.queries <= query.keys() and route.headers <= headers.keys()):
                continue
            found = route.path.fullmatch(raw)
            if found:
                values = (unquote(v) for v in found.groups())
                return route.model, dict(zip(route.names, values, strict=True))
        return None


def _route(model: OperationModel) -> _Route:
    path, _, flags = str(model.http["requestUri"]).partition("?")
    names: list[str] = []
    pattern = ""
    for part in re.split(r"(\{[^}]+\})", path.rstrip("/") if path != "/" else path):
        if part.startswith("{"):
            greedy = part.endswith("+}")
            names.append(part[1:-1].rstrip("+"))
            pattern += "(.+)" if greedy else "([^/]+)"
        else:
            pattern += re.escape(part)
    wanted: dict[str, set[str]] = {"querystring": set(), "header": set()}
    shape = model.input_shape
    if shape is not None:
        for name in shape.required_members:
            serialization = shape.members[name].serialization
            location = serialization.get("location")
            if location in wanted:
                wanted[location].add(serialization.get("name", name))
    pairs = frozenset(
        (flag.partition("=")[0], flag.partition("=")[2] if "=" in flag else None)
        for flag in flags.split("&")
        if flag
    )
    return _Route(
        model=model,
        method=model.http["method"],
        path=re.compile(pattern + ("/?" if path != "/" else "")),
        names=tuple(names),
        flags=pairs,
        queries=frozenset(wanted["querystring"]),
        headers=frozenset(h.lower() for h in wanted["header"]),
    )


@cache
def _routes(service: str) -> _Routes:
    return _Routes(service)
