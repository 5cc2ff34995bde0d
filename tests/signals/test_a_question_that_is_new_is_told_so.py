"""What the release before was not asked has nothing to be compared with: a new question may itself be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shipway.signals.judge import telling
from shipway.signals.questions.question import Question, Wanted, new_names
from shipway.signals.questions.results import Line
from shipway.signals.verdict import NEW_QUESTION, UNASKED, Finding

NEW = Finding("failures of f", 15, 15, 0, 0, 1000.0)


@pytest.mark.parametrize(
    ("new_question", "says"),
    [
        (True, f"Failures of f: 15 of 15 of the new release. T{NEW_QUESTION[1:]}."),
        (
            False,
            f"Failures of f: 15 of 15 of the new release; {UNASKED}; by chance at most once in 1,000 deployments.",
        ),
    ],
)
def test_what_the_old_one_did_not_answer_is_compared_with_nothing(new_question: bool, says: str) -> None:
    said = telling.bad([replace(NEW, new_question=new_question)], 1000.0)
    assert said == says
    assert "0 of 0" not in said


def test_one_that_was_asked_before_is_compared() -> None:
    assert "0 of 9 of the old one" in telling.numbers(replace(NEW, old_of=9))


FRONT = Question("front", "http", "/pay", 5.0, 15.0)
LEDGER = Question("ledger", "http", "/ledger", 5.0, 15.0, wanted=Wanted(0, 0, None))


@pytest.mark.parametrize(
    ("now", "is_new"),
    [
        (replace(FRONT, name="other"), True),
        (replace(FRONT, of="/topup"), True),
        (replace(FRONT, status=201), True),
        (replace(FRONT, text="paid"), True),
        (replace(FRONT, timeout=9.0, every=60.0), False),
        (replace(LEDGER, wanted=Wanted(1, 1, None)), False),
    ],
)
def test_what_keeps_its_name_and_asks_something_else_is_new(now: Question, is_new: bool) -> None:
    """An invariant is of the environment as a whole: while both serve it is asked as it was."""
    assert (now.name in new_names([now], [FRONT, LEDGER])) is is_new


def test_answers_are_kept_for_what_asks_the_same_alone() -> None:
    whole = replace(FRONT, of="https://pay.example.org")
    first, *others = [
        Line.of_question(replace(whole, **asks), by="till.prod.r2").asks
        for asks in ({}, {"text": "paid"}, {"status": 201}, {"every": 60.0})
    ]
    assert [each == first for each in others] == [False, False, True]
