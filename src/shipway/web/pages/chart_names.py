"""Where the names of lines stand in a chart: beside the end of each, never upon another name.

A name keeps off lines and marks, too, and is nearer to the end of its own line than to that of another. Where
there is no such place, lines but for the newest two are not named, for what cannot be read says nothing; those two
are named wherever no other name stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from math import hypot
from typing import Literal

HIGH, LETTER = 13, 8  # pixels of a name and of one of its letters, as large as phones draw them
BESIDE, ABOVE = 4, 5  # pixels between the end of a line and its name
PAST = (0, 8, 16, 24)  # pixels that it may be farther away, where marks of a minute or two ago stand
NEWEST = 2  # lines that are named in any case
WIDE = 8  # pixels of a column in which it is looked up what is drawn there
FINE = 4  # pixels between two points at which a line is looked at

Run = Sequence[tuple[float, float]]
"""The points of a line in pixels, from left to right."""


@dataclass(frozen=True)
class Name:
    """What stands beside a line, and where it begins or ends."""

    x: float
    y: float
    says: str
    anchor: Literal["start", "end"] = "start"

    @property
    def left(self) -> float:
        return self.x if self.anchor == "start" else self.x - LETTER * len(self.says)

    @property
    def right(self) -> float:
        return self.left + LETTER * len(self.says)

    @property
    def top(self) -> float:
        return self.y - HIGH + 3


@dataclass(frozen=True)
class Box:
    """Where there is room for names: `right` is the edge of the drawing."""

    left: float
    right: float
    top: float
    bottom: float


def names(lines: Sequence[tuple[str, Sequence[Run]]], marks: Sequence[float], box: Box) -> list[Name]:
    """Those of `lines`, in their order, which is that of their age: the newest last. A line that is not drawn, or
    has no name, gets none. `marks` are the upright lines, by their x.
    """
    wanted = [(says, runs[-1][-1]) for says, runs in lines if says and runs]
    if not wanted:
        return []
    drawn = _columns([run for _, runs in lines for run in runs])
    named: list[Name] = []
    for age, (says, end) in enumerate(reversed(wanted)):
        places = [one for one in _places(says, end, box) if not any(_covers(one, other) for other in named)]
        its = [one for one in places if _is_nearest(one, end, [other for _, other in wanted])]
        free = [one for one in its if not _touches(one, drawn, marks)]
        named += (free or (its or places if age < NEWEST else []))[:1]
    return named[::-1]


def _places(says: str, end: tuple[float, float], box: Box) -> Iterator[Name]:
    """Right of the end or left of it, above or below, the nearest first; past marks beside it, if need be."""
    x, y = end
    for past, away, below in product(PAST, (0, HIGH), (False, True)):
        height = min(y + HIGH + away, box.bottom - 2) if below else max(y - ABOVE - away, box.top + HIGH - 2)
        right = Name(x + BESIDE + past, height, says)
        yield right if right.right <= box.right else Name(box.right, height, says, "end")
        left = Name(x - BESIDE - past, height, says, "end")
        if left.left >= box.left:
            yield left


def _covers(one: Name, other: Name) -> bool:
    return one.left < other.right and other.left < one.right and abs(one.y - other.y) < HIGH


def _is_nearest(one: Name, end: tuple[float, float], ends: Sequence[tuple[float, float]]) -> bool:
    return _away(one, end) <= min(_away(one, other) for other in ends)


def _away(one: Name, end: tuple[float, float]) -> float:
    x, y = end
    return hypot(max(one.left - x, 0, x - one.right), max(one.top - y, 0, y - one.y))


def _touches(one: Name, drawn: Mapping[int, Sequence[tuple[float, float]]], marks: Sequence[float]) -> bool:
    if any(one.left - 1 <= x <= one.right + 1 for x in marks):
        return True
    columns = range(int(one.left) // WIDE, int(one.right) // WIDE + 1)
    points = (point for column in columns for point in drawn.get(column, ()))
    return any(one.left <= x <= one.right and one.top <= y <= one.y + 2 for x, y in points)


def _columns(runs: Sequence[Run]) -> dict[int, list[tuple[float, float]]]:
    """Points of all lines, so near each other that no name slips through, by the column they are in."""
    found: dict[int, list[tuple[float, float]]] = {}
    for run in runs:
        for (x, y), (to_x, to_y) in pairwise(run):
            parts = max(1, int(max(to_x - x, abs(to_y - y)) // FINE))
            for part in range(parts + 1):
                here = x + (to_x - x) * part / parts
                found.setdefault(int(here) // WIDE, []).append((here, y + (to_y - y) * part / parts))
    return found
