"""A log in files of limited size, each line behind the moment at which it was read, and all logs of a directory
within a limit."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Sequence

from shipway.hosts.keeper.log import say

KEPT = 256 * 1024 * 1024  # bytes of all logs of an environment
MOST_FILES = 1000  # in one directory
LARGEST = 4 * 1024 * 1024  # bytes of one file
CLOCK_WAS_WRONG = 60_000_000  # microseconds


class Stamps:
    """Moments in microseconds, each later than the one before: so a moment names a line of a log.

    A clock that is set back by more than a minute was wrong: what comes then has the new time.
    """

    def __init__(self, last: int = 0) -> None:
        self._last = last
        self._second, self._text = -1, b""

    @classmethod
    def after(cls, path: str) -> Stamps:
        """Later than when the file at `path` was written; any, when it is not there."""
        return cls(_written(path))

    def next(self, now: int) -> bytes:
        """`2026-11-27T23:30:00.123456Z ` for a line that is read `now`, or just after the one before."""
        ahead = 0 <= self._last - now < CLOCK_WAS_WRONG
        self._last = self._last + 1 if ahead else now
        second, rest = divmod(self._last, 1_000_000)
        if second != self._second:
            self._second, self._text = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)).encode()
        return b"%s.%06dZ " % (self._text, rest)


class Segments:
    """The log at `path`. When it is full it becomes `<path>.000001`, the next one `<path>.000002`, and so on."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._stamps = Stamps.after(path)

    def append(self, lines: Sequence[bytes], largest: int = LARGEST) -> None:
        """Adds lines, without their ends; no file grows beyond `largest` bytes unless a line is longer.

        Raises OSError, and may then have written a part.
        """
        now = time.time_ns() // 1000
        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        text = bytearray()
        for line in lines:
            text += b"%s%s\n" % (self._stamps.next(now), line)
            if len(text) > largest // 4:
                self._write(text, largest)
                text = bytearray()
        self._write(text, largest)

    def _write(self, text: bytes | bytearray, largest: int) -> None:
        if size_of(self.path) + len(text) > largest and size_of(self.path):
            turn(self.path)
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            while text:
                text = text[os.write(file, text) :]
        finally:
            os.close(file)


def turn(path: str) -> None:
    """The log at `path` becomes the newest of those before it. Raises OSError."""
    numbers = [0, *numbered(path)]
    os.replace(path, f"{path}.{max(numbers) + 1:06d}")


def numbered(path: str) -> Iterator[int]:
    """The numbers of the files that were the log at `path` before."""
    folder, name = os.path.split(path)
    for other in os.listdir(folder):
        before, dot, number = other.rpartition(".")
        if before == name and dot and number.isdecimal():
            yield int(number)


def room(logs: int, most: int = KEPT) -> int:
    """How large one file may be where so many logs are written: they take half of `most` at the utmost."""
    return min(LARGEST, most // (2 * max(logs, 1)))


def tidy(folder: str, written: Collection[str], most: int = KEPT) -> None:
    """Removes the oldest files of a directory until there are at most `most` bytes, and 1000 files.

    Never those in `written`, the names of logs that are written: each is full at `room` bytes, which are
    counted whole, so that the limit holds between two calls.
    """
    full = room(len(written), most)
    kept, files = most - full * len(written), MOST_FILES - len(written)
    for entry in sorted(_files(folder), key=lambda entry: -entry.stat().st_mtime_ns):
        if entry.name in written:
            continue
        kept, files = kept - entry.stat().st_size, files - 1
        if kept < 0 or files < 0:
            _remove(entry.path)


def _files(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.is_file(follow_symlinks=False) and entry.stat()]
    except OSError:  # nothing was written yet
        return []


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError as problem:
        say(f"{path} cannot be removed: {problem}")


def size_of(path: str) -> int:
    """In bytes; 0 when it is not there."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _written(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns // 1000
    except OSError:
        return 0
