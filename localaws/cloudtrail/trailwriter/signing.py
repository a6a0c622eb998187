"""Keys that digests are signed with, one a Region, and how ListPublicKeys tells of them."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_BITS = 2048
_ALWAYS = (datetime(2013, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class SigningKey:
    """A private key and the time it is said to be valid in."""

    private: rsa.RSAPrivateKey
    start: datetime = _ALWAYS[0]
    end: datetime = _ALWAYS[1]

    @classmethod
    def make(cls, start: datetime = _ALWAYS[0], end: datetime = _ALWAYS[1]) -> SigningKey:
        """A new key of 2,048 bits."""
        return cls(rsa.generate_private_key(65537, _BITS), start, end)

    @property
    def der(self) -> bytes:
        """The public key in PKCS#1's DER form."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that name the key in digests."""
        return hashlib.md5(self.der, usedforsecurity=False).hexdigest()

    def sign(self, text: bytes) -> str:
        """The signature, hexadecimal, as it stands in an object's metadata."""
        return self.private.sign(text, padding.PKCS1v15(), hashes.SHA256()).hex()

    def describe(self) -> dict[str, Any]:
        """The members of API_PublicKey."""
        return {
            "Value": self.der,
            "ValidityStartTime": self.start,
            "ValidityEndTime": self.end,
            "Fingerprint": self.fingerprint,
        }


class SigningKeys:
    """The keys of all Regions, each made when it is first needed."""

    def __init__(self) -> None:
        self._keys: dict[str, list[SigningKey]] = {}
        self._lock = threading.Lock()

    def of(self, region: str) -> SigningKey:
        """The key that a Region signs with now."""
        with self._lock:
            if region not in self._keys:  # making one takes a tenth of a second and more
                self._keys[region] = [SigningKey.make()]
            return self._keys[region][-1]

    def valid(self, region: str, start: datetime, end: datetime) -> list[SigningKey]:
        """The Region's keys that were valid at any time of a range."""
        self.of(region)
        return [key for key in self._keys[region] if key.start <= end and start <= key.end]
