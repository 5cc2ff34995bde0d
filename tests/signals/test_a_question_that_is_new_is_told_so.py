"""What the release before was not asked has nothing to be compared with: a new question may itself be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shipway.signals.judge import telling
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
    said = telling.bad(replace(NEW, new_question=new_question), 1000.0)
    assert said == says
    assert "0 of 0" not in said


def test_one_that_was_asked_before_is_compared() -> None:
    assert "0 of 9 of the old one" in telling.numbers(replace(NEW, old_of=9))
