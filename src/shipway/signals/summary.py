"""Readings as people want them: rates, shares and percentiles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shipway.signals.reading import Reading, together
from shipway.traffic.tally import BOUNDS, Tally

QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True)
class Summary:
    """Of some `seconds` of one release or several. `requests` is their number, `rate` that in a second;
    `error_share` is between 0 and 1, p50 to p99 are milliseconds, all None where nothing was answered.
    `heard` is False where a router was silent at any time of it: then all figures are of a part.
    """

    seconds: float
    requests: int
    rate: float
    errors: int
    error_share: float | None
    p50: int | None
    p95: int | None
    p99: int | None
    in_flight: int
    heard: bool


SILENCE = Summary(0.0, 0, 0.0, 0, None, None, None, None, 0, False)


def summary(readings: Sequence[Reading]) -> Summary:
    """Of readings that follow each other; none at all is a silence."""
    if not readings:
        return SILENCE
    one = together(readings)
    tally, in_flight = one.tally, max(readings, key=lambda reading: reading.at).in_flight
    p50, p95, p99 = (tally.quantile(share) for share in QUANTILES)
    rate = tally.requests / one.seconds if one.seconds else 0.0
    share = tally.errors / tally.requests if tally.requests else None
    return Summary(one.seconds, tally.requests, rate, tally.errors, share, p50, p95, p99, in_flight, one.heard)


@dataclass(frozen=True)
class Step:
    """All that happened in the same step of time: each release's readings as one."""

    begins: int
    releases: Mapping[str, Reading]


def steps(readings: Iterable[Reading], length: int) -> list[Step]:
    """The steps of `length` seconds that something was read in, oldest first."""
    found: dict[int, dict[str, list[Reading]]] = {}
    for reading in readings:
        begins = (math.ceil(reading.at / length) - 1) * length
        found.setdefault(begins, {}).setdefault(reading.release, []).append(reading)
    return [
        Step(begins, {release: together(some) for release, some in releases.items()})
        for begins, releases in sorted(found.items())
    ]


def side_by_side(readings: Iterable[Reading]) -> Reading | None:
    """Several releases in the same seconds as if they were one: their sum, over the longest of their times."""
    some = list(readings)
    if not some:
        return None
    one = together(some)
    in_flight = sum(reading.in_flight for reading in some)
    seconds = max(reading.seconds for reading in some)
    return Reading(one.at, seconds, one.release, one.tally, in_flight, one.heard)


def smooth_quantile(tally: Tally, share: float) -> float | None:
    """Milliseconds as `Tally.quantile` has them, but between two of its bounds in proportion: for the eye."""
    wanted, passed, below = share * tally.timed, 0, 0
    for bound, count in zip((*BOUNDS, BOUNDS[-1]), tally.durations, strict=True):
        if count and passed + count >= wanted:
            return below + (bound - below) * (wanted - passed) / count
        passed, below = passed + count, bound
    return None
