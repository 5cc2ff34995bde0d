"""The charts of an environment, as what is to be drawn: where each line runs, what the axes say, what is marked.

One drawing for each question: how much is asked, which share fails, how long answers take. The solid line is what
serves. Where two releases share the requests, the newer one has a line of its own, dashed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shipway.signals.reading import Reading
from shipway.signals.summary import Step, apart, smooth_quantile
from shipway.state.deployments import Deployment
from shipway.web.words import clock, date

LEFT, RIGHT, TOP, BOTTOM = 40, 444, 12, 140
ICON = 15  # pixels: of two marks closer than this, the icon of the newer is enough
DAY = 24 * 3600
SHORT = 900  # seconds of a drawing below which its axis says the seconds too
FARTHEST = 2.5  # how much higher than its lines a drawing becomes to show the whole of a band
Value = Callable[[Reading], float | None]


@dataclass(frozen=True)
class Mark:
    """A deployment where it moved the traffic; `icon` unless that of a newer one is in its place."""

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


@dataclass(frozen=True)
class Charts:
    """The three of them, over the same time: `deaf` is where the router was not heard, from x and how wide."""

    requests: Chart
    errors: Chart
    durations: Chart
    times: Sequence[tuple[float, str]]
    marks: Sequence[Mark]
    deaf: Sequence[tuple[float, float]]
    shared: bool


@dataclass(frozen=True)
class Axis:
    """Time from left to right: the `span` seconds before `ends`, in steps of `length`."""

    ends: float
    span: int
    length: int

    def x(self, at: float) -> float:
        return round(RIGHT - (self.ends - at) / self.span * (RIGHT - LEFT), 1)


def charts(
    steps: Sequence[Step], moved: Sequence[tuple[Deployment, int]], *, span: int, length: int, now: float
) -> Charts:
    """What is to be drawn of these steps, each of `length` seconds, and of the deployments among them."""
    axis = Axis(math.ceil(now / length) * length, span, length)
    shown = [step for step in steps if step.begins >= axis.ends - span]
    lines = list(zip((step.begins for step in shown), apart(shown), strict=True))
    rest, newer = [(at, one) for at, (_, one) in lines], [(at, one) for at, (one, _) in lines]
    return Charts(
        requests=draw(axis, rest, newer, _rate, least=1.0, unit=""),
        errors=draw(axis, rest, newer, failed, least=1.0, unit=" %"),
        durations=draw(
            axis, rest, newer, quantile(0.95), least=10.0, unit="", between=[quantile(0.5), quantile(0.99)]
        ),
        times=times(axis),
        marks=_marks(axis, moved),
        deaf=deaf(axis, shown),
        shared=any(one is not None for _, one in newer),
    )


Readings = Sequence[tuple[int, Reading | None]]


def draw(
    axis: Axis,
    rest: Readings,
    newer: Readings,
    value: Value,
    *,
    least: float,
    unit: str,
    between: Sequence[Value] = (),
) -> Chart:
    """`least` is what the axis reaches at least; `between` the two values that the band lies between."""
    solid, dashed = _runs(axis, rest, value), _runs(axis, newer, value)
    edges = [_runs(axis, rest, edge) for edge in between]
    seen = max(least, _highest([*solid, *dashed]))
    top = 1.12 * max(seen, min(FARTHEST * seen, _highest([run for runs in edges for run in runs])))
    apart_by = _nice(top)
    heights = [apart_by * line for line in range(int(top / apart_by) + 1)]
    return Chart(
        solid=[_points(run, top) for run in solid],
        dashed=[_points(run, top) for run in dashed],
        band=[_points([*above, *reversed(below)], top) for below, above in zip(*edges, strict=True)]
        if edges
        else [],
        heights=[(_y(height, top), _label(height, unit)) for height in heights],
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
    return " ".join(f"{x:.1f},{_y(height, top):.1f}" for x, height in run)


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


def _marks(axis: Axis, moved: Sequence[tuple[Deployment, int]]) -> list[Mark]:
    """Oldest first; where icons would lie upon each other the newest is seen."""
    marks: list[Mark] = []
    for one, number in reversed(moved):
        at = one.switched or one.started
        if at >= axis.ends - axis.span:
            x, kind = axis.x(at), "rb" if one.kind == "rollback" else "dp"
            icon = all(x <= other.x - ICON for other in marks if other.icon)
            what = "back to" if kind == "rb" else "deployment of"
            marks.append(Mark(x, kind, icon, f"{_minute(at)} {what} r{number} {one.commit[:7]}"))
    return marks[::-1]


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
