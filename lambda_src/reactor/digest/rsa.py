"""RSA PKCS#1 v1.5 signatures with SHA-256, verified as RFC 8017, section 8.2.2 says.

The block that the signature should decode to is built whole and compared whole. The decoded block
is not parsed, so that an attacker's choice of padding, length or identifier has no effect.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

# DigestInfo of SHA-256 up to the hash, DER (RFC 8017, section 9.2, note 1)
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_HASH_BYTES = 32
_SHORTEST_MODULUS, _LONGEST_MODULUS = 2048, 8192  # bits


class KeyFormatError(ValueError):
    """The bytes are no RSA public key in PKCS#1's DER form; the message says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Modulus and exponent of a public key."""

    modulus: int
    exponent: int

    @classmethod
    def from_der(cls, data: bytes) -> PublicKey:
        """Reads PKCS#1's RSAPublicKey, strictly: DER only, nothing before or after it.

        Raises KeyFormatError, also for moduli below 2,048 or above 8,192 bits and for exponents
        that are even or below 3.
        """
        body, rest = _element(data, 0x30)
        if rest:
            raise KeyFormatError("there are bytes after the key")
        modulus, body = _integer(body)
        exponent, body = _integer(body)
        if body:
            raise KeyFormatError("there are bytes after the exponent")
        if not _SHORTEST_MODULUS <= modulus.bit_length() <= _LONGEST_MODULUS or not modulus & 1:
            raise KeyFormatError(f"a modulus of {modulus.bit_length()} bits, or an even one")
        if exponent < 3 or not exponent & 1 or exponent >= modulus:
            raise KeyFormatError("an exponent that no RSA key has")
        return cls(modulus, exponent)

    def verifies(self, sha256: bytes, signature: bytes) -> bool:
        """True if this key made `signature` over a message whose SHA-256 hash is `sha256`."""
        size = (self.modulus.bit_length() + 7) // 8
        number = int.from_bytes(signature, "big")
        if len(sha256) != _HASH_BYTES or len(signature) != size or number >= self.modulus:
            return False
        decoded = pow(number, self.exponent, self.modulus).to_bytes(size, "big")
        tail = b"\x00" + _SHA256_INFO + sha256
        expected = b"\x00\x01" + b"\xff" * (size - 2 - len(tail)) + tail
        return hmac.compare_digest(decoded, expected)


def _element(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of a DER element and what follows it."""
    if len(data) < 2 or data[0] != tag:
        raise KeyFormatError(f"no DER element of type 0x{tag:02x} where one belongs")
    length, start = data[1], 2
    if length >= 0x80:
        octets = length & 0x7F
        start += octets
        # The indefinite form and forms that are longer than they must be are refused.
        if not 1 <= octets <= 2 or len(data) < start or data[2] == 0:
            raise KeyFormatError("a length that is not DER")
        length = int.from_bytes(data[2:start], "big")
        if length < 0x80:
            raise KeyFormatError("a length that is not DER")
    if len(data) < start + length:
        raise KeyFormatError("it ends too early")
    return data[start : start + length], data[start + length :]


def _integer(data: bytes) -> tuple[int, bytes]:
    """A positive INTEGER and what follows it."""
    content, rest = _element(data, 0x02)
    if not content or content[0] & 0x80:
        raise KeyFormatError("a number that is empty or negative")
    if content[0] == 0 and (len(content) == 1 or not content[1] & 0x80):
        raise KeyFormatError("a number that is zero or padded")
    return int.from_bytes(content, "big"), rest
