"""IP addresses and CIDR blocks as strings of hexadecimal digits, which compare like numbers.

An address is 8 (IPv4) or 32 (IPv6) upper-case digits. What counts as an address is what Java's
`InetAddress` reads, since event-ruler asks it: leading zeros are decimal, and an IPv6 address
that maps an IPv4 one is that IPv4 address.
"""

from __future__ import annotations

import re
from functools import lru_cache

_IPV4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+")
_IPV6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*")
_IPV4_LONGEST = 15
_MAPPED = "0" * 20 + "FFFF"


@lru_cache(maxsize=8192)
def address_digits(text: str) -> str | None:
    """The digits of the address that ``text`` spells, or ``None`` if it spells none."""
    if _IPV4.fullmatch(text):
        if len(text) > _IPV4_LONGEST:
            return None
        octets = [int(part) for part in text.split(".")]
        return None if max(octets) > 0xFF else "".join(f"{octet:02X}" for octet in octets)
    if _IPV6.fullmatch(text):
        digits = _ipv6_digits(text)
        if digits is not None and digits.startswith(_MAPPED):
            return digits[len(_MAPPED) :]
        return digits
    return None


def _ipv6_digits(text: str) -> str | None:
    head, gap, tail = text.partition("::")
    left = head.split(":") if head else []
    right = tail.split(":") if tail else []
    missing = 8 - len(left) - len(right)
    if missing < 1 if gap else missing != 0:
        return None
    groups = []
    for group in (*left, *["0"] * missing, *right):
        # An empty group is a second "::" or a colon at an end.
        if not group or int(group, 16) > 0xFFFF:
            return None
        groups.append(f"{int(group, 16):04X}")
    return "".join(groups)


def block_digits(address: str, bits: int) -> tuple[str, str]:
    """First and last address of the block of ``bits`` leading bits around ``address``."""
    size = len(address) * 4
    free = (1 << (size - bits)) - 1
    value = int(address, 16)
    width = len(address)
    return f"{value & ~free:0{width}X}", f"{value | free:0{width}X}"


def in_block(address: str, low: str, high: str) -> bool:
    """Whether the address lies in the block, digit by digit as event-ruler walks them.

    Between families only the digits that both have are compared: an IPv6 block takes in an IPv4
    address whose digits already lie strictly inside it.
    """
    width = len(low)
    if len(address) >= width:
        return low <= address[:width] <= high
    return low[: len(address)] < address < high[: len(address)]
