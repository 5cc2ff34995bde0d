"""Once it serves alone: an outage of what both depend on is told from a release that became bad, by asking."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from shipway.signals.judge import Judge, Reading
from shipway.signals.judge.telling import ALIKE
from shipway.traffic.tally import Tally
from support.tallies import tally
from support.watching import Seen, Watching, watched
from support.worlds import Change, World, always, between

ASKED = Watching(asked=0.25)
NEVER = Watching()


def outage(fails_after: float, number: int) -> tuple[World, Random]:
    rng = Random(f"hanging {number}")
    begins, lasts = rng.uniform(5, 60), rng.uniform(5, 40)
    rate = between(rng, 5, 60)
    return World(
        rate, lambda second: 1.0 if begins <= second < begins + lasts else 0.001, fails_after=fails_after
    ), rng


def seen(fails_after: float, number: int, by: Watching) -> Seen:
    world, rng = outage(fails_after, number)
    return watched(world, Change(), rng, by, seconds=120)


@pytest.mark.parametrize("number", [1, 2, 4, 7])
@pytest.mark.parametrize("fails_after", [0.01, 1.0, 375.0])
def test_an_outage_of_both_blames_nobody(fails_after: float, number: int) -> None:
    """Also one in which requests fail after 15 s: what was dealt out before it was asked is left out."""
    outcome = seen(fails_after, number, ASKED)
    assert not outcome.bad
    assert outcome.asked


def test_who_cannot_ask_is_deceived_by_some() -> None:
    assert any(seen(1.0, number, NEVER).bad for number in (1, 2, 4, 7))


@pytest.mark.parametrize(
    ("rate", "change", "within", "failed"),
    [
        (20, Change(failing=1.0), 5, 60),
        (20, Change(failing=0.5), 12, 40),
        (5, Change(failing=1.0), 15, 30),
        (20, Change(slower=10.0), 30, 10),
    ],
)
def test_one_that_becomes_bad_is_found_sooner_and_hurts_fewer(
    rate: float, change: Change, within: float, failed: int
) -> None:
    for number in range(5):
        outcome = watched(World(rate, always(0.001)), change, Random(number), ASKED, since=20, seconds=120)
        assert outcome.bad
        assert outcome.at - 20 <= within
        assert outcome.failed <= failed


LEARNED = [Reading(60.0, 0.0, tally(600, 1)) for _ in range(5)]


def judge(*readings: Reading) -> Judge:
    made = Judge(asks=True)
    for reading in (*LEARNED, *readings):
        made.see(reading)
    return made


def test_there_is_no_doubt_while_all_is_well() -> None:
    assert not judge(*[Reading(1.0, 1.0, new=tally(20))] * 60).doubts


def test_a_few_failures_are_a_doubt_and_no_verdict() -> None:
    doubting = judge(*[Reading(1.0, 1.0, new=tally(20, 10))] * 60)
    assert doubting.doubts
    assert doubting.verdict().kind != "bad"


def test_what_it_does_while_the_old_one_fails_as_well_is_not_known_and_never_held_against_it() -> None:
    made = Judge()
    well, fails = Reading(1.0, 1.0, new=tally(20)), Reading(1.0, 1.0, new=tally(20, 20), old_out=True)
    for reading in (*LEARNED, *[well] * 20, *[fails] * 60):
        made.see(reading)
    assert (made.verdict().kind, made.verdict().reason.endswith(ALIKE)) == ("not known", True)
    for reading in [well] * 60:
        made.see(reading)
    assert made.verdict().kind == "good"
    for reading in [replace(fails, old_out=False)] * 20:
        made.see(reading)
    assert made.verdict().kind == "bad", "when the old one is well it is the new one"


def test_what_it_did_while_it_could_be_asked_is_not_held_against_it_when_it_cannot_be_any_more() -> None:
    made = judge(*[Reading(1.0, 1.0, new=tally(20, 20))] * 20)
    made.asks = False
    made.see(Reading(1.0, 1.0, new=tally(20, 20)))
    assert made.verdict().kind != "bad"


FEW_SLOW, FEW = Reading(1.0, 1.0, new=tally(1, 0, 60)), Reading(1.0, 1.0, new=tally(1))


def test_few_requests_that_are_a_little_slow_are_no_doubt() -> None:
    assert not judge(*[FEW] * 40, *[FEW_SLOW] * 5).doubts
    assert judge(*[FEW] * 40, *[FEW_SLOW] * 20).doubts


@pytest.mark.parametrize("requests", [5, 20, 100])
@pytest.mark.parametrize(("milliseconds", "seconds"), [(60, 9), (400, 4)])
def test_a_machine_that_is_busy_for_a_moment_is_no_doubt(requests: int, milliseconds: int, seconds: int) -> None:
    slow, well = Reading(1.0, 1.0, new=tally(requests, 0, milliseconds)), Reading(1.0, 1.0, new=tally(requests))
    assert not judge(*[well] * 20, *[slow] * seconds).doubts
    assert judge(*[well] * 20, *[slow] * (seconds + 1)).doubts


def test_few_requests_that_fail_are_a_doubt_at_once() -> None:
    assert judge(*[FEW] * 40, *[Reading(1.0, 1.0, new=tally(1, 1))] * 3).doubts


def test_one_that_was_asked_and_is_as_slow_is_not_asked_again() -> None:
    """The world became slower: 75 of 100 requests do not go back and forth as long as it is."""
    both = Reading(1.0, 0.25, tally(15, 0, 60), tally(5, 0, 60))
    slow = Reading(1.0, 1.0, new=tally(20, 0, 60))
    doubting = judge(*[Reading(1.0, 1.0, new=tally(20))] * 20, *[slow] * 10)
    assert doubting.doubts
    for reading in (*[both] * 12, *[slow] * 60):
        doubting.see(reading)
    assert not doubting.doubts


def test_what_few_requests_said_is_known_when_it_is_asked_again() -> None:
    """Eight requests of the old one in each question: after four it is known that it has become as slow."""
    asked = [Reading(1.0, 0.25, tally(1, 0, 60), Tally())] * 8
    doubting = judge(*[FEW] * 40)
    for _ in range(4):
        for reading in (*[FEW_SLOW] * 20, *asked):
            doubting.see(reading)
    for reading in [FEW_SLOW] * 60:
        doubting.see(reading)
    assert not doubting.doubts


@pytest.mark.parametrize(("milliseconds", "failed", "waits"), [(60, 0, 31), (40, 1, 0)])
def test_who_is_asked_for_slow_requests_is_heard_out(milliseconds: int, failed: int, waits: int) -> None:
    """Until some thirty of its requests say how long it takes now: with fewer it would be asked again."""
    asking = judge(*[FEW] * 40, *[Reading(1.0, 1.0, new=tally(1, failed, milliseconds))] * 20)
    assert (asking.doubts, asking.hears_out) == (True, False)
    for requests in range(1, 41):
        asking.see(Reading(1.0, 0.25, tally(1), Tally()))
        assert asking.hears_out is (requests < waits)


def test_a_doubt_ends_with_what_it_came_from() -> None:
    assert not judge(*[Reading(1.0, 1.0, new=tally(20, 10))] * 5, *[Reading(1.0, 1.0, new=tally(20))] * 60).doubts


def test_one_that_does_not_answer_is_doubted() -> None:
    assert judge(*[Reading(1.0, 1.0, new_waiting=5)] * 20).doubts


def test_who_cannot_ask_holds_against_it_what_it_does_alone() -> None:
    alone = Judge()
    for reading in (*LEARNED, *[Reading(1.0, 1.0, new=tally(20, 10))] * 60):
        alone.see(reading)
    assert alone.verdict().kind == "bad"


def test_what_was_under_way_when_the_share_fell_is_not_counted() -> None:
    """All of it fails, a minute later or at once, timed or not; none of it was dealt out by the new share."""
    falls = Reading(1.0, 0.25, tally(15), new_waiting=40)
    late = Reading(1.0, 0.25, tally(15), tally(40, 40, 50_000))
    assert judge(Reading(1.0, 1.0, new=tally(20)), falls, *[Reading(1.0, 0.25, tally(15))] * 20, late).evidence < 2
    untimed = Reading(1.0, 0.25, tally(15), tally(40, 40))
    assert judge(Reading(1.0, 1.0, new=tally(20)), falls, untimed).evidence < 2
    counted = [Reading(1.0, 0.25, tally(15), tally(5, 5))] * 8
    assert judge(Reading(1.0, 1.0, new=tally(20)), replace_waiting(falls), *counted).verdict().kind == "bad"


def replace_waiting(reading: Reading) -> Reading:
    return Reading(reading.seconds, reading.share, reading.old, reading.new, new_waiting=0)
