"""The charts of an environment as values: where lines run and break, what is marked, what nobody knows."""

from __future__ import annotations

import random
from itertools import pairwise

from shipway.signals.reading import Reading
from shipway.signals.summary import smooth_quantile, steps, summary
from shipway.state.deployments import Deployment
from shipway.traffic.tally import BOUNDS, Tally
from shipway.web.pages import chart
from shipway.web.pages.chart import BOTTOM, LEFT, RIGHT, TOP, Charts

NOW = 1_800_000_000.0
SPAN, LENGTH = 3600, 60


def reading(ago: float, requests: int = 600, *, release: int = 1, errors: int = 0, heard: bool = True) -> Reading:
    """A minute's, each answer between 40 and 45 ms."""
    durations = tuple(requests - errors if bound == 45 else 0 for bound in (*BOUNDS, 0))
    tally = Tally((0, requests - errors, 0, 0, errors), durations)
    return Reading(NOW - ago, 60.0, f"shop.prod.r{release}", tally, 1, heard)


def moved(ago: float, kind: str = "deploy", number: int = 2) -> tuple[Deployment, int]:
    at = NOW - ago
    begun = Deployment(
        "d", "r", "x", "shop", "prod", "8c1f0ae" + "0" * 33, kind, 1, "done", "", "", "", at, at, at
    )
    return begun, number


def drawn(*readings: Reading, moves: tuple[tuple[Deployment, int], ...] = ()) -> Charts:
    return chart.charts(steps(readings, LENGTH), moves, span=SPAN, length=LENGTH, now=NOW)


def minutes(first: int, last: int, **how) -> list[Reading]:
    return [reading(60.0 * ago, **how) for ago in range(first, last, -1)]


def test_what_serves_is_one_line_from_left_to_right() -> None:
    made = drawn(*minutes(59, -1))
    (line,) = made.requests.solid
    xs = [float(point.partition(",")[0]) for point in line.split()]
    assert len(xs) == 60
    assert LEFT < xs[0] < LEFT + 10
    assert RIGHT - 10 < xs[-1] < RIGHT
    assert (made.requests.dashed, made.deaf, made.shared) == ([], [], False)


def test_everything_stays_inside_the_drawing() -> None:
    chance = random.Random(3)
    for _ in range(50):
        readings = [
            reading(60.0 * ago, requests, errors=chance.randrange(requests + 1), heard=chance.random() < 0.9)
            for ago in range(59, -1, -1)
            if (requests := chance.choice([0, 1, 7, 100_000])) or ago % 3
        ]
        made = drawn(*readings)
        for each in (made.requests, made.errors, made.durations):
            for line in (*each.solid, *each.dashed, *each.band):
                for point in line.split():
                    x, y = map(float, point.split(","))
                    assert LEFT - 2 <= x <= RIGHT + 2
                    assert TOP <= y <= BOTTOM
            assert 2 <= len(each.heights) <= 4
            assert all(TOP <= y <= BOTTOM for y, _ in each.heights)


def test_without_requests_there_is_a_rate_but_neither_errors_nor_durations() -> None:
    made = drawn(*minutes(59, -1, requests=0))
    assert len(made.requests.solid) == 1
    assert (made.errors.solid, made.durations.solid, made.durations.band) == ([], [], [])


def test_what_was_not_heard_is_a_gap_and_said() -> None:
    made = drawn(*minutes(59, 30), *minutes(30, 25, heard=False), *minutes(25, -1))
    assert len(made.requests.solid) == 2
    assert len(made.deaf) == 5


def test_time_in_which_nobody_looked_is_said_too() -> None:
    made = drawn(*minutes(59, 30), *minutes(20, -1))
    assert len(made.requests.solid) == 2
    assert len(made.deaf) == 1


def test_one_release_after_the_other_is_one_line() -> None:
    """In the minute of the change both were asked; neither has lost half of the requests."""
    both = [reading(1800, 300, release=1), reading(1800, 300, release=2)]
    made = drawn(*minutes(59, 30), *both, *minutes(29, -1, release=2))
    (line,) = made.requests.solid
    assert len({point.partition(",")[2] for point in line.split()}) == 1
    assert not made.shared


def test_two_that_share_are_told_apart_the_newer_one_dashed() -> None:
    canary = [reading(60.0 * ago, 60, release=2, errors=30) for ago in range(10, -1, -1)]
    made = drawn(*minutes(59, 10), *minutes(10, -1, requests=540), *canary)
    assert made.shared
    (solid,), (dashed,) = made.errors.solid, made.errors.dashed
    assert {point.partition(",")[2] for point in solid.split()} == {f"{BOTTOM:.1f}"}
    assert all(float(point.partition(",")[2]) < BOTTOM for point in dashed.split())
    assert len(dashed.split()) == 11


def test_every_deployment_and_rollback_is_marked() -> None:
    made = drawn(*minutes(59, -1), moves=(moved(7200), moved(1800), moved(900, "rollback", 1)))
    assert [(mark.kind, mark.icon) for mark in made.marks] == [("dp", True), ("rb", True)]
    assert made.marks[1].says.endswith("back to r1 8c1f0ae")
    assert made.marks[0].x < made.marks[1].x


def test_icons_do_not_lie_upon_each_other_and_the_newest_is_seen() -> None:
    made = drawn(*minutes(59, -1), moves=tuple(moved(60.0 * ago) for ago in range(5, 0, -1)))
    assert len(made.marks) == 5
    assert made.marks[-1].icon
    shown = [mark.x for mark in made.marks if mark.icon]
    assert all(later - earlier >= chart.ICON for earlier, later in pairwise(shown))


def test_an_axis_has_round_numbers() -> None:
    for requests, heights in ((0, ["0", "0.5", "1"]), (13080, ["0", "100", "200"]), (1_800_000, ["0", "10 k"])):
        made = drawn(*minutes(59, -1, requests=requests))
        assert [text for _, text in made.requests.heights][: len(heights)] == heights


def test_a_summary_adds_up_what_followed() -> None:
    both = summary([reading(60, 600, errors=6), reading(0, 1200)])
    assert (both.seconds, both.requests, both.rate, both.errors) == (120.0, 1800, 15.0, 6)
    assert both.error_share == 6 / 1800
    assert (both.p50, both.p95, both.heard) == (45, 45, True)
    assert summary([]).heard is False


def test_quantiles_lie_between_their_bounds() -> None:
    tally = reading(0).tally
    assert smooth_quantile(tally, 0.5) == 42.5
    assert smooth_quantile(Tally(), 0.5) is None
