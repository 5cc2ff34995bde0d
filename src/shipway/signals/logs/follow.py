"""The entries that are added to an environment's logs, as they come."""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from shipway.signals.logs.blocks import STAMP, moment
from shipway.signals.logs.entries import Group, grouped
from shipway.signals.logs.search import Key
from shipway.signals.logs.sources import Source, sources

PIECE = 256 * 1024  # bytes of one log that are read at a time
AT_ONCE = 4 * PIECE
MOST_BEHIND = 16 * 1024 * 1024  # bytes; who is further behind goes on at the end
SETTLED = 0.3  # seconds after which nothing more belongs to an entry


class Follower:
    """Everything that is added to the logs in `folder` after `start`: each entry once, in the order of places.

    An entry is told when it is whole: when another one follows it, or nothing for a third of a second. What comes
    after one that is not whole waits with it, so that whoever goes on from a place misses nothing. For one thread
    at a time.
    """

    def __init__(
        self, folder: Path, application: str, environment: str, start: Key, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder, self._application, self._environment = folder, application, environment
        self._start = start
        self._clock = clock
        self._trails: dict[str, _Trail] = {}
        self._ready: list[tuple[Key, int, Source, Group]] = []
        self._numbers = count()
        self._left_out = 0

    def take(self) -> list[tuple[Key, Source, Group]]:
        """What is new and whole. What was written after this call began waits for the next one."""
        until = int(self._clock() * 1e6)
        there = sources(self._folder, self._application, self._environment)
        for one in there:
            if one.name not in self._trails:
                self._trails[one.name] = _Trail(one, self._start)
        now = until
        for name, trail in self._trails.items():
            for group in trail.take(now):
                heapq.heappush(self._ready, ((group.at, name), next(self._numbers), trail.source, group))
            until = min(until, trail.waits_since or until)
        self._drop({one.name for one in there})
        found = []
        while self._ready and self._ready[0][0][0] < until:
            place, _, source, group = heapq.heappop(self._ready)
            found.append((place, source, group))
        return found

    @property
    def left_out(self) -> int:
        """Bytes that came faster than they could be told."""
        return self._left_out + sum(trail.left_out for trail in self._trails.values())

    @property
    def is_behind(self) -> bool:
        """Whether there is more to take at once."""
        return any(trail.is_behind for trail in self._trails.values())

    def _drop(self, there: set[str]) -> None:
        """Lets go of logs of which nothing is left, once they are told."""
        for name in self._trails.keys() - there:
            if self._trails[name].is_told:
                self._left_out += self._trails[name].left_out
                self._trails.pop(name).close()

    def close(self) -> None:
        """Lets go of the files."""
        for trail in self._trails.values():
            trail.close()


class _Trail:
    """One log, read on from where it was, over the turn from a file to the next."""

    def __init__(self, source: Source, start: Key) -> None:
        self.source = source
        self.left_out = 0
        self.is_behind = False
        self._start = start
        self._lines: list[tuple[int, str]] = []
        self._rest = b""
        self._file: int | None = None
        self._at = 0
        self._last = 0
        self._done = self._all_older()  # the number of the last file that was read

    @property
    def waits_since(self) -> int | None:
        """The moment of the first line that was not told yet."""
        return self._lines[0][0] if self._lines else None

    @property
    def is_told(self) -> bool:
        """Whether everything that was read of it is told, and nothing was left to read."""
        return not self._lines and not self.is_behind

    def take(self, now: int) -> Sequence[Group]:
        """The entries that are whole and from before `now`, in microseconds."""
        self._read()
        ready = [line for line in self._lines if line[0] < now]
        groups = list(grouped(ready))
        if groups and groups[-1].last > now - SETTLED * 1e6:
            groups.pop()
        told = sum(len(group.lines) for group in groups)
        del self._lines[:told]
        return [group for group in groups if (group.at, self.source.name) > self._start]

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _all_older(self) -> int:
        """The number of the newest file that holds nothing newer."""
        return max((n for n in self.source.numbers() if self._is_old(self.source.before(n))), default=0)

    def _is_old(self, path: str) -> bool:
        """Whether the file holds nothing that was written after `start`."""
        return _modified(path) * 1e6 < self._start[0] - 2e6

    def _read(self) -> None:
        taken, self.is_behind = 0, False
        while taken < AT_ONCE:
            if self._file is None and not self._open():
                return
            data = self._piece()
            taken += len(data)
            if not data and not self._turned():
                return
        self.is_behind = True

    def _open(self) -> bool:
        """The file that follows the last one that was read. The one that grows is opened before the others are
        listed, for it may be turned meanwhile: then it is found among them. One that has not grown since `start`
        is left alone: there may be a thousand of them."""
        if os.path.exists(self.source.path) and self._is_old(self.source.path):
            return False
        growing = _opened(self.source.path)
        for number in self.source.numbers():
            if number <= self._done:
                continue
            file = _opened(self.source.before(number))
            if file is not None:
                self._file, self._at = file, 0
                break
            self._done = number  # dropped before it was read
        else:
            self._file, self._at, growing = growing, 0, None
        if growing is not None:
            os.close(growing)
        return self._file is not None

    def _piece(self) -> bytes:
        assert self._file is not None
        size = os.fstat(self._file).st_size
        if size < self._at:  # something emptied it
            self._at = 0
        if size - self._at > MOST_BEHIND:
            self.left_out += size - self._at - PIECE
            self._at, self._rest = size - PIECE, b""
        data = os.pread(self._file, PIECE, self._at)
        self._at += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > AT_ONCE:  # the keeper cuts before that
            whole, self._rest = [*whole, self._rest], b""
        for line in whole:
            told = moment(line)
            self._last = self._last + 1 if told is None else told
            if self._last >= self._start[0] - 1_000_000:
                self._lines.append((self._last, (line if told is None else line[STAMP:]).decode(errors="replace")))
        return data

    def _turned(self) -> bool:
        """Whether there is more to read: in the file itself, or in the one after it; lets go of it then."""
        assert self._file is not None
        mine = os.fstat(self._file).st_ino
        if _inode(self.source.path) == mine:
            return False
        numbers = {_inode(self.source.before(number)): number for number in self.source.numbers()}
        if os.fstat(self._file).st_size > self._at:
            return True
        self._done = numbers.get(mine, self._done)
        self.close()
        return self._open()


def _opened(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None


def _inode(path: str) -> int | None:
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
