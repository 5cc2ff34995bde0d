"""The series of one environment: how many there may be, and the steps that are not over yet."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shipway.signals.errors.secrecy import without_secrets
from shipway.signals.series.growth import Growth
from shipway.signals.series.kept import STEPS, Kept
from shipway.signals.series.sample import Sample
from shipway.signals.series.series import BOUNDS, Series, Value, level, together

SERIES = 500
"""Of an environment that were heard lately."""

RUNNING = 2000
"""Series of instances whose counts are remembered."""

WIDEST = 600
"""Characters of a series: its name, its unit, its labels."""

LATELY = 3600.0
"""Seconds after which a series that nobody tells makes room for another."""

TOO_MANY, TOO_WIDE, NO_NUMBER = "too many series", "too long, or too many bounds", "not a number, or too large"


@dataclass
class _Held:
    """A series as it is written down, masked; `heard` in unix seconds."""

    number: int
    series: Series
    heard: float


@dataclass
class _Step:
    """The one that is not over yet, of `length` seconds; it ends at `ends`."""

    length: int
    ends: float = 0.0
    values: dict[int, Value] = field(default_factory=dict)


class Meter:
    """Takes samples from many threads; keeps steps in files of `directory`. It could have heard everything that
    was told from `since` on (unix seconds).

    What is too much is refused and counted: the first SERIES are kept, and those that nobody tells any more make
    room. When the server is stopped, the step that is not over is lost with it: ten seconds, and a minute of the
    coarser ones.
    """

    def __init__(self, directory: Path, since: float, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept = Kept(directory)
        self._growth = Growth(RUNNING, since)
        self._held: dict[Series, _Held] = {}
        self._written: dict[int, tuple[Series, float]] | None = None
        self._numbers: dict[Series, int] = {}
        self._steps = {name: _Step(length) for name, length in STEPS.items()}
        self._refused: Counter[str] = Counter()
        self._changed = False
        self._lock = threading.Lock()

    def take(self, samples: Sequence[Sample], secrets: Callable[[], list[bytes]]) -> Counter[str]:
        """Adds what was told just now; how many samples were refused, by reason. `secrets` are asked for when a
        series is new: they are masked in it.

        Raises OSError when a step that is over cannot be kept, and what `secrets` raises.
        """
        with self._lock:
            before, now = self.refused(), self._clock()
            self._write_what_is_over(now)
            known = self._growth.known()
            for sample in samples:
                self._add(sample, known, now, secrets)
            return self.refused() - before

    def keep(self) -> None:
        """Writes the steps that are over, and forgets who is gone. Raises OSError."""
        with self._lock:
            now = self._clock()
            self._growth.tidy(time.monotonic())
            self._held = {series: held for series, held in self._held.items() if now - held.heard < LATELY}
            self._write_what_is_over(now)

    def refused(self) -> Counter[str]:
        """How many samples were refused since the server began, by reason."""
        return Counter(self._refused)

    def heard(self) -> int:
        """How many series take up room."""
        return len(self._held)

    def series(self) -> dict[int, Series]:
        """Those that are known, by their numbers."""
        with self._lock:
            return {number: series for number, (series, _) in self._catalog().items()}

    def steps(self, ring: str, since: float, wanted: Collection[int]) -> list[tuple[float, int, Value]]:
        """What ended after `since` (unix seconds) of the wanted series, oldest first: when, which, its value. The
        step that is not over is the last one."""
        with self._lock:
            step = self._steps[ring]
            ends, values = step.ends, {number: step.values[number] for number in wanted if number in step.values}
        over = self._kept.steps(ring, since, wanted)
        if over and over[-1][0] == ends:  # it was written just now
            return over
        return [*over, *((ends, number, value) for number, value in values.items())]

    def _add(self, sample: Sample, known: frozenset[str], now: float, secrets: Callable[[], list[bytes]]) -> None:
        objection = self._objection(sample)
        if objection is None:
            value = self._growth.of(sample, known, time.monotonic()) if sample.running else sample.value
            if value is not None:
                self._sum_up(self._number(sample.series, now, secrets), sample.series, value)
                return
            objection = TOO_MANY
        self._refused[objection] += 1

    def _objection(self, sample: Sample) -> str | None:
        series = sample.series
        if series in self._held:
            return None if sample.good else NO_NUMBER
        if series.width > WIDEST or len(series.bounds) > BOUNDS:
            return TOO_WIDE
        if not sample.good:
            return NO_NUMBER
        return TOO_MANY if len(self._held) >= SERIES else None

    def _number(self, series: Series, now: float, secrets: Callable[[], list[bytes]]) -> int:
        held = self._held.get(series)
        if held is None:
            masked = _masked(series, secrets())
            held = self._held[series] = _Held(self._number_of(masked), masked, now)
            self._changed = True
        held.heard = now
        return held.number

    def _number_of(self, series: Series) -> int:
        catalog = self._catalog()
        if series not in self._numbers:
            self._numbers[series] = max(catalog, default=0) + 1
            catalog[self._numbers[series]] = (series, self._clock())
        return self._numbers[series]

    def _catalog(self) -> dict[int, tuple[Series, float]]:
        """Read when it is needed first."""
        if self._written is None:
            self._written = self._kept.catalog()
            self._numbers = {series: number for number, (series, _) in self._written.items()}
        return self._written

    def _sum_up(self, number: int, series: Series, value: Value) -> None:
        for step in self._steps.values():
            before = step.values.get(number)
            step.values[number] = value if before is None else together(series.kind, before, value)

    def _write_what_is_over(self, now: float) -> None:
        """Steps end at whole multiples of their length; one that a clock set back left open ends at once."""
        for name, step in self._steps.items():
            ends = (math.floor(now / step.length) + 1) * step.length
            if ends == step.ends:
                continue
            over, at = step.values, step.ends
            step.ends, step.values = float(ends), {}
            if over:
                self._write_catalog()
                self._kept.write(name, at, over)

    def _write_catalog(self) -> None:
        """Before the first step in which a series is, so that none is there whose name nobody knows."""
        if not self._changed:
            return
        catalog = self._catalog()
        catalog.update({held.number: (held.series, held.heard) for held in self._held.values()})
        self._kept.write_catalog(catalog)
        self._written, self._changed = None, False


def gauge(series: Series, source: str, value: float) -> Sample:
    """A gauge as it was told once."""
    return Sample(series, source, level(value))


def _masked(series: Series, secrets: list[bytes]) -> Series:
    texts = [series.name, series.unit, series.release, *(part for label in series.labels for part in label)]
    name, unit, release, *labels = without_secrets(texts, secrets)
    pairs = tuple(zip(labels[::2], labels[1::2], strict=True))
    return Series(name, series.kind, unit, pairs, release, series.bounds)
