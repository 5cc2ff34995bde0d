"""The log of a step: masked before a byte reaches the disk, and of limited size."""

from __future__ import annotations

import os
import time

from shipway.hosts.masking import Masker
from shipway.hosts.supervisor.index import Index

TAIL = 64 << 10


class Log:
    """Appends to a file up to `limit` bytes; of what is longer it keeps the end, and says what it left out.

    A disk that is full costs the log, not the step.
    """

    def __init__(self, path: str, patterns: list[bytes], limit: int) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._index = Index(path)
        self._masker = Masker(patterns)
        self._left = limit
        self._tail = b""
        self._omitted = 0

    def feed(self, data: bytes) -> None:
        self._append(self._masker.feed(data))

    def end(self) -> None:
        self._append(self._masker.end())
        self._omitted -= len(self._tail)
        if self._omitted > 0:
            self._write(b"\n[%d bytes are left out here]\n" % self._omitted)
        self._write(self._tail)
        self._index.end()

    def _append(self, data: bytes) -> None:
        now, later = data[: self._left], data[self._left :]
        self._left -= len(now)
        self._omitted += len(later)
        self._tail = (self._tail + later)[-TAIL:]
        self._write(now)

    def _write(self, data: bytes) -> None:
        try:
            while data:
                written = os.write(self.file, data)
                self._index.add(data[:written], time.time())
                data = data[written:]
        except OSError:
            self._left, self._omitted = 0, self._omitted + len(data)
