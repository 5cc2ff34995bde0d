"""What one look at the routers says of one release."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

from shipway.traffic.tally import Tally


@dataclass(frozen=True)
class Reading:
    """What `release` (`topup.prod.r3`) answered in the `seconds` before `at` (unix seconds), and what it was
    answering then: of several readings together, the most at any of them.

    `heard` is False when a router did not answer, none is there or one knows no such release: then `tally` is
    what was heard all the same, and is never to be read as "nothing happened". What a silent router has counted
    comes with a later reading, if it lives. Heard and without a request is a release that nobody asked.
    """

    at: float
    seconds: float
    release: str
    tally: Tally
    in_flight: int
    heard: bool


def together(readings: Iterable[Reading]) -> Reading:
    """Readings of one release as one, which was heard if all were. There must be at least one."""
    some = list(readings)
    last = max(some, key=lambda reading: reading.at)
    return Reading(
        last.at,
        sum(reading.seconds for reading in some),
        last.release,
        total(some),
        max(reading.in_flight for reading in some),
        all(reading.heard for reading in some),
    )


def total(readings: Iterable[Reading]) -> Tally:
    """All that was answered."""
    tallies = [reading.tally for reading in readings if reading.tally.requests or reading.tally.timed]
    return reduce(add, tallies) if tallies else Tally()
