"""Whether an environment fails is told by the last seconds of it, and does not change with every look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from shipway.signals.lately import Lately
from shipway.signals.reading import Reading
from support.tallies import tally

NAME = "topup.prod.r1"


def looked(counts: Iterable[tuple[int, int]], *, silent: Sequence[int] = ()) -> list[Lately]:
    """What is known after each look, a second apart: `counts` are requests, and how many of them failed."""
    known, found = Lately(), []
    for at, (requests, failed) in enumerate(counts):
        look = Reading(float(at), 1.0, NAME, tally(requests, failed), 0, heard=at not in silent)
        known = known.after([look], float(at))
        found.append(known)
    return found


def failing(counts: Iterable[tuple[int, int]]) -> list[bool]:
    return [one.failing for one in looked(counts)]


@pytest.mark.parametrize("bad", [[(30, 30)], [(9, 9), (9, 9)]])
def test_a_bad_second_among_good_ones_is_not_said_to_fail(bad: list[tuple[int, int]]) -> None:
    assert not any(failing([*[(10, 0)] * 9, *bad[:1], *[(10, 0)] * 9, *bad[1:]]))


def test_what_fails_every_other_request_does_not_fail_and_rest_by_turns() -> None:
    """One of two instances is broken: by a request more or less it is half of them."""
    told = failing([(2, 2), (2, 2), (3, 2), *[(9, 4), (9, 5), (9, 6), (9, 3)] * 20])
    assert told.index(True) == 2
    assert all(told[2:])


def test_it_is_over_when_most_of_the_last_seconds_went_well() -> None:
    told = failing([(10, 10)] * 5 + [(10, 0)] * 20)
    assert told[0]
    assert told.index(False) == 12, "less than a quarter of ten seconds"
    assert not any(told[12:])


@pytest.mark.parametrize(("each", "said"), [((1, 1), 4), ((2, 2), 2)])
def test_a_few_failures_are_too_few_to_say(each: tuple[int, int], said: int) -> None:
    assert failing([each] * 8).index(True) == said


def test_nobody_asks_and_nothing_fails() -> None:
    assert failing([(10, 10), *[(0, 0)] * 12])[-1] is False


def test_a_look_in_which_nothing_was_heard_takes_no_figures_away() -> None:
    found = looked([(10, 2)] * 4, silent=[3])
    answers = found[-1].answers
    assert answers is not None
    assert (answers.requests, answers.errors, answers.seconds, answers.heard) == (30, 6, 3.0, True)
    assert looked([(10, 2)] * 14, silent=range(3, 14))[-1].answers is None, "silence is not known, never 0"


def test_releases_side_by_side_are_one_environment() -> None:
    new = Reading(1.0, 0.4, "topup.prod.r2", tally(20, 20), 0, heard=True)
    old = Reading(1.0, 1.0, NAME, tally(10, 0), 0, heard=True)
    found = Lately().after([old, new], 1.0)
    assert found.answers is not None
    assert (found.failing, found.answers.requests, found.answers.rate) == (True, 30, 30.0)
