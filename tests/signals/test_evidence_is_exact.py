"""Evidence against a release that is not worse is at most 1 in the mean: counted over every case, not drawn."""

from __future__ import annotations

from itertools import product
from math import comb, exp, factorial

import pytest

from shipway.signals.judge import ranks
from shipway.signals.judge.against import Against
from shipway.signals.judge.beside import Beside, More, Table, factor, factor_of_bad
from shipway.signals.judge.reading import Reading
from shipway.signals.judge.restarts import Restarts
from shipway.signals.judge.wager import Wager

ALTERNATIVES = [More(0.01), More(0.15), More(0.97)]
SHARES = [0.02, 0.1, 0.5, 0.9]
HARDLY_MORE = 1 + 1e-9


def chance(hits: int, of: int, share: float) -> float:
    return comb(of, hits) * share**hits * (1 - share) ** (of - hits)


def mean(
    bad: int, good: int, dealt_bad: float, dealt_good: float, guessed: float, old: float, new: float
) -> float:
    """Over everything the router could have done with these requests."""
    return sum(
        chance(new_bad, bad, dealt_bad)
        * chance(new_good, good, dealt_good)
        * factor(
            Table(bad - new_bad, bad + good - new_bad - new_good, new_bad, new_bad + new_good), guessed, old, new
        )
        for new_bad, new_good in product(range(bad + 1), range(good + 1))
    )


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("dealt", SHARES)
def test_whatever_the_world_does_and_whatever_was_guessed(dealt: float, alternative: More) -> None:
    """No chance of failing occurs here: which requests are bad is given, and every one of them may be."""
    for bad, good, guessed, usual in product(range(6), range(6), SHARES, (0.0001, 0.05, 0.6)):
        if bad + good:
            assert mean(bad, good, dealt, dealt, guessed, *alternative.of(usual)) <= HARDLY_MORE


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_a_better_release_gives_even_less_evidence(alternative: More) -> None:
    for bad, good, fewer in product(range(1, 6), range(1, 6), (0.1, 0.5, 0.9)):
        assert mean(bad, good, 0.4 * fewer, 0.4, 0.4, *alternative.of(0.01)) <= HARDLY_MORE


USUAL = (0.5, 0.3, 0.15, 0.05)
SLOWER = [(0.3, 0.3, 0.25, 0.15), (0.05, 0.15, 0.3, 0.5), (0.45, 0.25, 0.1, 0.2)]


def mean_of_ranks(counts: tuple[int, ...], dealt: tuple[float, ...], slower: tuple[float, ...]) -> float:
    """Over every way in which the router could have dealt out so many requests of each class of durations."""
    total = 0.0
    for new in product(*(range(count + 1) for count in counts)):
        likely = 1.0
        for hits, count, share in zip(new, counts, dealt, strict=True):
            likely *= chance(hits, count, share)
        old = [count - hits for count, hits in zip(counts, new, strict=True)]
        total += likely * ranks.factor(old, new, USUAL, slower, 0.3)
    return total


@pytest.mark.parametrize("slower", SLOWER)
@pytest.mark.parametrize("dealt", SHARES)
def test_how_long_requests_take_is_no_evidence_while_all_are_dealt_out_alike(
    dealt: float, slower: tuple[float, ...]
) -> None:
    for counts in product(range(3), repeat=4):
        if sum(counts):
            assert mean_of_ranks(counts, (dealt,) * 4, slower) <= HARDLY_MORE


@pytest.mark.parametrize("slower", SLOWER[:2])
def test_a_faster_release_gives_even_less_evidence(slower: tuple[float, ...]) -> None:
    """The longer requests take, the fewer of them are its own."""
    for counts in product(range(3), repeat=4):
        if sum(counts):
            assert mean_of_ranks(counts, (0.5, 0.4, 0.3, 0.2), slower) <= HARDLY_MORE


def test_a_slower_release_gives_more() -> None:
    assert mean_of_ranks((2, 2, 2, 2), (0.1, 0.3, 0.6, 0.8), SLOWER[1]) > 2


def test_a_worse_release_gives_more() -> None:
    assert mean(3, 7, 0.9, 0.3, 0.4, 0.01, 0.5) > 2


@pytest.mark.parametrize("dealt", [0.0, 0.05, 0.1])
def test_bad_requests_alone_are_evidence_only_beyond_the_known_share(dealt: float) -> None:
    for bad, alternative in product(range(6), ALTERNATIVES):
        old, new = alternative.of(0.001)
        means = (
            chance(hits, bad, dealt) * factor_of_bad(Table(bad - hits, 0, hits, 0), 0.1, old, new)
            for hits in range(bad + 1)
        )
        assert sum(means) <= HARDLY_MORE


@pytest.mark.parametrize("share", SHARES)
def test_bets_made_at_once_are_a_fair_game_and_begin_before_a_block_is_whole(share: float) -> None:
    """Four bad requests one by one: with whom each lies, in every combination."""
    total, seen = 0.0, []
    for course in product([0, 1], repeat=4):
        beside, likely = Beside([(1, More(0.5))]), 1.0
        for new in course:
            likely *= chance(new, 1, share)
            beside.see(Table(1 - new, 1 - new, new, new), share, 0.01, most=share)
        assert not beside.between_blocks
        seen.append(beside.finding("").evidence)
        total += likely * seen[-1]
    assert total == pytest.approx(1)
    assert seen[0] < 1 < seen[-1]


def test_a_gambler_in_a_fair_game_wins_nothing() -> None:
    """Two alternatives, a fair coin, eight rounds: all 256 courses."""
    total = 0.0
    for course in product([True, False], repeat=8):
        wager = Wager([1, 3])
        for head in course:
            wager.round([1.9, 1.2] if head else [0.1, 0.8])
        total += wager.evidence / 2**8
    assert total == pytest.approx(1)


@pytest.mark.parametrize("dealt", [0.5, 0.3])
def test_the_whole_of_blocks_is_a_fair_game(dealt: float) -> None:
    """Three blocks of eight with two bad each: how many of them are the new release's, in every combination, if it
    gets what the router was told or less. What is bet at once is in it.
    """
    total = 0.0
    hits = [(bad, good) for bad in range(3) for good in range(7)]
    for course in product(hits, repeat=3):
        beside, likely = Beside([(1, More(0.5)), (1, More(0.05))]), 1.0
        for bad, good in course:
            likely *= chance(bad, 2, dealt) * chance(good, 6, dealt)
            beside.see(Table(2 - bad, 8 - bad - good, bad, bad + good), 0.5, 0.01, most=0.5)
        total += likely * beside.finding("").evidence
    assert total <= HARDLY_MORE


@pytest.mark.parametrize("limit", [0.02, 0.3, 0.9])
def test_what_fails_as_often_as_it_may_is_no_evidence(limit: float) -> None:
    total = 0.0
    for course in product([0, 1], repeat=8):
        against = Against(limit, most=5.0)
        for bad in course:
            against.see(bad, 1)
        total += limit ** sum(course) * (1 - limit) ** (8 - sum(course)) * against.evidence
    assert total <= HARDLY_MORE


def test_instances_restarted_as_often_as_they_may_be_are_no_evidence() -> None:
    usual = 20 * 60 / 3600  # expected in a minute
    total = 0.0
    for restarts in range(30):
        seen = Restarts(an_hour=20)
        seen.see(Reading(60, 0.5, new_restarts=restarts))
        total += exp(-usual) * usual**restarts / factorial(restarts) * seen.finding().evidence
    assert total <= HARDLY_MORE
