"""Whether more of the new release's requests take longer than requests of the old one usually took."""

from __future__ import annotations

from shipway.signals.judge.beside import Beside, Odds, Table
from shipway.signals.judge.earlier import Earlier
from shipway.signals.judge.past import Past
from shipway.signals.judge.reading import Reading
from shipway.signals.verdict import Finding
from shipway.traffic.tally import BOUNDS

ALTERNATIVES = ((0.25, Odds(1.2)), (0.2, Odds(1.7)), (0.2, Odds(3)), (0.2, Odds(10)), (0.15, Odds(100)))


class Slow:
    """Compares at one quantile of what was known before each block; the new release may be `tolerance` steps
    slower.
    """

    def __init__(self, quantile: float, tolerance: int) -> None:
        self.compared = Beside(ALTERNATIVES)
        self.place = 0
        self._quantile, self._tolerance = quantile, tolerance
        self._usual: float | None = None

    def finding(self) -> Finding:
        return self.compared.finding(f"requests slower than {BOUNDS[self.place]} ms")

    def see(self, reading: Reading, past: Past, earlier: Earlier) -> None:
        if self.compared.between_blocks:
            self._look_up(past)
        if self._usual is None:
            return
        old, new = reading.old, reading.new
        table = Table(
            old.slower_than(self.place), sum(old.durations), new.slower_than(self._lenient), sum(new.durations)
        )
        self.compared.see(earlier.without(f"slow {self._quantile}", table), reading.share, self._usual)

    @property
    def _lenient(self) -> int:
        return min(self.place + self._tolerance, len(BOUNDS) - 1)

    def _look_up(self, past: Past) -> None:
        place = past.place(self._quantile)
        if place is not None:
            self.place, self._usual = place, past.slower_than(place)
