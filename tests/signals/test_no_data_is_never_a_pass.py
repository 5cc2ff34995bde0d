"""What is silent, stale, broken or too little is not called good, nothing waits for ever, only bad quarantines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import pytest

from shipway.signals.judge import Check, Clocks, Judge, Reading, Step, step, waits
from shipway.signals.verdict import Finding, Kind, Verdict
from shipway.signals.waits import Count, Move
from shipway.traffic.plan import Judged
from shipway.traffic.tally import Tally
from support.canary import rule
from support.tallies import tally

HOLD, DEADLINE = 60.0, 120.0
LEARNED = [Reading(60.0, 0.0, tally(600, 1)) for _ in range(5)]
UNHEARD = Reading(1.0, 0.5, heard=False)
GOOD = Reading(1.0, 0.5, tally(10), tally(10))


def seen(*readings: Reading) -> Judge:
    judge = Judge()
    for reading in (*LEARNED, *readings):
        judge.see(reading)
    return judge


def test_a_silent_source_is_not_known_whatever_it_said_before() -> None:
    assert seen(*[GOOD] * 60).verdict().kind == "good"
    verdict = seen(*[GOOD] * 60, UNHEARD, UNHEARD).verdict()
    assert (verdict.kind, verdict.reason) == ("not known", "Nothing was heard for 2 s.")


def test_a_source_that_speaks_again_is_heard() -> None:
    judge = seen(*[GOOD] * 60, UNHEARD, GOOD)
    assert (judge.verdict().kind, judge.silent, judge.heard) == ("good", 0, 61)


def test_nothing_seen_is_not_known() -> None:
    assert Judge().verdict().kind == "not known"


def test_few_requests_are_not_known() -> None:
    verdict = seen(*[Reading(1.0, 0.5, tally(1), tally(1))] * 12).verdict()
    assert (verdict.kind, verdict.reason) == ("not known", "12 requests are too few to tell; 50 are enough.")


def test_counts_below_nothing_were_not_heard() -> None:
    """A counter that began anew looks like that."""
    assert seen(replace(GOOD, new=tally(-10, -10))).silent == 1


BOTH_OUT = Reading(1.0, 0.5, tally(10, 8), tally(10, 8))


def test_an_outage_of_both_is_not_known_until_it_is_over() -> None:
    """Eight of ten fail, of either: nobody would call that good, and nobody can tell how the new one does."""
    judge = seen(*[GOOD] * 30, *[BOTH_OUT] * 20)
    verdict = judge.verdict()
    assert verdict.kind == "not known"
    assert verdict.reason.startswith("Both releases fail: 80 of 100 requests lately, 80 of 100 of the old one.")
    assert judge.unheard >= 10
    for _ in range(10):
        judge.see(GOOD)
    assert judge.unheard == 0
    verdict = judge.verdict()
    assert verdict.kind == "good"
    assert verdict.reason.startswith("No worse than the old one in 600 requests; while both served, failed")


MINUTES_AGO = [Reading(10.0, 0.0, tally(200, 160 if 36 <= number < 39 else 0)) for number in range(60)]
BOTH_OUT_AGAIN = Reading(1.0, 0.5, tally(10, 4), tally(10, 4))


def test_a_new_outage_of_both_is_recognised_although_one_was_a_few_minutes_ago() -> None:
    """Half a minute in which eight of ten failed excuses no second one in which four do."""
    judge = Judge()
    for reading in (*MINUTES_AGO, *[GOOD] * 30, *[BOTH_OUT_AGAIN] * 20):
        judge.see(reading)
    assert judge.both_fail > 10
    assert judge.verdict().reason.startswith("Both releases fail: 40 of 100 requests lately")


def test_bursts_that_happen_in_a_third_of_all_moments_are_no_outage() -> None:
    judge = Judge()
    for number in range(60):
        judge.see(Reading(10.0, 0.0, tally(200, 0 if number % 3 else 80)))
    for _ in range(60):
        judge.see(BOTH_OUT_AGAIN)
    assert judge.unheard == 0


def test_a_release_that_always_failed_so_much_is_compared_all_the_same() -> None:
    judge = Judge()
    for reading in ([Reading(60.0, 0.0, tally(500, 400))] * 5) + [BOTH_OUT] * 60:
        judge.see(reading)
    assert judge.verdict().kind == "good"


def test_one_that_fails_alone_is_bad_and_not_both() -> None:
    judge = seen(*[GOOD] * 30, *[Reading(1.0, 0.5, tally(10), tally(10, 8))] * 10)
    assert (judge.verdict().kind, judge.both_fail) == ("bad", 0)


def test_once_it_has_served_alone_the_one_before_is_compared_with() -> None:
    judge = seen(*[GOOD] * 30, Reading(1.0, 1.0, new=tally(20)), *[BOTH_OUT] * 20)
    assert judge.both_fail == 0


def test_suspicion_is_not_good() -> None:
    half = Reading(1.0, 0.5, tally(10), tally(10, 3))
    verdict = seen(*[GOOD] * 60, half, half).verdict()
    assert verdict.kind == "not known"
    assert verdict.reason.endswith("not enough to tell yet.")


@pytest.mark.parametrize(
    ("evidence", "waited", "act"), [(9.0, HOLD, "go on"), (44.0, HOLD, "wait"), (44.0, DEADLINE, "go on")]
)
def test_a_release_in_doubt_gets_no_larger_share_until_the_deadline(
    evidence: float, waited: float, act: str
) -> None:
    doubt = Verdict("not known", "9 requests are too few", (Finding("failed requests", 4, 9, 0, 51, evidence),))
    assert step(doubt, Clocks(waited, 0, 0, waited, HOLD, DEADLINE)).act == act


MUTE = Reading(1.0, 0.5, tally(10), new_waiting=5)


def test_a_release_that_never_answers_goes_back_at_the_deadline() -> None:
    judge, waited = seen(*[GOOD] * 30), 0.0
    told = Step("wait")
    while told.act == "wait":
        judge.see(MUTE)
        waited += 1
        told = rule(judge, waited, waited, Judged(HOLD, DEADLINE))
    assert (told, waited) == (Step("go back"), DEADLINE)
    assert judge.verdict().reason == "5 requests wait for the new release, and none was answered for 120 s."


@pytest.mark.parametrize("last", [replace(MUTE, new=tally(1)), replace(MUTE, new_waiting=2)])
def test_one_answer_ends_that(last: Reading) -> None:
    assert seen(*[MUTE] * 30, last).unheard == 0


def test_nobody_answers_while_nobody_asks() -> None:
    """Connections that are kept open for long are no sign, as long as the old release is not asked either."""
    assert seen(*[replace(MUTE, old=Tally())] * 600).unheard == 0


# --- BARS R9: eight things a source can say, in three situations

SAYS: dict[str, Callable[[Reading], Reading]] = {
    "good": lambda reading: reading,
    "bad": lambda reading: replace(reading, new=tally(reading.new.requests, reading.new.requests)),
    "slow": lambda reading: replace(reading, new=tally(reading.new.requests, 0, 900)),
    "absent": lambda reading: replace(reading, heard=False, old=Tally(), new=Tally()),
    "not a number": lambda reading: replace(reading, new=tally(-1)),
    "stale": lambda reading: replace(reading, heard=False),
    "error": lambda reading: replace(reading, heard=False, old=Tally(), new=Tally()),
    "no traffic": lambda reading: replace(reading, old=Tally(), new=Tally()),
}
SITUATIONS = ("first deployment", "bad before", "restarted in the middle")


def situation(name: str, says: str) -> Iterator[Reading]:
    old = tally(10, 10) if name == "bad before" else tally(10)
    first = name == "first deployment"
    yield from [] if first else [Reading(60.0, 0.0, tally(600, 600 if name == "bad before" else 1))] * 5
    while True:
        yield SAYS[says](Reading(1.0, 1.0 if first else 0.5, Tally() if first else old, tally(10)))


@dataclass
class Told:
    step: Step
    kind: str
    after: float


def carried(name: str, says: str) -> Told:
    """What becomes of a step of the deployment, looked at every second."""
    readings = situation(name, says)
    judge, past, waited = Judge(), [], 0.0
    while True:
        reading = next(readings)
        past.append(reading)
        judge.see(reading)
        if not reading.share:
            continue
        waited += reading.seconds
        if waited == 2 and name == "restarted in the middle":
            judge = Judge()
            for earlier in past:
                judge.see(earlier)
        verdict = judge.verdict()
        told = rule(judge, judge.heard, waited, Judged(HOLD, DEADLINE))
        if told.act != "wait":
            return Told(told, verdict.kind, waited)


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("says", ["absent", "not a number", "stale", "error"])
def test_a_source_that_says_nothing_holds_and_goes_back_at_the_deadline(name: str, says: str) -> None:
    assert carried(name, says) == Told(Step("go back"), "not known", DEADLINE)


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_live_source_without_requests_goes_on_as_not_known(name: str) -> None:
    assert carried(name, "no traffic") == Told(Step("go on"), "not known", HOLD)


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_good_release_goes_on(name: str) -> None:
    """Also where the old one is bad: what is judged is whether the new one is worse."""
    assert carried(name, "good") == Told(Step("go on"), "good", HOLD)


@pytest.mark.parametrize(("name", "within"), [("first deployment", 15), ("restarted in the middle", 2)])
def test_a_bad_release_goes_back_and_is_quarantined(name: str, within: float) -> None:
    told = carried(name, "bad")
    assert (told.step, told.kind) == (Step("go back", quarantine=True), "bad")
    assert told.after <= within


def test_a_release_as_bad_as_the_old_one_is_not_blamed() -> None:
    assert carried("bad before", "bad").step == Step("go on")


@pytest.mark.parametrize("name", ["bad before", "restarted in the middle"])
def test_a_slow_release_goes_back(name: str) -> None:
    assert carried(name, "slow").step == Step("go back", quarantine=True)


def test_a_source_that_is_heard_now_and_then_is_held_as_well() -> None:
    judge, waited = seen(), 0.0
    told = Step("wait")
    while told.act == "wait":
        judge.see(GOOD if waited % 3 == 0 else UNHEARD)
        waited += 1
        told = rule(judge, judge.heard, waited, Judged(HOLD, 120))
    assert (told, waited) == (Step("go back"), 120)


# --- what a share that is held waits for

FINE = Clocks(heard=12.0, unheard=0.0, listens=0.0, waited=13.0, hold=60.0, deadline=600.0)
COLD = Finding("slow requests", 0, 0, 0, 0, 1.0, why_not="warming up: 7 of 20 requests")
DOUBTED = Finding("failed requests", 2, 30, 0, 30, 12.0)
NEXT, FEW = Move(50, began=1000.0), Count(12, 50, 38.0)


@pytest.mark.parametrize(
    ("findings", "clocks", "rule", "by", "left"),
    [
        ((), {}, "hold", 1600, 48),
        ((COLD,), {"listens": 30.0}, "hold", 1600, 48),
        ((COLD,), {"listens": 90.0}, "durations", 1180, 90),
        ((COLD,), {"heard": 60.0, "listens": 900.0}, None, 0, 0),
        ((DOUBTED,), {"heard": 60.0}, "doubt", 1600, inf),
        ((DOUBTED,), {"heard": 60.0, "unheard": 5.0, "listens": 30.0}, "known", 1600, inf),
        ((), {"waited": 600.0}, None, 0, 0),
        ((), {"heard": 60.0}, None, 0, 0),
    ],
)
def test_what_a_share_waits_for_is_the_rule_that_takes_longest(
    findings: tuple[Finding, ...], clocks: dict[str, Any], rule: str | None, by: float, left: float
) -> None:
    found = waits(Verdict("not known", "", findings), replace(FINE, **clocks), NEXT, FEW)
    assert (found and (found.rule, found.by, found.left, found.move, found.count)) == (
        rule and (rule, by, left, NEXT, FEW)
    )


def test_what_a_share_waits_for_knows_when_enough_requests_have_come() -> None:
    """Told by how they came before, 0.2 a second to both, until enough come to know how they come now."""
    judge = Judge()
    judge.see(Reading(100.0, 0.0, tally(20)))
    judge.see(Reading(10.0, 0.5, tally(2), tally(2)))
    pace = (4 + 10) / (10 + 10 * 100 / 20)
    assert judge.count == Count(2, 50, pytest.approx((50 - 2) / (0.5 * pace)))
    judge.see(Reading(10.0, 0.5, tally(18), tally(18)))
    assert judge.count == Count(20, 50, pytest.approx((50 - 20) / (0.5 * 40 / 20)))


def test_what_holds_a_share_has_a_name_and_what_was_so_before_does_not() -> None:
    asked = (Check("ledger", False, True, known=False), Check("front", False, True, known=False, holds=False))
    assert seen(replace(GOOD, checks=asked)).unknown == ("ledger",)
    assert seen(replace(GOOD, checks=asked[1:])).unknown == ()


@pytest.mark.parametrize("heard", [0.0, 59.9, 60.0])
@pytest.mark.parametrize("unheard", [0.0, 3.0])
@pytest.mark.parametrize("listens", [0.0, 20.0, 500.0, inf])
@pytest.mark.parametrize("waited", [0.0, 70.0, 599.0, 600.0])
@pytest.mark.parametrize("kind", ["good", "bad", "not known"])
def test_whatever_waits_says_for_what(
    heard: float, unheard: float, listens: float, waited: float, kind: Kind
) -> None:
    clocks = replace(FINE, heard=heard, unheard=unheard, listens=listens, waited=waited)
    for findings in ((), (DOUBTED,)):
        verdict = Verdict(kind, "", findings)
        assert (waits(verdict, clocks, NEXT, FEW) is not None) == (step(verdict, clocks).act == "wait")
