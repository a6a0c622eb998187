"""Networks by their union: how much of the world do they leave in?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

# A quarter of all IPv4 addresses, and of the IPv6 addresses that are given out (2000::/3), is the
# world: no network of somebody's own is that large.
_SHARE = 4
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def are_most(values: Iterable[str]) -> bool:
    """Whether networks (CIDR, or one address each) cover so much that anybody may be in them.

    A text that is no network counts as the world: what it admits can't be told.
    """
    fours: list[ipaddress.IPv4Network] = []
    sixes: list[ipaddress.IPv6Network] = []
    for value in values:
        try:
            network: Network = ipaddress.ip_network(value.strip(), strict=False)
        except ValueError:
            return True
        if isinstance(network, ipaddress.IPv4Network):
            fours.append(network)
        else:
            mapped = network.network_address.ipv4_mapped
            if mapped is not None and network.prefixlen >= 96:
                fours.append(ipaddress.IPv4Network((mapped, network.prefixlen - 96)))
            elif network.overlaps(_GLOBAL_V6):
                sixes.append(network if network.subnet_of(_GLOBAL_V6) else _GLOBAL_V6)
    four = sum(n.num_addresses for n in ipaddress.collapse_addresses(fours))
    six = sum(n.num_addresses for n in ipaddress.collapse_addresses(sixes))
    return four * _SHARE >= 2**32 or six * _SHARE >= _GLOBAL_V6.num_addresses
