"""A line of reports that wait to go on, the oldest first: files of a directory, so that no kill loses any.

A report is a file, named by its place in the line. It is there whole or not at all, and goes once it was taken,
refused or given up: too many, too large together, or too old. What was taken by somebody who was killed before the
file went is sent again, and Sentry knows it by its `event_id`.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from shipway.traffic import files

WAITING, WEIGHT = 500, 8 * 1024 * 1024  # reports of an environment that wait, and their bytes
OLDEST = 3 * 24 * 3600.0  # seconds that one waits: over a weekend without a Sentry
GULP, GULP_WEIGHT = 20, 2 * 1024 * 1024  # reports that are taken at once, and their bytes
COUNTS = "counts.json"


@dataclass
class Counts:
    """Since the channel was named: how many were taken outside, how many were lost, and when the last of them."""

    forwarded: int = 0
    lost: int = 0
    lost_at: float | None = None


@dataclass(frozen=True)
class Queued:
    """A report that waits: its file, its bytes, and when it came (seconds since 1970)."""

    path: Path
    size: int
    came: float


class Line:
    """What waits in `directory`, which nobody else writes to; for one thread at a time."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ahead = time.time() - time.monotonic()
        self._reports = deque(_found(directory))
        self._next = int(self._reports[-1].path.name) + 1 if self._reports else 0
        self._weight = sum(report.size for report in self._reports)
        self.counts = _counts(directory / COUNTS)
        self._noted = replace(self.counts)

    def __len__(self) -> int:
        return len(self._reports)

    @property
    def oldest(self) -> float | None:
        """Since when the oldest waits (seconds since 1970)."""
        return self._reports[0].came if self._reports else None

    def add(self, report: bytes) -> None:
        """Takes one in, at the end. Without room the oldest are lost; one that cannot be written is too."""
        try:
            self._keep(report)
        except OSError:
            self.lose(1)
        while len(self._reports) > WAITING or self._weight > WEIGHT:
            self._leave(self._reports[0])
            self.lose(1)

    def lose(self, count: int) -> None:
        """Counts what never came in, or was refused."""
        if count:
            self.counts.lost += count
            self.counts.lost_at = time.time()

    def tidy(self) -> None:
        """Gives up what has waited too long."""
        while self._reports and self._now() - self._reports[0].came > OLDEST:
            self._leave(self._reports[0])
            self.lose(1)

    def gulp(self) -> list[tuple[Queued, bytes]]:
        """Those that are sent next, with what they say; they stay in the line. What cannot be read is lost."""
        taken: list[tuple[Queued, bytes]] = []
        weight = 0
        for report in list(self._reports):
            weight += report.size
            if taken and (len(taken) == GULP or weight > GULP_WEIGHT):
                break
            try:
                taken.append((report, report.path.read_bytes()))
            except OSError:
                self._leave(report)
                self.lose(1)
        return taken

    def done(self, reports: Sequence[Queued]) -> None:
        """Takes these out, unless they had to make room meanwhile."""
        for report in reports:
            if report in self._reports:
                self._leave(report)

    def note(self) -> None:
        """Writes the counts down where they have changed and that can be done: they are no reason to stop."""
        if self.counts == self._noted:
            return
        with suppress(OSError):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.replace(self._directory / COUNTS, json.dumps(asdict(self.counts)))
            self._noted = replace(self.counts)

    def _keep(self, report: bytes) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._directory / f"{self._next:012d}"
        files.replace(path, report)
        self._reports.append(Queued(path, len(report), self._steadily()))
        self._next += 1
        self._weight += len(report)

    def _now(self) -> float:
        """Seconds since 1970. A clock that is set forward makes nothing older; one that is set back, younger."""
        return min(time.time(), self._steadily())

    def _steadily(self) -> float:
        """Seconds since 1970 by the clock as it was when the line began, however it is set since."""
        return time.monotonic() + self._ahead

    def _leave(self, report: Queued) -> None:
        self._reports.remove(report)
        self._weight -= report.size
        report.path.unlink(missing_ok=True)


def _found(directory: Path) -> list[Queued]:
    """What an earlier server left; halves that it left are cleared away."""
    if not directory.is_dir():
        return []
    found = []
    for path in sorted(directory.iterdir()):
        if path.name.isdecimal():
            known = path.stat()
            found.append(Queued(path, known.st_size, known.st_mtime))
        elif path.name != COUNTS:
            path.unlink()
    return found


def _counts(path: Path) -> Counts:
    try:
        return TypeAdapter(Counts).validate_json(path.read_bytes())
    except (OSError, ValueError):
        return Counts()
