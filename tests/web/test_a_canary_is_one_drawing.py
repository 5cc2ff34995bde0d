"""What is drawn of a release on trial: its share, its failed requests as counts, and what decided."""

from __future__ import annotations

from itertools import combinations

import pytest

from shipway.signals.reading import Reading
from shipway.state.releases import Release
from shipway.state.verdicts import Recorded
from shipway.traffic.tally import Tally
from shipway.web import hurt
from shipway.web.pages import canary_chart
from shipway.web.pages.canary_chart import BOTTOM, LEFT, TOP, Canary, Curve
from shipway.web.shares import Move
from shipway.web.trials import Trial

BEGAN = 1_800_000_000.0
OLD = Release("1", "topup", "prod", 1, "", "a" * 40, 0, 0.0)
NEW = Release("2", "topup", "prod", 2, "", "b" * 40, 0, 0.0)
FINDINGS = (
    {"what": "failed requests", "new_count": 3, "new_of": 5},
    {"what": "restarts", "new_count": 1, "new_of": 1},
)


def look(at: float, release: Release, requests: int, failed: int = 0, *, heard: bool = True) -> Reading:
    tally = Tally((0, requests - failed, 0, 0, failed))
    return Reading(BEGAN + at, 1.0, release.name, tally, 0, heard)


def verdict(at: float, kind: str) -> Recorded:
    return Recorded("", "", "topup", "prod", NEW.id, NEW.commit, 10, kind, "", FINDINGS, BEGAN + at)


def tried(*moves: tuple[float, int], bad: float | None = None) -> Trial:
    told = [Move(BEGAN + at, share, "run", back=not share) for at, share in moves]
    verdicts = [] if bad is None else [verdict(bad, "bad")]
    return Trial(NEW, "undone" if bad else "serves", before=OLD, moves=told, verdicts=verdicts)


def drawn(trial: Trial, *looks: Reading) -> Canary:
    new, old = ([one for one in looks if one.release == each.name] for each in (NEW, OLD))
    return canary_chart.canary(trial, new, old, canary_chart.window(trial, BEGAN + 3600))


def says(curve: Curve) -> list[str]:
    uprights = [one for one in (curve.first, curve.decision) if one is not None]
    return [word.says for one in uprights for word in (*one.above, *one.aside)]


def test_three_failures_are_three_bars_and_the_first_and_the_decision_have_names() -> None:
    """As a share of two requests each they would be a line between nothing and everything."""
    looks = [look(at, NEW, 2, failed) for at, failed in ((1, 0), (2, 1), (3, 0), (4, 2))]
    made = drawn(tried((0, 10), (4.1, 0), bad=4.0), *looks, *(look(at, OLD, 22) for at in range(1, 5)))
    for curve in (made.wide, made.slim):
        low, high = curve.bars
        assert BOTTOM - high.y == pytest.approx(2 * (BOTTOM - low.y), abs=0.2), "twice as many, twice as high"
        assert says(curve) == ["first failed request", "decision", "0 % for r2"]
        assert curve.first is not None
        assert curve.decision is not None
        assert low.x <= curve.first.x <= low.x + low.width < high.x < curve.decision.x
        assert [word.says for word in curve.shares] == ["10 %"]
    assert made.counts == "Bars: failed requests of r2, 3 of 8; r1 failed 0 of 88 meanwhile."
    assert (made.known, made.unheard) == (True, False)


def test_what_a_late_look_found_is_drawn_while_it_had_requests() -> None:
    made = drawn(tried((0, 10), (1.4, 0), bad=1.3), look(2.2, NEW, 3, 3))
    (bar,), end = made.wide.bars, made.wide.decision
    assert end is not None
    assert bar.x < end.x, "nothing failed after it had lost its requests"


def test_a_good_one_has_neither_bars_nor_a_decision_against_it() -> None:
    made = drawn(tried((0, 10), (60, 50), (120, 100)), *(look(at, NEW, 10) for at in range(1, 120)))
    assert (made.wide.bars, made.wide.first, made.wide.decision) == ([], None, None)
    assert made.counts == "Failed requests of r2, 0 of 1,190."


def test_what_was_not_heard_is_said() -> None:
    made = drawn(tried((0, 10), (4, 0), bad=4.0), look(1, NEW, 2), look(2, NEW, 0, heard=False))
    assert made.unheard
    assert not drawn(tried((0, 10), (4, 0), bad=4.0)).known


MOVES = (
    ((0, 10), (1.4, 0)),
    ((0, 1), (10, 10), (21, 50), (31, 0)),
    ((0, 1), (1, 5), (2, 10), (600, 50), (601, 100), (3000, 0)),
    ((0, 50), (0.2, 100), (0.3, 0)),
)


@pytest.mark.parametrize("moves", MOVES)
@pytest.mark.parametrize("first", [0.1, 0.5, 0.95])
def test_nothing_written_lies_upon_anything_else_or_outside(
    moves: tuple[tuple[float, int], ...], first: float
) -> None:
    end = moves[-1][0]
    made = drawn(tried(*moves, bad=end - 0.05), look(first * end, NEW, 2, 1), look(end, NEW, 2, 2))
    for curve, letter in ((made.wide, 6.4), (made.slim, 7.5)):
        uprights = [word for one in (curve.first, curve.decision) if one for word in (*one.above, *one.aside)]
        words = [*uprights, *curve.shares, *curve.times]
        boxes = []
        for word in words:
            wide = letter * len(word.says) * 0.95
            left = word.x - {"start": 0.0, "middle": wide / 2, "end": wide}[word.anchor]
            assert left >= LEFT - 12, word
            assert left + wide <= curve.width, word
            boxes.append((left, left + wide, word.y, word.says))
        for one, other in combinations(boxes, 2):
            assert one[1] <= other[0] or other[1] <= one[0] or abs(one[2] - other[2]) >= 12, (one, other)
        points = [tuple(map(float, point.split(","))) for point in curve.stair.split()]
        assert all(LEFT <= x <= curve.right and TOP <= y <= BOTTOM for x, y in points)


def test_people_were_hurt_by_what_the_routers_counted_or_else_by_what_was_judged() -> None:
    trial = tried((0, 10), (31, 0), bad=31.0)
    counted = hurt.hurt(trial, [look(at, NEW, 100, at % 2) for at in range(1, 33)])
    assert counted == hurt.Hurt(16, 3200)
    assert hurt.hurt(trial, []) == hurt.Hurt(3, 5)
    assert hurt.hurt(tried((0, 10), (31, 100)), [look(1, NEW, 2, 2)]) is None
