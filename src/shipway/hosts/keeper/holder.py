"""Who holds the keeper's lock: a note in the lock file, written by the holder."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import NamedTuple

from shipway.hosts.keeper.processes import look, send


class Holder(NamedTuple):
    """`pid` and `started` name the process, `runtime` is where it answers; None when there never was one."""

    pid: int | None = None
    started: int | None = None
    runtime: Path | None = None

    @classmethod
    def of(cls, lock: Path) -> Holder:
        """What the note says; it stays when its writer is gone. One that was written into another file says
        nothing: this data directory is a copy, and the note speaks of the keeper of the original."""
        try:
            with lock.open() as file:
                note = json.load(file)
                if note["lock"] != lock_name(file.fileno()):
                    return cls()
            return cls(int(note["pid"]), int(note["started"]), Path(note["runtime"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return cls()

    @classmethod
    def me(cls, runtime: Path) -> Holder:
        process = look(os.getpid())
        return cls(os.getpid(), process.started if process is not None else None, runtime)

    def write(self, descriptor: int) -> None:
        note = {
            "lock": lock_name(descriptor),
            "pid": self.pid,
            "started": self.started,
            "runtime": str(self.runtime),
        }
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note).encode(), 0)

    def kill(self) -> None:
        """Ends the process of the note, if it still is that process."""
        process = look(self.pid) if self.pid is not None else None
        if process is not None and process.started == self.started:
            send(process, signal.SIGKILL)


def lock_name(descriptor: int) -> str:
    """A name of the open lock file which no copy of it has."""
    file = os.fstat(descriptor)
    return f"{file.st_dev:x}.{file.st_ino:x}"
