"""What requests and answers say, by botocore's service models.

Requests are decoded by moto's parsers and answers of our own written by its serialisers. Both are
internal to moto and pinned for that reason; nothing but this module touches them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import botocore.parsers
from botocore.model import OperationModel
from moto.core.model import OperationModel as MotoOperationModel
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.datastructures import Headers, MultiDict

from localaws.wire.errors import ApiError, RefusalError
from localaws.wire.http import Request, Response

_REQUEST_ID = re.compile(rb"<request_?id>([^<]+)<", re.IGNORECASE)


def decode_request(
    model: OperationModel,
    protocol: str,
    request: Request,
    path_parameters: Mapping[str, str],
    form: tuple[tuple[str, str], ...],
) -> dict[str, Any]:
    """The request's members by botocore's names; empty where the body cannot be read."""
    if protocol == "smithy-rpc-v2-cbor":
        return _decode_cbor(model, request)
    parser = PROTOCOL_PARSERS[protocol](cast(MotoOperationModel, model))
    try:
        parsed = parser.parse(
            {
                "method": request.method,
                "headers": Headers(list(request.fields.items())),
                "body": _plain_body(request),
                "url_path": request.path,
                "url_params": dict(path_parameters),
                "values": MultiDict(form or request.query),
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        # A body the API would refuse as well; the answer says so, the record keeps the call.
        return {}
    return {k: v for k, v in parsed.items() if v is not None}


def decode_answer(
    model: OperationModel, protocol: str, response: Response
) -> tuple[dict[str, Any] | None, ApiError | None]:
    """What an answer says: (members, None) on success, (None, error) on failure."""
    parser = _answer_parser(protocol)
    shape = model.output_shape
    body: bytes = response.body
    if response.status < 300 and model.has_streaming_output:
        body = b""
    try:
        parsed = parser.parse(
            {
                "body": body,
                "headers": _CaseInsensitive(response.fields),
                "status_code": response.status,
                "context": {"operation_name": model.name},
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


def answered_request_id(protocol: str, response: Response) -> str | None:
    """The request id that the client was told, which its record must have, or None.

    Query protocols say it in the body, where SDKs look for it, whatever the headers say.
    """
    if protocol in ("query", "ec2"):
        said = _REQUEST_ID.findall(response.body)
        if said:  # EC2 begins with it, the others end with it
            return str(said[0 if protocol == "ec2" else -1].decode("latin-1"))
    fields = response.fields
    return fields.get("x-amzn-requestid") or fields.get("x-amz-request-id")


def encode_refusal(protocol: str, refusal: RefusalError, request_id: str) -> Response:
    """An error answer of our own in the protocol that the client speaks."""
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


def encode_answer(
    service: str, model: OperationModel, protocol: str, result: Mapping[str, Any], request_id: str
) -> Response:
    """An answer of our own in the protocol that the client speaks."""
    if protocol == "smithy-rpc-v2-cbor":
        raise RefusalError(
            "UnsupportedProtocol", "This call is answered in JSON and XML only.", 415
        )
    serializer = get_serializer_class(service, protocol)(
        cast(MotoOperationModel, model), context=SerializationContext(request_id)
    )
    written = serializer.serialize(dict(result))
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


def _decode_cbor(model: OperationModel, request: Request) -> dict[str, Any]:
    """Members of an RPC v2 CBOR request, by botocore's own decoder of that protocol."""
    shape = model.input_shape
    if shape is None or not request.body:
        return {}
    parser = _answer_parser("smithy-rpc-v2-cbor")
    stream = parser.get_peekable_stream_from_bytes(request.body)
    try:
        raw = parser.parse_data_item(stream)
        return cast(dict[str, Any], parser._parse_shape(shape, raw))
    except (botocore.parsers.ResponseParserError, ValueError, KeyError, AttributeError):
        return {}
