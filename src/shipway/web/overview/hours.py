"""What applications answered in the last hour, for the drawings beside them: read from the disk, kept a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from shipway.signals.collect import Collector
from shipway.signals.history import TENS
from shipway.signals.summary import side_by_side, steps

MINUTE, MINUTES = 60, 60


@dataclass(frozen=True)
class Hour:
    """Requests and failed ones of each minute of an hour, oldest first; None where nothing was heard."""

    requests: Sequence[int | None]
    failed: Sequence[int | None]


class Hours:
    """The last hour of every environment that was asked for. Safe to share by threads."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], tuple[float, Hour]] = {}

    def of(self, application: str, environment: str) -> Hour:
        """As it was at most a minute ago."""
        key, now = (application, environment), time.time()
        with self._lock:
            at, kept = self._kept.get(key, (0.0, None))
        if kept is None or not at <= now < at + MINUTE:
            kept = self._read(application, environment, now)
            with self._lock:
                self._kept[key] = now, kept
        return kept

    def _read(self, application: str, environment: str, now: float) -> Hour:
        last = int(now // MINUTE) * MINUTE
        history = self._collector.history(application, environment)
        heard = {
            step.begins: one.tally
            for step in steps(history.steps(TENS, last - MINUTE * MINUTES), MINUTE)
            if (one := side_by_side(step.releases.values())) is not None and one.heard
        }
        minutes = [heard.get(last - MINUTE * (MINUTES - number)) for number in range(MINUTES)]
        return Hour(
            [None if tally is None else tally.requests for tally in minutes],
            [None if tally is None else tally.errors for tally in minutes],
        )
