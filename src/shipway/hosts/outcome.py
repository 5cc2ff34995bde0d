"""What became of a step, told by the files in its directory."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipway.hosts.supervisor.claim import boot, mark, start_time
from shipway.hosts.survivors import kill_survivors


@dataclass(frozen=True)
class Outcome:
    """How a step ended: exited, killed, timed out, cancelled, could not start, or lost.

    `code` is there when it exited or was killed (128 + the signal). Lost: its supervisor went away without
    a word, with the machine or killed; what it did is not known. Times in seconds since 1970.
    """

    code: int | None
    how: str
    started: float
    ended: float

    @property
    def passed(self) -> bool:
        return self.how == "exited" and self.code == 0


def outcome(directory: Path) -> Outcome | None:
    """How the step in this directory ended; None while it runs, and before it is started.

    What a lost step left running is killed before it is called lost, so that the next may begin.
    """
    ended = _ended(directory)
    if ended is not None:
        return ended
    claimed = _read(directory / "claim")
    if claimed is None or _runs(claimed):
        return None
    return _ended(directory) or _lost(directory, claimed)  # it may have ended between the two questions


@contextmanager
def supervisor_of(directory: Path) -> Iterator[int | None]:
    """A descriptor of the process (pidfd) that runs the step, so that no other can be meant; None if gone."""
    claimed = _read(directory / "claim")
    if claimed is None or not _runs(claimed):
        yield None
        return
    try:
        process = os.pidfd_open(claimed["pid"])
    except ProcessLookupError:
        yield None
        return
    try:
        yield process if _runs(claimed) else None
    finally:
        os.close(process)


def _ended(directory: Path) -> Outcome | None:
    found = _read(directory / "exit.json")
    return None if found is None else Outcome(**found)


def _lost(directory: Path, claimed: dict[str, Any]) -> Outcome:
    """It ended at some time after the last that is known of it."""
    if claimed["boot"] == boot():
        kill_survivors(mark(claimed["pid"], claimed["start_time"]))
    log = directory / "log"
    last = log.stat().st_mtime if log.exists() else claimed["started"]
    return Outcome(None, "lost", claimed["started"], max(last, claimed["started"]))


def _runs(claimed: dict[str, Any]) -> bool:
    return bool(claimed["boot"] == boot() and claimed["start_time"] == start_time(claimed["pid"]))


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    return found
