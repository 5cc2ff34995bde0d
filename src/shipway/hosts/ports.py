"""Ports for instances: each its own, below those the system hands out, and rested before it is used again."""

from __future__ import annotations

import errno
import random
import socket
from itertools import islice
from pathlib import Path

from shipway.errors import NoPort
from shipway.state import ports
from shipway.state.database import BRIEFLY, Connection, Database

FIRST = 20_000
REST = 60.0  # seconds; a connection of the last owner may linger that long (TIME-WAIT, on Linux)
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def take(database: Database, owner: str) -> int:
    """A port for `owner` alone: recorded, nobody else's, and free on this machine just now.

    Asked again for the same owner (after a crash, say) it is the same port. Raises NoPort.
    """
    with database.write(BRIEFLY) as conn:
        taken = ports.of(conn, owner)
        if taken is not None:
            return taken
        (port,) = free(conn, 1)
        ports.take(conn, port, owner)
        return port


def free(conn: Connection, count: int) -> list[int]:
    """So many ports that are nobody's by the record, and free on this machine just now. Raises NoPort."""
    unavailable = ports.unavailable(conn, REST)
    found = list(islice((one for one in _candidates() if one not in unavailable and _is_free(one)), count))
    if len(found) < count:
        raise NoPort("no port for an instance is free on this machine")
    return found


def _candidates() -> list[int]:
    """In no order, so that two installations on one machine seldom want the same one."""
    every = _range(*map(int, EPHEMERAL.read_text().split()))
    return random.sample(every, len(every))


def _range(lowest: int, highest: int) -> range:
    """The system gives ports from `lowest` to `highest` to anybody who connects somewhere, at any moment.
    Ours are below; where that range begins unusually low, above it; where it has everything, lower still."""
    return range(FIRST, lowest) or range(highest + 1, 65_536) or range(1_024, lowest)


def _is_free(port: int) -> bool:
    """Nobody has it, on any address of either family. Nothing listens here, so nothing can connect."""
    return _binds(socket.AF_INET, "0.0.0.0", port) and _binds(socket.AF_INET6, "::", port)


def _binds(family: socket.AddressFamily, address: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as attempt:
            attempt.bind((address, port))
    except OSError as problem:
        # A machine without IPv6 has nobody there either.
        return problem.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
    return True
