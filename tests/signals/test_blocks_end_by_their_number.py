"""Blocks of requests, which both tests of the judge bet on: they end by their number, whoever got the bad ones."""

from __future__ import annotations

import pytest

from shipway.signals.judge.dealing import LEAST, MOST_NEEDED, Dealing


@pytest.mark.parametrize(("planned", "requests"), [(0.9, LEAST), (0.5, LEAST), (0.05, 14), (0.001, MOST_NEEDED)])
def test_a_block_is_larger_where_the_new_release_gets_less(planned: float, requests: int) -> None:
    dealing = Dealing()
    assert dealing.is_block(requests, planned)
    assert not dealing.is_block(requests - 1, planned)


def test_what_the_new_release_gets_is_what_was_planned_and_soon_what_it_got() -> None:
    dealing = Dealing()
    assert dealing.share(0.1) == 0.1
    for _ in range(50):
        dealing.learn(15, 50)
    assert dealing.share(0.1) == pytest.approx(0.3, abs=0.01)
    dealing.forget()
    assert dealing.share(0.1) == 0.1


def test_it_gets_neither_all_nor_nothing() -> None:
    dealing = Dealing()
    assert (dealing.share(0.0), dealing.share(1.0)) == (0.005, 0.995)
