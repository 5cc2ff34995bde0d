"""The port at which applications answer: the routers of one installation share it, and with nobody else.

The kernel would let any program of the same user listen there too, another Shipway first of all, and would deal
out requests among them.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from shipway.errors import RouterFailed
from shipway.hosts.keeper.listening import listeners
from shipway.hosts.keeper.processes import sockets
from shipway.traffic.patience import until

TURN_WITHIN = 30.0
SETTLED_WITHIN = 1.0  # a router may be started again just while it is looked for


@contextmanager
def held(port: int, ours: Callable[[], set[int]]) -> Iterator[None]:
    """Nobody but `ours` (processes) listens there, and no other Shipway begins to. Raises RouterFailed."""
    with closing(_turn(port)):
        if not until(lambda: not _strangers(port, ours()), SETTLED_WITHIN):
            raise RouterFailed(f"Another program, perhaps another Shipway, listens on port {port} of 127.0.0.1.")
        yield


def _strangers(port: int, ours: set[int]) -> set[int]:
    """The listening sockets that are held by none of these processes."""
    found = set(listeners(port))
    return found - {inode for pid in ours for inode in sockets(pid)} if found else found


def _turn(port: int) -> socket.socket:
    """One Shipway of a user at a time looks whether the port is free and takes it. The name belongs to the
    network, as the port does, and is gone with the process that has it."""
    turn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def taken() -> bool:
        try:
            turn.bind(f"\0shipway-router-{os.getuid()}-{port}")
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise
            return False
        return True

    if not until(taken, TURN_WITHIN):
        turn.close()
        raise RouterFailed(f"Another Shipway has been taking port {port} of 127.0.0.1 for {TURN_WITHIN:.0f} s.")
    return turn
