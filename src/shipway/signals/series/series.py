"""What is measured, and the sums over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[tuple[str, str], ...]
Value = tuple[float, ...]
"""Of a step of time: of a counter what it grew by; of a gauge the lowest, the highest, the sum and the number of
all that was told; of a histogram how many there were, their sum, and, where it has bounds, how many at or below
each of them and above the last one.
"""

BOUNDS = 64
"""The most that a histogram may have."""

LARGEST = 1e150
"""The largest number that is added up: the sum of all that can be told in a day is still a number."""


@dataclass(frozen=True)
class Series:
    """`release` is what people say: `r3`, or what an application calls its release if it is none of ours."""

    name: str
    kind: Kind
    unit: str
    labels: Labels
    release: str
    bounds: tuple[float, ...] = ()

    @property
    def parts(self) -> int:
        """How many numbers each value of it has."""
        if self.kind == "histogram":
            return 3 + len(self.bounds) if self.bounds else 2
        return 1 if self.kind == "counter" else 4

    def fits(self, value: Value) -> bool:
        """Whether it can be one of its values."""
        return len(value) == self.parts and all(map(math.isfinite, value))

    @property
    def width(self) -> int:
        """The characters of everything in it that was made up by the application."""
        return len(self.name) + len(self.unit) + len(self.release) + sum(len(a) + len(b) for a, b in self.labels)


def level(value: float) -> Value:
    """A gauge as it was told once."""
    return value, value, value, 1.0


def together(kind: Kind, one: Value, other: Value) -> Value:
    """Both in one: of two instances, or of two steps."""
    if kind == "gauge":
        return min(one[0], other[0]), max(one[1], other[1]), one[2] + other[2], one[3] + other[3]
    return tuple(map(sum, zip(one, other, strict=True)))


def quantile(bounds: Sequence[float], buckets: Sequence[float], share: float) -> float | None:
    """The value that `share` of all were at or below, in proportion between two bounds; None where nothing was.

    Above the last bound nothing is known: there it is the last bound.
    """
    wanted, passed, below = share * sum(buckets), 0.0, min(0.0, *bounds, 0.0)
    if not wanted or not bounds:
        return None
    for bound, count in zip((*bounds, bounds[-1]), buckets, strict=True):
        if count and passed + count >= wanted:
            return below + (bound - below) * min(1.0, max(0.0, (wanted - passed) / count))
        passed, below = passed + count, bound
    return None
