"""The lines of a log, however long it is or its lines are, while it may still be written.

What the index beside a log lacks (an older log, or what came a moment ago) is counted once and remembered.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shipway.hosts.logs import records
from shipway.hosts.logs.opened import Found, Line, Open
from shipway.hosts.logs.records import ORIGIN, Command, Index, Record
from shipway.hosts.supervisor.index import MOST_COMMANDS, STRETCH, commands

OPEN_LOGS = 64


@dataclass(frozen=True)
class Window:
    """Lines that follow one another; `before` are the colours that were on where they begin."""

    lines: Sequence[Line]
    before: str


class Lines:
    """The lines of the log at `path`, which need not exist yet, and only grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._counted: list[Record] = []  # what the index lacks
        self._commands: list[Command] = []
        self._tail = ORIGIN

    @property
    def size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0

    def count(self) -> int:
        """How many lines there are; one without an end counts."""
        with self._opened() as log:
            return log.count

    def window(self, first: int, most: int) -> Window:
        """At most `most` lines from the line with number `first` on (1 is the first), and at most MOST_BYTES."""
        with self._opened() as log:
            first = max(1, first)
            start = log.start_of(first)
            return Window(tuple(log.lines(first, start, most)), log.colours_before(start))

    def extent(self, number: int) -> tuple[int, int]:
        """Where the line with this number begins and ends (without its line end), in bytes."""
        with self._opened() as log:
            return log.start_of(number), log.end_of(number)

    def commands(self) -> list[Command]:
        """The first commands, at most MOST_COMMANDS of them, as lines that begin with a prompt."""
        with self._opened() as log:
            written = records.commands(self._beside("commands"))
            known = written[-1].line if written else 0
            return [*written, *(one for one in log.told if one.line > known)][:MOST_COMMANDS]

    def find(self, text: str, offset: int = 0) -> Found:
        """The lines that have `text` in them, in any case (of ASCII) and whatever its colours, from a byte on."""
        wanted = text.encode().lower()
        with self._opened() as log:
            return log.find(wanted, offset) if wanted else Found((), None)

    def _opened(self) -> Open:
        with self._lock:
            size = self.size
            index = Index(self._beside("index"))
            self._catch_up(index, size)
            return Open(self._path, size, index, list(self._counted), self._tail, list(self._commands))

    def _beside(self, what: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{what}")

    def _catch_up(self, index: Index, size: int) -> None:
        """Counts what is behind the index: seldom more than a stretch, unless there is no index."""
        if size < self._tail.offset:
            self._counted, self._commands, self._tail = [], [], ORIGIN
        last = index[-1] if len(index) else ORIGIN
        if last.offset > self._tail.offset and last.offset <= size:
            self._counted, self._commands, self._tail = [], [], last
        if self._tail.offset == size:
            return
        with self._path.open("rb") as file:
            before = _before(file.fileno(), self._tail.offset)
            while data := os.pread(file.fileno(), min(STRETCH, size - self._tail.offset), self._tail.offset):
                self._note(before, data)
                before = data[-2:]

    def _note(self, before: bytes, data: bytes) -> None:
        was = self._tail
        if len(self._commands) < MOST_COMMANDS:
            self._commands += [Command(line, None) for line in commands(before, data, was.ends)]
        self._tail = Record(was.offset + len(data), was.ends + data.count(b"\n"), None)
        if not self._counted or self._tail.offset - self._counted[-1].offset >= STRETCH:
            self._counted.append(self._tail)


class Logs:
    """The logs that were looked at last, so that each is counted once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[Path, Lines] = OrderedDict()

    def at(self, path: Path) -> Lines:
        with self._lock:
            found = self._known.pop(path, None) or Lines(path)
            self._known[path] = found
            if len(self._known) > OPEN_LOGS:
                self._known.popitem(last=False)
            return found


def _before(file: int, offset: int) -> bytes:
    """The last bytes in front of `offset`; at its beginning a log is at the beginning of a line."""
    return os.pread(file, 2, offset - 2) if offset >= 2 else b"\n" + os.pread(file, offset, 0)
