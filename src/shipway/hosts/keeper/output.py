"""What an instance prints, from memory to the disk: without its secrets, each line with its moment.

The instance writes into a file in memory, as it would into any log: it never waits for the keeper, and does not
notice when there is none. From there the keeper takes what was written, line by line, and gives the memory back.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from shipway.hosts.keeper import holes
from shipway.hosts.keeper.log import say
from shipway.hosts.keeper.segments import LARGEST, Segments
from shipway.hosts.masking import Masker, whole_until

PIECE = 256 * 1024  # bytes; a line that is longer is cut
AT_ONCE = 4 * PIECE
MOST_WAITING = 32 * 1024 * 1024  # bytes in memory that the keeper has not come to yet
LEFT_OUT = b"[%d bytes are left out here: they came faster than they could be written]"


class Output:
    """What one instance prints. `path` is the file in memory, `masks` is what must not reach the disk.

    `pid` is its first process, where that is known to run: it has the file when nothing is at `path` any more.
    """

    def __init__(self, path: str, log: str, masks: Sequence[bytes], pid: int | None = None) -> None:
        self._path = path
        self._segments = Segments(log)
        self._masks = list(masks)
        self._piece = max(PIECE, *(2 * len(mask) for mask in masks), 0)
        self._file: int | None = None
        self._at = 0
        self._left_out = 0
        self._complained = False
        self._open(pid)

    def begin(self) -> None:
        """The instance is started (again), and writes into the file that is at `path` now."""
        if self._file is not None and not _same(self._file, self._path):
            self.take(ended=True)
            self.close()
        if self._file is None:
            self._open(None)

    def take(self, *, ended: bool = False, largest: int = LARGEST) -> int:
        """Writes down the lines that are whole, and when the instance has `ended` all there is; how many bytes.

        Not much more than AT_ONCE unless it has ended: what is left is there the next time.
        """
        taken = 0
        while self._file is not None and (taken < AT_ONCE or ended):
            used = self._next(self._file, ended, largest)
            if not used:
                break
            taken += used
        return taken

    def forget(self) -> None:
        """Nothing writes there any more."""
        self.take(ended=True)
        self.close()
        try:
            os.unlink(self._path)
        except OSError:  # its directory was emptied
            return

    def close(self) -> None:
        """Lets go of the file; the instance may go on."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self, pid: int | None) -> None:
        """The file, also when its directory was emptied and only the instance has it still."""
        self._file = _opened(self._path)
        if self._file is None and pid is not None:
            self._file = _held(pid, self._path)
        if self._file is not None:
            self._at = holes.first(self._file)

    def _next(self, file: int, ended: bool, largest: int) -> int:
        """Takes one piece; how many bytes it was."""
        size = os.fstat(file).st_size
        if size < self._at:  # the application has emptied it
            self._at = 0
        if size - self._at > MOST_WAITING:
            self._leave_out(size - MOST_WAITING // 2 - self._at)
        data = os.pread(file, self._piece, self._at)
        used = self._whole(data, ended)
        if not used:
            return 0
        self._write(data[:used], largest)
        self._at += used
        holes.free(file, self._at)
        return used

    def _leave_out(self, count: int) -> None:
        self._left_out += count
        self._at += count

    def _whole(self, data: bytes, ended: bool) -> int:
        """How much of it can be told: up to the last end of a line, or of a line that is too long so much that no
        secret is cut in two."""
        end = data.rfind(b"\n") + 1
        if end or (len(data) < self._piece and not ended):
            return end
        return len(data) if len(data) < self._piece else whole_until(data, self._masks) or len(data)

    def _write(self, data: bytes, largest: int) -> None:
        if self._left_out:
            data = self._from_the_next_line(data)
        masker = Masker(self._masks)
        text = masker.feed(data) + masker.end()
        lines = [line.removesuffix(b"\r") for line in text.removesuffix(b"\n").split(b"\n")] if text else []
        if lines and self._left_out:
            lines, self._left_out = [LEFT_OUT % self._left_out, *lines], 0
        try:
            if lines:
                self._segments.append(lines, largest)
            self._complained = False
        except OSError as problem:
            if not self._complained:
                say(f"{self._segments.path} is not written: {problem}")
            self._complained = True

    def _from_the_next_line(self, data: bytes) -> bytes:
        """What was left out may have ended within a secret, so the rest of that line is left out too."""
        rest, _, following = data.partition(b"\n")
        self._left_out += len(rest)
        return following


def _opened(path: str) -> int | None:
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    return None


def _held(pid: int, path: str) -> int | None:
    """The file that was at `path` and is what the process still prints into; nothing else that it may have there
    is opened."""
    try:
        place = os.open(f"/proc/{pid}/fd/1", os.O_PATH)
    except OSError:
        return None
    try:
        was = os.readlink(f"/proc/self/fd/{place}").removesuffix(" (deleted)")
        return _opened(f"/proc/self/fd/{place}") if was == os.path.realpath(path) else None
    finally:
        os.close(place)


def _same(file: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except OSError:
        return False
