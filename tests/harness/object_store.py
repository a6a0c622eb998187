"""A bucket on the loopback that does as it is told: S3's protocol with latency and faults.

It speaks what validating a trail needs (GetObject, both listings, GetBucketLocation, CloudTrail's
ListPublicKeys and DescribeTrails, Organizations' DescribeOrganization) for any signature. Bytes are
served as they were put, so that a test can change each of them.
"""

from __future__ import annotations

import asyncio
import base64
import bisect
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from localaws.client.environment import environment
from localaws.cloudtrail.trailwriter import SigningKeys, Stored

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_PHRASES = {200: "OK", 301: "Moved", 400: "Bad", 403: "Forbidden", 404: "Not Found"}


@dataclass(frozen=True)
class Object:
    """What is stored under a key."""

    body: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)
    modified: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    storage_class: str = "STANDARD"


class ObjectStore:
    """The buckets, and what is to go wrong with them.

    `faults` names a fault by (bucket, key), with how often it happens: `denied`, `archived`,
    `hang`, `reset`, `cut`, `throttled`, `expired`, `moved` (to another Region).
    """

    def __init__(self, latency: float = 0.0) -> None:
        self.buckets: dict[str, dict[str, Object]] = {}
        self.faults: dict[tuple[str, str], list[str]] = {}
        self.trails: list[dict[str, Any]] = []
        self.keys = SigningKeys()
        self.organization = "o-exampleorgid"
        self.latency = latency
        self.requests: Counter[str] = Counter()
        self.regions: dict[str, str] = {}
        self.port = 0
        self.connections: set[asyncio.Transport] = set()
        self._sorted: dict[str, list[str]] = {}
        self._whole: dict[tuple[str, str], bytes] = {}

    # What tests do

    def put(self, stored: Stored, modified: datetime | None = None) -> None:
        """Store an object; by default as if written at the time in its name or long ago."""
        found = Object(stored.body, dict(stored.metadata))
        if modified is not None:
            found = replace(found, modified=modified)
        self.store(stored.bucket, stored.key, found)

    def store(self, bucket: str, key: str, found: Object) -> None:
        """Store an object under a key."""
        objects = self.buckets.setdefault(bucket, {})
        if key not in objects:
            self._sorted.pop(bucket, None)
        objects[key] = found

    def get(self, bucket: str, key: str) -> Object:
        """The object under a key."""
        return self.buckets[bucket][key]

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object."""
        del self.buckets[bucket][key]
        self._sorted.pop(bucket, None)

    def list(self, bucket: str, contains: str = "") -> list[str]:
        """The keys in order."""
        if bucket not in self._sorted:
            self._sorted[bucket] = sorted(self.buckets.get(bucket, ()))
        return [key for key in self._sorted[bucket] if contains in key]

    def fail(self, bucket: str, key: str, fault: str, times: int = 10_000) -> None:
        """Let requests for an object fail, so many times."""
        self.faults[bucket, key] = [fault] * times

    def environment(
        self, account: str = "111122223333", region: str = "us-east-1"
    ) -> dict[str, str]:
        """What leads a client here."""
        return environment(self.port, account, region)

    # What clients get

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        """The bytes of an answer; empty to cut the connection, None-like b'hang' to say nothing."""
        if method == "POST":
            return self._api(headers, body)
        parts = urlsplit(target)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        kind = "get" if key else "list"
        self.requests[kind] += 1
        fault = self.faults.get((bucket, key))
        if fault:
            return self._fault(fault.pop(), bucket, key)
        if bucket in self.regions and f"/{self.regions[bucket]}/" not in headers["authorization"]:
            return self._refuse(301, "PermanentRedirect", bucket)
        if "location" in query:
            return _answer(200, f'{_XML}<LocationConstraint xmlns="{_SPACE}"/>'.encode())
        if not key:
            return self._listing(bucket, query)
        found = self.buckets.get(bucket, {}).get(key)
        if found is None:
            return self._refuse(404, "NoSuchKey", bucket)
        meta = {f"x-amz-meta-{name}": value for name, value in found.metadata.items()}
        return _answer(200, found.body, {"Content-Encoding": "gzip", **meta})

    def _fault(self, fault: str, bucket: str, key: str) -> bytes:
        match fault:
            case "denied":
                return self._refuse(403, "AccessDenied", bucket)
            case "archived":
                return self._refuse(403, "InvalidObjectState", bucket)
            case "throttled":
                return self._refuse(503, "SlowDown", bucket)
            case "expired":
                return self._refuse(400, "ExpiredToken", bucket)
            case "cut":
                whole = _answer(200, self.buckets[bucket][key].body)
                return whole[: len(whole) // 2] + b"\0cut"
            case "hang":
                return b"\0hang"
            case _:
                return b""

    def _refuse(self, status: int, code: str, bucket: str) -> bytes:
        where = {"x-amz-bucket-region": self.regions[bucket]} if bucket in self.regions else {}
        text = f"{_XML}<Error><Code>{code}</Code><Message>{code} it is</Message></Error>"
        return _answer(status, text.encode(), where)

    def _listing(self, bucket: str, query: Mapping[str, str]) -> bytes:
        if bucket not in self.buckets:
            return self._refuse(404, "NoSuchBucket", bucket)
        prefix, version2 = query.get("prefix", ""), query.get("list-type") == "2"
        after = query.get("continuation-token") or query.get(
            "start-after" if version2 else "marker"
        )
        keys = self.list(bucket)
        first = max(
            bisect.bisect_right(keys, after) if after else 0, bisect.bisect_left(keys, prefix)
        )
        found: list[str] = []
        folders: list[str] = []
        delimiter = query.get("delimiter")
        more = False
        for key in keys[first : first + 200_000]:
            if not key.startswith(prefix):
                break
            if delimiter and delimiter in key[len(prefix) :]:
                folder = prefix + key[len(prefix) :].partition(delimiter)[0] + delimiter
                folders += [] if folder in folders[-1:] else [folder]
                continue
            if len(found) == int(query.get("max-keys", 1000)):
                more = True
                break
            found.append(key)
        objects = self.buckets[bucket]
        encode = quote if query.get("encoding-type") == "url" else escape
        rows = [
            f"<Contents><Key>{encode(key)}</Key><LastModified>"
            f"{objects[key].modified:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<Size>{len(objects[key].body)}</Size>"
            f"<StorageClass>{objects[key].storage_class}</StorageClass></Contents>"
            for key in found
        ]
        rows += [f"<CommonPrefixes><Prefix>{encode(f)}</Prefix></CommonPrefixes>" for f in folders]
        name = "NextContinuationToken" if version2 else "NextMarker"
        token = f"<{name}>{escape(found[-1])}</{name}>" if more else ""
        encoding = "<EncodingType>url</EncodingType>" if query.get("encoding-type") else ""
        text = (
            f'{_XML}<ListBucketResult xmlns="{_SPACE}"><Name>{bucket}</Name>{encoding}'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{''.join(rows)}"
            "</ListBucketResult>"
        )
        return _answer(200, text.encode())

    def _api(self, headers: Mapping[str, str], body: bytes) -> bytes:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        region = headers["authorization"].split("/")[2]
        asked = json.loads(body or b"{}")
        self.requests[operation] += 1
        fault = self.faults.get(("", operation))
        if fault and fault.pop():
            return _answer(400, b'{"__type":"AccessDeniedException","message":"no"}')
        answer: dict[str, Any]
        match operation:
            case "ListPublicKeys":
                start, end = (
                    datetime.fromtimestamp(float(asked[name]), UTC)
                    for name in ("StartTime", "EndTime")
                )
                answer = {"PublicKeyList": [
                    {
                        "Value": base64.b64encode(key.der).decode(),
                        "ValidityStartTime": key.start.timestamp(),
                        "ValidityEndTime": key.end.timestamp(),
                        "Fingerprint": key.fingerprint,
                    }
                    for key in self.keys.valid(region, start, end)
                ]}  # fmt: skip
            case "DescribeTrails":
                answer = {"trailList": self.trails}
            case "DescribeOrganization":
                answer = {"Organization": {"Id": self.organization}}
            case _:
                return _answer(400, b'{"__type":"UnknownOperationException"}')
        return _answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})


def _answer(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Slow')}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class _Connection(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._received = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._store.connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._store.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            head, separator, rest = self._received.partition(b"\r\n\r\n")
            if not separator:
                return
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            length = int(headers.get("content-length", 0))
            if headers.get("expect") == "100-continue" and len(rest) < length:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if len(rest) < length:
                return
            body, self._received = rest[:length], rest[length:]
            method, target, _ = first.split(" ", 2)
            answer = self._store.answer(method, target, headers, body)
            if self._store.latency:
                asyncio.get_running_loop().call_later(self._store.latency, self._write, answer)
            else:
                self._write(answer)

    def _write(self, answer: bytes) -> None:
        if answer == b"\0hang":
            return
        if answer.endswith(b"\0cut"):
            self._transport.write(answer.removesuffix(b"\0cut"))
            self._transport.close()
        elif answer:
            self._transport.write(answer)
        else:
            self._transport.abort()


async def serve(store: ObjectStore, port: int = 0) -> asyncio.Server:
    """Listen on the loopback; sets the store's port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(store), "127.0.0.1", port, backlog=512)
    store.port = server.sockets[0].getsockname()[1]
    return server


@contextmanager
def served(store: ObjectStore) -> Iterator[ObjectStore]:
    """The store on a thread, for as long as the block lasts."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(serve(store))
    thread = threading.Thread(target=loop.run_forever, name="object store", daemon=True)
    thread.start()
    try:
        yield store
    finally:
        asyncio.run_coroutine_threadsafe(_ended(store, server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _ended(store: ObjectStore, server: asyncio.Server) -> None:
    server.close()
    for transport in tuple(store.connections):
        transport.abort()
    await asyncio.sleep(0)  # the transports' sockets are closed in the loop's next round
    await asyncio.sleep(0)
