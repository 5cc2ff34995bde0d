"""What people want to know of a series: how much in a second, how high, how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from math import ceil, floor

from shipway.signals.series.kept import STEPS
from shipway.signals.series.meter import Meter
from shipway.signals.series.series import Series, Value, quantile, together


@dataclass(frozen=True)
class Figures:
    """Of some seconds. `rate` is in a second: what a counter grew by, how many a histogram has counted. `value` is
    the mean, with the lowest and the highest of a gauge; p50 to p99 are a histogram's. What is not known is None.
    """

    rate: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True)
class Measured:
    """A series with its steps: when each ended (unix seconds), and its figures."""

    series: Series
    now: Figures
    steps: tuple[tuple[float, Figures], ...]


def measured(
    meter: Meter, ring: str, since: float, until: float, name: str | None = None, step: int = 0
) -> list[Measured]:
    """What was told between two moments (unix seconds): the series (of a name), by name, labels and release, with
    the steps of a ring, or longer ones of `step` seconds. `now` is of all of it; of a gauge, of the last step."""
    known = {number: each for number, each in meter.series().items() if name is None or each.name == name}
    found: dict[int, list[tuple[float, Value]]] = {}
    for at, number, value in meter.steps(ring, since, known.keys()):
        if known[number].fits(value):
            found.setdefault(number, []).append((at, value))
    each, length = STEPS[ring], max(step, STEPS[ring])
    begins, ends = floor(since / each) * each, ceil(until / each) * each
    made = [
        _measured(known[number], _longer(known[number], steps, length, begins, ends), until - since)
        for number, steps in found.items()
    ]
    return sorted(made, key=lambda one: (one.series.name, one.series.labels, one.series.release))


def figures(series: Series, value: Value, seconds: float) -> Figures:
    """Of a step of so many seconds."""
    if series.kind == "counter":
        return Figures(rate=value[0] / seconds)
    if series.kind == "gauge":
        low, high, total, count = value
        return Figures(value=total / count, low=low, high=high)
    count, total, buckets = value[0], value[1], value[2:]
    p50, p95, p99 = (quantile(series.bounds, buckets, share) for share in (0.5, 0.95, 0.99))
    return Figures(rate=count / seconds, value=total / count if count else None, p50=p50, p95=p95, p99=p99)


def _longer(
    series: Series, steps: Sequence[tuple[float, Value]], length: int, begins: float, ends: float
) -> list[tuple[float, Value, float]]:
    """Those that end within the same `length` seconds as one, which ends with the last of them, and how many of
    these seconds lie between two moments: the first may be cut off, and the last is not over.
    """
    found: list[tuple[float, Value, float]] = []
    for place, some in groupby(steps, key=lambda step: ceil(step[0] / length)):
        *_, (at, _value) = several = list(some)
        whole = reduce(lambda one, other: together(series.kind, one, other), (value for _, value in several))
        seconds = min(place * length, max(ends, at)) - max((place - 1) * length, begins)
        found.append((at, whole, seconds))
    return found


def _measured(series: Series, steps: Sequence[tuple[float, Value, float]], seconds: float) -> Measured:
    every = tuple((at, figures(series, value, length)) for at, value, length in steps)
    if series.kind == "gauge":
        return Measured(series, every[-1][1], every)
    whole = reduce(lambda one, other: together(series.kind, one, other), (value for _, value, _ in steps))
    return Measured(series, figures(series, whole, seconds), every)
