"""Where the lines of a log are, and when they came: written beside it, so that nobody has to read it for that.

`log.index` holds records of 24 bytes: before this byte there are so many line ends, and what came since the
record before it came at this time. `log.commands` holds records of 16: this line begins a command, at this time.
Both are limited, and a disk that is full costs them first. Part of the supervisor.
"""

from __future__ import annotations

import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RECORD = struct.Struct("<QQd")
COMMAND = struct.Struct("<Qd")
STRETCH = 256 << 10  # bytes, at most, from one record to the next
PAUSE = 0.1  # seconds that are told apart
LATER = 10.0  # the same, once there are MANY records
MANY = 40_000
MOST_COMMANDS = 1000
PROMPT = b"\n$ "


class Index:
    """Told of each piece that was written to the log `path`, with the time (seconds since 1970).

    A log that has something in it already is gone on with if all of it is indexed, else it is not indexed further.
    """

    def __init__(self, path: str) -> None:
        self._records: int | None = _open(f"{path}.index")
        self._commands: int | None = _open(f"{path}.commands")
        self._offset = self._ends = self._written = self._count = self._told = 0
        self._since = self._last = 0.0
        self._before = b"\n"
        size = os.stat(path).st_size
        if size > 0:
            self._go_on(path, size)

    def add(self, data: bytes, now: float) -> None:
        if self._written < self._offset and now - self._since >= (PAUSE if self._count < MANY else LATER):
            self._record()
        for start in range(0, len(data), STRETCH):
            self._stretch(data[start : start + STRETCH], now)

    def end(self) -> None:
        if self._written < self._offset:
            self._record()

    def _go_on(self, path: str, size: int) -> None:
        self._count, last = _last(self._records, RECORD)
        if last is None or last[0] != size:
            self._records = self._commands = None
            return
        self._offset = self._written = last[0]
        self._ends = last[1]
        self._told, _ = _last(self._commands, COMMAND)
        with open(path, "rb") as log:
            log.seek(max(0, size - 2))
            self._before = log.read(2)

    def _stretch(self, data: bytes, now: float) -> None:
        if self._written == self._offset:
            self._since = now
        if self._told < MOST_COMMANDS:
            self._tell(data, now)
        self._offset += len(data)
        self._ends += data.count(b"\n")
        self._last = now
        if self._offset - self._written >= STRETCH:
            self._record()

    def _tell(self, data: bytes, now: float) -> None:
        for line in commands(self._before, data, self._ends):
            self._commands = _append(self._commands, COMMAND.pack(line, now))
            self._told += 1
        self._before = (self._before + data)[1 - len(PROMPT) :]

    def _record(self) -> None:
        self._records = _append(self._records, RECORD.pack(self._offset, self._ends, self._last))
        self._written = self._offset
        self._count += 1


def commands(before: bytes, data: bytes, ends: int) -> list[int]:
    """The numbers of the lines of `data` that begin with a prompt; `before` holds the bytes in front of it,
    fewer than a prompt has, and `ends` is the number of line ends before `data`."""
    whole, found = before + data, list[int]()
    seen, line = 0, ends - before.count(b"\n") + 1
    while (at := whole.find(PROMPT, seen)) >= 0 and len(found) < MOST_COMMANDS:
        line += whole.count(b"\n", seen, at + 1)
        seen = at + 1
        found.append(line)
    return found


def _open(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError:
        return None


def _last(file: int | None, kind: struct.Struct) -> tuple[int, tuple[Any, ...] | None]:
    """How many records there are, and the last one."""
    if file is None:
        return 0, None
    count = os.fstat(file).st_size // kind.size
    return count, kind.unpack(os.pread(file, kind.size, (count - 1) * kind.size)) if count else None


def _append(file: int | None, record: bytes) -> int | None:
    """The file, or None when no more can be written to it: half a record would shift all that follow."""
    if file is None:
        return None
    try:
        if os.write(file, record) == len(record):
            return file
    except OSError:
        pass
    os.close(file)
    return None
