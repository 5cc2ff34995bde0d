"""Where lines of a log are, as its supervisor wrote it down: each record is read when it is asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from shipway.hosts.supervisor.index import COMMAND, RECORD


@dataclass(frozen=True)
class Record:
    """Before byte `offset` there are `ends` line ends; what is before it had come `at` (None: nobody knows)."""

    offset: int
    ends: int
    at: float | None


ORIGIN = Record(0, 0, None)


@dataclass(frozen=True)
class Command:
    """A line that begins a command; it goes until the next one begins."""

    line: int
    at: float | None


class Index(Sequence[Record]):
    """The records on disk, each read when it is asked for."""

    def __init__(self, path: Path) -> None:
        try:
            self._file: int | None = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self._count = os.fstat(self._file).st_size // RECORD.size
        except FileNotFoundError:
            self._file, self._count = None, 0

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Record: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Record]: ...

    def __getitem__(self, place: int | slice) -> Record | Sequence[Record]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(self._count))]
        if place < 0:
            place += self._count
        if self._file is None or not 0 <= place < self._count:
            raise IndexError(place)
        return Record(*RECORD.unpack(os.pread(self._file, RECORD.size, place * RECORD.size)))


def commands(path: Path) -> list[Command]:
    """Those on record in a file that need not be there."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    size = COMMAND.size
    return [Command(*COMMAND.unpack_from(data, at)) for at in range(0, len(data) - size + 1, size)]
