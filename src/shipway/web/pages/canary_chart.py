"""A release on trial in one drawing: its share of the requests as a stair, and its failed requests as bars in it.

A few failures of a few requests are counts: as a rate they would jump between nothing and everything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shipway.signals.reading import Reading, total
from shipway.web.hurt import LATE
from shipway.web.pages.trial_chart import LENGTHS, Window, ended
from shipway.web.shares import EVERYTHING
from shipway.web.trials import Trial
from shipway.web.words import clock

TOP, BOTTOM, LEFT = 24, 148, 44
WIDE, SLIM = 720, 400
MARGIN = 12  # pixels to the right of it
BARS = 90  # steps of time, at most
THICK = 8.0  # pixels of a bar, at most
LOW, HIGH = 5.0, 52.0  # pixels of the lowest bar and of the highest
LETTER = 6.4  # pixels, where it is wide; slim ones are drawn smaller, with larger letters
CLOCK = 60  # pixels of 14:02:11 there
LARGER = 1.17


@dataclass(frozen=True)
class Word:
    """What stands where in it."""

    x: float
    y: float
    anchor: str
    says: str


@dataclass(frozen=True)
class Bar:
    """Failed requests of one step of time: it reaches from `y` down to the ground."""

    x: float
    y: float
    width: float
    says: str


@dataclass(frozen=True)
class Upright:
    """A moment that has a name: `aside` is in the drawing beside it, `above` over it."""

    x: float
    above: Sequence[Word] = ()
    aside: Sequence[Word] = ()


@dataclass(frozen=True)
class Curve:
    """In a box `width` wide: `stair` and `area` as points."""

    width: int
    right: int
    stair: str
    area: str
    heights: Sequence[tuple[float, str]]
    shares: Sequence[Word]
    rest: Word | None
    bars: Sequence[Bar]
    first: Upright | None
    decision: Upright | None
    times: Sequence[Word]


@dataclass(frozen=True)
class Canary:
    """The same drawn `wide` and `slim`. `says` is for who does not see it, `counts` what the bars are, `unheard`
    whether something of the time in which it had requests was not read, `known` whether anything of it is kept.
    """

    wide: Curve
    slim: Curve
    says: str
    counts: str
    known: bool
    unheard: bool


@dataclass(frozen=True)
class _Failed:
    """So many requests between two moments: when among them, nobody knows."""

    begins: float
    ends: float
    count: int

    @property
    def middle(self) -> float:
        return (self.begins + self.ends) / 2


def window(trial: Trial, now: float) -> Window:
    """From a little before its first share to when it was over, with room for what is said of that."""
    first = trial.moves[0].at
    last = now if trial.moving else ended(trial)
    lasted = last - first
    after = 0.0 if trial.moving else max(3.0, 0.35 * lasted)
    return Window(first - max(1.0, 0.1 * lasted), min(last + after, now))


def canary(trial: Trial, new: Sequence[Reading], old: Sequence[Reading], over: Window) -> Canary:
    """Of the readings of both releases in a time."""
    since = trial.moves[0].at
    until = over.ends if trial.ended is None else trial.ended
    read = [one for one in new if one.at > since and one.at - one.seconds < until]
    failed = _failed(read, since, until, over)
    return Canary(
        wide=_curve(trial, failed, over, WIDE),
        slim=_curve(trial, failed, over, SLIM),
        says=_says(trial, failed),
        counts=_counts(trial, read, [one for one in old if since < one.at <= until + LATE]),
        known=bool(read),
        unheard=any(not one.heard for one in read),
    )


def _failed(read: Sequence[Reading], since: float, until: float, over: Window) -> list[_Failed]:
    """A look that reaches beyond the time in which it had requests says nothing of what is beyond it."""
    length = next((each for each in LENGTHS if each >= (over.ends - over.begins) / BARS), LENGTHS[-1])
    steps: dict[int, list[Reading]] = {}
    for one in read:
        if one.tally.errors:
            steps.setdefault(math.ceil(one.at / length), []).append(one)
    return [
        _Failed(
            max(min(one.at - one.seconds for one in some), since),
            min(max(one.at for one in some), max(until, since)),
            total(some).errors,
        )
        for _, some in sorted(steps.items())
    ]


class _Plane:
    """Where a moment and a share are, in pixels."""

    def __init__(self, over: Window, width: int) -> None:
        self.over, self.right = over, width - MARGIN
        self.letter, self.clock = (size * (LARGER if width == SLIM else 1.0) for size in (LETTER, CLOCK))

    def x(self, at: float) -> float:
        part = (at - self.over.begins) / max(self.over.ends - self.over.begins, 0.001)
        return round(LEFT + min(max(part, 0.0), 1.0) * (self.right - LEFT), 1)

    @staticmethod
    def y(share: float) -> float:
        return round(BOTTOM - share / EVERYTHING * (BOTTOM - TOP), 1)


def _curve(trial: Trial, failed: Sequence[_Failed], over: Window, width: int) -> Curve:
    plane = _Plane(over, width)
    moves = [move for move in trial.moves if move.at <= over.ends]
    shares = [0, *(move.share for move in moves)]
    edges = [over.begins, *(move.at for move in moves), over.ends]
    steps = list(zip(shares, pairwise([plane.x(at) for at in edges]), strict=True))
    stair = " ".join(f"{x:.1f},{plane.y(share):.1f}" for share, sides in steps for x in sides)
    return Curve(
        width=width,
        right=plane.right,
        stair=stair,
        area=f"{stair} {plane.right},{BOTTOM} {LEFT},{BOTTOM}",
        heights=[(plane.y(share), text) for share, text in ((100, "100 %"), (50, "50 %"), (0, "0"))],
        shares=_shares(steps, plane),
        rest=_rest(trial, steps, plane),
        bars=list(_bars(failed, plane)),
        first=_first(failed, plane),
        decision=_decision(trial, plane),
        times=_times([move.at for move in moves], plane),
    )


Steps = Sequence[tuple[int, tuple[float, float]]]


def _shares(steps: Steps, plane: _Plane) -> list[Word]:
    """Where each step begins; before one that is too narrow, if nothing else stands there."""
    named: list[Word] = []
    taken = float(LEFT)
    for share, (begins, ends) in steps:
        text = f"{share} %"
        room = plane.letter * len(text) + 6
        y = plane.y(share) + (15 if share > 85 else -6)
        if not share:
            taken = max(taken, ends if named else taken)
        elif ends - begins >= room:
            named.append(Word(begins + 5, y, "start", text))
            taken = ends
        elif begins - 4 - room >= taken:
            named.append(Word(begins - 4, y, "end", text))
            taken = ends
    return named


def _rest(trial: Trial, steps: Steps, plane: _Plane) -> Word | None:
    """Where another one has at least half, if there is room to say so."""
    if trial.before is None:
        return None
    ends = next((begins for share, (begins, _) in steps if share > EVERYTHING / 2), steps[-1][1][1])
    if any(not share for share, _ in steps[1:]):
        ends = min(ends, next(begins for share, (begins, _) in steps[1:] if not share))
    text = f"r{trial.before.number} serves the rest"
    return Word(LEFT + 10, TOP + 34, "start", text) if ends - LEFT - 16 >= plane.letter * len(text) else None


def _bars(failed: Sequence[_Failed], plane: _Plane) -> Iterator[Bar]:
    most = max((one.count for one in failed), default=1)
    apart = min((plane.x(b.middle) - plane.x(a.middle) for a, b in pairwise(failed)), default=THICK)
    width = round(max(1.5, min(THICK, 0.7 * apart)), 1)
    for one in failed:
        height = max(LOW, HIGH * one.count / most)
        says = f"{one.count:,} failed request{'' if one.count == 1 else 's'} by {clock(one.ends)}"
        yield Bar(round(plane.x(one.middle) - width / 2, 1), round(BOTTOM - height, 1), width, says)


def _first(failed: Sequence[_Failed], plane: _Plane) -> Upright | None:
    if not failed:
        return None
    x, text = plane.x(failed[0].middle), "first failed request"
    fits = x + plane.letter * len(text) <= plane.right
    return Upright(x, above=[Word(x, TOP - 8, "start" if fits else "end", text)])


def _decision(trial: Trial, plane: _Plane) -> Upright | None:
    """That it was bad, or was given up; whether it has lost all requests by that."""
    bad = trial.decisive
    judged = bad is not None and bad.kind == "bad"
    back = next((move for move in reversed(trial.moves) if move.back and not move.share), None)
    at = bad.at if bad is not None and judged else None if back is None else back.at
    if at is None or at > plane.over.ends:
        return None
    texts = ["decision" if judged or trial.unjudged else "taken back"]
    texts += [] if back is None else [f"0 % for r{trial.release.number}"]
    x = plane.x(at)
    fits = x + 8 + plane.letter * max(map(len, texts)) <= plane.right
    anchor, beside = ("start", x + 8) if fits else ("end", x - 8)
    return Upright(x, aside=[Word(beside, TOP + 14 + 17 * line, anchor, text) for line, text in enumerate(texts)])


def _times(moved: Sequence[float], plane: _Plane) -> list[Word]:
    """When its share moved, the last and the first before the others, as far as there is room."""
    wanted = [*moved[-1:], *moved[:1], *moved[1:-1]]
    told: list[Word] = []
    for at in wanted:
        x = min(max(plane.x(at), LEFT + plane.clock / 2), plane.right - plane.clock / 2)
        if all(abs(x - other.x) > plane.clock for other in told):
            told.append(Word(x, BOTTOM + 22, "middle", clock(at)))
    return sorted(told, key=lambda word: word.x)


def _says(trial: Trial, failed: Sequence[_Failed]) -> str:
    moved = ", ".join(f"{move.share} % at {clock(move.at)}" for move in trial.moves)
    count = sum(one.count for one in failed)
    first = f"; {count:,} failed, the first by {clock(failed[0].ends)}" if failed else ""
    return f"Share of the requests to r{trial.release.number} over time: {moved}{first}."


def _counts(trial: Trial, read: Sequence[Reading], old: Sequence[Reading]) -> str:
    """What the bars are, and what the other release answered in the same time."""
    new, other = total(read), total(old)
    if not new.requests:
        return ""
    before = ""
    if trial.before is not None and other.requests:
        before = f"; r{trial.before.number} failed {other.errors:,} of {other.requests:,} meanwhile"
    lead = "Bars: failed requests of" if new.errors else "Failed requests of"
    return f"{lead} r{trial.release.number}, {new.errors:,} of {new.requests:,}{before}."
