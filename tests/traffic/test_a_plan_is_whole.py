"""A plan of shares is decided as a value, is right by construction, and is carried out in order."""

from __future__ import annotations

import pytest

from shipway.errors import StaleEpoch
from shipway.traffic import shift, strategies
from shipway.traffic.plan import Plan, Shares, Shift


def test_blue_green_moves_everything_at_once() -> None:
    plan = strategies.plan("blue_green", {"app.prod.r1": 100}, "app.prod.r2")
    assert plan == Plan((Shift(Shares({"app.prod.r2": 100}), condition="healthy"),))


def test_blue_green_confirms_what_serves_already() -> None:
    """The record may be ahead of the router: a plan of nothing would never find out."""
    plan = strategies.plan("blue_green", {"app.prod.r1": 100}, "app.prod.r1")
    assert plan == Plan((Shift(Shares({"app.prod.r1": 100})),))


@pytest.mark.parametrize("wrong", [{"a": 99}, {"a": 101}, {"a": 50, "b": 51}, {"a": -1, "b": 101}, {"a": 0}])
def test_shares_that_are_not_a_hundred_are_no_shares(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="share"):
        Shares(wrong)


def test_no_shares_at_all_mean_that_nothing_serves() -> None:
    assert Shares({}).of == {}


def test_a_share_of_nothing_is_none() -> None:
    assert Shares({"a": 100, "b": 0}) == Shares({"a": 100})


class Recorder:
    """Takes every shift until it is told to refuse."""

    def __init__(self, refuses_at: int | None = None) -> None:
        self.shifts: list[tuple[str, str, dict[str, int], int]] = []
        self._refuses_at = refuses_at

    def shift(self, app: str, env: str, shares: object, *, epoch: int) -> None:
        if len(self.shifts) == self._refuses_at:
            raise StaleEpoch("too late")
        self.shifts.append((app, env, dict(shares), epoch))  # type: ignore[call-overload]


TWO = Plan((Shift(Shares({"a": 90, "b": 10})), Shift(Shares({"b": 100}))))


def test_a_plan_is_carried_out_in_order() -> None:
    proxy = Recorder()
    shift.carry_out(TWO, proxy, "app", "prod", epoch=3)
    assert proxy.shifts == [("app", "prod", {"a": 90, "b": 10}, 3), ("app", "prod", {"b": 100}, 3)]


def test_nothing_is_moved_after_a_refusal() -> None:
    proxy = Recorder(refuses_at=1)
    with pytest.raises(StaleEpoch):
        shift.carry_out(TWO, proxy, "app", "prod", epoch=3)
    assert len(proxy.shifts) == 1
