"""An answer reaches the judge once, as the old release's or the new one's; what is not known reaches nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.config.places import Places
from shipway.signals.judge import Check, Judge, Reading
from shipway.signals.questions import results
from shipway.signals.questions.answer import State
from shipway.signals.questions.results import Line
from shipway.state.releases import Release
from shipway.story.cold import Cold
from shipway.story.probed import Probed
from shipway.traffic.tally import Tally

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


def test_what_is_not_known_speaks_for_nobody(places: Places) -> None:
    assert heard(places, probed(places), line("front", NEW, "??"), line("ledger", None, "?", first=12)) == []


def test_what_was_answered_while_shipway_started_it_anew_speaks_for_nobody(places: Places) -> None:
    results.write(places, "till", "prod", [line("front", NEW, "pffp"), line("ledger", None, "pffp")])
    found = list(probed(places).checks(lambda at: at >= SERVES, Cold([(2.0, 3.0)])))
    assert [check.passed for check in found] == [True] * 4


def test_another_release_is_none_of_its_business(places: Places) -> None:
    assert heard(places, probed(places), line("front", "till.prod.r7", "ff")) == []


def judged(places: Places, before: str, after: str) -> str:
    """What the judge says of an invariant answered so before and after the new release had requests."""
    judge, of = Judge(), probed(places)
    answers = line("ledger", None, before + after, first=int(SERVES) - len(before))
    for number in range(1, len(before + after) + 1):
        so_far = line("ledger", None, (before + after)[:number], first=int(SERVES) - len(before))
        share = 0.0 if answers.past[number - 1][0] < SERVES else 0.5
        checks = tuple(heard(places, of, so_far))
        judge.see(Reading(seconds=1.0, share=share, old=Tally(), new=Tally(), checks=checks))
    return judge.verdict().kind


def test_an_invariant_that_held_and_fails_speaks_against_the_release(places: Places) -> None:
    assert judged(places, "p" * 40, "f" * 8) == "bad"


@pytest.mark.parametrize(
    ("before", "after"), [("f" * 40, "f" * 40), ("p" * 40, "p" * 40), ("p" * 40, "?" * 40), ("p" * 40, "f")]
)
def test_one_that_failed_before_or_is_not_known_does_not(places: Places, before: str, after: str) -> None:
    assert judged(places, before, after) == "not known"
