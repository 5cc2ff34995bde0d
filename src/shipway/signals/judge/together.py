"""Whether both releases fail, as the old one seldom did before: then nobody can tell how the new one does."""

from __future__ import annotations

from collections import deque

from shipway.signals.judge.beside import Table
from shipway.signals.judge.past import Past
from shipway.signals.judge.reading import Reading

LATELY = 10.0  # seconds of readings over which it is counted


class Together:
    """Of two releases that serve beside each other: what both depend on is out, most likely."""

    def __init__(self, least: int) -> None:
        self.long = 0.0
        """For how many seconds, up to the last reading, both have failed."""
        self.lately = Table()
        self._least = least
        self._allowed: float | None = None
        self._readings: deque[tuple[float, Table]] = deque()

    def see(self, reading: Reading, before: Past) -> None:
        """`before` is what is known of the old release: with the first reading what was so before the trial."""
        if self._allowed is None:
            self._allowed = before.failing_mostly
        old, new = reading.old, reading.new
        self._readings.append((reading.seconds, Table(old.errors, old.requests, new.errors, new.requests)))
        while sum(seconds for seconds, _ in self._readings) - self._readings[0][0] >= LATELY:
            self._readings.popleft()
        self.lately = sum((table for _, table in self._readings), Table())
        self.long = self.long + reading.seconds if self._fail(self._allowed) else 0.0

    def _fail(self, allowed: float) -> bool:
        seen, least = self.lately, self._least
        old = seen.old_bad >= least and seen.old_bad > allowed * seen.old_of
        return old and seen.new_bad >= least and seen.new_bad > allowed * seen.new_of
