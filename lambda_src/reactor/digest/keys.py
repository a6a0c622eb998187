"""The public keys that CloudTrail signs a Region's digests with.

https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from reactor.digest.rsa import KeyFormatError, PublicKey

_AROUND = timedelta(hours=1)
# Who may write to the bucket chooses the times there; CloudTrail's own are between these.
_FIRST, _LAST = datetime(2012, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)


class Api(Protocol):
    """A client that can call CloudTrail."""

    def call(
        self, service: str, operation: str, region: str, parameters: object
    ) -> dict[str, Any]: ...


class PublicKeys:
    """One Region's keys by fingerprint, fetched once for a range of time.

    Keys of other Regions don't count: a digest proves only what its own Region signed.
    """

    def __init__(self, api: Api, region: str) -> None:
        self._api = api
        self._region = region
        self._keys: dict[str, PublicKey] = {}
        self._asked: list[tuple[datetime, datetime]] = []
        self._lock = threading.Lock()

    def load(self, start: datetime, end: datetime) -> None:
        """Asks for the keys that were valid in a range of time; raises the transport's errors."""
        with self._lock:
            if any(a <= start and end <= b for a, b in self._asked):
                return
            parameters: dict[str, object] = {
                "StartTime": start.timestamp(),
                "EndTime": end.timestamp(),
            }
            while True:
                answer = self._api.call("cloudtrail", "ListPublicKeys", self._region, parameters)
                for each in answer.get("PublicKeyList", ()):
                    key = _read(each.get("Value"))
                    if key is not None:
                        self._keys[str(each.get("Fingerprint"))] = key
                token = answer.get("NextToken")
                if not token:
                    break
                parameters["NextToken"] = token
            self._asked.append((start, end))

    def find(self, fingerprint: str, when: datetime) -> PublicKey | None:
        """The key of a fingerprint. A key that is not known yet is looked up around a time."""
        found = self._keys.get(fingerprint)
        if found is None and _FIRST < when < _LAST:
            self.load(when - _AROUND, when + _AROUND)
            found = self._keys.get(fingerprint)
        return found


Finder = Callable[[str, datetime], PublicKey | None]


def _read(value: object) -> PublicKey | None:
    """A key that can't be read verifies nothing."""
    try:
        return PublicKey.from_der(base64.b64decode(str(value), validate=True))
    except (KeyFormatError, binascii.Error):
        return None
