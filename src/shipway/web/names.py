"""By which names the server is called, and in which way somebody came by one of them.

Pages and sessions have a name of their own, programs use those of the loopback. Browsers send a cookie to every
port of the host that set it. A session of 127.0.0.1 would be sent to every application that is opened at 127.0.0.1
and its own port, so sessions belong to a host that no application has. Browsers find all names under `localhost`
on this machine by themselves; git, curl and whatever else asks glibc may not, and have no sessions.

An installation may have a public name besides: that of a proxy on this machine, which speaks TLS with everybody
else. What such a proxy says in its headers counts under that name alone.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from shipway.config.names import PAGES
from shipway.errors import UserError
from shipway.traffic.addresses import PRODUCTION, host

if TYPE_CHECKING:
    from starlette.datastructures import Headers

HOST = host(PAGES, PRODUCTION)
LOCAL = "localhost"
LOOPBACK = ("127.0.0.1", LOCAL, "[::1]")
TLS_PORT = 443
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)")
"""What browsers take for an address by its last part, whether it is one or not (WHATWG URL, 3.5)."""

Way = Literal["pages", "tls", "open", "programs"]
"""`pages`: on this machine, by the name of the pages; `tls`: by the public name, over TLS up to the proxy; `open`:
by one of these two, and somebody on the way can read it; `programs`: by a name that has no sessions."""


class NotPublic(UserError):
    """The public address of an installation is not one that browsers could reach it at over TLS."""

    id = "web.not_public"
    default_hint = "Such as https://ship.example, or https://ship.example:8443: a name, and nothing behind it."


def public(said: str) -> str:
    """The public address as it is kept: `https://`, a host, and its port unless that is 443. Raises NotPublic."""
    found = _address(said.strip().lower())
    if found is None:
        raise NotPublic(f"{said!r} is no public address.")
    name, port = found
    if _is_address(name) or _NUMBER.fullmatch(name):
        raise NotPublic(f"{name} is no name, and sessions belong to one: applications answer at the same address.")
    if name == LOCAL or name.endswith(f".{LOCAL}"):
        raise NotPublic(f"{name} is this machine to whoever asks for it: such names are of applications here.")
    if not _NAME.fullmatch(name):
        raise NotPublic(f"{name!r} is no name of a machine.")
    return f"https://{name}" if port == TLS_PORT else f"https://{name}:{port}"


def _address(said: str) -> tuple[str, int] | None:
    """The host and the port, if it says these alone, over TLS."""
    try:
        parts = urlsplit(said)
        port = TLS_PORT if parts.port is None else parts.port
    except ValueError:
        return None
    more = parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc
    return (parts.hostname, port) if parts.scheme == "https" and parts.hostname and port and not more else None


@dataclass(frozen=True)
class Names:
    """`port` is the server's own; `public` is the address of the proxy in front of it, if there is one."""

    port: int
    public: str | None = None

    @property
    def pages(self) -> str:
        """Where browsers of this machine find the pages, without a slash at the end."""
        return f"http://{_with_port(HOST, self.port)}"

    @property
    def links(self) -> str:
        """What a link begins with that others are sent."""
        return self.public or f"http://127.0.0.1:{self.port}"

    def every(self) -> set[str]:
        """All that may stand in a request's Host."""
        names = (HOST, *LOOPBACK)
        local = {_with_port(name, self.port) for name in names} | {f"{name}:{self.port}" for name in names}
        return local | self._public_hosts()

    def origin(self, called: str) -> str:
        """What a browser calls the pages that it was shown by this Host."""
        if called in self._public_hosts():
            return str(self.public)
        return f"http://{called}"

    def way(self, headers: Headers, client: str | None) -> Way:
        """How a request from `client`, the other end of its connection, came here."""
        called = headers.get("host", "").lower()
        if called in self._public_hosts():
            told = headers.getlist("x-forwarded-proto")
            return "tls" if told == ["https"] and _is_here(client) else "open"
        if called != _with_port(HOST, self.port):
            return "programs"
        brought = (one.strip() for said in headers.getlist("x-forwarded-for") for one in said.split(","))
        return "pages" if _are_here([client, *brought]) else "open"

    def _public_hosts(self) -> set[str]:
        if self.public is None:
            return set()
        named = self.public.removeprefix("https://")
        return {named} if ":" in named else {named, f"{named}:443"}


def _are_here(addresses: Iterable[str | None]) -> bool:
    return all(_is_here(one) for one in addresses)


def _is_here(address: str | None) -> bool:
    """Whether it is an address of this machine; a name that a proxy made up is none."""
    return address is not None and _is_address(address) and ipaddress.ip_address(address).is_loopback


def _is_address(said: str) -> bool:
    try:
        ipaddress.ip_address(said)
    except ValueError:
        return False
    return True


def _with_port(name: str, port: int) -> str:
    return name if port == 80 else f"{name}:{port}"
