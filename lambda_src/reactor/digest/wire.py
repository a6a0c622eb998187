"""GetObject with as little as possible between the socket and who reads the object.

Most of what a validation asks for is answered with 200 and a Content-Length: for that, a client
that knows all of HTTP takes several times the processor's time of all that is done to a log file.
An error is a RefusedError; every other answer is an UnusualError, for such a client to ask again.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from ssl import SSLContext

T = TypeVar("T")
_RECEIVE = 1 << 18
_LONGEST_HEAD = 1 << 16
_NOTHING = hashlib.sha256(b"").hexdigest()


_ERROR_BYTES = 16_384
_LAST_CHUNK = b"0\r\n\r\n"


class UnusualError(Exception):
    """An answer that is not the usual one."""


class RefusedError(Exception):
    """An answer with another status than 200; `body` may have marks of chunks in it."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(str(status))
        self.status = status
        self.headers = headers
        self.body = body


class Credentials(NamedTuple):
    """Keys to sign with; `token` is empty where they last."""

    access_key: str
    secret_key: str
    token: str


class Signer:
    """Signs GET requests to S3; the key is derived once for a day and Region.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str, str], bytes] = {}

    def headers(
        self, credentials: Credentials, region: str, host: str, path: str, now: float
    ) -> str:
        """The request's headers, a line each; `path` is encoded, `now` in seconds since 1970."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        day = stamp[:8]
        named = {"host": host, "x-amz-content-sha256": _NOTHING, "x-amz-date": stamp}
        if credentials.token:
            named["x-amz-security-token"] = credentials.token
        lines = "".join(f"{name}:{value}\n" for name, value in named.items())
        names = ";".join(named)
        request = f"GET\n{path}\n\n{lines}\n{names}\n{_NOTHING}"
        scope = f"{day}/{region}/s3/aws4_request"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        signed = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
        key = self._key(credentials.secret_key, day, region)
        signature = hmac.digest(key, signed.encode(), "sha256").hex()
        return (
            f"{lines}authorization:AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}\n"
        )

    def _key(self, secret_key: str, day: str, region: str) -> bytes:
        named = (secret_key, day, region)
        key = self._keys.get(named)
        if key is None:
            key = f"AWS4{secret_key}".encode()
            for part in (day, region, "s3", "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._keys = {**dict(list(self._keys.items())[-16:]), named: key}
        return key


class Answer:
    """An answer's headers, by their names in small letters, and its bytes as they come."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        received = connection.recv(_LONGEST_HEAD)
        while (end := received.find(b"\r\n\r\n")) < 0:
            more = connection.recv(_LONGEST_HEAD) if received else b""
            if not more or len(received) > _LONGEST_HEAD:
                raise ConnectionResetError("it was closed before it answered")
            received += more
        version, *lines = received[:end].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        self.headers: Mapping[str, str] = {
            name.lower(): value.strip(" \t") for name, _, value in pairs
        }
        length = self.headers.get("content-length", "")
        told = length.isascii() and length.isdigit() and "transfer-encoding" not in self.headers
        self._rest = received[end + 4 :]
        self._missing = int(length) - len(self._rest) if told else 0
        status = version[9:12]
        if not version.startswith("HTTP/1.1 ") or not status.isdigit() or self._missing < 0:
            raise UnusualError("it is not HTTP")
        if status != "200":
            raise RefusedError(int(status), self.headers, self._error(told))
        if not told:
            raise UnusualError("it does not tell its length")

    def _error(self, told: bool) -> bytes:
        """The begin of what an error says."""
        body = self._rest
        while len(body) < _ERROR_BYTES:
            if (self._missing <= 0) if told else body.endswith(_LAST_CHUNK):
                break
            more = self._connection.recv(_ERROR_BYTES)
            if not more:
                break
            body += more
            self._missing -= len(more)
        return body

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end. Raises OSError where that comes early."""
        if self._rest:
            found, self._rest = self._rest[:size], self._rest[size:]
            return found
        if not self._missing:
            return b""
        found = self._connection.recv(min(size, self._missing, _RECEIVE))
        if not found:
            raise ConnectionResetError("it was closed before its end")
        self._missing -= len(found)
        return found

    @property
    def can_stay(self) -> bool:
        """Whether the connection can be used again."""
        if self.headers.get("connection", "").lower() == "close":
            return False
        return not self._missing and not self._rest


class Wire:
    """Kept-alive connections to one host. Safe to use from many threads.

    `context` is for TLS; `connect` and `read` are seconds to wait.
    """

    def __init__(
        self, host: str, port: int, context: SSLContext | None, connect: float, read: float
    ) -> None:
        self.address = (host, port)
        self.secure = context is not None
        self._context = context
        self._limits = (connect, read)
        self._idle: deque[socket.socket] = deque()

    def get(self, path: str, headers: str, consume: Callable[[Answer], T]) -> T:
        """What `consume` makes of the answer. Raises OSError and UnusualError.

        `headers` end with a line feed each.
        """
        request = f"GET {path} HTTP/1.1\n{headers}\n".replace("\n", "\r\n").encode("latin-1")
        while True:
            connection, fresh = self._connection()
            try:
                try:
                    connection.sendall(request)
                    answer = Answer(connection)
                except TimeoutError:
                    raise
                except OSError:
                    if fresh:
                        raise
                    connection.close()
                    continue  # it was closed while nobody used it
                result = consume(answer)
            except BaseException:
                connection.close()
                raise
            if answer.can_stay:
                self._idle.append(connection)
            else:
                connection.close()
            return result

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _connection(self) -> tuple[socket.socket, bool]:
        try:
            return self._idle.pop(), False
        except IndexError:
            pass
        connect, read = self._limits
        connection = socket.create_connection(self.address, connect)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_hostname=self.address[0])
            connection.settimeout(read)
        except BaseException:
            connection.close()
            raise
        return connection, True
