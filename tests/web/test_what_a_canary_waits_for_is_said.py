"""One rule, how far it is, by when at the latest: the same words wherever somebody reads of a canary."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from shipway.signals.verdict import Verdict
from shipway.signals.waits import Count, Move, Waits
from shipway.web import next_move
from shipway.web.words import clock

BY = 1_700_000_600.0
HELD = Waits("hold", Move(50, began=BY - 600), BY, 48.0, 12.0, 60.0, Count(12, 50, 38.0))
ENOUGH = replace(HELD, count=Count(80, 50, 0.0))
LAST = replace(ENOUGH, move=Move(100, began=BY - 600, keeps=True))
COLD = replace(ENOUGH, rule="durations", left=72.0, far="warming up: 7 of 20 requests")


FIFTY, ALL = "50 % of the requests come next", "All requests come next"
HEARD = "it was heard for 12 s of 1 m 00 s by now"
BACK = "everything goes back at {by}"


@pytest.mark.parametrize(
    ("waits", "says"),
    [
        (
            HELD,
            f"{FIFTY} in about 48 s: {HEARD}, and 50 requests will have come in about 38 s. "
            f"If it cannot be heard, {BACK}.",
        ),
        (
            replace(HELD, count=Count(12, 50, inf)),
            f"{FIFTY} in about 48 s: {HEARD}; fewer than 50 requests will have come, and it goes on as not known. "
            f"If it cannot be heard, {BACK}.",
        ),
        (LAST, f"{ALL} in about 48 s: {HEARD}. If it cannot be heard, it is frozen with its share at {{by}}."),
        (
            COLD,
            f"{FIFTY} in about 1 m 12 s, at {{by}} at the latest: how long it takes to answer is compared first "
            "(warming up: 7 of 20 requests).",
        ),
        (
            replace(COLD, count=Count(12, 50, 38.0), far=""),
            f"{FIFTY} in about 1 m 12 s, at {{by}} at the latest: how long it takes to answer is compared first, "
            "and 50 requests will have come in about 38 s.",
        ),
        (
            replace(ENOUGH, rule="doubt", left=inf),
            f"{FIFTY} once more requests tell, because something speaks against it: at {{by}} at the latest.",
        ),
        (
            replace(ENOUGH, rule="known", left=inf, asked=("ledger", "front")),
            f"{FIFTY} once something is known of ledger and front again. If nothing is, {BACK}.",
        ),
        (
            replace(ENOUGH, rule="known", left=inf),
            f"{FIFTY} once something is known of it again. If nothing is, {BACK}.",
        ),
    ],
)
def test_it_is_one_rule_with_how_far_it_is_and_by_when(waits: Waits, says: str) -> None:
    assert next_move.says(Verdict("not known", "", waits=waits)) == says.format(by=clock(BY))


def test_a_move_that_may_be_made_waits_for_nothing() -> None:
    assert next_move.says(Verdict("good", "")) == ""


def test_of_few_requests_it_is_said_how_many_are_enough() -> None:
    few = Verdict("not known", "12 requests are too few to tell; 50 are enough.")
    assert next_move.so_far(few) == "Not known so far: 12 requests are too few to tell; 50 are enough."
    good = Verdict("good", "Nothing speaks against 300 requests; at 10 %, failed requests: 0 of 300.")
    assert next_move.so_far(good) == "Good so far: nothing speaks against 300 requests."
