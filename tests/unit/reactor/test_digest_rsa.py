"""RSA signatures: agreement with `cryptography`; the forgeries that the literature knows fail."""

from __future__ import annotations

import hashlib
from functools import cache

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from reactor.digest.rsa import KeyFormatError, PublicKey

pytestmark = pytest.mark.unit

MESSAGE = b"2026-01-10T01:00:00Z\nbucket/key\nhash\nnull"
HASH = hashlib.sha256(MESSAGE).digest()
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
SIZE = 256


@cache
def made(exponent: int, number: int) -> rsa.RSAPrivateKey:
    del number  # one key each
    return rsa.generate_private_key(exponent, 2048)


def private(exponent: int = 65537, number: int = 0) -> rsa.RSAPrivateKey:
    return made(exponent, number)


def public(exponent: int = 65537, number: int = 0) -> PublicKey:
    numbers = private(exponent, number).public_key().public_numbers()
    return PublicKey(numbers.n, numbers.e)


def encoded(block: bytes, exponent: int = 65537) -> bytes:
    """What decodes to a block: only who holds the key can make it."""
    numbers = private(exponent).private_numbers()
    modulus = numbers.public_numbers.n
    return pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes(SIZE, "big")


def padded(tail: bytes, kind: bytes = b"\x00\x01", fill: bytes = b"\xff") -> bytes:
    return kind + fill * (SIZE - len(kind) - 1 - len(tail)) + b"\x00" + tail


GOOD = padded(SHA256 + HASH)


def accepted_by_cryptography(signature: bytes, message: bytes) -> bool:
    try:
        private().public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


@settings(max_examples=60)
@given(message=st.binary(max_size=500), flip=st.integers(0, SIZE * 8 - 1), other=st.binary())
def test_agrees_with_cryptography(message: bytes, flip: int, other: bytes) -> None:
    signature = private().sign(message, padding.PKCS1v15(), hashes.SHA256())
    found = hashlib.sha256(message).digest()
    assert public().verifies(found, signature)
    flipped = bytearray(signature)
    flipped[flip // 8] ^= 1 << flip % 8
    for attempt, text in ((bytes(flipped), message), (signature, other), (other, message)):
        expected = accepted_by_cryptography(attempt, text)
        assert public().verifies(hashlib.sha256(text).digest(), attempt) is expected


def test_the_encoding_is_the_one_that_is_signed() -> None:
    """So that the forgeries below fail for what they change and nothing else."""
    assert encoded(GOOD) == private().sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert public().verifies(HASH, encoded(GOOD))
    assert public(3).verifies(HASH, encoded(GOOD, 3))


SHA1 = bytes.fromhex("3021300906052b0e03021a05000414")
SHA512 = bytes.fromhex("3051300d060960864801650304020305000440")
WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201" + "0420")
FORGERIES = {
    "padding too short, bytes after the hash": (
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + SHA256 + HASH
    ).ljust(SIZE, b"\x11"),
    "padding too short, zeros after the hash": (
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + SHA256 + HASH
    ).ljust(SIZE, b"\x00"),
    "no padding at all": (b"\x00\x01\x00" + SHA256 + HASH).ljust(SIZE, b"\x00"),
    "one byte after the hash": padded(SHA256 + HASH + b"\x00"),
    "padding of other bytes": padded(SHA256 + HASH, fill=b"\xfe"),
    "one other byte in the padding": GOOD[:50] + b"\xfe" + GOOD[51:],
    "a zero within the padding": GOOD[:50] + b"\x00" + GOOD[51:],
    "padding of encryption": padded(SHA256 + HASH, kind=b"\x00\x02"),
    "padding of zeros, type 0": padded(SHA256 + HASH, kind=b"\x00\x00", fill=b"\x00"),
    "no leading zero": b"\x01"
    + b"\xff" * (SIZE - 2 - len(SHA256 + HASH))
    + b"\x00"
    + SHA256
    + HASH,
    "no separator": b"\x00\x01" + b"\xff" * (SIZE - 2 - len(SHA256 + HASH)) + SHA256 + HASH,
    "SHA-1's identifier": padded(SHA1 + hashlib.sha1(MESSAGE).digest()),
    "SHA-1's identifier on this hash": padded(SHA1 + HASH[:20]),
    "SHA-512's identifier": padded(SHA512 + hashlib.sha512(MESSAGE).digest()),
    "SHA-512's identifier on this hash": padded(SHA512[:-1] + b"\x20" + HASH),
    "the hash alone": padded(HASH),
    "missing NULL": padded(WITHOUT_NULL + HASH),
    "other parameters than NULL": padded(
        bytes.fromhex("3033300f0609608648016503040201") + b"\x04\x02xx" + b"\x04\x20" + HASH
    ),
    "garbage in the NULL's place": padded(SHA256.replace(b"\x05\x00", b"\x05\x01") + HASH),
    "BER: long length of the sequence": padded(b"\x30\x81\x31" + SHA256[2:] + HASH),
    "BER: padded length of the hash": padded(SHA256[:-1] + b"\x81\x20" + HASH),
    "BER: indefinite length": padded(b"\x30\x80" + SHA256[2:] + HASH + b"\x00\x00"),
    "a constructed string": padded(SHA256.replace(b"\x04\x20", b"\x24\x20") + HASH),
    "another hash": padded(SHA256 + hashlib.sha256(b"other").digest()),
    "another hash's tail": padded(SHA256 + HASH[:-1] + b"\x00"),
    "nothing": bytes(SIZE),
    "ones": b"\x00" + b"\xff" * (SIZE - 1),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_block_that_is_not_to_the_letter_is_refused(name: str) -> None:
    block = FORGERIES[name]
    assert len(block) == SIZE
    number = int.from_bytes(block, "big")
    if number >= public().modulus:
        block = bytes([0]) + block[1:]
    assert block != GOOD
    signature = encoded(block)
    assert pow(int.from_bytes(signature, "big"), 65537, public().modulus) == int.from_bytes(
        block, "big"
    )
    assert not public().verifies(HASH, signature)


def cube_root_above(number: int) -> int:
    low, high = 0, 1 << (number.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < number else (low, middle)
    return low


def test_small_exponent_forgery_without_the_key() -> None:
    """A cube whose first bytes look right: parsers that stop at the hash fall for it."""
    start = b"\x00\x01" + b"\xff" * 8 + b"\x00" + SHA256 + HASH
    root = cube_root_above(int.from_bytes(start.ljust(SIZE, b"\x00"), "big"))
    assert (root**3).to_bytes(SIZE, "big").startswith(start)
    assert not public(3).verifies(HASH, root.to_bytes(SIZE, "big"))


def test_small_exponent_forgery_of_the_end() -> None:
    """A cube whose last bytes look right: parsers that read from the end fall for it."""
    tail = int.from_bytes(b"\x00" + SHA256 + HASH[:-1] + bytes([HASH[-1] | 1]), "big")
    bits = 8 * (1 + len(SHA256) + len(HASH))
    root = 1
    for bit in range(1, bits):  # the cube root modulo a power of two, bit by bit
        if (root**3 - tail) >> bit & 1:
            root |= 1 << bit
    assert root**3 % (1 << bits) == tail
    odd_hash = HASH[:-1] + bytes([HASH[-1] | 1])
    assert not public(3).verifies(odd_hash, root.to_bytes(SIZE, "big"))


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00", id="a zero byte"),
        pytest.param(bytes(SIZE), id="zero"),
        pytest.param(bytes(SIZE - 1) + b"\x01", id="one"),
        pytest.param(b"\x00" + encoded(GOOD), id="a zero before"),
        pytest.param(encoded(GOOD) + b"\x00", id="a zero after"),
        pytest.param(encoded(GOOD)[1:], id="a byte less"),
        pytest.param(b"\xff" * SIZE, id="all ones"),
        pytest.param(public().modulus.to_bytes(SIZE, "big"), id="the modulus"),
        pytest.param((public().modulus - 1).to_bytes(SIZE, "big"), id="the modulus less one"),
        pytest.param((public().modulus + 1).to_bytes(SIZE, "big"), id="the modulus and one"),
        pytest.param(
            (int.from_bytes(encoded(GOOD), "big") + public().modulus).to_bytes(SIZE + 1, "big"),
            id="above the modulus",
        ),
        pytest.param(GOOD, id="the encoded block"),
    ],
)
def test_numbers_that_are_no_signature(signature: bytes) -> None:
    assert not public().verifies(HASH, signature)


def test_a_signature_above_the_modulus_counts_for_nothing() -> None:
    """s + n decodes to the same block; only s is the signature."""
    signature = int.from_bytes(encoded(GOOD), "big") + public().modulus
    if signature.bit_length() <= SIZE * 8:
        assert not public().verifies(HASH, signature.to_bytes(SIZE, "big"))


def test_the_wrong_key() -> None:
    assert not public(number=1).verifies(HASH, encoded(GOOD))


def test_a_hash_of_another_length() -> None:
    assert not public().verifies(HASH[:20], encoded(padded(SHA256 + HASH[:20])))
    assert not public().verifies(b"", encoded(padded(SHA256)))


# Keys


def der(exponent: int = 65537) -> bytes:
    return private(exponent).public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_reads_keys_as_cryptography_writes_them(bits: int) -> None:
    key = rsa.generate_private_key(65537, bits).public_key()
    read = PublicKey.from_der(key.public_bytes(Encoding.DER, PublicFormat.PKCS1))
    assert (read.modulus, read.exponent) == (key.public_numbers().n, 65537)


def integer(content: bytes) -> bytes:
    size = len(content)
    return b"\x02" + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + content


def sequence(content: bytes) -> bytes:
    return b"\x30\x82" + len(content).to_bytes(2, "big") + content


MODULUS = b"\x00" + public().modulus.to_bytes(SIZE, "big")
EXPONENT = integer(b"\x01\x00\x01")
BAD_KEYS = {
    "nothing": b"",
    "one byte": b"\x30",
    "cut short": der()[:-1],
    "bytes after it": der() + b"\x00",
    "an element after the exponent": sequence(integer(MODULUS) + EXPONENT + EXPONENT),
    "no exponent": sequence(integer(MODULUS)),
    "SubjectPublicKeyInfo": private()
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "a set": b"\x31" + der()[1:],
    "indefinite length": b"\x30\x80" + der()[4:] + b"\x00\x00",
    "length in three octets": b"\x30\x83\x00" + der()[2:],
    "length longer than needed": sequence(integer(MODULUS) + b"\x02\x81\x03\x01\x00\x01"),
    "negative modulus": sequence(integer(MODULUS[1:]) + EXPONENT),
    "padded modulus": sequence(integer(b"\x00" + MODULUS) + EXPONENT),
    "zero modulus": sequence(integer(b"\x00") + EXPONENT),
    "empty modulus": sequence(integer(b"") + EXPONENT),
    "even modulus": sequence(integer(MODULUS[:-1] + b"\x00") + EXPONENT),
    "small modulus": sequence(integer(b"\x00" + b"\xff" * 128) + EXPONENT),
    "huge modulus": sequence(integer(b"\x00" + b"\xff" * 1025) + EXPONENT),
    "exponent 1": sequence(integer(MODULUS) + integer(b"\x01")),
    "even exponent": sequence(integer(MODULUS) + integer(b"\x04")),
    "exponent above the modulus": sequence(integer(MODULUS) + integer(b"\x01" + MODULUS)),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_keys_are_read_strictly(name: str) -> None:
    with pytest.raises(KeyFormatError):
        PublicKey.from_der(BAD_KEYS[name])


@settings(max_examples=200)
@given(st.binary(max_size=600))
def test_any_bytes_are_a_key_or_refused(data: bytes) -> None:
    with pytest.raises(KeyFormatError):
        PublicKey.from_der(data)


def test_helpers_of_this_module_are_sound() -> None:
    assert sequence(integer(MODULUS) + EXPONENT) == der()
    assert cube_root_above(10**90) == 10**30
    assert cube_root_above(10**90 + 1) == 10**30 + 1
