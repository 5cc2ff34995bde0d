"""Visitors who stay with the release that answered them first, as `sticky` has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from math import exp, log
from random import Random

from support.worlds import Moves, Visit, World

SETTLED = 600.0  # seconds for which visitors have come when the first requests are counted
LONGEST = 5000  # requests of one visitor


@dataclass(frozen=True)
class Sessions:
    """How visitors are: a visitor makes `requests` in the mean (Pareto's distribution: a few make most of them),
    `pause` seconds apart. With `differ` each has durations of their own (about a third up or down), and of some
    most requests fail, whichever release they are with.
    """

    requests: float
    pause: float
    differ: bool

    def __call__(self, world: World, moves: Moves, rng: Random) -> Iterator[Visit]:
        """Visitors who had come before stay with the old release until it has no share."""
        first = -moves.before - SETTLED
        coming = [(first, 0, None)]
        number = 0
        while coming:
            second, _, visitor = heappop(coming)
            if second >= moves.length:
                break
            if visitor is None:  # somebody comes, and with them it is known when the next one does
                number += 1
                heappush(coming, (second + rng.expovariate(world.rate / self.requests), number, None))
                visitor = self._visitor(moves.share(second), rng)
            if visitor.new and not moves.share(second):
                visitor.new = False
            visitor.new = visitor.new or moves.share(second) >= 1
            if second >= -moves.before:
                yield Visit(second, visitor.new, visitor.failing, visitor.slower)
            visitor.left -= 1
            if visitor.left > 0:
                number += 1
                heappush(coming, (second + rng.expovariate(1 / visitor.pause), number, visitor))

    def _visitor(self, share: float, rng: Random) -> _Visitor:
        left = min(max(1, round(self.requests / 3 * rng.paretovariate(1.5))), LONGEST)
        pause = self.pause * exp(rng.gauss(0.0, 1.0))
        if not self.differ:
            return _Visitor(rng.random() < share, left, pause)
        failing = rng.uniform(0.2, 1.0) if rng.random() < 0.02 else 0.0
        return _Visitor(rng.random() < share, left, pause, failing, exp(rng.gauss(0.0, 0.3)))


@dataclass
class _Visitor:
    new: bool
    left: int
    pause: float
    failing: float = 0.0
    slower: float = 1.0


def sessions(rng: Random, *, differ: bool) -> Sessions:
    """Short visits and long ones, hasty and slow ones."""
    return Sessions(exp(rng.uniform(log(2), log(50))), exp(rng.uniform(log(0.5), log(20))), differ)
