"""Some room of the disk is kept back, and freed when there is next to none."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from shipway.state.ballast import Ballast

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
