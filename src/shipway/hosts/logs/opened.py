"""A log as it stands at one moment. No more than a stretch of it is read to find a place in it."""

from __future__ import annotations

import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipway.hosts.logs.records import ORIGIN, Command, Index, Record
from shipway.hosts.supervisor.index import STRETCH

CUT = 4096  # bytes that are shown of one line
MOST_BYTES = 1 << 20  # of one window
LOOK_BACK = 32 << 10  # bytes in which a colour that is still on must have begun
SEARCHED = 48 << 20  # bytes for which one search looks before it lets others have their turn
FOUND = 1000  # lines after which it pauses, too
SAMPLE = 16 << 10  # bytes of a block in which the common colours are
COMMON = 20  # of them
BETWEEN = 256  # bytes of colours that may lie between the letters of a word at the edge of a block
_SGR = re.compile(rb"\x1b\[[0-9;:]*m")
_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?)")
_OFF = (b"\x1b[m", b"\x1b[0m", b"\x1b[00m")


@dataclass(frozen=True)
class Line:
    """`start` and `size` in bytes, without the line end; `text` is what is shown of it, at most CUT bytes."""

    number: int
    start: int
    size: int
    text: str
    at: float | None

    @property
    def is_cut(self) -> bool:
        return self.size > CUT


@dataclass(frozen=True)
class Found:
    """Numbers of lines, and the byte at which to go on looking (None when all was looked at)."""

    lines: Sequence[int]
    next: int | None


class Open:
    """A log as it stands at one moment: `size` bytes."""

    def __init__(
        self,
        path: Path,
        size: int,
        index: Index,
        counted: Sequence[Record],
        tail: Record,
        told: Sequence[Command],
    ) -> None:
        self.size, self.told = size, told  # commands that stand in no file
        self._index, self._counted, self._tail = index, counted, tail
        self._file = path.open("rb") if size else None

    def __enter__(self) -> Open:
        return self

    def __exit__(self, *_: object) -> None:
        self._index.close()
        if self._file is not None:
            self._file.close()

    @property
    def count(self) -> int:
        return self._tail.ends + (1 if self.size and self._read(self.size - 1, 1) != b"\n" else 0)

    def start_of(self, number: int) -> int:
        """The end of the log when there are fewer lines."""
        return 0 if number <= 1 else min(self.size, self._end(number - 1) + 1)

    def end_of(self, number: int) -> int:
        return self._end(number)

    def lines(self, first: int, start: int, most: int) -> Iterator[Line]:
        position, number, total = start, first, 0
        data, base = b"", start
        while number < first + most and position < self.size and total < MOST_BYTES:
            end = data.find(b"\n", position - base)
            if end < 0 and base + len(data) < self.size and len(data) - (position - base) <= 2 * CUT:
                data, base = self._read(position, STRETCH), position
                end = data.find(b"\n")
            stop = base + end if end >= 0 else self._end(number)
            line = self._line(number, position, stop)
            yield line
            total += len(line.text)
            position, number = stop + 1, number + 1

    def colours_before(self, start: int) -> str:
        """The codes since the last one that ended all."""
        codes = _SGR.findall(self._read(max(0, start - LOOK_BACK), min(start, LOOK_BACK)))
        off = max((at for at, code in enumerate(codes) if code in _OFF), default=-1)
        return b"".join(codes[off + 1 :][-16:]).decode()

    def find(self, wanted: bytes, offset: int) -> Found:
        """Looks at blocks of whole lines; of a line that is longer, at blocks that overlap."""
        found: list[int] = []
        position, ends = offset, self._ends_before(offset)
        last = min(self.size, offset + SEARCHED)
        while position < last and len(found) < FOUND:
            block = self._read(position, STRETCH)
            block = block[: block.rfind(b"\n") + 1] or block
            after = b"" if block.endswith(b"\n") else self._read(position + len(block), len(wanted) + BETWEEN)
            numbers = (ends + ahead + 1 for ahead in _places(block, after, wanted))
            found += [number for number in numbers if number not in found[-1:]]
            position, ends = position + len(block), ends + block.count(b"\n")
        return Found(found, position if position < self.size else None)

    def _ends_before(self, offset: int) -> int:
        known = self._before(offset, lambda record: record.offset)
        return known.ends + self._read(known.offset, offset - known.offset).count(b"\n")

    def _end(self, number: int) -> int:
        """Where the line end with this number is, or the end of the log."""
        if number > self._tail.ends:
            return self.size
        known = self._before(number - 1, lambda record: record.ends)
        position, ends = known.offset, known.ends
        while data := self._read(position, STRETCH):
            here = data.count(b"\n")
            if ends + here >= number:
                return position + _nth(data, number - ends)
            position, ends = position + len(data), ends + here
        return self.size

    def _before(self, value: int, key: Callable[[Record], int]) -> Record:
        """The last record of which `key` is at most `value`."""
        for records in (self._counted, self._index):
            place = bisect_right(records, value, key=key)
            if place:
                return records[place - 1]
        return ORIGIN

    def _line(self, number: int, start: int, end: int) -> Line:
        size = end - start
        shown = self._read(start, min(size, CUT))
        if size > CUT and b"\r" in (rest := self._read(end - CUT, CUT).rstrip(b"\r")):
            shown = rest  # of a bar that moved for long, the last state
        text = shown.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace")
        return Line(number, start, size, text, self._time(start))

    def _time(self, start: int) -> float | None:
        place = bisect_left(self._index, start + 1, key=lambda record: record.offset)
        return self._index[place].at if place < len(self._index) else None

    def _read(self, offset: int, size: int) -> bytes:
        if self._file is None or size <= 0:
            return b""
        return os.pread(self._file.fileno(), min(size, self.size - offset), offset)


def _places(block: bytes, after: bytes, wanted: bytes) -> Iterator[int]:
    """How many line ends lie before each occurrence that begins in `block`, one for each line that has any."""
    here = _searchable(block)
    text, seen, ends = here + _searchable(after), 0, 0
    while 0 <= (at := text.find(wanted, seen)) < len(here):
        ends += text.count(b"\n", seen, at)
        yield ends
        seen = text.find(b"\n", at)
        if seen < 0:
            return


def _searchable(data: bytes) -> bytes:
    """Without colours, in small letters. What is common goes first: six times as fast (bench/large_log.py)."""
    if b"\x1b" in data:
        for code in sorted(set(_SGR.findall(data[:SAMPLE])))[:COMMON]:
            data = data.replace(code, b"")
        data = _ESCAPES.sub(b"", data) if b"\x1b" in data else data
    return data.lower()


def _nth(data: bytes, number: int) -> int:
    """Where the line end number `number` (1 is the first) of `data` is; halves what it looks at."""
    low, high = 0, len(data)
    while high - low > 64:
        middle = (low + high) // 2
        here = data.count(b"\n", low, middle)
        if here >= number:
            high = middle
        else:
            low, number = middle, number - here
    for _ in range(number):
        low = data.index(b"\n", low) + 1
    return low - 1
