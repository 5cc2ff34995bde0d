"""Simulated canaries: the real strategy and the real judge, asked as the story asks it, until all has moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from shipway.signals.judge import Clocks, Judge, Reading, Step, step
from shipway.traffic.plan import Judged, Takeover
from shipway.traffic.strategies import plan
from support.watching import TICK, Production, later, together
from support.worlds import Change, World

PAST = 600.0
Rule = Callable[[Judge, float, float, Judged], Step]


@dataclass
class Tried:
    """Where a canary ended: `share` of 100 requests when it was called bad, or 100 when all moved, after so many
    `seconds`; `served` requests of the new release until then.
    """

    bad: bool
    share: int
    seconds: float
    served: int


def rule(judge: Judge, heard: float, waited: float, condition: Judged) -> Step:
    """What the story does."""
    clocks = Clocks(heard, judge.unheard, judge.listens, waited, condition.hold, condition.deadline)
    return step(judge.verdict(), clocks)


def tried(
    world: World, change: Change, rng: Random, hold: float, *, deadline: float = 600.0, by: Rule = rule
) -> Tried:
    """A canary with 10 % and 50 %, or 50 % where few come; the old release was seen for ten minutes before."""
    production, judge = Production(later(world, PAST), change, PAST, rng), Judge()
    before = [production.until(tick * TICK) for tick in range(1, int(PAST / TICK) + 1)]
    for start in range(0, len(before), 40):
        judge.see(Reading(40 * TICK, 0.0, together(old for old, _ in before[start : start + 40]).tally()))
    takeover = Takeover({"old": 100}, "new", "old", world.rate, (10, 50), hold, deadline)
    moves, ticks, served = plan("canary", takeover).shifts, 0, 0
    for move, following in pairwise(moves):
        condition, began, heard = following.condition, ticks, judge.heard
        assert isinstance(condition, Judged)
        production.share = move.shares.of["new"] / 100
        told = Step("wait")
        while told.act == "wait":
            ticks += 1
            old, new = production.until(PAST + ticks * TICK)
            served += sum(new.durations or ())
            judge.see(
                Reading(TICK, production.share, old.tally(), new.tally(), new_waiting=max(production.waiting, 0))
            )
            told = by(judge, judge.heard - heard, (ticks - began) * TICK, condition)
        if told.act == "go back":
            return Tried(True, move.shares.of["new"], ticks * TICK, served)
    return Tried(False, 100, ticks * TICK, served)
