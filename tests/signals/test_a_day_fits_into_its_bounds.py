"""What production says in a day takes the room that the docs name, however much it is: with small bounds here, and
with the real ones in `bench/replayed_day.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.hosts.keeper import output, segments
from shipway.signals import history
from shipway.signals.errors import recording, samples
from shipway.signals.history import LOOKS, MINUTES, TENS
from shipway.signals.logs.query import Query
from shipway.signals.logs.search import search
from shipway.signals.logs.sources import sources
from shipway.state import errors
from support.day import Day
from web.scene import Scene

KEPT, SAMPLES, ERRORS = 200_000, 60_000, 30
RINGS = {LOOKS: 20_000, TENS: 4_000, MINUTES: 4_000}


@pytest.fixture
def day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Day]:
    for name, limit in RINGS.items():
        monkeypatch.setitem(history.LIMITS, name, limit)
    monkeypatch.setattr(recording, "ERRORS", ERRORS)
    monkeypatch.setattr(samples.tidy, "__defaults__", (SAMPLES,))
    scene = Scene.empty(tmp_path)
    scene.application("topup")
    made = Day(scene, tmp_path / "memory", kept=KEPT)
    yield made
    made.close()
    scene.database.close()


def test_it_takes_no_more_room_than_is_said(day: Day) -> None:
    for second in range(1000):
        day.requests(50)
        day.lines(2_000)
        if second % 10 == 0:
            day.errors(20, kinds=50)
        if second % 5 == 0:
            day.tidy()
    assert day.most_disk["log"] <= KEPT
    assert day.most_disk["signals"] <= 2 * sum(RINGS.values())
    assert day.most_disk["reports"] <= SAMPLES + 20 * samples.LARGEST // 10
    day.tidy()
    assert day.sizes()["reports"] <= SAMPLES
    assert day.most_memory <= 8192, "what was written down is given back"
    with day.scene.database.read() as conn:
        assert errors.how_many(conn, "topup") <= ERRORS
    assert day.most_disk["log"] > KEPT // 4, "it is used, too"


def test_the_oldest_lines_are_dropped_and_where_the_log_begins_is_said(day: Day) -> None:
    for _ in range(300):
        day.lines(2_000)
        day.tidy()
    found = sources(day.log.parent, "topup", "prod")
    page = search(found, Query(), oldest_first=True, limit=1000)
    newest = search(found, Query(), limit=1)
    assert page.begins is not None
    assert page.entries[0].at == page.begins
    assert day.log.stat().st_mtime > page.begins
    assert newest.entries[0].at == max(newest.entries[0].at, page.entries[-1].at)
    assert sum(file.stat().st_size for file in day.log.parent.iterdir()) <= KEPT
    assert len(found) == 1


def test_the_bounds_are_those_that_the_docs_name() -> None:
    text = (Path(__file__).parents[2] / "docs" / "concepts" / "log.md").read_text()
    for said, value, unit in (
        ("256 MiB", segments.KEPT, 1 << 20),
        ("1,000 files", segments.MOST_FILES, 1),
        ("4 MiB", segments.LARGEST, 1 << 20),
        ("32 MiB", output.MOST_WAITING, 1 << 20),
        ("256 KiB", output.PIECE, 1 << 10),
    ):
        assert said in text
        assert int(said.split()[0].replace(",", "")) * unit == value
