"""Requests of the new release that were dealt out before its share fell: they say nothing of the share it has now."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from shipway.signals.judge.beside import Table
from shipway.signals.judge.reading import Reading
from shipway.traffic.tally import BOUNDS


class Earlier:
    """What takes longer than its share has stood for was dealt out before. What has no duration, because the router
    answered, may have been, as long as some of those that were under way then have not ended.
    """

    def __init__(self) -> None:
        self._stood: float | None = None
        self._waiting = self._known = 0
        self._owed: dict[str, int] = {}

    def fell(self, reading: Reading) -> None:
        """With this reading a lower share begins; of what was answered in it some was dealt out before."""
        self._stood, self._waiting, self._known, self._owed = 0.0, reading.new_waiting, 0, {}

    def see(self, reading: Reading) -> None:
        if self._stood is not None:
            self._known = reading.new.slower_than(bisect_right(BOUNDS, self._stood * 1000) - 1)
            self._waiting = max(self._waiting - self._known, 0)
            self._stood += reading.seconds

    def without(self, what: str, table: Table) -> Table:
        """The table of this reading without as many bad ones of the new release as may be of that kind."""
        if self._stood is None:
            return table
        owed = min(self._owed.get(what, self._waiting), self._waiting)
        known = min(self._known, table.new_bad)
        perhaps = min(owed, table.new_bad - known)
        self._owed[what] = owed - perhaps
        return replace(
            table, new_bad=table.new_bad - known - perhaps, new_of=max(table.new_of - known - perhaps, 0)
        )
