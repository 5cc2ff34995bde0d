"""Where reports come in: they are weighed at the door, queued within bounds, and looked at by one thread.

door ─► key, rate ─► unpacked ─► queue ─► recorded
          └── whatever is too much is refused and counted: the server stays as quick as it was
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from shipway.signals.errors import envelope, unpacking
from shipway.signals.errors.rates import Rates
from shipway.signals.errors.readers import Readers
from shipway.signals.errors.refusals import Flooded, NoKey, UnknownKey
from shipway.state import error_keys
from shipway.state.database import Database
from shipway.state.error_keys import ErrorKey

PACKED = 1024 * 1024  # bytes of a body
UNPACKED = 4 * 1024 * 1024  # bytes of it, and of one event, when it is unpacked
WAITING = 1000  # reports
WEIGHT = 32 * 1024 * 1024  # bytes of reports that wait


@dataclass(frozen=True)
class Report:
    """An event as it came (JSON), by whose key, and when."""

    application: str
    environment: str
    event: bytes
    received: float


class Intake:
    """Takes reports from many threads, and hands them to one. `times` as much as by itself an application may
    report, here and by OpenTelemetry.
    """

    def __init__(self, database: Database, rates: Rates | None = None, times: int = 1) -> None:
        self._database = database
        self.times = times
        self._rates = rates or Rates(times=times)
        self._waiting: deque[Report] = deque()
        self._weight = 0
        self._changed = threading.Condition()
        self._dropped: Counter[str] = Counter()
        self._readers = Readers()

    def admit(self, project: str, key: str | None) -> ErrorKey:
        """Who reports; raises NoKey or UnknownKey."""
        if not key:
            raise NoKey("The report does not say by whose key it comes.")
        with self._database.read() as conn:
            found = error_keys.find(conn, key)
        if found is None or str(found.project) != project:
            raise UnknownKey("The report comes by a key that is not good here.")
        return found

    def wait_before(self, application: str) -> int:
        """0 when the application may report now; otherwise in how many seconds it may try again."""
        seconds = self._rates.take(application)
        if seconds:
            self.drop(application)
        return seconds

    @contextmanager
    def reading(self, application: str) -> Iterator[None]:
        """While a report is read: each may be large, and slow to come. Raises Flooded when too many are."""
        with ExitStack() as stack:
            try:
                stack.enter_context(self._readers.one(application))
            except Flooded:
                self.drop(application)
                raise
            yield

    def offer(self, known: ErrorKey, event: bytes) -> bool:
        """Queues an event to be looked at; False, and counted, when there is no room."""
        report = Report(known.application, known.environment, event, time.time())
        with self._changed:
            if len(self._waiting) >= WAITING or self._weight + len(event) > WEIGHT:
                self._dropped[known.application] += 1
                return False
            self._waiting.append(report)
            self._weight += len(event)
            self._changed.notify_all()
        return True

    def drop(self, application: str) -> None:
        """Counts a report that came and is not kept."""
        with self._changed:
            self._dropped[application] += 1

    def dropped(self, application: str) -> int:
        """How many reports of an application were not kept, since the server began."""
        return self._dropped[application]

    def take(self, timeout: float, most: int = 200) -> list[Report]:
        """The reports that wait, oldest first; waits at most `timeout` seconds for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout)
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            self._weight -= sum(len(report.event) for report in taken)
            return taken


def opened(body: bytes, encoding: str, *, is_envelope: bool) -> envelope.Envelope:
    """What a body brought: an envelope, or (the older way) an event alone. Raises what unpacking and parse do."""
    plain = unpacking.unpacked(body, encoding, UNPACKED)
    if is_envelope:
        return envelope.parse(plain)
    told = envelope.object_in(plain)
    return envelope.Envelope(envelope.identity(told.get("event_id")), None, plain)


def key_in(header: str | None, query: Mapping[str, str]) -> str | None:
    """The key as SDKs show it: `X-Sentry-Auth: Sentry sentry_key=…, …`, or `?sentry_key=…`."""
    for part in (header or "").removeprefix("Sentry ").split(","):
        name, _, value = part.strip().partition("=")
        if name == "sentry_key":
            return value
    return query.get("sentry_key")
