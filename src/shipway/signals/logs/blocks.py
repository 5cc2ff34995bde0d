"""Reading a log from its end or from its beginning, a block of whole entries at a time."""

from __future__ import annotations

import calendar
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from shipway.signals.logs.entries import begins, may_begin
from shipway.signals.logs.sources import Source

BLOCK = 64 * 1024  # bytes
LARGEST = 16 * BLOCK  # of a block without the end of a line
LOOKED_AT = 200  # lines, for one that begins an entry
STAMP = 28  # bytes before a line: its moment and a space
_STAMPED = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z ")
_seconds: dict[bytes, int] = {}


def moment(line: bytes) -> int | None:
    """The moment before a line, in microseconds; None if there is none."""
    if not _STAMPED.match(line):
        return None
    text = line[:19]
    if text not in _seconds:
        if len(_seconds) > 10_000:
            _seconds.clear()
        parts = (text[:4], text[5:7], text[8:10], text[11:13], text[14:16], text[17:19])
        _seconds[text] = calendar.timegm(tuple(int(part) for part in parts))
    return _seconds[text] * 1_000_000 + int(line[20:26])


@dataclass(frozen=True)
class Block:
    """Bytes of a log: whole lines, and whole entries as far as can be told. `first` is its first moment."""

    data: bytes
    first: int

    @property
    def last(self) -> int:
        """Its last moment."""
        at = self.data.rfind(b"\n", 0, len(self.data) - 1) + 1
        told = moment(self.data[at : at + STAMP])
        return self.lines()[-1][0] if told is None else told

    def lines(self) -> list[tuple[int, str]]:
        """Each line with its moment. One without (an earlier version wrote it) has that of the line before."""
        found, at = [], self.first
        for line in self.data.removesuffix(b"\n").split(b"\n"):
            told = moment(line)
            at = at + 1 if told is None else told
            found.append((at, (line if told is None else line[STAMP:]).decode(errors="replace")))
        return found


class Files:
    """The files of a source, held open: what is turned or removed meanwhile is read all the same."""

    def __init__(self, source: Source) -> None:
        self._closing = ExitStack()
        self._files: list[tuple[int, int]] = []  # descriptor and size, the newest first
        self._inodes: set[int] = set()
        self._open(source.path)  # before the others are listed: it may become one of them meanwhile
        for number in reversed(source.numbers()):
            self._open(source.before(number))

    def _open(self, path: str) -> None:
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # not there yet, or not any more
            return
        self._closing.callback(os.close, file)
        about = os.fstat(file)
        if about.st_ino not in self._inodes:
            self._inodes.add(about.st_ino)
            self._files.append((file, about.st_size))

    def close(self) -> None:
        self._closing.close()

    def last(self) -> int:
        """A moment after which there is nothing, in microseconds."""
        return max(
            (os.fstat(file).st_mtime_ns // 1000 + 1_000_000 for file, size in self._files if size), default=0
        )

    def first(self) -> int | None:
        """The moment of its oldest line."""
        for file, size in reversed(self._files):
            if size:
                return _first(file, os.pread(file, STAMP, 0))
        return None

    def newest_first(self, before: int) -> Iterator[Block]:
        """Its blocks from the end back, as far as they begin before that moment."""
        for file, size in self._files:
            end = _whole(file, size)
            while end > 0:
                start, block = _before(file, end)
                end = start
                if block.first < before:
                    yield block

    def oldest_first(self, since: int) -> Iterator[Block]:
        """Its blocks from the beginning on, without those that end before that moment."""
        for number, (file, size) in reversed(list(enumerate(self._files))):
            newer = self._files[number - 1][0] if number else None
            if newer is not None and _first(newer, os.pread(newer, STAMP, 0)) <= since:
                continue
            at, end = 0, _whole(file, size)
            while at < end:
                block = _after(file, at, end)
                at += len(block.data)
                if block.last >= since:
                    yield block


def _before(file: int, end: int) -> tuple[int, Block]:
    """The block that ends there, and where it begins."""
    length = BLOCK
    while True:
        start = max(0, end - length)
        data = os.pread(file, end - start, start)
        cut = _beginning(data, data.find(b"\n") + 1) if start else 0
        if cut < len(data) or length >= LARGEST or not start:
            cut = cut if cut < len(data) else 0
            return start + cut, Block(data[cut:], _first(file, data[cut : cut + STAMP]))
        length *= 2


def _beginning(data: bytes, at: int) -> int:
    """Where the first entry begins that begins for certain, or else one that may."""
    perhaps: int | None = None
    line = at
    for _ in range(LOOKED_AT):
        if line >= len(data):
            break
        end = data.find(b"\n", line)
        text = _text(data[line : end if end >= 0 else len(data)])
        if begins(text):
            return line
        if perhaps is None and may_begin(text):
            perhaps = line
        if end < 0:
            break
        line = end + 1
    return at if perhaps is None else perhaps


def _after(file: int, at: int, end: int) -> Block:
    """The block that begins there."""
    length = BLOCK
    while True:
        data = os.pread(file, min(length, end - at), at)
        cut = len(data) if at + len(data) >= end else _ending(data)
        if cut or length >= LARGEST:
            return Block(data[:cut] if cut else data, _first(file, data[:STAMP]))
        length *= 2


def _ending(data: bytes) -> int:
    """Where the last entry begins that begins for certain, or else the last line."""
    end = last = data.rfind(b"\n") + 1
    for _ in range(LOOKED_AT):
        line = data.rfind(b"\n", 0, end - 1) + 1 if end else 0
        if line <= 0:
            break
        if begins(_text(data[line : end - 1])):
            return line
        end = line
    return last


def _text(line: bytes) -> str:
    return (line[STAMP:] if moment(line) is not None else line)[:1000].decode(errors="replace")


def _first(file: int, line: bytes) -> int:
    told = moment(line)
    return os.fstat(file).st_mtime_ns // 1000 - 10_000_000 if told is None else told


def _whole(file: int, size: int) -> int:
    """Where the last line ends that is whole."""
    at = size
    while at > 0:
        start = max(0, at - 4096)
        found = os.pread(file, at - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return 0
