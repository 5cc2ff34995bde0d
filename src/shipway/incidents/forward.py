"""Reports of errors go on to an outside Sentry, where an owner has named one for an environment.

It is a channel of `sentry:APPLICATION.ENVIRONMENT`. What was accepted here is scrubbed, and waits in a line of its
own, which has an end: intake never waits for it. A courier takes some reports at a time. One that is not answered,
or told to come later, leaves them in the line, and the next is sent after a pause, longer than the one before.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from shipway.environments.secrets import Vault
from shipway.errors import ShipwayError
from shipway.incidents import channels
from shipway.incidents.errand import Outcome
from shipway.signals.errors.recording import Accepted
from shipway.signals.errors.refusals import ReportUnreadable
from shipway.signals.errors.scrubbing import scrubbed
from shipway.state import channels as record
from shipway.state.channels import Channel
from shipway.state.database import Database

log = logging.getLogger(__name__)

WAITING, WEIGHT = 500, 8 * 1024 * 1024  # reports of an environment that wait, and their bytes
LARGEST = 1024 * 1024  # bytes of one; Sentry itself takes no larger event
GULP, GULP_WEIGHT = 20, 2 * 1024 * 1024  # reports that a courier takes, and their bytes
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0  # seconds between two tries; each is twice the one before
AT_ONCE = 4  # couriers, each of another environment

Send = Callable[[Vault, Channel, list[bytes]], Outcome]


@dataclass(frozen=True)
class Forwarding:
    """Since the server began: how many were taken outside, wait, were lost; and what stands in the way now."""

    forwarded: int = 0
    waiting: int = 0
    lost: int = 0
    problem: str = ""


@dataclass
class _Line:
    """The reports of one environment, the oldest first."""

    reports: deque[bytes] = field(default_factory=deque)
    weight: int = 0
    forwarded: int = 0
    lost: int = 0
    problem: str = ""
    failures: int = 0
    due: float = 0.0
    busy: bool = False

    def add(self, report: bytes) -> None:
        """Where there is no room, the oldest are lost."""
        self.reports.append(report)
        self.weight += len(report)
        while len(self.reports) > WAITING or self.weight > WEIGHT:
            self.weight -= len(self.reports.popleft())
            self.lost += 1

    def gulp(self) -> list[bytes]:
        """What a courier takes now; it stays in the line."""
        taken: list[bytes] = []
        weight = 0
        for report in self.reports:
            weight += len(report)
            if taken and (len(taken) == GULP or weight > GULP_WEIGHT):
                break
            taken.append(report)
        return taken

    def done(self, sent: list[bytes]) -> None:
        """Takes out what was sent, unless it had to make room meanwhile."""
        for report in sent:
            if self.reports and self.reports[0] is report:
                self.weight -= len(self.reports.popleft())


class Forwarder:
    """Lines of reports, and couriers that empty them; `offer` is for one thread, `look` for another."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        send: Send | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._vault = vault
        self._send = send or channels.forward
        self._clock = clock
        self._wanted: Mapping[str, Channel] = {}
        self._lines: dict[str, _Line] = {}
        self._guard = threading.Lock()
        self._couriers = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="forward")

    def offer(self, accepted: Iterable[Accepted]) -> None:
        """Lines up the reports of environments that are forwarded; what is too large or too deep is lost."""
        wanted = self._wanted
        for each in accepted:
            whose = channels.sentry(each.application, each.environment)
            if whose not in wanted:
                continue
            report = _scrubbed(each)
            with self._guard:
                line = self._lines.setdefault(whose, _Line())
                if report is None or len(report) > LARGEST:
                    line.lost += 1
                else:
                    line.add(report)

    def look(self) -> None:
        """Sends a courier for every line whose time has come; does not wait for them."""
        with self._database.read() as conn:
            self._wanted = {one.whose: one for one in record.every(conn) if one.whose.startswith(channels.SENTRY)}
        with self._guard:
            self._lines = {whose: line for whose, line in self._lines.items() if whose in self._wanted}
            now = self._clock()
            due = [(whose, line) for whose, line in self._lines.items() if self._is_due(line, now)]
            for _, line in due:
                line.busy = True
        for whose, line in due:
            self._couriers.submit(self._carry, self._wanted[whose], line)

    def state(self, whose: str) -> Forwarding:
        """What became of the reports of one channel."""
        with self._guard:
            line = self._lines.get(whose, _Line())
            return Forwarding(line.forwarded, len(line.reports), line.lost, line.problem)

    def close(self) -> None:
        """Waits for the couriers that are on their way."""
        self._couriers.shutdown()

    def _is_due(self, line: _Line, now: float) -> bool:
        return bool(line.reports) and not line.busy and line.due <= now

    def _carry(self, channel: Channel, line: _Line) -> None:
        with self._guard:
            reports = line.gulp()
        try:
            outcome = self._sent(channel, reports)
            with self._guard:
                self._settle(line, reports, outcome)
        except Exception:
            log.exception("reports of %s could not be forwarded", channel.whose)
        finally:
            with self._guard:
                line.busy = False

    def _sent(self, channel: Channel, reports: list[bytes]) -> Outcome:
        try:
            return self._send(self._vault, channel, reports)
        except ShipwayError as error:
            return Outcome(False, error.message)

    def _settle(self, line: _Line, reports: list[bytes], outcome: Outcome) -> None:
        """A courier says what became of how many, and how long the service wants to be left alone."""
        told: dict[str, Any] = {"taken": 0, "refused": 0, "wait": 0, "said": outcome.said}
        if outcome.good:
            told = json.loads(outcome.said)
        line.done(reports[: told["taken"] + told["refused"]])
        line.forwarded += told["taken"]
        line.lost += told["refused"]
        line.problem = told["said"]
        line.failures = line.failures + 1 if told["said"] and not told["taken"] else 0
        pause = min(FIRST_PAUSE * float(1 << min(line.failures - 1, 20)), LONGEST_PAUSE) if line.failures else 0.0
        line.due = self._clock() + max(pause, min(told["wait"], LONGEST_PAUSE))


def _scrubbed(accepted: Accepted) -> bytes | None:
    """None where it cannot be done: then it may not leave."""
    try:
        return scrubbed(accepted.event, accepted.secrets)
    except (ReportUnreadable, RecursionError):
        return None
