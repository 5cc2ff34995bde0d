"""Who listens on a port of this machine: only then is an answer from it an answer of that instance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from shipway.hosts.keeper.processes import sockets

LISTENING = "0A"
# Addresses at which 127.0.0.1 is answered, as /proc/net/tcp and tcp6 write them.
HERE = {
    "0100007F",  # 127.0.0.1
    "00000000",  # 0.0.0.0
    "0" * 32,  # ::
    "0000000000000000FFFF00000100007F",  # ::ffff:127.0.0.1
}


def listens(processes: Callable[[], Iterable[int]], port: int) -> bool:
    """True when these processes, and nobody else, hold what listens on 127.0.0.1:`port`. They are looked for
    only when somebody listens there."""
    wanted = set(listeners(port))
    if not wanted:
        return False
    held = {inode for pid in processes() for inode in sockets(pid)}
    return wanted <= held


def listeners(port: int) -> Iterator[int]:
    """The inodes of the sockets that listen on 127.0.0.1:`port`."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for fields in _rows(table):
            if fields[3] != LISTENING:
                break  # Linux lists who listens first; what follows can be tens of thousands of connections
            address, _, number = fields[1].partition(":")
            if int(number, 16) == port and address in HERE:
                yield int(fields[9])


def _rows(table: str) -> Iterator[list[str]]:
    try:
        with open(table, encoding="ascii") as file:
            next(file)
            for line in file:
                yield line.split()
    except FileNotFoundError:  # a kernel without IPv6
        return
