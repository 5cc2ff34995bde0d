"""A release before the judge, drawn: its share of the requests, and both releases in the same time.

The solid line is the new release, the dashed one the release before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from shipway.signals.reading import Reading
from shipway.signals.summary import Step, steps
from shipway.web.pages.chart import (
    BOTTOM,
    ICON,
    RIGHT,
    TOP,
    Axis,
    Chart,
    Lines,
    Mark,
    deaf,
    draw,
    failed,
    quantile,
)
from shipway.web.pages.chart import times as times_of
from shipway.web.pages.chart_names import Name
from shipway.web.shares import EVERYTHING, Move
from shipway.web.trials import Trial
from shipway.web.words import clock

AROUND = 8.0  # seconds before and after, at least
POINTS = 90  # steps in a drawing, at most
LENGTHS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600, 6 * 3600, 24 * 3600)
HEIGHTS = ((0, "0"), (50, "50 %"), (EVERYTHING, "100 %"))
ROOM = 44  # pixels that the name of a share needs


@dataclass(frozen=True)
class Window:
    """What is drawn: from when to when, in seconds since 1970."""

    begins: float
    ends: float


@dataclass(frozen=True)
class Drawn:
    """Three drawings over the same time; `known` unless nothing is kept of what was read then."""

    shares: Chart
    errors: Chart
    durations: Chart
    times: Sequence[tuple[float, str]]
    marks: Sequence[Mark]
    deaf: Sequence[tuple[float, float]]
    known: bool


def window(trial: Trial, now: float) -> Window:
    """From a little before its first share to a little after its last verdict, or its end."""
    first = trial.moves[0].at
    last = now if trial.moving else ended(trial)
    around = max(AROUND, 0.25 * (last - first))
    return Window(first - around, min(last + around, now))


def ended(trial: Trial) -> float:
    """When the last of the trial happened: it was judged, moved, or taken back by what came next."""
    judged = [each.at for each in trial.verdicts if each.at >= trial.moves[0].at]
    first_end = next((at for at, move in enumerate(trial.moves) if not move.share), len(trial.moves))
    shown = trial.moves[: first_end + 1]
    own = [move.at for move in shown if move.back or move.run == trial.moves[0].run]
    return max([*judged, *own])


def drawn(trial: Trial, new: Sequence[Reading], old: Sequence[Reading], over: Window) -> Drawn:
    """What is to be drawn of the readings of both releases in a time."""
    length = next((each for each in LENGTHS if each >= (over.ends - over.begins) / POINTS), LENGTHS[-1])
    ends = math.ceil(over.ends / length) * length
    axis = Axis(ends, math.ceil((ends - over.begins) / length) * length, length)
    shown = [step for step in steps(_spread([*new, *old], length), length) if step.begins >= ends - axis.span]
    lines = _lines(trial, shown)
    moves = [move for move in trial.moves if move.at <= over.ends]
    return Drawn(
        shares=_shares(axis, moves, over.ends),
        errors=draw(axis, lines, failed, least=1.0, unit=" %"),
        durations=draw(axis, lines, quantile(0.95), least=10.0, unit=""),
        times=times_of(axis),
        marks=_marks(axis, trial.release.number, moves),
        deaf=deaf(axis, shown),
        known=bool(shown),
    )


def _spread(readings: Iterable[Reading], length: int) -> Iterator[Reading]:
    """What is only known of a longer time is in each step of it: shares and percentiles stay what they are.

    A look that came late reaches over a step in which none ended.
    """
    known = list(readings)
    ends = {(one.release, math.ceil(one.at / length)) for one in known}
    for one in known:
        yield one if one.seconds <= length else replace(one, seconds=length)
        half_of = math.ceil((one.at - one.seconds) / length + 0.5)
        for step in range(half_of, math.ceil(one.at / length)):
            if (one.release, step) not in ends:
                yield replace(one, at=step * length, seconds=length)


def _lines(trial: Trial, shown: Sequence[Step]) -> Lines:
    dashed = [] if trial.before is None else [("", _of(shown, trial.before.name))]
    return Lines(_of(shown, trial.release.name), dashed)


def _of(shown: Sequence[Step], name: str) -> list[tuple[int, Reading | None]]:
    return [(step.begins, step.releases.get(name)) for step in shown]


def _shares(axis: Axis, moves: Sequence[Move], until: float) -> Chart:
    """A stair: each share lasts until the next move."""
    shares = [0, *(move.share for move in moves)]
    edges = [axis.ends - axis.span, *(move.at for move in moves), until]
    stair = [
        (axis.x(at), _height(share))
        for share, (begins, ends) in zip(shares, pairwise(edges), strict=True)
        for at in (begins, ends)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in stair)
    area = f"{line} {stair[-1][0]:.1f},{BOTTOM} {stair[0][0]:.1f},{BOTTOM}"
    heights = [(_height(share), text) for share, text in HEIGHTS]
    return Chart([line], [], [area], heights, _named(axis, moves))


def _named(axis: Axis, moves: Sequence[Move]) -> list[Name]:
    """The name of each share that the axis does not name already, and that has room for it, the last first."""
    named: list[Name] = []
    for move in reversed([move for move in moves if move.share not in dict(HEIGHTS)]):
        x = axis.x(move.at)
        if not named or x < named[-1].x - ROOM:
            named.append(Name(min(x + 4, RIGHT - ROOM), max(_height(move.share) - 5, TOP + 11), f"{move.share} %"))
    return named[::-1]


def _marks(axis: Axis, number: int, moves: Sequence[Move]) -> list[Mark]:
    marks: list[Mark] = []
    for move in reversed(moves):
        x, kind = axis.x(move.at), "rb" if move.back else "dp"
        icon = all(x <= other.x - ICON for other in marks if other.icon)
        marks.append(Mark(x, kind, icon, f"{clock(move.at)} r{number} has {move.share} %"))
    return marks[::-1]


def _height(share: float) -> float:
    return round(BOTTOM - share / EVERYTHING * (BOTTOM - TOP), 1)
