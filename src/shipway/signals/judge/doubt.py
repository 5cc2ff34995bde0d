"""Whether the new release, now that it serves alone, looks worse: reason enough to ask the one before."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, log

from shipway.signals.judge.past import Past
from shipway.signals.judge.reading import Reading
from shipway.signals.verdict import FAILED, Finding, slower_than
from shipway.traffic.tally import BOUNDS

FAST, SLOWLY = 0.4, 0.08
"""Two things that are looked for: that so much more of all requests is bad. The first shows within seconds."""
SLOW_QUANTILE = 0.9


@dataclass(frozen=True)
class Enough:
    """When bad requests are reason to doubt: at least so many of them, and such a sum, which is not reached before
    `seconds` have passed since it began to rise: a moment in which everything was bad is no reason.
    """

    sum: float
    least: int
    seconds: float = 0.0

    def most(self, seconds: float) -> float:
        """What the sum may be by then."""
        return self.sum * min(seconds / self.seconds if self.seconds else inf, 2.0)


@dataclass(frozen=True)
class Slower:
    """So many requests (a share from 0 to 1) may take `times` as long as nine of ten took, and the tolerance more;
    `more` is looked for.
    """

    times: float
    limit: float
    more: float
    enough: Enough


FAILING = Enough(log(30.0), 3)
SLOWER = (
    Slower(2.5, 0.1, FAST, Enough(log(300.0), 6, seconds=5.0)),
    Slower(1.0, 0.15, SLOWLY, Enough(log(30.0), 8, seconds=10.0)),
)
"""A release that is well does not fail by chance, but some of its requests are slow by chance, and all of them
while the machine is busy: that takes more requests, and seconds. Measured by bench/judge_doubts.py.
"""


@dataclass
class Drift:
    """Page's cumulative sum: rises with each bad request, falls with each good one, and never below nothing."""

    limit: float
    more: float
    enough: Enough
    sum: float = 0.0
    seconds: float = 0.0
    bad: int = 0
    of: int = 0

    def see(self, bad: int, good: int, seconds: float) -> None:
        higher = self.limit + self.more * (1 - self.limit)
        rises, falls = log(higher / self.limit), log((1 - higher) / (1 - self.limit))
        self.seconds += seconds
        self.sum = min(self.sum + bad * rises + good * falls, self.enough.most(self.seconds))
        self.bad, self.of = self.bad + bad, self.of + bad + good
        if self.sum <= 0:
            self.sum, self.seconds, self.bad, self.of = 0.0, 0.0, 0, 0

    @property
    def shows(self) -> bool:
        return self.bad >= self.enough.least and self.sum >= self.enough.sum


@dataclass(frozen=True)
class Looked:
    """What is looked for in one count, and what it was before: so many of so many."""

    what: str
    before: tuple[int, int]
    drifts: Sequence[Drift]

    def see(self, bad: int, of: int, seconds: float) -> None:
        for drift in self.drifts:
            drift.see(bad, of - bad, seconds)

    @property
    def finding(self) -> Finding | None:
        """Counted since what shows began, by the one that has counted most; None if nothing shows."""
        showing = [drift for drift in self.drifts if drift.shows]
        if not showing:
            return None
        longest = max(showing, key=lambda drift: drift.of)
        return Finding(self.what, longest.bad, longest.of, *self.before, 1.0, beside=False)


class Doubt:
    """Promises nothing: what is asked then decides. Compares with what was known when it was made: with all the
    `past`, or with what took longer `lately`, when the one before was asked.
    """

    def __init__(self, past: Past, lately: Past, tolerance: int, slower: Sequence[Slower] = SLOWER) -> None:
        failing = [Drift(past.failing_usually, more, FAILING) for more in (FAST, SLOWLY)]
        self._failing = Looked(FAILED, (past.errors, past.requests), failing)
        self._slow = list(_slow(past, lately, tolerance, slower))

    def see(self, reading: Reading, warm: bool) -> None:
        new = reading.new
        self._failing.see(new.errors, new.requests, reading.seconds)
        if warm:
            for place, looked in self._slow:
                looked.see(new.slower_than(place), new.timed, reading.seconds)

    @property
    def shows(self) -> bool:
        return bool(self.findings())

    @property
    def shows_slowness(self) -> bool:
        return any(looked.finding is not None for _, looked in self._slow)

    def findings(self) -> tuple[Finding, ...]:
        """What shows; compared with what was before, so no evidence. One row of slow requests."""
        slow = [finding for _, looked in self._slow if (finding := looked.finding) is not None]
        longest = max(slow, key=lambda finding: finding.new_of, default=None)
        return tuple(finding for finding in (self._failing.finding, longest) if finding is not None)


def _slow(past: Past, lately: Past, tolerance: int, slower: Sequence[Slower]) -> Iterator[tuple[int, Looked]]:
    """Each with its place in BOUNDS; none where too little is known."""
    known = [place for each in (past, lately) if (place := each.place(SLOW_QUANTILE)) is not None]
    if not known:
        return
    usual = max(known)
    for each in slower:
        place = min(bisect_left(BOUNDS, each.times * BOUNDS[usual]) + tolerance, len(BOUNDS) - 1)
        before = (past.count_slower_than(place), past.timed)
        yield place, Looked(slower_than(BOUNDS[place]), before, [Drift(each.limit, each.more, each.enough)])
