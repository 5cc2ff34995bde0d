"""How many requests are read at the same time: each may be large, and slow to come."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shipway.signals.errors.refusals import Flooded

AT_ONCE, OF_ONE = 16, 6  # of all applications and of one


class Readers:
    """Counts those that are read now, by application."""

    def __init__(self) -> None:
        self._reading: Counter[str] = Counter()
        self._guard = threading.Lock()

    @contextmanager
    def one(self, application: str) -> Iterator[None]:
        """While one more is read. Raises Flooded when there are too many."""
        with self._guard:
            if self._reading[application] >= OF_ONE or self._reading.total() >= AT_ONCE:
                raise Flooded("Too many reports come at once.")
            self._reading[application] += 1
        try:
            yield
        finally:
            with self._guard:
                self._reading[application] -= 1
