"""What one environment's releases did, the longer ago the coarser: looks, tens of seconds, minutes.

Three rings of a fixed size each, 6 MiB together, however many releases there were. With one busy release looks
reach back for hours, tens for a day and minutes for a week (docs/concepts/signals.md has the figures).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shipway.signals import encoding
from shipway.signals.reading import Reading, together
from shipway.signals.ring import Ring

KIB = 1024
LOOKS, TENS, MINUTES = "looks", "tens", "minutes"
LIMITS = {LOOKS: 1024 * KIB, TENS: 512 * KIB, MINUTES: 1536 * KIB}
STEPS = {TENS: 10, MINUTES: 60}


@dataclass
class _Step:
    """The one that is not over yet, of `length` seconds."""

    length: int
    begins: int = 0
    readings: dict[str, Reading] = field(default_factory=dict)

    def begin(self, at: float) -> int:
        """When the step began that this moment belongs to: a step ends with its last moment."""
        return (math.ceil(at / self.length) - 1) * self.length


class History:
    """Of one environment (`topup.prod`), in files of `directory`."""

    def __init__(self, environment: str, directory: Path) -> None:
        self._environment = environment
        self._directory = directory
        self._rings = {name: Ring(directory / name, limit) for name, limit in LIMITS.items()}
        self._open: Mapping[str, _Step] = {}
        self._lock = threading.Lock()

    def add(self, readings: Sequence[Reading]) -> None:
        """Readings of one look. Raises OSError when they cannot be written."""
        with self._lock:
            self._open = self._open or self._resume()
            self._rings[LOOKS].append([encoding.encode(reading) for reading in readings])
            for name, step in self._open.items():
                self._sum_up(name, step, readings)

    def readings(self, release: str | None, since: float, until: float = math.inf) -> list[Reading]:
        """What was read of one release, or of all, oldest first: whatever ends after `since` and not after
        `until`, as fine as it is still known. Where finer records begin, up to one coarse step is left out."""
        found: list[Reading] = []
        for name in LIMITS:
            parts, begins = self._part(name, release, since, until)
            found = parts + found
            if begins <= since:
                break
            until = min(until, begins)
        return found

    def steps(self, name: str, since: float) -> list[Reading]:
        """What ended after `since` in one of the rings, of all releases, oldest first."""
        return self._part(name, None, since, math.inf)[0]

    def _part(self, name: str, release: str | None, since: float, until: float) -> tuple[list[Reading], float]:
        """The readings of one ring, and the beginning of the oldest that was looked at."""
        number = None if release is None else encoding.number_of(release)
        found, begins = [], math.inf
        for record in self._rings[name].newest_first():
            of, at, seconds = encoding.head(record)
            if at <= since:
                begins = -math.inf
                break
            begins = min(begins, at - seconds)
            if number in (None, of) and at <= until:
                found.append(encoding.decode(self._environment, record))
        return found[::-1], begins

    def _resume(self) -> Mapping[str, _Step]:
        """The steps that were open when another process was stopped, summed up from its looks."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {name: self._resumed(name, length) for name, length in STEPS.items()}

    def _resumed(self, name: str, length: int) -> _Step:
        step = _Step(length)
        newest = next(self._rings[name].newest_first(), None)
        since = -math.inf if newest is None else step.begin(encoding.head(newest)[1]) + length
        self._sum_up(name, step, self.steps(LOOKS, since))
        return step

    def _sum_up(self, name: str, step: _Step, readings: Iterable[Reading]) -> None:
        """Writes a step down when the first reading of another one comes, a clock set back included."""
        for reading in readings:
            begins = step.begin(reading.at)
            if begins != step.begins:
                self._rings[name].append([encoding.encode(one) for one in step.readings.values()])
                step.begins, step.readings = begins, {}
            before = step.readings.get(reading.release)
            step.readings[reading.release] = reading if before is None else together([before, reading])
