"""Simulated minutes in which a release serves alone: whoever watches may give a share back to the one before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random

from shipway.signals.judge import Judge, Policy, Reading
from support.worlds import Change, Counts, World, took

TICK = 0.25
SHIFTS = 0.3
"""Seconds from a decision until the routers follow."""


@dataclass(frozen=True)
class Watching:
    """`kept` is the share (0 to 1) that the new release has as a rule, `asked` what it has while the one before
    is asked (None: it never is), for `hold` seconds at least and `deadline` at most.
    """

    kept: float = 1.0
    asked: float | None = None
    hold: float = 10.0
    deadline: float = 60.0
    looks: float = 1.0
    """Seconds between two looks while nobody is asked; four a second otherwise."""
    policy: Policy = field(default_factory=Policy)


@dataclass
class Seen:
    """`at` is when it was called bad (seconds since it served); `failed` what of its requests failed until the
    requests were back, or in all; `asked` when the one before began to be asked, `given` for how many seconds
    it was.
    """

    bad: bool = False
    at: float = 0.0
    failed: int = 0
    asked: list[float] = field(default_factory=list)
    given: float = 0.0


@dataclass
class Production:
    """Requests as they come, ended in slots of a tick; `share` is the new release's, at this moment."""

    world: World
    change: Change
    since: float
    rng: Random
    share: float = 0.0
    waiting: int = 0
    _next: float = 0.0
    _ends: dict[int, tuple[Counts, Counts]] = field(default_factory=dict)
    _running: int = 0
    _served: int = 0

    def until(self, second: float) -> tuple[Counts, Counts]:
        """What ended in the tick before `second`; call tick by tick."""
        while self._next < second:
            self._come(self._next)
            self._next += self.rng.expovariate(self.world.rate)
        old, new = self._ends.pop(round(second / TICK), (Counts(), Counts()))
        self.waiting -= sum(new.durations or ())
        return old, new

    def _come(self, second: float) -> None:
        world, rng = self.world, self.rng
        new = rng.random() < self.share
        change = self.change if second >= self.since else Change()
        if not self._running and rng.random() < world.failing(second) / world.run:
            self._running = world.run
        failed = self._running > 0 or (new and rng.random() < change.failing)
        self._running = max(self._running - 1, 0)
        self._served += new
        slower = change.slower * (10 if self._served <= change.cold else 1) if new else 1.0
        milliseconds = took(world, second, rng) * slower * (world.fails_after if failed else 1)
        slot = int((second + milliseconds / 1000) / TICK) + 1
        self._ends.setdefault(slot, (Counts(), Counts()))[new].add(failed, milliseconds)
        self.waiting += new


def watched(
    world: World, change: Change, rng: Random, by: Watching, *, since: float = 0.0, seconds: float = 180.0
) -> Seen:
    """The real judge, asked as the story asks it, over `seconds` alone; the old one was seen for five minutes."""
    return Watch(Production(later(world, 300.0), change, since + 300.0, rng), by).until(seconds)


class Watch:
    def __init__(self, production: Production, by: Watching) -> None:
        self.production, self.by = production, by
        self.judge, self.seen = Judge(by.policy, asks=by.asked is not None), Seen()
        self._told = 0.0
        self._moves: list[tuple[float, float]] = []

    def until(self, seconds: float) -> Seen:
        before = [self.production.until(tick * TICK) for tick in range(1, 1201)]
        for start in range(0, 1200, 40):
            self.judge.see(Reading(10.0, 0.0, together(old for old, _ in before[start : start + 40]).tally()))
        self._told = self.production.share = self.by.kept
        gathered: list[tuple[Counts, Counts]] = []
        for tick in range(1, int(seconds / TICK) + 1):
            self._follow(tick * TICK)
            gathered.append(self.production.until(300.0 + tick * TICK))
            self.seen.failed += gathered[-1][1].failed
            self.seen.given += TICK * (self._told != self.by.kept)
            if len(gathered) * TICK >= (self.by.looks if self._told == self.by.kept else TICK):
                self._look(gathered, tick * TICK)
                gathered = []
            if self.seen.bad:
                break
        return self.seen

    def _follow(self, second: float) -> None:
        """The routers take up a move some time after it was decided; it is on record after that."""
        while self._moves and self._moves[0][0] <= second:
            _, self.production.share = self._moves.pop(0)
            self._told = self.production.share

    def _look(self, gathered: list[tuple[Counts, Counts]], second: float) -> None:
        judge, by = self.judge, self.by
        old, new = (together(each[place] for each in gathered) for place in (0, 1))
        judge.see(
            Reading(
                len(gathered) * TICK,
                self._told,
                old.tally(),
                new.tally(),
                new_waiting=max(self.production.waiting, 0),
            )
        )
        if judge.verdict().kind == "bad":
            self.seen.bad, self.seen.at = True, second
        elif by.asked is not None and not self._moves:
            if self._told == by.kept and judge.doubts:
                self._moves.append((second + SHIFTS, by.asked))
                self.seen.asked.append(second)
            elif self._told != by.kept:
                waited = second - self.seen.asked[-1]
                if waited >= by.deadline or (waited >= by.hold and not (judge.doubts or judge.hears_out)):
                    self._moves.append((second + SHIFTS, by.kept))


def together(counts: Iterable[Counts]) -> Counts:
    made = Counts()
    for each in counts:
        made.failed += each.failed
        if each.durations is not None:
            before = made.durations or [0] * len(each.durations)
            made.durations = [a + b for a, b in zip(before, each.durations, strict=True)]
    return made


def later(world: World, seconds: float) -> World:
    """The same with its time shifted: second 0 is when the new release begins to serve."""
    return replace(
        world,
        failing=lambda second: world.failing(second - seconds),
        slower=lambda second: world.slower(second - seconds),
    )
