"""Networks and the share of all public addresses that they cover together."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

# Networks that cover a /8 of IPv4 count as the world: nobody's offices are that large, and whoever
# wants an address there can rent one. It is 1 in 256 of IPv4, and as much of what is given out of
# IPv6 (2000::/3).
WORLD_PREFIX = 8
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # IPv4, as IPv6 writes it
# Addresses that no packet of the internet comes from.
# https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml
_SPECIAL = tuple(
    map(
        ipaddress.IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"),
        ),
    )
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def are_most(values: Iterable[str], prefix: int = WORLD_PREFIX) -> bool:
    """True if networks (CIDR, or one address each) cover so much that anybody may be in them.

    That is as many public IPv4 addresses as a network of that prefix length has, or as large a
    share of IPv6. A text that is no network counts as the world, since nobody can tell what it
    admits.
    """
    return share(frozenset(values), prefix) >= 1


@lru_cache(maxsize=1024)
def share(values: frozenset[str], prefix: int = WORLD_PREFIX) -> float:
    """The public addresses in networks, of IPv4 or of IPv6, where 1 and more count as the world."""
    fours: list[ipaddress.IPv4Network] = []
    sixes: list[ipaddress.IPv6Network] = []
    for value in values:
        try:
            network: Network = ipaddress.ip_network(value.strip(), strict=False)
        except ValueError:
            return float("inf")
        if isinstance(network, ipaddress.IPv4Network):
            fours.append(network)
        else:
            if network.overlaps(_MAPPED):
                low = max(int(network.network_address) - int(_MAPPED.network_address), 0)
                fours.append(ipaddress.IPv4Network((low, max(network.prefixlen - 96, 0))))
            if network.overlaps(_GIVEN_OUT):
                sixes.append(network if network.subnet_of(_GIVEN_OUT) else _GIVEN_OUT)
    four = sum(map(_public, ipaddress.collapse_addresses(fours)))
    six = sum(n.num_addresses for n in ipaddress.collapse_addresses(sixes))
    return max(four / (2**32 >> prefix), six / (_GIVEN_OUT.num_addresses >> prefix))


def _public(network: ipaddress.IPv4Network) -> int:
    """The number of a network's public addresses; of two networks that overlap, one holds the
    other.
    """
    inside = (min(network.num_addresses, s.num_addresses) for s in _SPECIAL if network.overlaps(s))
    return network.num_addresses - sum(inside)
