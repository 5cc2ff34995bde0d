"""Simulated deployments through the real judge: harmless releases stay, worse ones go.

The same, longer: bench/judge_false_alarms.py and bench/judge_power.py.
"""

from __future__ import annotations

from random import Random

import pytest

from shipway.signals.judge import Judge, Reading
from shipway.traffic.tally import BOUNDS, Tally
from support.sessions import sessions
from support.worlds import HARMLESS, Change, Moves, Outcome, World, always, judged, readings

COLD = Change(cold=20)


@pytest.mark.parametrize("world", HARMLESS)
def test_a_release_that_differs_in_nothing_stays(world: str) -> None:
    """At most one deployment in a hundred may be called bad; here are eighty, and none is."""
    for number in range(8):
        rng = Random(f"{world} {number}")
        drawn = HARMLESS[world](rng)
        first = 0.5 if drawn.rate < 5 or number % 2 else 0.1
        moves = Moves(((first, 120), (0.5, 120), (1.0, 40)), before=120)
        outcome = judged(readings(drawn, COLD, moves, rng))
        assert not outcome.bad, outcome


@pytest.mark.parametrize("change", [COLD, Change(failing=0.5)], ids=["harmless", "half fails"])
def test_where_visitors_stay_with_a_release_it_is_judged_as_rightly(change: Change) -> None:
    """As long as they are alike: docs/concepts/judge.md says what there is to say where they are not."""
    moves = Moves(((0.1, 120), (0.5, 120)), before=120)
    for number in range(8):
        rng = Random(f"stays {number}")
        outcome = judged(readings(World(8.0, always(0.02)), change, moves, rng, sessions(rng, differ=False)))
        assert outcome.bad == (change is not COLD), outcome


WORSE = [
    # requests a second, share, change, seconds from the first failure, trials, of which must be found
    (20, 0.1, Change(failing=1.0), 10, 40, 40),
    (20, 0.5, Change(failing=1.0), 5, 40, 40),
    (20, 0.1, Change(failing=0.5), 10, 40, 40),
    (1, 0.5, Change(failing=0.5), 60, 40, 38),
    (20, 0.5, Change(failing=0.2), 30, 20, 20),
    (20, 0.5, Change(failing=0.05), 120, 10, 10),
    (100, 0.5, Change(failing=0.01), 120, 10, 9),
    (20, 0.5, Change(slower=2.0), 120, 10, 10),
    (100, 0.5, Change(slower=1.2), 600, 2, 1),
]


def trials(rate: float, share: float, change: Change, seconds: float, number: int) -> list[Outcome]:
    moves = Moves(((share, seconds + 5 / rate),), before=120, every=0.25)
    world = World(rate, always(0.001))
    seeds = (f"{rate} {share} {change} {place}" for place in range(number))
    return [judged(readings(world, change, moves, Random(seed))) for seed in seeds]


@pytest.mark.parametrize(("rate", "share", "change", "seconds", "number", "found"), WORSE)
def test_a_release_that_is_worse_is_found(
    rate: float, share: float, change: Change, seconds: float, number: int, found: int
) -> None:
    outcomes = trials(rate, share, change, seconds, number)
    assert sum(outcome.bad and outcome.seconds <= seconds for outcome in outcomes) >= found


def test_fifteen_failed_requests_are_enough() -> None:
    """Half of the requests fail, 20 a second, 10 % of them to the new release."""
    failed = sorted(outcome.failed for outcome in trials(20, 0.1, Change(failing=0.5), 10, 40))
    assert failed[len(failed) // 2] <= 5
    assert failed[-1] <= 10


@pytest.mark.parametrize(("most", "kind"), [(0.0, "bad"), (0.5, "not known"), (1.0, "not known")])
def test_the_third_of_three_failed_requests_decides_when_it_is_seen(most: float, kind: str) -> None:
    """A tenth goes to the new release, and no block of requests is whole yet: nobody waits for one. Where it may
    have been more already it says less.
    """
    judge = Judge()
    judge.see(Reading(60, 0.0, Tally((0, 600, 0, 0, 0), (600, *[0] * len(BOUNDS)))))
    for failed in range(3):
        assert judge.verdict().kind == "not known", failed
        judge.see(Reading(0.25, 0.1, Tally((0, 1, 0, 0, 0)), Tally((0, 0, 0, 0, 1)), most=most))
    assert judge.verdict().kind == kind


def test_what_becomes_worse_later_is_found_as_well() -> None:
    course = list(readings(World(20, always(0.002)), Change(), Moves(((0.5, 600),), every=1.0), Random(1)))
    turned = list(
        readings(World(20, always(0.002)), Change(failing=0.3), Moves(((0.5, 60),), before=0), Random(2))
    )
    assert judged(iter(course + turned)).at <= 620
