"""What one application sends is unpacked beside what others send: not all of it at once, and none for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shipway.signals.otlp.turns import AT_ONCE, Turns

PATIENCE = 60.0


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def others() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def goes_through(turns: Turns, application: str) -> None:
    with turns.one(application):
        pass


def test_one_application_holds_up_no_other(turns: Turns, others: ThreadPoolExecutor) -> None:
    with turns.one("kiosk"):
        same = others.submit(goes_through, turns, "kiosk")
        others.submit(goes_through, turns, "topup").result(PATIENCE)
        assert not same.done()
    same.result(PATIENCE)


def test_no_more_are_unpacked_at_once_than_there_is_room_for(turns: Turns, others: ThreadPoolExecutor) -> None:
    one_too_many = threading.Barrier(AT_ONCE + 1)

    def meet(application: str) -> None:
        with turns.one(application):
            one_too_many.wait(1.0)

    told = [others.submit(meet, f"app{number}") for number in range(AT_ONCE + 1)]
    assert [type(each.exception(PATIENCE)) for each in told] == [threading.BrokenBarrierError] * (AT_ONCE + 1)
