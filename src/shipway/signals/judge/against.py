"""Whether more than a known share is bad, when there is nothing beside it to compare with."""

from __future__ import annotations

from math import exp, log

from shipway.signals.judge.wager import Wager

HIGHER = ((0.15, 0.1), (0.2, 0.3), (0.25, 0.6), (0.4, 0.95))
"""Alternatives, weighted: this much of the way from the limit to "all are bad"."""


class Against:
    """Bets that more than `limit` (0 to 1) are bad, in blocks of at least `requests` and `seconds`.

    A block multiplies a stake at most by `most`, so that one moment in which everything failed decides nothing.
    """

    def __init__(self, limit: float, requests: int = 1, seconds: float = 0.0, most: float = 1e6) -> None:
        self.limit = limit
        self.bad = self.of = 0
        self._wager = Wager([weight for weight, _ in HIGHER])
        self._requests, self._seconds, self._most = requests, seconds, most
        self._block = (0, 0, 0.0)

    @property
    def evidence(self) -> float:
        return self._wager.evidence

    def note(self, bad: int, of: int, _seconds: float = 0.0) -> None:
        """Counts without betting; the open block is forgotten."""
        self.bad, self.of = self.bad + bad, self.of + of
        self._block = (0, 0, 0.0)

    def see(self, bad: int, of: int, seconds: float = 0.0) -> None:
        self.bad, self.of = self.bad + bad, self.of + of
        before_bad, before_of, before = self._block
        block = (before_bad + bad, before_of + of, before + seconds)
        if block[1] < self._requests or block[2] < self._seconds:
            self._block = block
            return
        self._block = (0, 0, 0.0)
        if self.limit < 1:
            self._wager.round([self._factor(block[0], block[1] - block[0], part) for _, part in HIGHER])

    def _factor(self, bad: int, good: int, part: float) -> float:
        higher = self.limit + part * (1 - self.limit)
        weighed = bad * log(higher / self.limit) + good * log((1 - higher) / (1 - self.limit))
        return min(exp(min(weighed, log(self._most))), self._most)
