"""The charts of an environment as values: where lines run and break, what is marked, what nobody knows."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations, pairwise

import pytest

from shipway.signals.reading import Reading
from shipway.signals.summary import smooth_quantile, summary
from shipway.state.deployments import Deployment
from shipway.traffic.tally import BOUNDS, Tally
from shipway.web.beside import Beside
from shipway.web.marks import Kind, Mark
from shipway.web.pages import chart
from shipway.web.pages.chart import BOTTOM, LEFT, RIGHT, TOP, Charts
from shipway.web.pages.chart_names import HIGH, Box, names

NOW = 1_800_000_000.0
SPAN, LENGTH = 3600, 60


def reading(ago: float, requests: int = 600, *, release: int = 1, errors: int = 0, heard: bool = True) -> Reading:
    """A minute's, each answer between 40 and 45 ms."""
    durations = tuple(requests - errors if bound == 45 else 0 for bound in (*BOUNDS, 0))
    tally = Tally((0, requests - errors, 0, 0, errors), durations)
    return Reading(NOW - ago, 60.0, f"shop.prod.r{release}", tally, 1, heard)


def moved(ago: float, kind: Kind = "all", number: int = 2) -> Mark:
    at = NOW - ago
    commit = "8c1f0ae" + "0" * 33
    begun = Deployment("d", "r", "x", "shop", "prod", commit, "deploy", 1, "done", "", "", "", at, at, at)
    return Mark(at, kind, number, commit, begun)


def drawn(*readings: Reading, moves: tuple[Mark, ...] = (), parts: tuple[Beside, ...] = ()) -> Charts:
    return chart.charts(readings, moves, parts, span=SPAN, length=LENGTH, now=NOW)


def beside(number: int, begun: float, ended: float | None = None, *, back: bool = False) -> Beside:
    """It had a part of the requests from so many seconds ago to so many."""
    return Beside(number, NOW - begun, None if ended is None else NOW - ended, back)


def minutes(first: int, last: int, **how) -> list[Reading]:
    return [reading(60.0 * ago, **how) for ago in range(first, last, -1)]


def test_what_serves_is_one_line_from_left_to_right() -> None:
    made = drawn(*minutes(59, -1))
    (line,) = made.requests.solid
    xs = [float(point.partition(",")[0]) for point in line.split()]
    assert len(xs) == 60
    assert LEFT < xs[0] < LEFT + 10
    assert RIGHT - 10 < xs[-1] < RIGHT
    assert (made.requests.dashed, made.requests.named, made.deaf, made.beside) == ([], [], [], [])


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
    assert not made.beside


def test_one_that_went_and_one_that_came_in_a_minute_were_asked_no_more_than_was_asked() -> None:
    """Each is read of its own half of it, one of them for a moment beside the other."""
    went = replace(reading(1830, 300, release=1), seconds=30.0)
    brief = replace(reading(1815, 0, release=3), seconds=10.0)
    came = replace(reading(1800, 300, release=2), seconds=30.0)
    made = drawn(*minutes(59, 30), went, brief, came, *minutes(29, -1, release=2))
    (line,) = made.requests.solid
    assert len(set(ys(line))) == 1


def ys(points: str) -> list[str]:
    return [point.partition(",")[2] for point in points.split()]


def test_what_has_a_part_of_the_requests_has_a_line_of_its_own_dashed_and_both_have_names() -> None:
    canary = [reading(60.0 * ago, 60, release=2, errors=30) for ago in range(10, -1, -1)]
    made = drawn(*minutes(59, 10), *minutes(10, -1, requests=540), *canary, parts=(beside(2, 660),))
    (solid,), (dashed,) = made.errors.solid, made.errors.dashed
    assert set(ys(solid)) == {f"{BOTTOM:.1f}"}
    assert all(float(y) < BOTTOM for y in ys(dashed))
    assert len(ys(dashed)) == 11
    assert [name.says for name in made.errors.named] == ["r1", "r2"]


def test_what_failed_on_trial_is_never_on_the_line_of_what_serves_however_short_it_was() -> None:
    """Nine seconds of a minute: it was over before the next step began, and an answer came when it was."""
    tried = replace(reading(1800, 18, release=2, errors=9), seconds=9.0, at=NOW - 1830)
    late = replace(tried, seconds=1.0, at=NOW - 1825)
    made = drawn(*minutes(59, -1), tried, late, parts=(beside(2, 1840, 1831, back=True),))
    (solid,), (dashed,) = made.errors.solid, made.errors.dashed
    assert set(ys(solid)) == {f"{BOTTOM:.1f}"}
    assert all(float(y) < BOTTOM for y in ys(dashed))
    assert [name.says for name in made.errors.named] == ["r2"], "what serves needs none once it is over"


def test_each_that_was_tried_has_a_line_of_its_own_and_what_took_over_is_what_serves() -> None:
    tried = [reading(60.0 * ago, 60, release=2) for ago in (20, 19)]
    took = [reading(60.0 * ago, 60 if ago > 16 else 600, release=3) for ago in range(18, -1, -1)]
    parts = (beside(2, 1260, 1140, back=True), beside(3, 1140, 1020))
    made = drawn(*minutes(59, 16), *tried, *took, parts=parts)
    assert [len(ys(line)) for line in made.requests.dashed] == [2, 2]
    assert [len(ys(line)) for line in made.requests.solid] == [60]
    assert [one.release for one in made.beside] == [2, 3]


def test_lines_of_several_releases_are_dashed_each_in_its_own_way_and_older_ones_alike() -> None:
    """A release that was tried twice looks the same both times."""
    begun = {number: 60.0 * (58 - 8 * number) for number in range(1, 7)}
    parts = [beside(number, begun[number] + 60, begun[number] - 60, back=True) for number in begun]
    parts.append(beside(6, 180, 60, back=True))
    tried = [reading(begun[number] - 60.0 * at, 60, release=number) for number in begun for at in (0, 1)]
    made = drawn(*minutes(59, -1, release=9), *tried, reading(60, 60, release=6), parts=tuple(parts))
    assert list(made.requests.dashes) == [0, 0, 4, 3, 2, 1, 1]
    assert len(made.requests.dashed) == 7
    assert [(one.last.release, one.dashes, one.times) for one in made.lines] == [
        (6, 1, 2),
        (5, 2, 1),
        (4, 3, 1),
        (3, 4, 1),
    ]
    assert made.more == 2


def test_every_deployment_and_rollback_is_marked() -> None:
    made = drawn(*minutes(59, -1), moves=(moved(7200), moved(1800), moved(900, "back", 1)))
    assert [(mark.kind, mark.icon) for mark in made.marks] == [("dp", True), ("rb", True)]
    assert made.marks[1].says.endswith("rolled back to r1 8c1f0ae")
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


def tried_again_and_again(first: int, releases: int, every: int, spread: float = 0.0) -> Charts:
    """Releases on trial for a minute each, the next one so many minutes later, each with more that fails."""
    parts, readings = [], minutes(59, -1)
    for at in range(releases):
        ago = 60.0 * (first - every * at)
        parts.append(beside(at + 2, ago, ago - 60, back=True))
        readings.append(reading(ago - 60, 60, release=at + 2, errors=int(30 + spread * at)))
    moves = tuple(moved(one) for part in parts for one in (NOW - part.begins, NOW - (part.ends or NOW)))
    return drawn(*readings, moves=moves, parts=tuple(parts))


@pytest.mark.parametrize(
    ("first", "releases", "every"), [(3, 3, 1), (8, 7, 1), (16, 8, 2), (50, 12, 4), (3, 1, 1)]
)
@pytest.mark.parametrize("spread", [0.0, 2.0])
def test_names_lie_upon_no_other_and_inside_the_drawing(
    first: int, releases: int, every: int, spread: float
) -> None:
    made = tried_again_and_again(first, releases, every, spread)
    upright = [mark.x for mark in made.marks]
    for each in (made.requests, made.errors, made.durations):
        assert {f"r{releases + 1}", f"r{releases}"} & {one.says for one in each.named}, "the newest has its name"
        for one, other in combinations(each.named, 2):
            apart = one.right <= other.left or other.right <= one.left or abs(one.y - other.y) >= HIGH
            assert apart, f"{one.says} lies upon {other.says}"
        for one in each.named:
            assert one.left >= LEFT
            assert one.right <= RIGHT + 4
            assert one.top >= TOP
            assert one.y < BOTTOM
        older = [one for one in each.named if one.says not in (f"r{releases + 1}", f"r{releases}")]
        assert not any(one.left <= x <= one.right for one in older for x in upright), "a mark runs through it"


def test_a_name_keeps_off_lines_where_it_can() -> None:
    """Above the end of its own another line runs, so it stands below."""
    lines = [("", [[(LEFT, 90.0), (RIGHT, 90.0)]]), ("r2", [[(200.0, 100.0), (240.0, 100.0)]])]
    (name,) = names(lines, (), Box(LEFT, RIGHT + 4, TOP, BOTTOM))
    assert (name.says, name.y) == ("r2", 100.0 + HIGH)


def test_a_name_stands_beside_the_marks_of_the_last_minute_and_not_upon_them() -> None:
    """A canary that went back a moment ago, at the right edge: both of its marks are there, too."""
    marks = (RIGHT - 12, RIGHT - 5)
    lines = [("", [[(LEFT, 90.0), (RIGHT - 20, 90.0)]]), ("r2", [[(RIGHT - 9, 150.0), (RIGHT - 5, 150.0)]])]
    (name,) = names(lines, marks, Box(LEFT, RIGHT + 4, TOP, BOTTOM))
    assert name.says == "r2"
    assert not any(name.left <= x <= name.right for x in marks), (name.left, name.right, marks)


def test_names_of_releases_that_came_minutes_apart_stand_in_their_order() -> None:
    """One that would stand beside the line of another is left out, unless it is one of the newest two."""
    made = tried_again_and_again(5, 4, 1)
    lefts = [one.left for one in sorted(made.requests.named, key=lambda one: one.says)]
    assert lefts == sorted(lefts)
    assert {"r4", "r5"} <= {one.says for one in made.requests.named}
    made = tried_again_and_again(3, 3, 1)
    assert max(abs(one.right - RIGHT) for one in made.requests.named if one.says in ("r3", "r4")) <= 2 * HIGH
