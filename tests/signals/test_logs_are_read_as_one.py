"""Searching all logs of an environment finds what reading all of them would find, in the same order."""

from __future__ import annotations

import errno
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.hosts.keeper.segments import Segments, turn
from shipway.signals.logs import blocks
from shipway.signals.logs.follow import Follower
from shipway.signals.logs.query import Query
from shipway.signals.logs.search import Entry, key, search
from shipway.signals.logs.sources import Source, sources

NAMES = ("r1.web.1", "r1.web.2", "r2.worker.1")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three logs of many small files with stack traces in them, to be read in small blocks."""
    monkeypatch.setattr(blocks, "BLOCK", 700)
    chance = random.Random(5)
    logs = {name: Segments(str(tmp_path / f"topup.prod.{name}.log")) for name in NAMES}
    for number in range(400):
        name = chance.choice(NAMES)
        level = chance.choice(["DEBUG", "INFO", "WARNING", "ERROR"])
        lines = [f"{level}: number {number} of {name} Ärger{number % 7}"]
        if level == "ERROR":
            lines += ["Traceback (most recent call last):", f"  File {number}", f"KeyError: {number}"]
        logs[name].append([line.encode() for line in lines])
        if chance.random() < 0.03:
            turn(str(tmp_path / f"topup.prod.{name}.log"))
    (tmp_path / "topup.prod.r1.web.1.start").write_text("{}")
    (tmp_path / "topup.production.r1.web.1.log").write_text("of another environment\n")
    return tmp_path


def everything(folder: Path) -> list[Entry]:
    found: list[Entry] = []
    for one in sources(folder, "topup", "prod"):
        found += search([one], Query(), oldest_first=True, limit=10_000).entries
    return sorted(found, key=lambda entry: key(entry.position))


def pages(there: list[Source], query: Query, *, oldest_first: bool, limit: int) -> Iterator[Entry]:
    more = None
    while True:
        start = None if more is None else key(more)
        page = search(there, query, start=start, oldest_first=oldest_first, limit=limit)
        yield from page.entries
        more = page.more
        if more is None:
            return


QUERIES = [
    Query(),
    Query(text="number 39"),
    Query(text="äRGER3"),
    Query(text="keyerror: 1"),
    Query(pattern="number 1.$"),
    Query(pattern=r"\d+ of r2\.worker"),
    Query(pattern="^ERROR"),
    Query(level="error"),
    Query(level="warning", process="web"),
    Query(instance="web.2"),
    Query(release=2, text="DEBUG"),
    Query(text="stands nowhere"),
]


def wanted(query: Query, entry: Entry) -> bool:
    text = entry.text.lower()
    worse = {"warning": ("warning", "error"), "error": ("error",)}.get(query.level or "", (entry.level,))
    patterns = {
        "number 1.$": lambda: any(f"number 1{n}" == text for n in range(10)),
        r"\d+ of r2\.worker": lambda: entry.process == "worker",
        "^ERROR": lambda: entry.level == "error",
    }
    return (
        (query.text or "").lower() in text
        and entry.level in worse
        and query.process in (None, entry.process)
        and query.instance in (None, entry.instance)
        and query.release in (None, entry.release)
        and (query.pattern is None or patterns[query.pattern]())
    )


@pytest.mark.parametrize("query", QUERIES, ids=repr)
@pytest.mark.parametrize("limit", [7, 1000])
def test_every_page_has_what_reading_all_would_find(folder: Path, query: Query, limit: int) -> None:
    there = sources(folder, "topup", "prod")
    expected = [entry for entry in everything(folder) if wanted(query, entry)]
    assert list(pages(there, query, oldest_first=True, limit=limit)) == expected
    assert list(pages(there, query, oldest_first=False, limit=limit)) == expected[::-1]


def test_all_of_it_is_read_and_a_trace_stays_with_its_line(folder: Path) -> None:
    found = everything(folder)
    assert len(found) == 400
    assert all(entry.text.count("\n") == (3 if entry.level == "error" else 0) for entry in found)


@pytest.mark.parametrize("flags", ["s", "is", "si", "imUs", "m", "im"])
@pytest.mark.parametrize("how", ["(?{}){}", "(?{}:{})"])
def test_a_pattern_that_reaches_over_lines_is_found(tmp_path: Path, flags: str, how: str) -> None:
    Segments(str(tmp_path / "topup.prod.r1.web.1.log")).append([b"ERROR: foo", b"  bar"])
    query = Query(pattern=how.format(flags, "foo.  bar" if "s" in flags else "foo$[[:space:]]"))
    assert [one.text for one in search(sources(tmp_path, "topup", "prod"), query).entries] == ["ERROR: foo\n  bar"]


def test_what_lies_outside_a_time_is_left_out(folder: Path) -> None:
    found = everything(folder)
    there = sources(folder, "topup", "prod")
    query = Query(since=found[100].at, until=found[300].at)
    assert list(search(there, query, oldest_first=True, limit=1000).entries) == found[100:300]
    assert list(search(there, query, limit=1000).entries) == found[100:300][::-1]


def test_a_search_that_stops_goes_on_where_it_was(folder: Path) -> None:
    there = sources(folder, "topup", "prod")
    for oldest_first in (True, False):
        found: list[Entry] = []
        more, times = None, 0
        while times < 500:
            ticks = iter(range(1000))
            page = search(
                there,
                Query(level="error"),
                start=None if more is None else key(more),
                oldest_first=oldest_first,
                limit=1000,
                seconds=4,
                clock=lambda ticks=ticks: float(next(ticks)),
            )
            found += page.entries
            more, times = page.more, times + 1
            if more is None:
                break
            assert page.reached is not None
        expected = [entry for entry in everything(folder) if entry.level == "error"]
        assert found == (expected if oldest_first else expected[::-1])
        assert 3 < times < 500


def test_whoever_follows_from_anywhere_gets_each_entry_once(folder: Path) -> None:
    found = everything(folder)
    start = found[123]
    follower = Follower(folder, "topup", "prod", key(start.position), clock=lambda: found[-1].at + 10)
    told = [place for _ in range(50) for place, _, _ in follower.take()]
    follower.close()
    assert told == [key(entry.position) for entry in found[124:]]


def test_no_line_is_lost_or_told_twice_while_logs_are_turned_and_read(tmp_path: Path) -> None:
    """However reading and turning fall together."""
    path = str(tmp_path / "topup.prod.r1.web.1.log")
    log, over = Segments(path), threading.Event()

    def printing() -> None:
        for number in range(600):
            log.append([b"line %d" % number])
            if number % 7 == 6:
                turn(path)
        over.set()

    writer = threading.Thread(target=printing)
    follower = Follower(tmp_path, "topup", "prod", (0, ""), clock=lambda: time.time() + 1)
    told: list[str] = []
    writer.start()
    last = False
    while not last:
        last = over.is_set()
        told += [line for _, _, group in follower.take() for line in group.lines]
        there = search(sources(tmp_path, "topup", "prod"), Query(), oldest_first=True, limit=1000).entries
        assert [entry.text for entry in there] == [f"line {number}" for number in range(len(there))]
    writer.join()
    follower.close()
    assert told == [f"line {number}" for number in range(600)]


def held(folder: Path) -> int:
    """How many files of a folder this process has open."""
    found = (os.readlink(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd") if _is_open(one))
    return sum(one.startswith(str(folder)) for one in found)


def _is_open(number: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{number}")


def test_a_follower_holds_no_log_that_does_not_grow_and_none_that_is_gone(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"topup.prod.r{number}.web.0.log") for number in range(1, 31)]
    for path in paths:
        Segments(path).append([b"long ago"])
        os.utime(path, (1_000, 1_000))
    start = time.time()
    follower = Follower(tmp_path, "topup", "prod", (int(start * 1e6), ""), clock=lambda: start + 100)
    assert follower.take() == []
    assert held(tmp_path) == 0
    Segments(paths[7]).append([b"and now"])
    assert [group.lines for _, _, group in follower.take()] == [["and now"]]
    assert held(tmp_path) == 1
    os.unlink(paths[7])
    assert follower.take() == []
    assert held(tmp_path) == 0
    follower.close()


def test_a_log_that_cannot_be_opened_is_not_taken_for_one_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_how: object) -> int:
        raise OSError(errno.EMFILE, "too many open files")

    Segments(str(tmp_path / "topup.prod.r1.web.0.log")).append([b"it is there"])
    monkeypatch.setattr(os, "open", full)
    with pytest.raises(OSError, match="too many"):
        search(sources(tmp_path, "topup", "prod"), Query())
    with pytest.raises(OSError, match="too many"):
        Follower(tmp_path, "topup", "prod", (0, "")).take()


def test_an_entry_is_told_whole_and_nothing_overtakes_it(tmp_path: Path) -> None:
    one, two = (Segments(str(tmp_path / f"topup.prod.r1.web.{n}.log")) for n in (1, 2))
    one.append([b"ERROR: it failed"])
    two.append([b"INFO: later", b"INFO: and later still"])
    written = max(file.stat().st_mtime for file in tmp_path.iterdir())
    clock = [written + 0.01]
    follower = Follower(tmp_path, "topup", "prod", (0, ""), clock=lambda: clock[0])
    assert follower.take() == []
    one.append([b"  its stack"])
    clock[0] = written + 60
    assert [group.lines for _, _, group in follower.take()] == [
        ["ERROR: it failed", "  its stack"],
        ["INFO: later"],
        ["INFO: and later still"],
    ]
    follower.close()
