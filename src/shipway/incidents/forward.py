"""Reports of errors go on to an outside Sentry, where an owner has named one for an environment.

It is a channel of `sentry:APPLICATION.ENVIRONMENT`. What was recorded here is scrubbed, and waits in a line of its
own on disk, which has an end: intake never waits for it, and no kill empties it. A courier takes some reports at a
time. One that is not answered, or told to come later, leaves them in the line, and the next is sent after a pause,
longer than the one before.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from shipway.config.places import Places
from shipway.environments.secrets import Vault
from shipway.errors import ShipwayError
from shipway.incidents import channels
from shipway.incidents.errand import Outcome
from shipway.incidents.line import Line, Queued
from shipway.signals.errors.recording import Accepted
from shipway.signals.errors.refusals import ReportUnreadable
from shipway.signals.errors.scrubbing import scrubbed
from shipway.state import channels as record
from shipway.state.channels import Channel
from shipway.state.database import Database

log = logging.getLogger(__name__)

LARGEST = 1024 * 1024  # bytes of a report; Sentry itself takes no larger event
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0  # seconds between two tries; each is twice the one before
LATE, A_DAY = 15 * 60.0, 24 * 3600.0  # seconds
AT_ONCE = 4  # couriers, each of another environment

Send = Callable[[Vault, Channel, list[bytes]], Outcome]


@dataclass(frozen=True)
class Forwarding:
    """Since the channel was added: how many were taken outside and how many were lost, the last of them at
    `lost_at`; how many wait, since when; and what stands in the way now. Times are seconds since 1970."""

    forwarded: int = 0
    waiting: int = 0
    lost: int = 0
    problem: str = ""
    oldest: float | None = None
    lost_at: float | None = None

    def trouble(self, now: float) -> str:
        """What an owner has to hear of: reports that were lost within a day, wait because of a problem, or have
        waited for LATE seconds.
        """
        told = []
        if self.lost_at is not None and now - self.lost_at < A_DAY:
            told.append(f"{self.lost} of {self.lost + self.forwarded + self.waiting} reports were lost")
        late = self.oldest is not None and now - self.oldest > LATE
        if late or (self.waiting and self.problem):
            told.append(f"{self.waiting} wait{'s' if self.waiting == 1 else ''}")
        return f"{' and '.join(told)}{f': {self.problem}' if self.problem else ''}" if told else ""


@dataclass
class _Lane:
    """The line of one environment, and who is on the way with reports of it."""

    line: Line
    problem: str = ""
    failures: int = 0
    due: float = 0.0
    busy: bool = False


class Forwarder:
    """Lines of reports, and couriers that empty them; `offer` is for one thread, `look` for another."""

    def __init__(
        self,
        database: Database,
        places: Places,
        vault: Vault,
        send: Send | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._root = places.forwarding
        self._vault = vault
        self._send = send or channels.forward
        self._clock = clock
        self._wanted: Mapping[str, Channel] | None = None
        self._lanes: dict[str, _Lane] = {}
        self._guard = threading.Lock()
        self._couriers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="forward")

    def offer(self, accepted: Iterable[Accepted]) -> None:
        """Lines up the reports of environments that are forwarded; what is too large or too deep is lost."""
        wanted = self._wanted if self._wanted is not None else self._look_up()
        touched: dict[str, Line] = {}
        for each in accepted:
            whose = channels.sentry(each.application, each.environment)
            if whose not in wanted:
                continue
            report = _scrubbed(each)
            with self._guard:
                line = touched[whose] = self._lane(whose).line
                if report is None or len(report) > LARGEST:
                    line.lose(1)
                else:
                    line.add(report)
        with self._guard:
            for line in touched.values():
                line.note()

    def look(self) -> None:
        """Sends a courier for every line whose time has come; does not wait for them."""
        wanted = self._look_up()
        with self._guard:
            self._forget_all_but(wanted)
            now = self._clock()
            due = [(channel, self._lane(whose)) for whose, channel in wanted.items()]
            due = [(channel, lane) for channel, lane in due if self._is_due(lane, now)]
            for _, lane in due:
                lane.busy = True
        for channel, lane in due:
            self._couriers.submit(self._carry, channel, lane)

    def state(self, whose: str) -> Forwarding:
        """What became of the reports of one channel."""
        with self._guard:
            lane = self._lane(whose)
            line, counts = lane.line, lane.line.counts
            return Forwarding(counts.forwarded, len(line), counts.lost, lane.problem, line.oldest, counts.lost_at)

    def close(self) -> None:
        """Waits for the couriers that are on their way."""
        self._couriers.shutdown()

    def _look_up(self) -> Mapping[str, Channel]:
        with self._database.read() as conn:
            found = {one.whose: one for one in record.every(conn) if one.whose.startswith(channels.SENTRY)}
        self._wanted = found
        return found

    def _lane(self, whose: str) -> _Lane:
        """With what an earlier server left in its line."""
        if whose not in self._lanes:
            self._lanes[whose] = _Lane(Line(self._root / whose.removeprefix(channels.SENTRY)))
        return self._lanes[whose]

    def _forget_all_but(self, wanted: Mapping[str, Channel]) -> None:
        """What waits for a channel that was taken away goes; where a courier is on the way, a look later."""
        self._lanes = {whose: lane for whose, lane in self._lanes.items() if whose in wanted or lane.busy}
        for directory in self._root.iterdir() if self._root.is_dir() else ():
            whose = f"{channels.SENTRY}{directory.name}"
            if whose not in wanted and whose not in self._lanes:
                shutil.rmtree(directory, ignore_errors=True)

    def _is_due(self, lane: _Lane, now: float) -> bool:
        if lane.busy:
            return False
        lane.line.tidy()
        lane.line.note()
        return len(lane.line) > 0 and lane.due <= now

    def _carry(self, channel: Channel, lane: _Lane) -> None:
        try:
            with self._guard:
                reports = lane.line.gulp()
            outcome = self._sent(channel, [said for _, said in reports])
            with self._guard:
                self._settle(lane, [report for report, _ in reports], outcome)
        except Exception:
            log.exception("reports of %s could not be forwarded", channel.whose)
        finally:
            with self._guard:
                lane.busy = False

    def _sent(self, channel: Channel, reports: list[bytes]) -> Outcome:
        try:
            return self._send(self._vault, channel, reports)
        except ShipwayError as error:
            return Outcome(False, error.message)

    def _settle(self, lane: _Lane, reports: list[Queued], outcome: Outcome) -> None:
        """A courier says what became of how many, and how long the service wants to be left alone."""
        told: dict[str, Any] = {"taken": 0, "refused": 0, "wait": 0, "said": outcome.said}
        if outcome.good:
            told = json.loads(outcome.said)
        lane.line.done(reports[: told["taken"] + told["refused"]])
        lane.line.counts.forwarded += told["taken"]
        lane.line.lose(told["refused"])
        lane.line.note()
        lane.problem = told["said"]
        lane.failures = lane.failures + 1 if told["said"] and not told["taken"] else 0
        pause = min(FIRST_PAUSE * float(1 << min(lane.failures - 1, 20)), LONGEST_PAUSE) if lane.failures else 0.0
        lane.due = self._clock() + max(pause, min(told["wait"], LONGEST_PAUSE))


def _scrubbed(accepted: Accepted) -> bytes | None:
    """None where it cannot be done: then it may not leave."""
    try:
        return scrubbed(accepted.event, accepted.secrets)
    except (ReportUnreadable, RecursionError):
        return None
