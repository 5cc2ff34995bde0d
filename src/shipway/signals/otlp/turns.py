"""Whose request is unpacked now: what one application sends holds up no other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 4  # of all applications: each takes memory while it is unpacked


class Turns:
    """One request of an application at a time, and AT_ONCE of all; the others wait."""

    def __init__(self) -> None:
        self._of: dict[str, threading.Lock] = {}
        self._all = threading.BoundedSemaphore(AT_ONCE)
        self._guard = threading.Lock()

    @contextmanager
    def one(self, application: str) -> Iterator[None]:
        """While it is the turn of a request of an application that is known here."""
        with self._guard:
            turn = self._of.setdefault(application, threading.Lock())
        with turn, self._all:
            yield
