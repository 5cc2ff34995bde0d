"""The charts of an environment, as what is to be drawn: where each line runs, what the axes say, what is marked.

One drawing for each question: how much is asked, which share fails, how long answers take. The solid line is what
serves. A release that has a part of the requests beside it has a line of its own, dashed, with its name.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from shipway.signals.encoding import number_of
from shipway.signals.reading import Reading
from shipway.signals.summary import Step, side_by_side, smooth_quantile, steps
from shipway.web import marks
from shipway.web.beside import Beside
from shipway.web.pages.chart_names import Box, Name, names
from shipway.web.words import clock, date

LEFT, RIGHT, TOP, BOTTOM = 40, 444, 12, 140
ICON = 15  # pixels: of two marks closer than this, the icon of the newer is enough
DAY = 24 * 3600
LATELY = 5  # seconds
LATE = 60  # seconds in which what a release was asked before it lost its requests is still answered
LOOKS = 4  # releases whose lines look different from each other's
KINDS = {"tried": "tr", "all": "dp", "back": "rb", "frozen": "fz"}
SHORT = 900  # seconds of a drawing below which its axis says the seconds too
FARTHEST = 2.5  # how much higher than its lines a drawing becomes to show the whole of a band
Value = Callable[[Reading], float | None]


@dataclass(frozen=True)
class Mark:
    """A moment at which a deployment moved the traffic; `icon` unless that of a newer one is in its place."""

    x: float
    kind: str
    icon: bool
    says: str


@dataclass(frozen=True)
class Chart:
    """One drawing in a box of 448 by 184: lines as the points of polylines, texts with where they stand."""

    solid: Sequence[str]
    dashed: Sequence[str]
    band: Sequence[str]
    heights: Sequence[tuple[float, str]]
    named: Sequence[Name] = ()
    dashes: Sequence[int] = ()
    """How each of the dashed ones is dashed, where there are several: `Line` says."""


@dataclass(frozen=True)
class Charts:
    """The three of them, over the same time: `deaf` is where the router was not heard, from x and how wide;
    `beside` what has a line of its own in them, oldest first; `lines` how the newest of them look."""

    requests: Chart
    errors: Chart
    durations: Chart
    times: Sequence[tuple[float, str]]
    marks: Sequence[Mark]
    deaf: Sequence[tuple[float, float]]
    beside: Sequence[Beside]
    lines: Sequence[Line]

    @property
    def more(self) -> int:
        """How many releases are drawn without a look of their own."""
        return len({one.release for one in self.beside}) - len(self.lines)


@dataclass(frozen=True)
class Line:
    """What a dashed line is of: a release and when it was `last` beside what serves, `times` times in all. There
    are LOOKS ways to dash one, from 1 on; older ones are all dashed as 0 says.
    """

    dashes: int
    last: Beside
    times: int


@dataclass(frozen=True)
class Axis:
    """Time from left to right: the `span` seconds before `ends`, in steps of `length`."""

    ends: float
    span: int
    length: int

    def x(self, at: float) -> float:
        return round(RIGHT - (self.ends - at) / self.span * (RIGHT - LEFT), 1)


def charts(
    readings: Sequence[Reading],
    moved: Sequence[marks.Mark],
    beside: Sequence[Beside],
    *,
    span: int,
    length: int,
    now: float,
) -> Charts:
    """What is to be drawn of these readings in steps of `length` seconds, and of the deployments among them."""
    axis = Axis(math.ceil(now / length) * length, span, length)
    shown = [step for step in steps(readings, length) if step.begins >= axis.ends - span]
    lines = _lines(axis, readings, [one for one in beside if one.ends is None or one.ends > axis.ends - span])
    marked, between = _marks(axis, moved), [quantile(0.5), quantile(0.99)]
    upright = [mark.x for mark in marked]
    return Charts(
        requests=draw(axis, lines, _rate, least=1.0, unit="", upright=upright),
        errors=draw(axis, lines, failed, least=1.0, unit=" %", upright=upright),
        durations=draw(axis, lines, quantile(0.95), least=10.0, unit="", between=between, upright=upright),
        times=times(axis),
        marks=marked,
        deaf=deaf(axis, shown),
        beside=lines.beside,
        lines=_looks(lines.beside),
    )


def _looks(beside: Sequence[Beside]) -> list[Line]:
    """The newest releases first."""
    each: dict[int, list[Beside]] = {}
    for one in reversed(beside):
        each.setdefault(one.release, []).append(one)
    told = list(each.values())[:LOOKS]
    return [Line(dashes, times[0], len(times)) for dashes, times in enumerate(told, 1)]


Readings = Sequence[tuple[int, Reading | None]]


@dataclass(frozen=True)
class Lines:
    """What runs solid, and what dashed, by the name of each; `solid_is` that of the former. An empty one is not
    written."""

    solid: Readings
    dashed: Sequence[tuple[str, Readings]]
    solid_is: str = ""
    beside: Sequence[Beside] = ()


def _lines(axis: Axis, readings: Sequence[Reading], beside: Sequence[Beside]) -> Lines:
    """A release is what serves but for the time in which it had a part of the requests beside another."""
    serving: list[Reading] = []
    apart: dict[Beside, list[Reading]] = {}
    times: dict[int, list[Beside]] = {}
    for each in beside:
        times.setdefault(each.release, []).append(each)
    for one in readings:
        tried = _beside(one, times.get(number_of(one.release), ()))
        (serving if tried is None else apart.setdefault(tried, [])).append(one)
    drawn = [one for one in beside if one in apart]
    return Lines(
        _stepped(axis, serving),
        [(f"r{one.release}", _stepped(axis, apart[one])) for one in drawn],
        _name_of(serving) if any(one.ends is None for one in drawn) else "",
        drawn,
    )


def _beside(one: Reading, times: Sequence[Beside]) -> Beside | None:
    """Which of the times of its release beside another a reading is of; one that took over in it served for the
    rest of it."""
    begins = one.at - one.seconds
    for each in times:
        ends = math.inf if each.ends is None else each.ends
        if each.begins < one.at and begins < (ends + LATE if each.back else ends):
            return each if each.back or ends >= (begins + one.at) / 2 else None
    return None


def _stepped(axis: Axis, readings: Sequence[Reading]) -> Readings:
    """One that went and one that came in the same step share its time: the rate is of the whole of it."""
    lasted = _lasted(axis, readings)
    return [
        (step.begins, replace(one, seconds=lasted[step.begins]))
        for step in steps(readings, axis.length)
        if step.begins >= axis.ends - axis.span and (one := side_by_side(step.releases.values())) is not None
    ]


def _lasted(axis: Axis, readings: Sequence[Reading]) -> Mapping[int, float]:
    """Of how many seconds something was read, by the beginning of the step that they are counted in."""
    lasted: defaultdict[int, float] = defaultdict(float)
    until = -math.inf
    for one in sorted(readings, key=lambda one: one.at - one.seconds):
        begins = max(until, one.at - one.seconds)
        lasted[(math.ceil(one.at / axis.length) - 1) * axis.length] += max(0.0, one.at - begins)
        until = max(until, one.at)
    return lasted


def _name_of(serving: Sequence[Reading]) -> str:
    """Of the release that was asked most of late."""
    last = [one for one in serving if one.at > serving[-1].at - LATELY]
    asked = max(last, key=lambda one: one.tally.requests, default=None)
    return "" if asked is None else f"r{number_of(asked.release)}"


def draw(
    axis: Axis,
    lines: Lines,
    value: Value,
    *,
    least: float,
    unit: str,
    between: Sequence[Value] = (),
    upright: Sequence[float] = (),
) -> Chart:
    """`least` is what the axis reaches at least; `between` the two values that the band lies between; `upright` is
    where marks stand, which names keep off.
    """
    solid = _runs(axis, lines.solid, value)
    looks = {f"r{one.last.release}": one.dashes for one in _looks(lines.beside)}
    dashed = [(name, _runs(axis, readings, value)) for name, readings in lines.dashed]
    edges = [_runs(axis, lines.solid, edge) for edge in between]
    seen = max(least, _highest([*solid, *(run for _, runs in dashed for run in runs)]))
    top = 1.12 * max(seen, min(FARTHEST * seen, _highest([run for runs in edges for run in runs])))
    apart_by = _nice(top)
    heights = [apart_by * line for line in range(int(top / apart_by) + 1)]
    named = [*dashed[:-1], (lines.solid_is, solid), *dashed[-1:]]  # newest last, what serves just before it
    return Chart(
        solid=[_points(run, top) for run in solid],
        dashed=[_points(run, top) for _, runs in dashed for run in runs],
        dashes=[looks.get(name, 0) for name, runs in dashed for _ in runs] if looks else (),
        band=[_points([*above, *reversed(below)], top) for below, above in zip(*edges, strict=True)]
        if edges
        else [],
        heights=[(_y(height, top), _label(height, unit)) for height in heights],
        named=names(
            [(name, [_drawn(run, top) for run in runs]) for name, runs in named],
            upright,
            Box(LEFT, RIGHT + 4, TOP, BOTTOM),
        ),
    )


Run = Sequence[tuple[float, float]]


def _runs(axis: Axis, readings: Readings, value: Value) -> list[Run]:
    """What is drawn without lifting the pen: steps that follow each other and have a value, one alone a dash."""
    points = [(at, value(one)) for at, one in readings if one is not None and one.heard]
    runs: list[list[tuple[float, float]]] = [[]]
    for at, height in points:
        here = axis.x(at + axis.length / 2)
        if height is None or (runs[-1] and here - runs[-1][-1][0] > axis.x(axis.length * 1.5) - axis.x(0)):
            runs.append([])
        if height is not None:
            runs[-1].append((here, height))
    half = max(1.5, (axis.x(axis.length) - axis.x(0)) / 2)
    return [run if len(run) > 1 else _dash(run, half) for run in runs if run]


def _dash(run: Run, half: float) -> Run:
    """One step alone, as wide as it lasted; `half` of that in pixels."""
    (x, height), *_ = run
    return [(max(x - half, LEFT), height), (min(x + half, RIGHT), height)]


def _highest(runs: Sequence[Run]) -> float:
    return max((height for run in runs for _, height in run), default=0.0)


def _points(run: Run, top: float) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in _drawn(run, top))


def _drawn(run: Run, top: float) -> Run:
    """In pixels."""
    return [(x, _y(height, top)) for x, height in run]


def _y(height: float, top: float) -> float:
    return round(BOTTOM - min(height / top, 1.0) * (BOTTOM - TOP), 1)


def _nice(top: float) -> float:
    """A distance of 1, 2 or 5, ten times or a tenth of it, that leaves three lines at most below the top."""
    size: float = 10.0 ** math.floor(math.log10(top / 3))
    return next(size * step for step in (1, 2, 5, 10) if size * step * 3.5 >= top)


def _label(height: float, unit: str) -> str:
    if not height:
        return "0"
    thousands = height >= 10_000  # five digits are wider than there is room
    return f"{height / 1000:g} k" if thousands else f"{height:g}{unit}"


def times(axis: Axis) -> list[tuple[float, str]]:
    moments = [axis.ends - axis.span * part / 3 for part in (3, 2, 1, 0)]
    written = date if axis.span > DAY else clock if axis.span < SHORT else _minute
    return [(axis.x(at), written(at)) for at in moments]


def _minute(at: float) -> str:
    return time.strftime("%H:%M", time.localtime(at))


def _marks(axis: Axis, moved: Sequence[marks.Mark]) -> list[Mark]:
    """Oldest first; where icons would lie upon each other the newest is seen."""
    found: list[Mark] = []
    for one in reversed(moved):
        if one.at >= axis.ends - axis.span:
            x = axis.x(one.at)
            icon = all(x <= other.x - ICON for other in found if other.icon)
            found.append(Mark(x, KINDS[one.kind], icon, f"{_minute(one.at)} {one.says}"))
    return found[::-1]


def deaf(axis: Axis, steps: Sequence[Step]) -> list[tuple[float, float]]:
    """Where a step was not heard whole, and where something was read before and after but not in between."""
    width = round(axis.x(axis.length) - axis.x(0), 1)
    unheard = [step.begins for step in steps if not all(one.heard for one in step.releases.values())]
    begun = [step.begins for step in steps]
    holes = [(a + axis.length, b) for a, b in pairwise(begun) if b > a + axis.length]
    return [(axis.x(at), width) for at in unheard] + [
        (axis.x(a), round(axis.x(b) - axis.x(a), 1)) for a, b in holes
    ]


def _rate(one: Reading) -> float | None:
    return one.tally.requests / one.seconds if one.seconds else None


def failed(one: Reading) -> float | None:
    return 100 * one.tally.errors / one.tally.requests if one.tally.requests else None


def quantile(share: float) -> Value:
    return lambda one: smooth_quantile(one.tally, share)
