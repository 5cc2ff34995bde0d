"""What one instance told of one series."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.signals.series.series import LARGEST, Series, Value


@dataclass(frozen=True)
class Sample:
    """`source` is who told it: an instance, or what stands for one. `value` is as in a step of time, or, when it
    is `running`, all since the source began to count: at `began` (unix seconds), if that is known.
    """

    series: Series
    source: str
    value: Value
    running: bool = False
    began: float | None = None

    @property
    def good(self) -> bool:
        """Whether it has as many numbers as its series, and all of them can be added up."""
        numbers = (*self.value, *self.series.bounds)
        return self.series.fits(self.value) and all(abs(number) <= LARGEST for number in numbers)
