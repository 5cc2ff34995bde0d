"""A port for a server of a test: below those that the system gives to anybody who connects somewhere."""

from __future__ import annotations

import random
import socket

FIRST, LAST = 10_000, 19_999  # instances have theirs from 20,000 on


def free_port() -> int:
    """One on which nobody listens just now, seldom the same as another test's."""
    for port in random.sample(range(FIRST, LAST + 1), 1000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("this machine has no free port")
