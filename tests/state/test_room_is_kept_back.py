"""Some room of the disk is kept back, and freed when there is next to none."""

from __future__ import annotations

import shutil
from collections import namedtuple
from contextlib import nullcontext
from pathlib import Path

import pytest

from shipway.errors import DiskFull
from shipway.state import facts, nearly_full, room
from shipway.state.ballast import Ballast
from shipway.state.database import open_database
from shipway.state.room import LittleRoom

Usage = namedtuple("Usage", "total used free")
SIZE = 1 << 20


@pytest.fixture
def ballast(tmp_path: Path) -> Ballast:
    return Ballast(tmp_path, size=SIZE)


def has(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10 * free, 9 * free, free))


def test_it_is_laid_in_where_there_is_plenty(ballast: Ballast) -> None:
    ballast.keep()
    assert ballast.path.stat().st_blocks * 512 >= SIZE
    assert ballast.path.stat().st_size == SIZE


def test_it_is_not_laid_in_where_there_is_little(ballast: Ballast, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, 4 * SIZE)
    ballast.keep()
    assert not ballast.path.exists()


def test_it_stays_while_there_is_enough_and_goes_when_there_is_not(
    ballast: Ballast, monkeypatch: pytest.MonkeyPatch
) -> None:
    ballast.keep()
    has(monkeypatch, SIZE)
    ballast.keep()
    assert ballast.path.exists()
    has(monkeypatch, SIZE // 16)
    ballast.keep()
    assert not ballast.path.exists()


def test_what_is_not_there_frees_nothing(ballast: Ballast) -> None:
    assert not ballast.free()


@pytest.mark.parametrize(
    ("free", "total", "reports", "builds"),
    [(5, 100, True, True), (4, 100, False, False), (40 << 30, 1000 << 30, False, True), (0, 0, False, False)],
)
def test_what_is_taken_in_with_how_much_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, total: int, reports: bool, builds: bool
) -> None:
    """A twentieth of a large disk is room for a build, but its owner has to hear of it."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(total, total - free, free))
    for check, allowed in ((room.check_for_reports, reports), (room.check_for_builds, builds)):
        with nullcontext() if allowed else pytest.raises((LittleRoom, DiskFull), match="are free, so nothing"):
            check(tmp_path)


def test_little_room_is_recorded_once_and_over_only_when_there_is_clearly_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(tmp_path / "shipway.db")
    for free in (5, 4, 3, 4, 5, 4, 6, 50, 4):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: Usage(100, 100 - free, free))
        nearly_full.tell(database, tmp_path)
    with database.read() as conn:
        told = [(fact.kind, fact.data["free"]) for fact in facts.after(conn, 0)]
    assert told == [("machine.little_room", 4), ("machine.room_again", 6), ("machine.little_room", 4)]
    database.close()
