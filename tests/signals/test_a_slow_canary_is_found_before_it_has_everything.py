"""A share is not left before durations were heard, where requests come; nobody waits for what does not come.

The same, longer: bench/judge_slow_canary.py.
"""

from __future__ import annotations

from random import Random

import pytest

from shipway.signals.judge import Judge, Reading
from shipway.traffic.plan import Judged
from shipway.traffic.tally import Tally
from support.canary import rule, tried
from support.tallies import tally
from support.worlds import Change, World, always

HOLD = 6.0
LEARNED = [Reading(60.0, 0.0, tally(120)) for _ in range(5)]
TWO = Reading(1.0, 0.5, tally(1), tally(1))


def judge(*readings: Reading) -> Judge:
    made = Judge()
    for reading in (*LEARNED, *readings):
        made.see(reading)
    return made


@pytest.mark.parametrize(("rate", "hold"), [(1.0, 60.0), (2.0, HOLD), (10.0, HOLD)])
def test_one_five_times_slower_is_found_on_a_share(rate: float, hold: float) -> None:
    change = Change(slower=5.0, cold=20)
    found = [tried(World(rate, always(0.001)), change, Random(f"{rate} {n}"), hold) for n in range(8)]
    assert sum(one.bad for one in found) >= 7, found


def test_a_good_one_waits_no_longer_than_that_needs() -> None:
    """At two a second: 20 requests, 5 s, and 29 more at half of them."""
    found = [tried(World(2.0), Change(cold=20), Random(n), HOLD) for n in range(8)]
    assert [one.bad for one in found] == [False] * 8
    assert max(one.seconds for one in found) < 90


def test_where_requests_come_often_it_waits_for_nothing() -> None:
    assert tried(World(50.0), Change(cold=20), Random(1), 20.0).seconds == 40.0


@pytest.mark.parametrize(
    ("waited", "deadline", "act"),
    [(6, 600.0, "wait"), (6, 50.0, "go on"), (70, 600.0, "wait"), (85, 600.0, "go on")],
)
def test_a_share_is_left_when_durations_will_not_be_heard_soon(waited: float, deadline: float, act: str) -> None:
    """Within two minutes more than it is held, and before the deadline."""
    judged = judge(*[TWO] * 6)
    assert 45 < judged.listens < 55
    assert rule(judged, 6, waited, Judged(HOLD, deadline)).act == act


@pytest.mark.parametrize("none", [TWO, Reading(1.0, 0.5, Tally((1, 0, 0, 0, 0)), Tally((1, 0, 0, 0, 0)))])
def test_what_does_not_come_is_not_waited_for(none: Reading) -> None:
    """People came until a moment ago, and none do now; or all there is are websockets, which have no duration."""
    quiet = Reading(1.0, 0.5) if none is TWO else none
    judged = judge(*[quiet] * 300)
    assert judged.listens > 300
    assert rule(judged, 300, 300, Judged(60, 600)).act == "go on"


def test_nothing_is_to_come_where_nothing_serves_beside_it() -> None:
    assert judge(*[Reading(1.0, 1.0, new=tally(1))] * 3).listens == 0
