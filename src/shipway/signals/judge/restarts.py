"""Whether instances of the new release are restarted more often than instances that are well."""

from __future__ import annotations

from math import exp, log

from shipway.signals.judge.reading import Reading
from shipway.signals.judge.wager import Wager
from shipway.signals.verdict import RESTARTS, Finding

EVERY = (10.0, 60.0, 300.0)
"""Alternatives: an instance is restarted once in so many seconds."""
BLOCK = 10.0
CALM = 60.0


class Restarts:
    """A Poisson test. What happens within a minute of a restart of the old release tells nothing."""

    def __init__(self, an_hour: float) -> None:
        self.new = self.old = self.instances = 0
        self._usual = an_hour / 3600
        self._wager = Wager([1.0] * len(EVERY))
        self._block = (0, 0.0)
        self._since_old = CALM

    def finding(self) -> Finding:
        return Finding(RESTARTS, self.new, self.instances, self.old, self.instances, self._wager.evidence)

    def see(self, reading: Reading) -> None:
        self._since_old = 0.0 if reading.old_restarts else self._since_old + reading.seconds
        self.old, self.new = self.old + reading.old_restarts, self.new + reading.new_restarts
        self.instances = reading.new_instances
        if self._since_old >= CALM:
            self._count(reading.new_restarts, reading.seconds * reading.new_instances)

    def _count(self, restarts: int, seconds: float) -> None:
        restarts, seconds = self._block[0] + restarts, self._block[1] + seconds
        if not restarts and seconds < BLOCK:
            self._block = (restarts, seconds)
            return
        self._block = (0, 0.0)
        self._wager.round([self._factor(restarts, seconds, 1 / every) for every in EVERY])

    def _factor(self, restarts: int, seconds: float, rate: float) -> float:
        return exp(min(restarts * log(rate / self._usual) - (rate - self._usual) * seconds, 600.0))
