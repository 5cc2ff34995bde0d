"""What applications measure themselves: added up over instances, in files of a fixed size, within bounds."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from shipway.signals.series import growth, kept, meter
from shipway.signals.series.kept import MINUTES, TENS, Kept
from shipway.signals.series.meter import NO_NUMBER, SERIES, TOO_MANY, TOO_WIDE, Meter
from shipway.signals.series.sample import Sample
from shipway.signals.series.series import LARGEST, Series, Value, level, quantile
from shipway.signals.series.summing import Figures, measured

BEGAN = 1_700_000_000.0
OPEN = Series("open", "gauge", "", (), "r1")


class Clock:
    now = BEGAN

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def made(directory: Path, clock: Clock) -> Meter:
    return Meter(directory, BEGAN, clock)


def counter(name: str = "sold", release: str = "r1", **labels: str) -> Series:
    return Series(name, "counter", "", tuple(sorted(labels.items())), release)


def told(series: Series, total: float, source: str = "web.1", began: float | None = BEGAN + 1) -> Sample:
    return Sample(series, source, (total,), running=True, began=began)


def take(one: Meter, *samples: Sample, secrets: list[bytes] | None = None) -> Mapping[str, int]:
    return one.take(samples, lambda: secrets or [])


def grown(one: Meter, clock: Clock, over: float = 900) -> dict[str, float]:
    """What counters grew by, by name and release."""
    found = measured(one, TENS, clock.now - over, clock.now)
    return {f"{each.series.name} {each.series.release}": (each.now.rate or 0) * over for each in found}


def test_a_counter_is_what_it_grew_by(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    for total in (5, 5, 9):
        take(one, told(counter(), total))
        clock.now += 10
    assert grown(one, clock) == {"sold r1": pytest.approx(9)}


def test_instances_of_a_release_are_added_up_and_releases_are_not(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    take(one, told(counter(), 5), told(counter(), 7, "web.2"), told(counter(release="r2"), 1, "r2.web.1"))
    assert grown(one, clock) == {"sold r1": pytest.approx(12), "sold r2": pytest.approx(1)}


def test_a_counter_that_went_down_began_again(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    for total in (5, 2):
        take(one, told(counter(), total))
    assert grown(one, clock) == {"sold r1": pytest.approx(7)}


def test_what_was_counted_before_shipway_began_is_not_counted_now(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    take(one, told(counter(), 5000, began=BEGAN - 1), told(counter("unknown"), 5000, "other", began=None))
    take(one, told(counter(), 5001, began=BEGAN - 1), told(counter("unknown"), 5002, "other", began=None))
    assert grown(one, clock) == {"sold r1": pytest.approx(1), "unknown r1": pytest.approx(2)}


def test_a_series_that_is_new_in_a_known_source_counts_in_whole(tmp_path: Path, clock: Clock) -> None:
    """The first failure there ever was is one."""
    one = made(tmp_path, clock)
    take(one, told(counter(), 5000, began=None))
    take(one, told(counter(), 5000, began=None), told(counter("failed"), 1, began=None))
    assert grown(one, clock)["failed r1"] == pytest.approx(1)


def test_a_source_that_is_gone_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    known = growth.Growth(2, BEGAN)
    assert known.of(told(counter(), 1), frozenset(), 0.0) == (1,)
    assert known.of(told(counter(), 1, "web.2"), frozenset(), 0.0) == (1,)
    assert known.of(told(counter(), 1, "web.3"), frozenset(), 0.0) is None, "there is no room"
    known.tidy(growth.PATIENCE + 1)
    assert known.of(told(counter(), 1, "web.3"), frozenset(), growth.PATIENCE + 1) == (1,)


def test_a_gauge_is_the_last_one_between_its_lowest_and_highest(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    series = Series("open", "gauge", "", (), "r1")
    take(one, Sample(series, "web.1", level(2)), Sample(series, "web.2", level(4)))
    clock.now += 60
    take(one, Sample(series, "web.1", level(10)), Sample(series, "web.2", level(20)))
    (found,) = measured(one, TENS, clock.now - 900, clock.now)
    assert found.now == Figures(value=15, low=10, high=20)
    assert [figures.value for _, figures in found.steps] == [3, 15]


@pytest.mark.parametrize(
    ("buckets", "share", "value"),
    [
        ((4, 0, 0), 0.5, 0.5),
        ((2, 2, 0), 0.5, 1.0),
        ((2, 2, 0), 0.75, 2.0),
        ((0, 0, 5), 0.5, 3.0),
        ((0, 0, 0), 0.5, None),
        ((1e-300, -LARGEST, 0), 0.5, 0.0),
    ],
)
def test_percentiles_are_in_proportion_between_bounds(buckets: Value, share: float, value: float | None) -> None:
    assert quantile((1.0, 3.0), buckets, share) == value


def test_the_past_is_there_after_a_kill(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    for total in range(1, 13):
        take(one, told(counter(item="map"), total))
        clock.now += 10
    again = made(tmp_path, clock)
    (found,) = measured(again, TENS, BEGAN, clock.now)
    assert found.series == counter(item="map")
    assert (found.now.rate or 0) * (clock.now - BEGAN) == pytest.approx(11), "but for the step that was open"
    (coarse,) = measured(again, MINUTES, BEGAN, clock.now)
    assert [at for at, _ in coarse.steps] == [BEGAN + 40, BEGAN + 100], "minutes are those of the clock"


def test_a_rate_is_that_of_the_seconds_that_a_longer_step_has_already(tmp_path: Path, clock: Clock) -> None:
    """One more in each ten seconds, in minutes of which the first is cut off and the last has only begun."""
    one = made(tmp_path, clock)
    for total in range(16):
        take(one, told(counter(), total))
        clock.now += 10
    (found,) = measured(one, TENS, BEGAN + 10, clock.now, step=60)
    assert [at for at, _ in found.steps] == [BEGAN + 40, BEGAN + 100, BEGAN + 160]
    assert [figures.rate for _, figures in found.steps] == pytest.approx([0.1, 0.1, 0.1])
    (found,) = measured(one, TENS, BEGAN + 13, clock.now - 5, step=120)
    assert [figures.rate for _, figures in found.steps] == pytest.approx([0.1, 0.1])


def test_what_is_told_once_in_a_longer_step_is_of_all_its_seconds(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    for total in range(0, 18, 6):
        take(one, told(counter(), total))
        clock.now += 60
    (found,) = measured(one, TENS, BEGAN - 20, clock.now, step=60)
    assert [figures.rate for _, figures in found.steps] == pytest.approx([0, 0.1, 0.1])


def test_series_have_an_end_and_what_is_too_much_is_counted(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    refused = take(one, *(told(counter(number=str(number)), 1) for number in range(SERIES + 20)))
    assert refused == {TOO_MANY: 20}
    assert one.heard() == SERIES
    assert take(one, told(counter(number="3"), 2)) == {}, "those that are known go on"
    assert one.refused() == {TOO_MANY: 20}
    clock.now += meter.LATELY + 1
    one.keep()
    assert take(one, told(counter(number="new"), 1)) == {}, "those that nobody tells make room"


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        (told(counter("x" * 601), 1), TOO_WIDE),
        (told(counter(label="x" * 601), 1), TOO_WIDE),
        (Sample(Series("h", "histogram", "", (), "r1", tuple(range(65))), "web.1", (0.0,) * 68), TOO_WIDE),
        (told(counter(), math.nan), NO_NUMBER),
        (told(counter(), math.inf), NO_NUMBER),
        (Sample(Series("open", "gauge", "", (), "r1"), "web.1", level(1.7e308)), NO_NUMBER),
        (told(Series("h", "histogram", "", (), "r1"), 1), NO_NUMBER),
        (Sample(Series("h", "histogram", "", (), "r1", (1.7e308,)), "web.1", (1.0, 1.0, 1.0, 0.0)), NO_NUMBER),
    ],
)
def test_what_cannot_be_kept_is_refused(tmp_path: Path, clock: Clock, sample: Sample, why: str) -> None:
    assert take(made(tmp_path, clock), sample) == {why: 1}


def test_the_largest_numbers_are_added_up_to_numbers(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    waited = Series("waited", "histogram", "", (), "r1", (-LARGEST, LARGEST))
    for _ in range(5):
        for number in (LARGEST, -LARGEST):
            take(one, Sample(waited, "web.1", (1.0, number, -LARGEST, 1e-300, 1.0)))
            take(one, told(counter(), number), Sample(OPEN, "web.1", level(number)))
        clock.now += 10
    found = measured(one, TENS, BEGAN, clock.now)
    figures = [each for series in found for each in (series.now, *(figures for _, figures in series.steps))]
    numbers = [number for each in figures for number in asdict(each).values() if number is not None]
    assert len(found) == 3
    assert all(map(math.isfinite, numbers))


def test_what_does_not_fit_its_series_is_passed_over(tmp_path: Path, clock: Clock) -> None:
    """A file may have it from a version that did not look."""
    one = made(tmp_path, clock)
    waited = Series("waited", "histogram", "", (), "r1")
    for _ in range(2):
        take(one, Sample(waited, "web.1", (1.0, 2.0)), Sample(OPEN, "web.1", level(1)))
        clock.now += 10
    numbers = {series.name: number for number, series in one.series().items()}
    strange: Mapping[int, Value] = {numbers["waited"]: (3.0, 4.0, 3.0), numbers["open"]: (1.0, 1.0, math.inf, 2.0)}
    Kept(tmp_path).write(TENS, clock.now, strange)
    found = {each.series: each for each in measured(made(tmp_path, clock), TENS, BEGAN, clock.now + 10)}
    assert [figures.rate for _, figures in found[waited].steps] == [0.1]
    assert [figures.value for _, figures in found[OPEN].steps] == [1]


def test_secrets_are_masked_in_names_and_labels(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    take(one, told(counter("sold-tops3cret", token="tops3cret"), 1), secrets=[b"tops3cret"])
    clock.now += 120
    one.keep()
    (series,) = one.series().values()
    assert (series.name, series.labels) == ("sold-***", (("token", "***"),))
    assert all(b"tops3cret" not in file.read_bytes() for file in tmp_path.iterdir())


def test_files_stay_within_their_limits(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Filled with numbers that cannot be packed, in every series there may be."""
    for name in kept.LIMITS:
        monkeypatch.setitem(kept.LIMITS, name, 64 * 1024)
    one = made(tmp_path, clock)
    chance = random.Random(4711)
    every = [Series("open", "gauge", "", (("number", str(number)),), "r1") for number in range(SERIES)]
    for _ in range(40):
        take(one, *(Sample(series, "web.1", level(chance.random())) for series in every))
        clock.now += 60
    sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
    assert sizes.pop("series.json") < 200 * SERIES
    assert set(sizes) == {f"series.{ring}{end}" for ring in (TENS, MINUTES) for end in ("", ".before")}
    assert all(32 * 1024 < size <= 64 * 1024 for size in sizes.values())


def test_a_catalog_that_was_cut_off_is_written_anew(tmp_path: Path, clock: Clock) -> None:
    take(made(tmp_path, clock), told(counter(), 1))
    (tmp_path / "series.json").write_text('[{"id": 1, "na')
    one = made(tmp_path, clock)
    take(one, told(counter(), 1))
    clock.now += 60
    one.keep()
    assert list(made(tmp_path, clock).series().values()) == [counter()]


def test_a_clock_that_is_set_back_costs_nothing(tmp_path: Path, clock: Clock) -> None:
    one = made(tmp_path, clock)
    take(one, told(counter(), 4))
    clock.now -= 3600
    take(one, told(counter(), 6))
    found = measured(one, TENS, BEGAN - 7200, BEGAN + 10)
    assert sum((figures.rate or 0) * 10 for each in found for _, figures in each.steps) == pytest.approx(6)
