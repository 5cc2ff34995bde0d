"""A plan of shares is decided as a value, and is right by construction."""

from __future__ import annotations

import pytest

from shipway.traffic import strategies
from shipway.traffic.plan import Healthy, Judged, Plan, Shares, Shift, Takeover

OLD, NEW = "app.prod.r1", "app.prod.r2"
JUDGED = Judged(60, 600)


def test_blue_green_moves_everything_at_once() -> None:
    plan = strategies.plan("blue_green", Takeover({OLD: 100}, NEW))
    assert plan == Plan((Shift(Shares({NEW: 100}), Healthy()),))


def test_blue_green_confirms_what_serves_already() -> None:
    """The record may be ahead of the router: a plan of nothing would never find out."""
    plan = strategies.plan("blue_green", Takeover({OLD: 100}, OLD))
    assert plan == Plan((Shift(Shares({OLD: 100})),))


@pytest.mark.parametrize("wrong", [{"a": 99}, {"a": 101}, {"a": 50, "b": 51}, {"a": -1, "b": 101}, {"a": 0}])
def test_shares_that_are_not_a_hundred_are_no_shares(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="share"):
        Shares(wrong)


def test_no_shares_at_all_mean_that_nothing_serves() -> None:
    assert Shares({}).of == {}


def test_a_share_of_nothing_is_none() -> None:
    assert Shares({"a": 100, "b": 0}) == Shares({"a": 100})


def canary(serving: dict[str, int], *, rate: float = 100.0, steps: tuple[int, ...] = (10, 50)) -> Plan:
    return strategies.plan("canary", Takeover(serving, NEW, rate=rate, steps=steps, hold=60, deadline=600))


def test_a_canary_gets_a_few_requests_first_and_each_further_share_waits_for_a_verdict() -> None:
    assert canary({OLD: 100}) == Plan(
        (
            Shift(Shares({NEW: 10, OLD: 90}), Healthy()),
            Shift(Shares({NEW: 50, OLD: 50}), JUDGED),
            Shift(Shares({NEW: 100}), JUDGED),
        )
    )


@pytest.mark.parametrize("steps", [(10, 50), (1, 5, 20)])
def test_where_few_people_come_half_of_them_is_the_first_share(steps: tuple[int, ...]) -> None:
    shares = [shift.shares.of.get(NEW) for shift in canary({OLD: 100}, rate=4.9, steps=steps).shifts]
    assert shares == [50, 100]


def test_who_asks_the_release_before_gives_it_most_requests_and_then_none() -> None:
    plan = strategies.plan("asking", Takeover({NEW: 100}, NEW, before=OLD))
    away, home = plan.shifts
    assert away.shares.of[OLD] > away.shares.of[NEW] > 0
    assert home.shares == Shares({NEW: 100})
    assert isinstance(home.condition, Judged)


def test_a_canary_with_nobody_beside_it_gets_everything() -> None:
    assert canary({}) == canary({NEW: 100}) == Plan((Shift(Shares({NEW: 100})),))


def test_an_interrupted_canary_goes_on_with_the_share_it_had() -> None:
    """And is judged at it: what was seen before the interruption is not known any more."""
    resumed = canary({OLD: 50, NEW: 50})
    assert resumed.shifts == (Shift(Shares({NEW: 50, OLD: 50}), Healthy()), Shift(Shares({NEW: 100}), JUDGED))


@pytest.mark.parametrize("reached", [10, 30])
def test_an_interrupted_canary_gets_no_more_because_few_people_come_by_now(reached: int) -> None:
    """While Shipway was away nobody counted them."""
    resumed = canary({OLD: 100 - reached, NEW: reached}, rate=0.0)
    assert [shift.shares.of.get(NEW) for shift in resumed.shifts] == [reached, 50, 100]
    assert resumed.shifts[1].condition == JUDGED


def test_a_canary_is_tried_beside_what_serves_by_the_record_and_not_beside_one_that_is_stuck() -> None:
    stuck = "app.prod.r9"
    plan = strategies.plan("canary", Takeover({stuck: 50, OLD: 50}, NEW, before=OLD, steps=(50,)))
    assert plan.shifts[0].shares == Shares({NEW: 50, OLD: 50})
