"""An answer reaches the judge once, as the old release's or the new one's; what is not known is never good."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from shipway.config.places import Places
from shipway.signals.judge import Check, Clocks, Judge, Reading, Step, step, waits
from shipway.signals.questions import results
from shipway.signals.questions.answer import State
from shipway.signals.questions.question import Question, Wanted
from shipway.signals.questions.results import Line
from shipway.signals.waits import Count, Move
from shipway.state.releases import Release
from shipway.story.cold import Cold
from shipway.story.probed import Probed
from shipway.traffic.tally import Tally
from support.tallies import tally

OLD, NEW = "till.prod.r1", "till.prod.r2"
WORDS: dict[str, State] = {"p": "passed", "f": "failed", "?": "not known"}
SERVES = 10.0
"""When the new release got its first requests."""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places.of(tmp_path, {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})


def release(name: str) -> Release:
    number = int(name.rpartition("r")[2])
    return Release(name, "till", "prod", number, "d" * 64, "c" * 40, 1, 0.0)


def line(name: str, release: str | None, answers: str, first: int = 1) -> Line:
    """One that was answered `ppf`, one a second from the moment `first` on."""
    made = Line(name, "command", "true", None, release, release or OLD, 15.0)
    made.past = [(float(first + number), WORDS[each]) for number, each in enumerate(answers)]
    return made


def probed(places: Places) -> Probed:
    return Probed(places, release(NEW), release(OLD), since=0.0)


def heard(places: Places, of: Probed, *lines: Line) -> list[Check]:
    results.write(places, "till", "prod", lines)
    return list(of.checks(lambda at: at >= SERVES, Cold()))


def test_each_answer_is_heard_once(places: Places) -> None:
    of = probed(places)
    assert len(heard(places, of, line("front", NEW, "pp"))) == 2
    assert heard(places, of, line("front", NEW, "ppf")) == [Check("front", passed=False, new=True)]
    assert heard(places, of, line("front", NEW, "ppf")) == []


def test_what_was_answered_last_and_what_is_new_reaches_the_judge(places: Places) -> None:
    of = Probed(places, release(NEW), release(OLD), 0.0, new_questions={"front"})
    told = line("front", NEW, "pff")
    told.says, told.at = "status 404", 3.0
    assert [(check.says, check.unknown_before) for check in heard(places, of, told)] == [
        ("", True),
        ("", True),
        ("status 404", True),
    ]
    assert [check.unknown_before for check in heard(places, of, line("back", OLD, "p"))] == [False]


def test_what_is_asked_otherwise_by_the_old_one_is_not_compared_with(places: Places) -> None:
    of = Probed(places, release(NEW), release(OLD), 0.0, new_questions={"front"})
    found = heard(places, of, line("front", OLD, "pp"), line("front", NEW, "ff"), line("back", OLD, "p"))
    assert [(check.name, check.new) for check in found] == [("front", True), ("front", True), ("back", False)]


def test_of_two_releases_each_speaks_for_itself_in_the_order_of_time(places: Places) -> None:
    found = heard(places, probed(places), line("front", OLD, "pf"), line("front", NEW, "fp"))
    assert [(check.passed, check.new) for check in found] == [
        *((True, False), (False, True), (False, False), (True, True)),
    ]


def test_the_whole_speaks_for_the_new_one_once_that_has_requests(places: Places) -> None:
    found = heard(places, probed(places), line("ledger", None, "pppf", first=8))
    assert [(check.passed, check.new) for check in found] == [
        *((True, False), (True, False), (True, True), (False, True)),
    ]


def test_what_is_not_known_has_neither_passed_nor_failed_and_holds_the_new_one(places: Places) -> None:
    said = line("ledger", None, "p?", first=12)
    said.says, said.at = "its last line is not a number", 13.0
    front, passed, ledger = heard(places, probed(places), line("front", NEW, "?"), said)
    assert (passed.known, passed.passed) == (True, True)
    assert front == Check("front", False, True, known=False)
    assert ledger == Check("ledger", False, True, "its last line is not a number", known=False)


def test_what_was_not_known_of_the_old_one_says_nothing_of_the_new_one(places: Places) -> None:
    assert heard(places, probed(places), line("front", OLD, "??"), line("ledger", None, "??")) == []


def test_a_source_that_was_dead_before_is_told_and_holds_nothing(places: Places) -> None:
    of = Probed(places, release(NEW), release(OLD), 0.0, dead={"ledger"})
    (found,) = heard(places, of, line("ledger", None, "?", first=12))
    assert found == Check("ledger", False, True, "as before this release", known=False, holds=False)


LEDGER = Question("ledger", "command", "./audit", 5.0, 300.0, wanted=Wanted(0, 0, None))
FRONT = Question("front", "http", "/", 5.0, 15.0)


def quiet(
    places: Places, seconds: float, *lines: Line, new: Collection[str] = (), dead: Collection[str] = ()
) -> Any:
    """Of silence so long after the new release began to serve: what holds it, and everything that is silent."""
    of = Probed(places, release(NEW), release(OLD), 0.0, new, [LEDGER, FRONT], dead)
    results.write(places, "till", "prod", lines)
    found = list(of.quiet(SERVES + seconds, began=SERVES))
    assert all(check.new and not check.known and not check.passed for check in found)
    return [check.name for check in found if check.holds], [check.name for check in found]


def answered(name: str, release: str | None, at: float, *, took: float = 0.0) -> Line:
    made = line(name, release, "p")
    made.state, made.at, made.took = "passed", at, took
    return made


LATELY = (answered("ledger", None, 8.0), answered("front", OLD, 9.0))


def test_what_was_not_answered_since_it_serves_is_not_known(places: Places) -> None:
    """Once a second while a release is on trial, also what is asked every five minutes else."""
    assert quiet(places, 1.0, *LATELY) == ([], ["ledger", "front"])
    now = answered("ledger", None, 10.5), answered("front", NEW, 10.5)
    assert quiet(places, 1.0, *LATELY, *now) == ([], [])


def test_one_that_is_not_answered_any_more_holds_the_new_one(places: Places) -> None:
    """Who asks may have died: before or after the first answer."""
    assert quiet(places, 60.0, *LATELY) == (["ledger", "front"], ["ledger", "front"])
    assert quiet(places, 60.0, *LATELY, answered("front", NEW, 12.0))[0] == ["ledger", "front"]
    assert quiet(places, 60.0, *LATELY, answered("front", NEW, 60.0))[0] == ["ledger"]


def test_one_that_takes_long_has_longer(places: Places) -> None:
    slowly = answered("ledger", None, 12.0, took=4.0)
    assert quiet(places, 60.0, slowly, answered("front", NEW, 69.0)) == ([], [])


def test_one_that_was_not_answered_before_either_holds_nothing_unless_it_is_new(places: Places) -> None:
    assert quiet(places, 60.0) == ([], ["ledger", "front"])
    assert quiet(places, 60.0, new={"front"})[0] == ["front"]
    assert quiet(places, 60.0, *LATELY, dead={"ledger"})[0] == ["front"]
    long_ago = answered("ledger", None, SERVES - 3 * 15.0 - 61.0)
    assert quiet(places, 60.0, long_ago, answered("front", OLD, 9.0))[0] == ["front"]


def test_what_was_answered_while_shipway_started_it_anew_speaks_for_nobody(places: Places) -> None:
    results.write(places, "till", "prod", [line("front", NEW, "pffp"), line("ledger", None, "pffp")])
    found = list(probed(places).checks(lambda at: at >= SERVES, Cold([(2.0, 3.0)])))
    assert [check.passed for check in found] == [True] * 4


def test_another_release_is_none_of_its_business(places: Places) -> None:
    assert heard(places, probed(places), line("front", "till.prod.r7", "ff")) == []


def judged(places: Places, before: str, after: str, *, dead: bool = False) -> Judge:
    """The judge of an invariant answered so before and after the new release had requests, enough of them."""
    judge = Judge()
    of = Probed(places, release(NEW), release(OLD), since=0.0, dead={"ledger"} if dead else ())
    answers = line("ledger", None, before + after, first=int(SERVES) - len(before))
    for number in range(1, len(before + after) + 1):
        so_far = line("ledger", None, (before + after)[:number], first=int(SERVES) - len(before))
        share = 0.0 if answers.past[number - 1][0] < SERVES else 0.5
        checks = tuple(heard(places, of, so_far))
        new = tally(10) if share else Tally()
        judge.see(Reading(seconds=1.0, share=share, old=tally(10), new=new, checks=checks))
    return judge


def test_an_invariant_that_held_and_fails_speaks_against_the_release(places: Places) -> None:
    assert judged(places, "p" * 40, "f" * 8).verdict().kind == "bad"


@pytest.mark.parametrize(
    ("before", "after"),
    [("f" * 40, "f" * 40), ("p" * 40, "p" * 40), ("p" * 40, "p" * 30 + "f"), ("?" * 40, "p" * 40)],
)
def test_one_that_failed_before_or_passes_does_not(places: Places, before: str, after: str) -> None:
    judge = judged(places, before, after)
    assert (judge.verdict().kind, judge.unheard) == ("good", 0)


@pytest.mark.parametrize(("before", "after"), [("p" * 40, "?" * 20), ("f" * 40, "?" * 20), ("", "?" * 20)])
def test_one_that_is_not_known_any_more_is_never_good_and_leaves_the_release_unheard(
    places: Places, before: str, after: str
) -> None:
    judge = judged(places, before, after)
    verdict = judge.verdict()
    assert (verdict.kind, judge.unheard) == ("not known", 20)
    assert verdict.reason == "Nothing is known of ledger for 20 s (it was not answered)."
    (row,) = [one for one in verdict.findings if one.what == "failures of ledger"]
    assert row.why_not == "not known: it was not answered"


def test_one_answer_that_came_amiss_ends_nothing(places: Places) -> None:
    judge = judged(places, "p" * 40, "p" * 20 + "?" + "p" * 20)
    assert (judge.verdict().kind, judge.unheard) == ("good", 0)
    assert judged(places, "p" * 40, "p" * 20 + "?").unheard == 1


def test_a_source_that_was_dead_before_holds_no_fix_back_and_is_no_pass(places: Places) -> None:
    judge = judged(places, "?" * 40, "?" * 20, dead=True)
    verdict = judge.verdict()
    assert (verdict.kind, judge.unheard) == ("not known", 0)
    assert verdict.reason == "Nothing is known of ledger (as before this release)."
    assert step(verdict, Clocks(60.0, judge.unheard, 0.0, 60.0, 60.0, 600.0)) == Step("go on")


def test_a_share_that_waits_for_an_answer_does_not_say_that_durations_do(places: Places) -> None:
    verdict = judged(places, "p" * 40, "?" * 20).verdict()
    found = waits(verdict, Clocks(20.0, 20.0, 30.0, 20.0, 20.0, 600.0), Move(50, began=0.0), Count(20, 50, 30.0))
    assert found is not None
    assert (found.rule, found.far) == ("known", "")


def test_once_it_serves_alone_nothing_is_held_and_it_is_not_called_good(places: Places) -> None:
    judge = judged(places, "p" * 40, "p" * 20)
    unknown = Check("ledger", False, True, "exit code 1", known=False)
    judge.see(Reading(seconds=1.0, share=1.0, new=tally(10), checks=(unknown,)))
    assert (judge.verdict().kind, judge.unheard) == ("not known", 0)
