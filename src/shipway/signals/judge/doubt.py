"""Whether the new release, now that it serves alone, looks worse: reason enough to ask the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from shipway.signals.judge.past import Past
from shipway.signals.judge.reading import Reading
from shipway.signals.verdict import FAILED, SLOW, Finding, slower_than
from shipway.traffic.tally import BOUNDS

FAST, SLOWLY = 0.4, 0.08
"""Two things that are looked for: that so much more of all requests is bad. The first shows within seconds."""
ENOUGH = log(30.0)
LEAST = 3
SLOW_QUANTILE, SLOW_LIMIT = 0.9, 0.15
"""Three of twenty may take longer than, with the tolerance, nine of ten took."""


@dataclass
class Drift:
    """Page's cumulative sum: rises with each bad request, falls with each good one, and never below nothing."""

    limit: float
    more: float
    sum: float = 0.0
    bad: int = 0
    of: int = 0

    def see(self, bad: int, good: int) -> None:
        higher = self.limit + self.more * (1 - self.limit)
        rises, falls = log(higher / self.limit), log((1 - higher) / (1 - self.limit))
        self.sum += bad * rises + good * falls
        self.bad, self.of = self.bad + bad, self.of + bad + good
        if self.sum <= 0:
            self.sum, self.bad, self.of = 0.0, 0, 0
        self.sum = min(self.sum, 2 * ENOUGH)

    @property
    def shows(self) -> bool:
        return self.bad >= LEAST and self.sum >= ENOUGH


class Doubt:
    """Promises nothing: what is asked then decides. Compares with what was known when it was made."""

    def __init__(self, past: Past, tolerance: int) -> None:
        place = past.place(SLOW_QUANTILE)
        self._place = None if place is None else min(place + tolerance, len(BOUNDS) - 1)
        self._failing = [Drift(past.failing_usually, more) for more in (FAST, SLOWLY)]
        self._slow = [Drift(SLOW_LIMIT, more) for more in (FAST, SLOWLY)]
        self._failed_before = (past.errors, past.requests)
        self._slow_before = (0, 0) if self._place is None else (past.count_slower_than(self._place), past.timed)

    def see(self, reading: Reading, warm: bool) -> None:
        new = reading.new
        for drift in self._failing:
            drift.see(new.errors, new.requests - new.errors)
        if warm and self._place is not None:
            slower = new.slower_than(self._place)
            for drift in self._slow:
                drift.see(slower, sum(new.durations) - slower)

    @property
    def shows(self) -> bool:
        return any(drift.shows for drift in (*self._failing, *self._slow))

    def findings(self) -> tuple[Finding, ...]:
        """What shows, counted since it began; compared with what was before, so no evidence."""
        slow = SLOW if self._place is None else slower_than(BOUNDS[self._place])
        looked_for = ((FAILED, self._failing, self._failed_before), (slow, self._slow, self._slow_before))
        showing = ((what, _longest(drifts), before) for what, drifts, before in looked_for)
        return tuple(
            Finding(what, drift.bad, drift.of, *before, 1.0, beside=False)
            for what, drift, before in showing
            if drift is not None
        )


def _longest(drifts: Sequence[Drift]) -> Drift | None:
    """The one that shows and has counted most, if any does."""
    return max((drift for drift in drifts if drift.shows), key=lambda drift: drift.of, default=None)
