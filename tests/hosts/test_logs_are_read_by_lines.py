"""A log is read by its lines as if it were split whole, however it was written and with an index or without."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from shipway.hosts.logs import opened
from shipway.hosts.logs.lines import Lines, Logs
from shipway.hosts.supervisor import index
from shipway.hosts.supervisor.log import Log

Write = Callable[[Path, list[bytes]], None]


def by_the_supervisor(path: Path, pieces: list[bytes]) -> None:
    log = Log(str(path), [], 1 << 30)
    for piece in pieces:
        log.feed(piece)
    log.end()


def by_anybody(path: Path, pieces: list[bytes]) -> None:
    path.write_bytes(b"".join(pieces))


WAYS = pytest.mark.parametrize("write", [by_the_supervisor, by_anybody])


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches that a short log has many of."""
    for module in (index, opened):
        monkeypatch.setattr(module, "STRETCH", 3000)
    monkeypatch.setattr("shipway.hosts.logs.lines.STRETCH", 3000)
    monkeypatch.setattr(opened, "CUT", 200)


def written(seed: int) -> list[bytes]:
    """Pieces of a log, cut anywhere: empty lines, long ones, some that are longer than a stretch."""
    chance = random.Random(seed)
    lines = [bytes(chance.choices(b"abc xyz", k=chance.choice((0, 1, 20, 80, 500)))) for _ in range(2000)]
    lines[chance.randrange(2000)] = b"l" * 20_000
    lines[chance.randrange(2000)] = b"m" * 3_001
    for _ in range(20):
        lines[chance.randrange(2000)] = b"$ a command"
    text = b"\n".join(lines) + chance.choice((b"", b"\n"))
    cuts = sorted(chance.sample(range(len(text)), 300))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


@WAYS
@pytest.mark.parametrize("seed", range(5))
def test_windows_are_what_a_split_would_give(tmp_path: Path, write: Write, seed: int) -> None:
    pieces = written(seed)
    write(tmp_path / "log", pieces)
    whole = b"".join(pieces)
    expected = whole.removesuffix(b"\n").split(b"\n")
    lines = Lines(tmp_path / "log")
    assert lines.count() == len(expected)
    chance = random.Random(seed)
    for first in (1, len(expected) - 5, len(expected) + 1, *(chance.randrange(1, 2000) for _ in range(30))):
        found = lines.window(first, 40).lines
        assert [line.number for line in found] == list(range(first, min(first + 40, len(expected) + 1)))
        for line in found:
            assert whole[line.start : line.start + line.size] == expected[line.number - 1]
            assert line.text == expected[line.number - 1][:200].decode()
            assert lines.extent(line.number) == (line.start, line.start + line.size)
    commands = [number for number, line in enumerate(expected, 1) if line.startswith(b"$ ")]
    assert [command.line for command in lines.commands()] == commands


@WAYS
def test_a_search_finds_every_line_once(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "SEARCHED", 10_000)
    pieces = [*written(7), b"\n\x1b[31m1\x1b[0m FAILed, 1 failed\n"]
    write(tmp_path / "log", pieces)
    expected = b"".join(pieces).removesuffix(b"\n").split(b"\n")
    lines = Lines(tmp_path / "log")
    for wanted in ("ab", "X", "lll", "c xy", "nowhere"):
        assert searched(lines, wanted) == [
            number for number, line in enumerate(expected, 1) if wanted.lower().encode() in line.lower()
        ]
    assert searched(lines, "1 failed") == [len(expected)]


def searched(lines: Lines, wanted: str) -> list[int]:
    numbers: list[int] = []
    offset: int | None = 0
    while offset is not None:
        found = lines.find(wanted, offset)
        numbers += [number for number in found.lines if number not in numbers[-1:]]
        offset = found.next
    return numbers


def test_a_log_is_read_while_it_grows(tmp_path: Path) -> None:
    pieces = written(3)
    lines = Logs().at(tmp_path / "log")
    assert lines.count() == 0
    assert lines.window(1, 5).lines == ()
    log = Log(str(tmp_path / "log"), [], 1 << 30)
    so_far = b""
    for piece in pieces:
        log.feed(piece)
        so_far += piece
        expected = so_far.removesuffix(b"\n").split(b"\n") if so_far else []
        assert lines.count() == len(expected)
        last = lines.window(len(expected), 1).lines
        assert [line.size for line in last] == [len(line) for line in expected[-1:]]


def test_lines_carry_the_time_at_which_they_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 160.0, 160.05, 200.0])
    monkeypatch.setattr("time.time", lambda: next(clock))
    by_the_supervisor(tmp_path / "log", [b"one\ntwo\n", b"three\nfo", b"ur\n", b"five\n"])
    assert [line.at for line in Lines(tmp_path / "log").window(1, 9).lines] == [100, 100, 160.05, 160.05, 200]


def test_an_index_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MANY", 100)
    moments = iter(range(1_000_000))
    monkeypatch.setattr("time.time", lambda: next(moments) * 1.0)
    by_the_supervisor(tmp_path / "log", [b"$ a line\n"] * 5000)
    assert (tmp_path / "log.index").stat().st_size <= 24 * (100 + 500 + 1)
    assert (tmp_path / "log.commands").stat().st_size == 16 * index.MOST_COMMANDS
    assert Lines(tmp_path / "log").count() == 5000


def test_several_may_write_one_log_after_another(tmp_path: Path) -> None:
    for piece in (b"$ one\na\n", b"$ two\nno end", b"$ three\n"):
        by_the_supervisor(tmp_path / "log", [piece])
    lines = Lines(tmp_path / "log")
    assert [line.text for line in lines.window(1, 9).lines] == ["$ one", "a", "$ two", "no end$ three"]
    assert [command.line for command in lines.commands()] == [1, 3]
    assert all(line.at for line in lines.window(1, 9).lines)
    with (tmp_path / "log").open("ab") as log:
        log.write(b"somebody else\n")
    by_the_supervisor(tmp_path / "log", [b"$ four\n"])
    assert [line.text for line in lines.window(5, 9).lines] == ["somebody else", "$ four"]
    assert [command.line for command in lines.commands()] == [1, 3, 6]


@WAYS
def test_of_a_bar_that_moves_its_last_state_is_shown(tmp_path: Path, write: Write) -> None:
    bar = b"\r".join(b"%d %%" % done for done in range(101))
    write(tmp_path / "log", [b"a\r\n", bar + b"\n", b"\r".join([bar] * 50) + b"\r\n", b"end\n"])
    assert [line.text for line in Lines(tmp_path / "log").window(1, 9).lines] == ["a", "100 %", "100 %", "end"]


@WAYS
def test_a_window_knows_the_colours_it_begins_in(tmp_path: Path, write: Write) -> None:
    text = "plain\n\x1b[1m\x1b[31mred and bold\nstill so\n\x1b[0mno more\x1b[32mgreen\x1b[m\nplain\n"
    write(tmp_path / "log", [text.encode()])
    lines = Lines(tmp_path / "log")
    assert [lines.window(first, 1).before for first in range(1, 6)] == ["", "", *["\x1b[1m\x1b[31m"] * 2, ""]


@WAYS
def test_a_line_without_an_end_needs_no_memory(tmp_path: Path, write: Write) -> None:
    size = 8_000_000
    write(tmp_path / "log", [b"first\n", *[b"x" * 100_000] * (size // 100_000), b"\nlast\n"])
    lines = Lines(tmp_path / "log")
    tracemalloc.start()
    found = lines.window(1, 10).lines
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(line.size, line.is_cut) for line in found] == [(5, False), (size, True), (4, False)]
    assert found[1].text == "x" * 200
    assert peak < 3_000_000


def test_a_disk_that_is_full_costs_the_index_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_open", lambda path: None)
    by_the_supervisor(tmp_path / "log", [b"one\n", b"two\n"])
    assert [line.text for line in Lines(tmp_path / "log").window(1, 9).lines] == ["one", "two"]
