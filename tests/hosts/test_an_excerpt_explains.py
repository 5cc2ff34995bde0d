"""Of what a program wrote, the lines are shown that explain why it failed: few, once, and without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.hosts.excerpt import explaining

LIFE = "[10:0{n}] [4{n}] starting\nTraceback (most recent call last):\nKeyError: 'drawer'\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "web.log"


def test_what_was_written_before_the_start_is_not_shown(log: Path) -> None:
    log.write_text("an old life\n")
    start = log.stat().st_size
    with log.open("a") as file:
        file.write("a new one\n")
    assert explaining(log, start) == "a new one"


def test_a_log_that_was_emptied_meanwhile_is_read_from_its_beginning(log: Path) -> None:
    log.write_text("rotated\n")
    assert explaining(log, 1000) == "rotated"


def test_without_a_log_there_is_nothing_to_show(log: Path) -> None:
    assert explaining(log) == ""


def test_what_each_start_wrote_again_is_shown_once(log: Path) -> None:
    log.write_text(LIFE.format(n=1) + LIFE.format(n=2) + "[10:03] [43] starting\n")
    assert explaining(log) == LIFE.format(n=1).strip()


def test_what_differs_in_more_than_numbers_is_shown(log: Path) -> None:
    log.write_text("opening the till\nopening the door\n")
    assert explaining(log) == "opening the till\nopening the door"


@pytest.mark.parametrize("count", [13, 5_000, 200_000])
def test_of_much_the_first_and_the_last_lines_are_shown(log: Path, count: int) -> None:
    lines = [f"{'abcdefgh'[n % 8]} {n}" for n in range(count - 1)] + ["KeyError: 'drawer'"]
    log.write_text("\n".join(lines))
    assert explaining(log).split("\n") == [*lines[:3], "...", *lines[-8:]]


@pytest.mark.parametrize("before", [0, 65_530, 400_000])
def test_no_secret_is_shown_wherever_the_log_is_cut(log: Path, before: int) -> None:
    log.write_text("x" * before + "\nthe key is open-sesame\n" + "it\nis\nso\n")
    shown = explaining(log, patterns=[b"open-sesame"])
    assert "the key is ***" in shown
    assert "sesame" not in shown
