"""Whether the new release, now that it serves alone, is worse than the old one was."""

from __future__ import annotations

from shipway.signals.judge.against import Against
from shipway.signals.judge.past import Past
from shipway.signals.judge.reading import Reading
from shipway.signals.verdict import FAILED, SLOW, Finding, slower_than
from shipway.traffic.tally import BOUNDS

REQUESTS, SECONDS, MOST = 10, 3.0, 10.0
"""A block: it multiplies a stake at most tenfold, so what decides lasts for four of them."""
SLOW_QUANTILE, SLOW_LIMIT = 0.9, 0.3
"""Three of ten may take longer than, with the tolerance, nine of ten took."""


class Later:
    """Compares with what was known of the old release when the new one began to serve alone."""

    def __init__(self, past: Past, tolerance: int) -> None:
        self._failing = (past.errors, past.requests)
        self._errors = Against(past.failing_at_worst, REQUESTS, SECONDS, MOST)
        place = past.place(SLOW_QUANTILE)
        self._place = None if place is None else min(place + tolerance, len(BOUNDS) - 1)
        self._slow = Against(SLOW_LIMIT, REQUESTS, SECONDS, MOST)
        self._slowed = (0, 0) if self._place is None else (past.count_slower_than(self._place), past.timed)

    def see(self, reading: Reading, warm: bool, *, counts: bool = True) -> None:
        """What does not count, because the old one can be asked, is told and says nothing, also afterwards."""
        see = Against.see if counts else Against.note
        see(self._errors, reading.new.errors, reading.new.requests, reading.seconds)
        if warm and self._place is not None:
            timed = sum(reading.new.durations)
            see(self._slow, reading.new.slower_than(self._place), timed, reading.seconds)

    def errors(self) -> Finding:
        return self._finding(FAILED, self._errors, self._failing)

    def slow(self) -> Finding:
        what = SLOW if self._place is None else slower_than(BOUNDS[self._place])
        return self._finding(what, self._slow, self._slowed)

    @staticmethod
    def _finding(what: str, seen: Against, before: tuple[int, int]) -> Finding:
        return Finding(what, seen.bad, seen.of, *before, seen.evidence, beside=False)
