"""What else than requests is judged, what a fresh process is allowed, and in which words it is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest

from shipway.signals.judge import Check, Judge, Reading, telling
from shipway.signals.verdict import FAILED, SLOW, UNCOMPARED, UNCOUNTED, Finding, finding, titled, weight
from shipway.traffic.tally import Tally
from support.tallies import tally
from support.worlds import Change, Moves, World, always, readings

LEARNED = [Reading(60.0, 0.0, tally(600, 1)) for _ in range(5)]
GOOD = Reading(1.0, 0.5, tally(10), tally(10))
ALONE = Reading(1.0, 1.0, new=tally(20))
FAILING = replace(ALONE, new=tally(20, 20))


def seen(*parts: Iterable[Reading], asks: bool = False) -> Judge:
    judge = Judge(asks=asks)
    for reading in (*LEARNED, *(reading for part in parts for reading in part)):
        judge.see(reading)
    return judge


# --- words


def test_a_bad_verdict_says_who_failed_how_often() -> None:
    verdict = seen([Reading(1.0, 0.1, tally(90), tally(10, 9))] * 2).verdict()
    assert verdict.kind == "bad"
    assert verdict.reason.startswith("Failed requests: 9 of 10 of the new release, 0 of 90 of the old one in the ")
    assert verdict.findings[0].beside


def test_a_good_verdict_has_its_numbers() -> None:
    verdict = seen([GOOD] * 10, [replace(GOOD, old=tally(10, 1))]).verdict()
    assert verdict.kind == "good"
    assert verdict.reason.startswith(
        "Nothing speaks against 110 requests; while both served, failed requests: 0 of "
    )


def test_bad_stays_bad() -> None:
    judge = seen([Reading(1.0, 0.5, tally(10), tally(10, 9))] * 4)
    told = judge.verdict()
    for _ in range(600):
        judge.see(GOOD)
    judge.see(replace(GOOD, heard=False))
    assert told.kind == "bad"
    assert judge.verdict() == told


def test_the_worst_is_told_first() -> None:
    both = Reading(1.0, 0.5, tally(10, 0, 40), tally(10, 9, 400))
    findings = seen([GOOD] * 20, [both] * 3).verdict().findings
    assert findings[0].what == "failed requests"
    assert any(finding.what == "requests slower than 40 ms" and finding.evidence > 10 for finding in findings)


# --- again


def test_the_same_readings_lead_to_the_same_verdict_at_every_moment() -> None:
    course = list(readings(World(20, always(0.01)), Change(failing=0.1), Moves(((0.1, 60), (0.5, 60))), Random(1)))
    judge = Judge()
    for place, reading in enumerate(course):
        judge.see(reading)
        if place % 20 == 0:
            again = Judge()
            for earlier in course[: place + 1]:
                again.see(earlier)
            assert (again.verdict(), again.evidence) == (judge.verdict(), judge.evidence)


# --- durations, compared or not


def durations(judge: Judge) -> str:
    """Why they are not compared, by the row that stands for them; it is the only one."""
    (found,) = [one for one in judge.verdict().findings if one.what == SLOW or "slower than" in one.what]
    return found.why_not


FEW = Reading(1.0, 0.5, tally(1), tally(1))


@pytest.mark.parametrize(
    ("readings", "why_not"),
    [
        ([], "warming up: 0 of 20 requests"),
        ([FEW] * 7, "warming up: 7 of 20 requests"),
        ([FEW] * 22, "warming up: 20 requests came, and 2 of the 5 s to wait after them"),
        ([*[FEW] * 26, replace(FEW, old=Tally(), new=Tally())], ""),
        ([*[FEW] * 60, replace(FEW, new_restarts=1)], ""),
        ([replace(FEW, new_instances=2)] * 30, "warming up: 30 of 40 requests"),
    ],
)
def test_durations_have_a_row_also_while_none_are_compared(readings: list[Reading], why_not: str) -> None:
    assert durations(seen(readings)) == why_not


def test_too_few_durations_of_the_old_release_are_said() -> None:
    judge = Judge()
    for reading in [Reading(60.0, 0.0, tally(63)), *[Reading(60.0, 0.5, new=tally(30))] * 3]:
        judge.see(reading)
    assert durations(judge) == "too few are known of the old release: 63 of 100"


@pytest.mark.parametrize(("alone", "why_not"), [(10, "warming up: 10 of 20 requests"), (60, "")])
def test_one_that_serves_alone_has_that_row_as_well(alone: int, why_not: str) -> None:
    assert durations(seen([replace(ALONE, new=tally(1))] * alone)) == why_not


# --- doubted


def test_a_doubt_has_a_reason_with_its_numbers() -> None:
    judge = seen([GOOD] * 60, [ALONE] * 3, [replace(ALONE, new=tally(20, 10))])
    assert judge.doubts
    doubt = judge.doubt()
    assert doubt.reason.startswith(
        "Failed requests: 10 of 20 of the new release, 5 of 3,600 of the old one before"
    )
    assert [(one.new_count, one.new_of, one.beside) for one in doubt.findings] == [(10, 20, False)]


def test_slow_requests_are_a_doubt_with_numbers_as_well() -> None:
    doubt = seen([GOOD] * 60, [ALONE] * 3, [replace(ALONE, new=tally(20, 0, 400))] * 12).doubt()
    assert doubt.reason.startswith("Requests slower than 110 ms: 240 of 240 of the new release, 0 of 3,6")


def test_one_that_does_not_answer_says_how_many_wait() -> None:
    doubt = seen([GOOD] * 60, [Reading(1.0, 1.0, new_waiting=5)] * 20).doubt()
    assert doubt.reason == "5 requests wait for the new release, and none was answered for 20 s."


def test_numbers_of_both_serving_are_told_from_those_of_one_serving_alone() -> None:
    """Two rows of the same would be no sum of the requests that a verdict counts."""
    found = seen([GOOD] * 60, [ALONE] * 60).verdict().findings
    rows = [titled(one) for one in found if one.what == FAILED]
    assert sorted(rows) == ["failed requests, both serving", "failed requests, serving alone"]


def test_the_parts_of_a_good_verdict_add_up_to_what_it_counts() -> None:
    judge = seen([GOOD] * 60, [replace(GOOD, share=0.9)] * 7, [ALONE] * 60)
    verdict = judge.verdict()
    failed = {one.share: one.new_of for one in verdict.findings if one.what == FAILED}
    assert sum(failed.values()) == judge.requests
    assert (
        f"against {judge.requests:,} requests; at 50 %, failed requests: 0 of {failed[50]:,} of" in verdict.reason
    )
    assert verdict.reason.endswith(
        f"; at 90 %, 0 of {failed[90]:,} and 0 of 70; since it serves alone, 0 of 1,200."
    )


FAIL_ALIKE = Reading(1.0, 0.5, tally(20, 16), tally(20, 16))
FEWER = Reading(1.0, 0.25, tally(60, 0, 400), tally(20, 0, 400))
SLOWER = Reading(1.0, 0.25, tally(60), tally(20, 0, 400))


def test_what_was_counted_at_two_shares_is_not_added_up() -> None:
    """Both failed alike at 50 %, and neither at 25 %: 400 of 980 beside 400 of 1,940 would be much worse."""
    verdict = seen([FAIL_ALIKE] * 25, [FEWER] * 25).verdict()
    assert verdict.reason == (
        "No worse than the old one in 1,000 requests; "
        "at 25 %, failed requests: 0 of 480 of the new release, 0 of 1,440 of the old one in the same time; "
        "at 50 %, 400 of 500 and 400 of 500."
    )
    failed = [one for one in verdict.findings if one.what == FAILED]
    assert [(titled(one), weight(one)) for one in failed] == [
        ("failed requests, at 25 %", "no more than chance brings"),
        ("failed requests, at 50 %", "counted with the one above"),
    ]


def test_a_bad_verdict_names_the_share_that_speaks_against_it() -> None:
    verdict = seen([FAIL_ALIKE] * 25, [replace(FEWER, new=tally(20, 10))] * 25).verdict()
    assert re.match(
        r"Failed requests: (\d+) of \d+ .*, 0 of \d+ of the old one in the same time, at 25 %; ", verdict.reason
    )
    verdict = seen([GOOD] * 40, [SLOWER] * 25).verdict()
    assert re.match(
        r"Requests slower than .*, 0 of \d+ of the old one in the same time, at 25 %; ", verdict.reason
    )


def test_a_chance_is_that_of_what_stands_beside_it() -> None:
    """Of every third request that fails and every second that is slow neither is proof by itself."""
    little = [
        Reading(1.0, 0.25, tally(30), tally(9, int(place % 3 == 0)) + tally(1, 0, 40 if place % 2 else 400))
        for place in range(20)
    ]
    verdict = seen([Reading(1.0, 0.1, tally(90), tally(10))] * 8, little).verdict()
    assert re.fullmatch(
        r"Failed requests: .* in the same time, at 25 %; "
        r"requests slower than 40 ms: .* in the same time, at 25 %; "
        r"all together by chance at most once in 1\d\d deployments\.",
        verdict.reason,
    )
    alone = seen([Reading(1.0, 0.1, tally(90), tally(10, 9))] * 2).verdict()
    assert "slower" not in alone.reason, "what is proof by itself needs nothing beside it"
    assert "all together" not in alone.reason


def test_shares_that_decide_together_are_all_told() -> None:
    """Where the new release did no worse, what was counted decides nothing."""
    most = Finding(FAILED, 1, 46, 0, 352, 158.0, share=10)
    rows = [most, replace(most, new_count=4, evidence=0.0, share=25), replace(most, evidence=0.0, new_count=0)]
    assert telling.bad(rows, 158.4) == (
        "Failed requests: 1 of 46 of the new release, 0 of 352 of the old one in the same time, at 10 %; "
        "at 25 %, 4 of 46 and 0 of 352; all together by chance at most once in 158 deployments."
    )


def test_only_of_what_is_compared_with_before_it_is_said_that_nothing_served_beside_it() -> None:
    beside = Finding(FAILED, 4, 46, 0, 352, 158.0)
    before = Finding(SLOW, 9, 46, 0, 352, 158.0, beside=False)
    said = f"; {UNCOMPARED}, so what changed around it counts as well."
    assert telling.bad([before], 158.4).endswith(f"before{said}")
    assert telling.bad([beside, before], 158.4).endswith(
        f" before; where it is compared with before, {said.removeprefix('; ')}"
    )


def test_what_carries_most_is_told_first() -> None:
    """A few failures are no reason to call what is slow something that fails."""
    few = replace(SLOWER, new=tally(20, 0, 60))
    failing = replace(few, new=tally(20, 1, 60))
    verdict = seen(
        [replace(GOOD, share=0.25, old=tally(60), new=tally(20))] * 8, [failing] * 3, [few] * 9
    ).verdict()
    assert verdict.findings[0].what.startswith("requests slower than"), verdict.reason


# --- cold


def test_the_first_requests_may_be_slow() -> None:
    cold = replace(GOOD, new=tally(10, 0, 4000))
    assert seen([cold] * 2, [GOOD] * 20).verdict().kind == "good"


def test_what_was_sent_to_a_cold_process_may_end_late() -> None:
    """Requests usually take 3 s, the first ones 30 s: they end among others that were sent when it was warm."""
    usual = Reading(1.0, 0.5, tally(10, 0, 3000), tally(10, 0, 3000))
    late = replace(usual, new=tally(10, 0, 30_000))
    learned = [Reading(600.0, 0.0, tally(6000, 0, 3000))] * 5
    assert seen(learned, [usual] * 10, [late] * 10).evidence < 2
    assert seen(learned, [usual] * 60, [late] * 10).verdict().kind == "bad"


def test_a_restarted_instance_is_cold_again() -> None:
    cold = replace(GOOD, new=tally(10, 0, 4000))
    assert seen([GOOD] * 20, [replace(cold, new_restarts=1), cold], [GOOD] * 60).verdict().kind == "good"


def test_the_first_requests_may_not_fail() -> None:
    assert seen([replace(GOOD, new=tally(10, 10))] * 2).verdict().kind == "bad"


def test_two_failures_are_not_enough() -> None:
    few = Reading(1.0, 0.01, tally(99), tally(1, 1))
    verdict = seen([few] * 2, [Reading(1.0, 0.01, tally(99), tally(1))] * 60).verdict()
    assert verdict.kind == "good"
    assert [weight(one) for one in verdict.findings if one.what == FAILED] == ["too few to count: 3 are the least"]


# --- slow


def test_a_little_slower_is_not_worse() -> None:
    """By one step of BOUNDS, an eighth; not by two."""
    assert seen([replace(GOOD, new=tally(10, 0, 45))] * 300).verdict().kind == "good"
    assert seen([replace(GOOD, new=tally(10, 0, 50))] * 300).verdict().kind == "bad"


def test_failures_at_once_are_not_compared_with_answers_that_are_still_to_come() -> None:
    """Requests take 5 s and fail at once: all that ends well in the first seconds was sent to the old release."""
    learned = [Reading(600.0, 0.0, tally(6000, 3000, 5000))] * 5
    first = Reading(1.0, 0.5, tally(30, 10), tally(10, 10))
    assert seen(learned, [first] * 5).evidence < 2
    assert seen(learned, [first] * 15).verdict().kind == "bad"


# --- restarts


def test_an_instance_that_crashes_again_and_again_is_found() -> None:
    crash = replace(GOOD, new_restarts=1)
    verdict = seen([GOOD] * 5, [crash], [GOOD] * 9, [crash]).verdict()
    assert verdict.kind == "bad"
    assert verdict.reason.startswith("Restarts: 2 of the new release, 0 of the old one in the same time")


def test_one_restart_is_nothing() -> None:
    assert seen([GOOD] * 5, [replace(GOOD, new_restarts=1)], [GOOD] * 30).verdict().kind == "good"


def test_restarts_of_both_are_not_the_new_releases_doing() -> None:
    crash = replace(GOOD, new_restarts=1, old_restarts=1)
    assert seen(*[[crash, *[GOOD] * 9]] * 6).verdict().kind == "good"


# --- probes and invariants


def asked(passed: bool, new: bool = True) -> Reading:
    return replace(GOOD, checks=(Check("ledger", passed, new),))


def test_a_check_that_fails_three_times_in_a_row_is_found() -> None:
    passed_before = [replace(LEARNED[0], checks=(Check("ledger", True, False),))] * 20
    assert seen(passed_before, [GOOD] * 10, [asked(False)] * 2).verdict().kind != "bad"
    verdict = seen(passed_before, [GOOD] * 10, [asked(False)] * 3).verdict()
    assert verdict.kind == "bad"
    assert verdict.reason.startswith("Failures of ledger: 3 of 3 of the new release, 0 of 20 of the old one")


def test_a_question_that_is_new_is_said_to_be_new() -> None:
    """It may never have had a good answer: nothing is known of the release before, and nobody counts 0 of 0."""
    never = replace(GOOD, checks=(Check("front", False, True, "its text lacks nothere", unknown_before=True),))
    verdict = seen([GOOD] * 10, [never] * 15).verdict()
    assert verdict.kind == "bad"
    assert re.fullmatch(
        r"Failures of front: \d+ of \d+ of the new release \(its text lacks nothere\)\. "
        r"The question is new: there is nothing to compare it with, and it may itself be wrong\.",
        verdict.reason,
    )
    assert verdict.findings[0].new_question
    assert finding(json.loads(json.dumps(verdict.numbers[0]))) == verdict.findings[0], "as it is on record"


def test_a_question_that_the_release_before_answered_is_compared() -> None:
    before = replace(LEARNED[0], checks=(Check("front", True, False, unknown_before=True),))
    never = replace(GOOD, checks=(Check("front", False, True, "status 404", unknown_before=True),))
    verdict = seen([before] * 20, [GOOD] * 10, [never] * 3).verdict()
    assert verdict.reason.startswith(
        "Failures of front: 3 of 3 of the new release (status 404), 0 of 20 of the old one in the same time"
    )


def test_a_check_that_failed_before_blames_nobody() -> None:
    assert seen([asked(False, new=False)] * 20, [asked(False)] * 60).verdict().kind == "good"


def test_a_check_that_fails_of_both_blames_nobody() -> None:
    passed_before = [replace(LEARNED[0], checks=(Check("ledger", True, False),))] * 200
    both = replace(GOOD, checks=(Check("ledger", False, False), Check("ledger", False, True)))
    assert seen(passed_before, [both] * 60).verdict().kind == "good"


# --- alone


def test_what_fails_once_it_serves_alone_is_found_within_fifteen_seconds() -> None:
    judge = seen([GOOD] * 60, [ALONE] * 10, [FAILING] * 15)
    verdict = judge.verdict()
    assert verdict.kind == "bad"
    assert verdict.reason.startswith("Failed requests: ")
    assert "of the old one before" in verdict.reason
    assert not verdict.findings[0].beside


def test_what_nothing_served_beside_is_not_said_to_be_chance() -> None:
    """Where the old one can be asked it does not count; where it cannot, no chance is known of it."""
    told = [
        next(one for one in seen([GOOD] * 60, [ALONE] * 20, asks=asks).verdict().findings if not one.beside)
        for asks in (True, False)
    ]
    assert [weight(one) for one in told] == [UNCOUNTED, UNCOMPARED]
    before = {name: value for name, value in json.loads(json.dumps(vars(told[0]))).items() if name != "uncounted"}
    assert weight(finding(before)) == UNCOMPARED, "as it is on record from before"


def test_a_short_outage_decides_nothing() -> None:
    assert seen([GOOD] * 60, [ALONE] * 10, [FAILING] * 8, [ALONE] * 60).verdict().kind == "good"


def test_an_outage_of_which_the_old_release_knows_as_well_decides_nothing() -> None:
    """The old release is still warm and can be asked."""
    outage = [replace(FAILING, checks=(Check("health", False, False),))] * 60
    passed_before = [replace(LEARNED[0], checks=(Check("health", True, False),))]
    assert seen(passed_before, [GOOD] * 60, outage).verdict().kind != "bad"


def test_what_happened_before_may_happen_again() -> None:
    """The old release failed a quarter of its requests for a minute, too."""
    burst = Reading(60.0, 0.0, tally(600, 150))
    assert seen([burst], [ALONE] * 10, [replace(ALONE, new=tally(20, 5))] * 60).verdict().kind != "bad"


def test_what_is_much_slower_alone_is_found() -> None:
    slow = replace(ALONE, new=tally(20, 0, 200))
    assert seen([GOOD] * 60, [ALONE] * 10, [slow] * 60).verdict().kind == "bad"


@pytest.mark.parametrize("milliseconds", [40, 50, 63])
def test_what_is_a_little_slower_alone_is_not(milliseconds: int) -> None:
    slow = replace(ALONE, new=tally(20, 0, milliseconds))
    assert seen([GOOD] * 60, [slow] * 600).verdict().kind == "good"
