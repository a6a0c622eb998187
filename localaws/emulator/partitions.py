"""The emulator's ARNs in other partitions: it knows `aws` alone.

Outside, ARNs are those of the Region's partition; inside, that partition is called `aws`. On the
way in and out of a Region of another partition the two names are swapped, so that what is written
for the wrong partition (a literal `arn:aws:` in China) is wrong inside as well. What functions are
given (environment, payload), messages of queues and objects are no ARNs of the emulator's: they
pass as they are.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from localaws.wire.http import Request, Response
from localaws.wire.partition import AWS, partition, swapped
from localaws.wire.recognise import signature

_AS_IT_IS = frozenset({"Body", "Environment", "MessageBody"})
_OF_BODY = (b"content-md5", b"x-amz-content-sha256", b"x-amz-checksum-", b"x-amz-sdk-checksum-")
_SIGNED = frozenset({b"authorization", b"x-amz-security-token"})

Swap = Callable[[bytes], bytes]

SENT: ContextVar[Request | None] = ContextVar("sent", default=None)
"""The request as it came, where it was changed on its way in: what is signed is this one."""


class Crossing:
    """The way of one request into the emulator, and of its answer out of it."""

    def __init__(self, request: Request) -> None:
        scope = signature(request)
        self.partition = partition(scope.region) if scope else AWS
        service = scope.signing_name if scope else ""
        path = request.raw_path.strip(b"/")
        # An object's bytes and a function's payload are their owners'.
        self._opaque = (service == "s3" and b"/" in path) or (
            service == "lambda" and path.endswith(b"/invocations")
        )

    def inward(self, request: Request) -> Request:
        if self.partition == AWS:
            return request
        body = request.body if self._opaque else self._body(request.body)
        changed = replace(
            request,
            raw_path=self._swap(request.raw_path),
            query_string=self._swap(request.query_string),
            headers=[
                (name, value if name in _SIGNED else self._swap(value))
                for name, value in request.headers
                if self._opaque or not name.startswith(_OF_BODY)
            ],
        )
        return changed if body == request.body else changed.with_body(body)

    def outward(self, response: Response) -> Response:
        if self.partition == AWS:
            return response
        body = response.body if self._opaque else self._body(response.body)
        headers = [
            (name, str(len(body)).encode() if name.lower() == b"content-length" else self._swap(v))
            for name, v in response.headers
        ]
        return Response(response.status, headers, body)

    def _swap(self, text: bytes) -> bytes:
        return swapped(text, self.partition)

    def _body(self, body: bytes) -> bytes:
        if b"arn" not in body:
            return body
        if body[:1] == b"{":
            try:
                members = json.loads(body)
            except ValueError:
                return self._swap(body)
            return json.dumps(self._members(members), separators=(",", ":")).encode()
        if body[:1] and body[0] >> 5 in (4, 5) and not body[:1].isascii():
            return _cbor(body, self._swap)
        return self._swap(body)

    def _members(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._swap(value.encode()).decode()
        if isinstance(value, list):
            return [self._members(item) for item in value]
        if isinstance(value, dict):
            return {
                self._members(name): item if name in _AS_IT_IS else self._members(item)
                for name, item in value.items()
            }
        return value


def _cbor(body: bytes, swap: Swap) -> bytes:
    """CBOR with its text swapped: the length of a text stands before it.

    https://www.rfc-editor.org/rfc/rfc8949#section-3
    """
    out, at = bytearray(), 0
    while at < len(body):
        major, more = body[at] >> 5, body[at] & 31
        size = {24: 1, 25: 2, 26: 4, 27: 8}.get(more, 0)
        head = body[at : at + 1 + size]
        at += 1 + size
        if major not in (2, 3) or more == 31:
            # Numbers, tags, and the heads of lists, maps and texts in pieces, whose items follow.
            out += head
            continue
        length = int.from_bytes(head[1:], "big") if size else more
        text = body[at : at + length]
        at += length
        if major == 3 and (changed := swap(text)) != text:
            head, text = b"\x7a" + struct.pack(">I", len(changed)), changed
        out += head + text
    return bytes(out)
