"""What of the new release's requests was dealt out before its share fell: it says nothing of the new share."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from shipway.signals.judge.beside import Table
from shipway.signals.judge.reading import Reading
from shipway.traffic.tally import BOUNDS, Tally

LATE = 0.25  # seconds by which durations may come after the count of their requests


class Earlier:
    """What takes longer than its share has stood for was dealt out before. What has no duration, because the
    router answered, may have been, as long as some of those that were under way then have not ended.
    """

    def __init__(self) -> None:
        self._stood: float | None = None
        self._waiting = self._known = 0

    def fell(self, reading: Reading) -> None:
        """With this reading a lower share begins; of what was answered in it some was dealt out before."""
        self._stood, self._waiting, self._known = 0.0, reading.new_waiting, 0

    def see(self, reading: Reading) -> None:
        if self._stood is not None:
            self._known = reading.new.slower_than(_below(self._stood))
            self._waiting = max(self._waiting - self._known, 0)
            self._stood += reading.seconds

    def without(self, table: Table) -> Table:
        """The table of this reading, once, without as many bad requests of the new release as may be of it."""
        if self._stood is None:
            return table
        known = min(self._known, table.new_bad)
        perhaps = min(self._waiting, table.new_bad - known)
        self._waiting -= perhaps
        gone = known + perhaps
        return replace(table, new_bad=table.new_bad - gone, new_of=max(table.new_of - gone, 0))

    def without_slow(self, new: Tally) -> Tally:
        """What the new release answered in this reading, without the durations of that kind."""
        if self._stood is None:
            return new
        kept = _below(max(self._stood - 2 * LATE, 0.0)) + 1
        return replace(new, durations=(*new.durations[:kept], *[0] * (len(new.durations) - kept)))


def _below(seconds: float) -> int:
    """The last place of BOUNDS that is not above so many seconds; -1 if none."""
    return bisect_right(BOUNDS, seconds * 1000) - 1
