"""By which names the server is called: pages and sessions by one of its own, programs by those of the loopback.

Browsers send a cookie to every port of the host that set it. A session of 127.0.0.1 would be sent to every
application that is opened at 127.0.0.1 and its own port, so sessions belong to a host that no application has.
Browsers find all names under `localhost` on this machine by themselves; git, curl and whatever else asks glibc
may not, and have no sessions.
"""

from __future__ import annotations

import ipaddress

from shipway.config.names import PAGES
from shipway.traffic.addresses import PRODUCTION, host

HOST = host(PAGES, PRODUCTION)
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def pages(port: int) -> str:
    """The host, with its port, of every page and every session."""
    return _with_port(HOST, port)


def every(port: int) -> set[str]:
    """All that may stand in a request's Host."""
    names = (HOST, *LOOPBACK)
    return {_with_port(name, port) for name in names} | {f"{name}:{port}" for name in names}


def in_the_open(client: str, scheme: str) -> bool:
    """Whether what is sent can be read by others on its way: from another machine, and not over TLS."""
    try:
        return scheme != "https" and not ipaddress.ip_address(client).is_loopback
    except ValueError:  # no address, but a name that a proxy made up
        return scheme != "https"


def _with_port(name: str, port: int) -> str:
    return name if port == 80 else f"{name}:{port}"
