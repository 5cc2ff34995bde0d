"""Looking up a host, once, and only to where it may be connected to."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from shipway.hosts import reach
from shipway.hosts.reach import NotANetwork
from shipway.signals.questions.answer import NotKnown
from shipway.signals.questions.aside import aside


class Names:
    """`reachable` is the file with the networks that an owner allows besides what is public.

    The system's own look-up cannot be stopped, so a name that is looked up already is not looked up again.
    """

    def __init__(self, reachable: Path) -> None:
        self._reachable = reachable
        self._pending: dict[str, asyncio.Task[list[str]]] = {}

    async def find(self, host: str, patience: float) -> list[str]:
        """The addresses of `host` that may be connected to, at least one. Raises NotKnown, at the latest after
        `patience` seconds."""
        found = await self._look_up(host.strip("[]"), patience)
        try:
            networks = reach.allowed(self._reachable)
        except NotANetwork as error:
            raise NotKnown(error.message) from error
        may = [address for address in found if reach.may_reach(address, networks)]
        if not may:
            raise NotKnown(f"{found[0]} is not a public address, and the owner of this Shipway did not allow it")
        return may

    async def _look_up(self, host: str, patience: float) -> list[str]:
        pending = self._pending.get(host)
        if pending is None:
            pending = self._pending[host] = asyncio.create_task(aside(lambda: _addresses(host)))
            pending.add_done_callback(lambda _: self._pending.pop(host, None))
        try:
            return await asyncio.wait_for(asyncio.shield(pending), patience)
        except TimeoutError:
            raise NotKnown(f"{host} was not found within {patience:g} s") from None
        except (OSError, UnicodeError) as error:
            raise NotKnown(f"{host} is not known: {getattr(error, 'strerror', None) or error}") from error


def _addresses(host: str) -> list[str]:
    """Each once, those of IPv4 first: they are there on more machines."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(
        dict.fromkeys(str(each[4][0]) for each in sorted(found, key=lambda each: each[0] != socket.AF_INET))
    )


def split(place: str) -> tuple[str, int]:
    """`host:port` in its parts."""
    host, _, port = place.rpartition(":")
    return host.strip("[]"), int(port)
