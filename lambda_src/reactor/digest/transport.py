"""Signed requests over pooled, kept-alive connections: botocore signs, urllib3 sends.

botocore's own clients take some 1.2 ms of processor time for a request, more than the work on a log
file takes. This module does what they do beyond signing: retries with growing pauses, renewed
credentials, buckets in other Regions, time-outs. Objects come over `wire` as long as their answers
are the usual ones.
"""

from __future__ import annotations

import json
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar
from urllib.parse import quote, unquote_plus, urlencode, urlsplit
from xml.etree import ElementTree

import urllib3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.httpsession import get_cert_path
from botocore.session import get_session
from botocore.utils import get_environ_proxies

from reactor.digest.wire import Credentials, RefusedError, Signer, UnusualError, Wire

if TYPE_CHECKING:
    from botocore.session import Session
    from urllib3 import BaseHTTPResponse, HTTPConnectionPool

T = TypeVar("T")
_ERROR_CODE = re.compile(rb"<Code>([^<]+)</Code>")
_ERROR_MESSAGE = re.compile(rb"<Message>([^<]+)</Message>")
_ERROR_BYTES = 16_384
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_PASSING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "InternalError",
        "InternalFailure",
        "KMS.ThrottlingException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_EXPIRED_CODES = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)
_DNS_SUFFIXES = (
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
)
_JSON_SERVICES = {"cloudtrail": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"}
_S3_XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class AccessError(Exception):
    """A request that AWS answered with an error, or did not answer; `code` is AWS's."""

    def __init__(self, message: str, code: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect and to wait for bytes, tries a request, longest pause between tries."""

    connect: float = 5.0
    read: float = 20.0
    tries: int = 5
    longest_pause: float = 5.0


@dataclass(frozen=True, slots=True)
class Entry:
    """An object in a listing; `size` in bytes."""

    key: str
    modified: datetime
    size: int = 0


class Body(Protocol):
    """An answer's headers, and its bytes as they come."""

    @property
    def headers(self) -> Mapping[str, str]: ...
    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end. Raises an error if the end comes early."""
        ...


class _Place(NamedTuple):
    """The way to a bucket's objects; no wire if a proxy is in between."""

    wire: Wire | None
    host: str
    path: str


class Direct(NamedTuple):
    """All that another process needs to get a bucket's objects over `wire`: plain values."""

    secure: bool
    name: str
    port: int
    host: str
    path: str
    region: str
    bundle: str
    credentials: Credentials


class Transport:
    """Requests to S3 and CloudTrail. Safe to use from many threads.

    `connections` is how many are kept per host; `endpoint_url` and the environment's
    AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 and so on lead elsewhere than to AWS.
    """

    def __init__(
        self,
        region: str,
        connections: int = 64,
        limits: Limits | None = None,
        session: Callable[[], Session] = get_session,
    ) -> None:
        self._region = region
        self._limits = limits or Limits()
        self._make_session = session
        self._session = session()
        self._connections = connections
        self._pools: dict[str, HTTPConnectionPool] = {}
        self._managers: dict[str, urllib3.PoolManager] = {}
        self._endpoints: dict[str, str | None] = {}
        self._bucket_regions: dict[str, str] = {}
        self._lock = threading.Lock()
        self._credentials: Any = None
        self._generation = 0
        self._signer = Signer()
        self._places: dict[tuple[str, str], _Place] = {}
        self._wires: dict[str, Wire | None] = {}

    def close(self) -> None:
        """Close the connections."""
        for manager in self._managers.values():
            manager.clear()
        for wire in self._wires.values():
            if wire is not None:
                wire.close()

    # S3

    def get(self, bucket: str, key: str, consume: Callable[[Body], T]) -> T:
        """The result of `consume` for the object.

        `consume` is called again if the connection breaks. Raises AccessError; an error of
        `consume` itself passes through.
        """
        path = quoted(key)

        def attempt() -> T:
            region = self._bucket_region(bucket)
            place = self._places.get((bucket, region)) or self._place(bucket, region)
            if place.wire is not None:
                headers = self._signer.headers(
                    self._keys(), region, place.host, place.path + path, time.time()
                )
                try:
                    return place.wire.get(place.path + path, headers, consume)
                except RefusedError as error:
                    raise _AnsweredError(error.status, error.headers, error.body) from None
                except UnusualError:
                    pass  # asked again by who knows all of HTTP
            url = self._bucket_url(bucket, path)
            return self._send("GET", url, "s3", region, None, {}, consume)

        return self._retried(attempt, bucket)

    def direct(self, bucket: str) -> Direct | None:
        """The way to get a bucket's objects without this transport; None where that can't be."""
        region = self._bucket_region(bucket)
        place = self._places.get((bucket, region)) or self._place(bucket, region)
        if place.wire is None:
            return None
        name, port = place.wire.address
        bundle = self._bundle() if place.wire.secure else ""
        keys = self._keys()
        return Direct(place.wire.secure, name, port, place.host, place.path, region, bundle, keys)

    def _keys(self) -> Credentials:
        found = self._signing_credentials()
        return Credentials(found.access_key, found.secret_key, found.token or "")

    def _place(self, bucket: str, region: str) -> _Place:
        """The way to a bucket's objects."""
        parts = urlsplit(self._bucket_url(bucket, ""))
        base = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if base not in self._wires:
                self._wires[base] = self._wire(base)
            place = _Place(self._wires[base], parts.netloc, parts.path)
            self._places[bucket, region] = place
        return place

    def _wire(self, base: str) -> Wire | None:
        parts = urlsplit(base)
        if not parts.hostname or get_environ_proxies(base).get(parts.scheme):
            return None
        secure = parts.scheme == "https"
        context = ssl.create_default_context(cafile=self._bundle()) if secure else None
        port = parts.port or (443 if secure else 80)
        return Wire(parts.hostname, port, context, self._limits.connect, self._limits.read)

    def _bundle(self) -> str:
        return str(self._session.get_config_variable("ca_bundle") or get_cert_path(True))

    def pages(self, bucket: str, prefix: str, after: str = "") -> Iterator[list[Entry]]:
        """The objects below a prefix that sort after `after`, a page of 1,000 at a time."""
        for page in self._list(bucket, {"prefix": prefix, "start-after": after}):
            yield _entries(page)

    def folders(self, bucket: str, prefix: str) -> list[str]:
        """The names between a prefix and the next slash."""
        return self.level(bucket, prefix)[0]

    def level(self, bucket: str, prefix: str, pages: int = 1_000) -> tuple[list[str], list[Entry]]:
        """The folders right below a prefix (their names), and the objects; of so many pages."""
        folders, objects = [], []
        for page in islice(self._list(bucket, {"prefix": prefix, "delimiter": "/"}), pages):
            objects += _entries(page)
            for each in page.iter(f"{_S3_XML}CommonPrefixes"):
                whole = unquote_plus(each.findtext(f"{_S3_XML}Prefix", ""))
                folders.append(whole[len(prefix) :].removesuffix("/"))
        return folders, objects

    def _list(self, bucket: str, parameters: Mapping[str, str]) -> Iterator[ElementTree.Element]:
        wanted = {"list-type": "2", "encoding-type": "url", **parameters}
        wanted = {name: value for name, value in wanted.items() if value}
        while True:
            query = urlencode(sorted(wanted.items()), quote_via=quote, safe="~")

            def attempt(query: str = query) -> bytes:
                url = self._bucket_url(bucket, "", query)
                region = self._bucket_region(bucket)
                return self._send("GET", url, "s3", region, None, {}, _whole)

            page = ElementTree.fromstring(self._retried(attempt, bucket))  # noqa: S314 - from S3
            yield page
            token = page.findtext(f"{_S3_XML}NextContinuationToken")
            if page.findtext(f"{_S3_XML}IsTruncated") != "true" or not token:
                return
            wanted["continuation-token"] = token

    def _bucket_region(self, bucket: str) -> str:
        return self._bucket_regions.get(bucket, self._region)

    def _bucket_url(self, bucket: str, path: str, query: str = "") -> str:
        region = self._bucket_region(bucket)
        endpoint = self._configured("s3")
        if endpoint:
            base = f"{endpoint}/{bucket}"
        elif "." in bucket:  # no certificate covers such a host name
            base = f"https://s3.{region}.{dns_suffix(region)}/{bucket}"
        else:
            base = f"https://{bucket}.s3.{region}.{dns_suffix(region)}"
        return f"{base}/{path}?{query}" if query else f"{base}/{path}"

    # CloudTrail

    def call(self, service: str, operation: str, region: str, parameters: object) -> dict[str, Any]:
        """The answer of an API that speaks JSON; raises AccessError."""
        body = json.dumps(parameters).encode()
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{_JSON_SERVICES[service]}.{operation}",
        }
        endpoint = self._configured(service)
        url = f"{endpoint or f'https://{service}.{region}.{dns_suffix(region)}'}/"

        def attempt() -> bytes:
            return self._send("POST", url, service, region, body, dict(headers), _whole)

        answer: dict[str, Any] = json.loads(self._retried(attempt, ""))
        return answer

    # Common to both

    def _retried(self, attempt: Callable[[], T], bucket: str) -> T:
        pause, moved, renewed = 0.1, False, False
        for left in reversed(range(self._limits.tries + 2)):
            generation = self._generation
            try:
                return attempt()
            except _AnsweredError as error:
                elsewhere = error.bucket_region
                if bucket and elsewhere and elsewhere != self._bucket_region(bucket) and not moved:
                    self._bucket_regions[bucket] = elsewhere
                    moved = True
                    continue
                if error.code in _EXPIRED_CODES and not renewed:
                    self._renew(generation)
                    renewed = True
                    continue
                passing = error.code in _PASSING_CODES or error.status in (429, 500, 502, 503, 504)
                if not passing or left <= 2:
                    raise AccessError(str(error), error.code, error.status) from None
            except (OSError, urllib3.exceptions.HTTPError) as error:
                if left <= 2:
                    raise AccessError(_told(error)) from None
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter, no secret
            pause = min(pause * 2, self._limits.longest_pause)
        raise AccessError("no answer that could be used")

    def _send(
        self,
        method: str,
        url: str,
        service: str,
        region: str,
        body: bytes | None,
        headers: dict[str, str],
        consume: Callable[[Body], T],
    ) -> T:
        request = AWSRequest(method=method, url=url, data=body, headers=headers)
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(self._signing_credentials(), service, region).add_auth(request)
        pool, target = self._pool(url)
        response = pool.urlopen(
            method,
            target,
            body=body,
            headers=dict(request.headers.items()),
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            assert_same_host=False,
            timeout=urllib3.Timeout(connect=self._limits.connect, read=self._limits.read),
        )
        try:
            _refuse_errors(response)
            result = consume(response)
            response.drain_conn()
        except BaseException:
            response.close()  # with bytes left in it, the connection can't be used again
            raise
        finally:
            response.release_conn()
        return result

    def _pool(self, url: str) -> tuple[HTTPConnectionPool, str]:
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc}"
        pool = self._pools.get(base)
        if pool is None:
            with self._lock:
                manager = self._manager(base)
                pool = manager.connection_from_url(base)
                self._pools[base] = pool
        # A proxy gets the whole URL, except for a request that goes through a tunnel.
        return pool, url if pool.proxy and parts.scheme == "http" else url[len(base) :]

    def _manager(self, base: str) -> urllib3.PoolManager:
        proxies = get_environ_proxies(base)
        proxy = proxies.get(urlsplit(base).scheme, "")
        if proxy not in self._managers:
            options: dict[str, Any] = {
                "maxsize": self._connections,
                "cert_reqs": "CERT_REQUIRED",
                "ca_certs": self._bundle(),
            }
            self._managers[proxy] = (
                urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
            )
        return self._managers[proxy]

    def _configured(self, service: str) -> str | None:
        if service not in self._endpoints:
            import os

            ignored = str(self._session.get_config_variable("ignore_configured_endpoint_urls"))
            provider = ConfiguredEndpointProvider(
                full_config=self._session.full_config,
                scoped_config=self._session.get_scoped_config(),
                client_name=service,
                environ=dict(os.environ),
            )
            found = None if ignored.lower() == "true" else provider.provide()
            self._endpoints[service] = str(found).rstrip("/") if found else None
        return self._endpoints[service]

    def _signing_credentials(self) -> Any:
        credentials = self._credentials
        if credentials is None:
            with self._lock:
                if self._credentials is None:
                    self._credentials = self._session.get_credentials()
                credentials = self._credentials
            if credentials is None:
                raise AccessError(
                    "there are no AWS credentials: set a profile or AWS_ACCESS_KEY_ID"
                )
        return credentials.get_frozen_credentials()  # renews credentials that are about to expire

    def _renew(self, generation: int) -> None:
        """Reads the credentials again, once for all threads that found them expired."""
        with self._lock:
            if self._generation == generation:
                self._session = self._make_session()
                self._credentials = self._session.get_credentials()
                self._generation += 1


class _AnsweredError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.bucket_region = headers.get("x-amz-bucket-region", "")
        self.code, message = _error(body, status)
        super().__init__(f"{self.code or status}: {message}" if message else self.code)


def _refuse_errors(response: BaseHTTPResponse) -> None:
    if response.status != 200:
        raise _AnsweredError(response.status, response.headers, response.read(_ERROR_BYTES))


def _error(body: bytes, status: int) -> tuple[str, str]:
    code, message = _ERROR_CODE.search(body), _ERROR_MESSAGE.search(body)
    if code:
        told = message[1] if message else b""
        return code[1].decode("utf-8", "replace"), told.decode("utf-8", "replace")
    try:
        data = json.loads(body)
        kind = str(data.get("__type", "")).rpartition("#")[2]
        return kind, str(data.get("message") or data.get("Message") or "")
    except (ValueError, AttributeError):
        return "", f"HTTP status {status}"


def _entries(page: ElementTree.Element) -> list[Entry]:
    return [
        Entry(
            unquote_plus(each.findtext(f"{_S3_XML}Key", "")),
            _time(each.findtext(f"{_S3_XML}LastModified", "")),
            int(each.findtext(f"{_S3_XML}Size") or 0),
        )
        for each in page.iter(f"{_S3_XML}Contents")
    ]


def _told(error: Exception) -> str:
    if isinstance(error, (TimeoutError, urllib3.exceptions.TimeoutError)):
        return "timed out"
    return f"the connection failed ({type(error).__name__})"


def _whole(body: Body) -> bytes:
    chunks = []
    while chunk := body.read(1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def quoted(key: str) -> str:
    """A key as it stands in the path of a request."""
    return quote(key, safe="/~")


def dns_suffix(region: str) -> str:
    """The suffix of host names of a Region's services."""
    return next((s for start, s in _DNS_SUFFIXES if region.startswith(start)), "amazonaws.com")
