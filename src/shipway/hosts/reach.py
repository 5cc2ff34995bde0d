"""Where Shipway itself connects to for somebody else: public addresses, and those the owner of it allows.

Whoever may push may name any host, and a name may lead anywhere, today or tomorrow. So a name is looked up once,
each address it leads to is looked at, and what is connected to is that address (BARS S19).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

from shipway.errors import OwnerError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_WITHIN = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))
"""Addresses of IPv6 behind which others of IPv4 lie (NAT64, 6to4, Teredo, IPv4-compatible)."""


class NotANetwork(OwnerError):
    """A line of the file that allows addresses cannot be read, so nothing that is not public is connected to."""

    id = "hosts.not_a_network"
    default_hint = "A line is an address or a network, such as 10.1.0.0/16; what follows a # is for people."


def allowed(file: Path) -> list[Network]:
    """The networks an owner has written into `file`, one a line; none without it. Raises NotANetwork."""
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(lines, 1):
        written = line.partition("#")[0].strip()
        try:
            found += [ipaddress.ip_network(written)] if written else []
        except ValueError:
            raise NotANetwork(f"Line {number} of {file.name} in the data directory is not a network.") from None
    return found


def may_reach(address: str, networks: Sequence[Network]) -> bool:
    """Whether this address, such as `192.0.2.7` or `fe80::1%eth0`, is public or in one of the networks."""
    found: Address = ipaddress.ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    if any(found in network for network in networks if network.version == found.version):
        return True
    hidden = any(found in network for network in _WITHIN if network.version == found.version)
    return found.is_global and not found.is_multicast and not hidden
