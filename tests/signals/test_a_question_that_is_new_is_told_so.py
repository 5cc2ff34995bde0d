"""What the release before was never asked has nothing to be compared with: the question may be what is wrong."""

from __future__ import annotations

from dataclasses import replace

from shipway.signals.judge import telling
from shipway.signals.verdict import NEVER_ASKED, Finding

NEW = Finding("failures of f", 15, 15, 0, 0, 1000.0)


def test_a_new_question_is_compared_with_nothing() -> None:
    said = telling.numbers(NEW)
    assert said == f"Failures of f: 15 of 15 of the new release; {NEVER_ASKED}"
    assert "0 of 0" not in said


def test_one_that_was_asked_before_is_compared() -> None:
    assert "0 of 9 of the old one" in telling.numbers(replace(NEW, old_of=9))
