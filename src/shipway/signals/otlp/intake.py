"""Where logs and metrics come in: weighed at the door, unpacked one request after the other, masked, and kept.

What is told is kept before it is answered, so that a sender knows what of it was refused.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from shipway.config.places import Places
from shipway.environments.secrets import Vault
from shipway.signals.errors import intake as errors
from shipway.signals.errors import unpacking
from shipway.signals.errors.origin import Origin
from shipway.signals.errors.rates import Rates
from shipway.signals.errors.readers import Readers
from shipway.signals.errors.refusals import Flooded, NoKey, UnknownKey
from shipway.signals.errors.secrecy import mask
from shipway.signals.otlp import failures, points, records, request, resource
from shipway.signals.otlp.lines import Lines
from shipway.signals.otlp.request import Record, Signal
from shipway.signals.otlp.resource import Sender
from shipway.signals.otlp.turns import Turns
from shipway.signals.series.meter import SERIES
from shipway.signals.series.meters import Meters
from shipway.signals.series.sample import Sample
from shipway.state import error_keys
from shipway.state.database import Database
from shipway.state.error_keys import ErrorKey

REQUESTS = (20.0, 200.0)  # of an application: a second in the long run, and at once
VOLUME = (2.0 * 1024 * 1024, 16.0 * 1024 * 1024)  # unpacked bytes of an application, the same
SAID = (1 / 3600, 1.0)  # that no traces are kept: to an application, once an hour
NO_LEVEL = "a sum that goes down as well, told by differences, has no level"
NO_TRACES = "Shipway keeps no traces: OTEL_TRACES_EXPORTER=none keeps them from being sent."


@dataclass(frozen=True)
class Taken:
    """How many records or points were refused, and in a sentence why."""

    refused: int = 0
    why: str = ""


class Otlp:
    """Takes what OpenTelemetry's SDKs send, from many threads."""

    def __init__(
        self, database: Database, places: Places, vault: Vault, meters: Meters, intake: errors.Intake
    ) -> None:
        self._database = database
        self._lines = Lines(places)
        self._vault = vault
        self._meters = meters
        self._errors = intake
        self._requests, self._volume = Rates(*REQUESTS, intake.times), Rates(*VOLUME, intake.times)
        self._said = Rates(*SAID)
        self._readers = Readers()
        self._turns = Turns()

    def admit(self, key: str | None, signal: Signal) -> ErrorKey:
        """Who sends it; raises NoKey, UnknownKey, or Flooded when they send too often."""
        if not key:
            raise NoKey("The request does not say by whose key it comes.")
        with self._database.read() as conn:
            known = error_keys.find(conn, key)
        if known is None:
            raise UnknownKey("The request comes by a key that is not good here.")
        seconds = self._requests.take(_bucket(known, signal))
        if seconds:
            raise Flooded("Too many requests come.", seconds=seconds)
        return known

    def reading(self, application: str) -> AbstractContextManager[None]:
        """While a request is read; raises Flooded when too many are."""
        return self._readers.one(application)

    def take(self, known: ErrorKey, body: bytes, encoding: str, kind: str, signal: Signal) -> Taken:
        """Takes a request whole, but for what is refused of it. Raises what unpacking and `records` do, Flooded,
        KeyLost (nothing could be masked) and OSError (it could not be kept); then nothing was taken.
        """
        with self._turns.one(known.application):
            plain = unpacking.unpacked(body, encoding, errors.UNPACKED)
            seconds = self._volume.take(_bucket(known, signal), len(plain))
            if seconds:
                raise Flooded("More is sent than can be kept.", seconds=seconds)
            found = request.records(plain, kind, signal)
            if signal == "traces":
                return self._drop_traces(known, sum(1 for _ in found))
            with self._database.read() as conn:
                origin = Origin(conn, self._vault, known.application, known.environment)
                sent = [(record, self._sender(known, origin, record)) for record in found]
                if signal == "logs":
                    return self._take_logs(known, origin, sent)
                return self._take_metrics(known, origin, sent)

    def _drop_traces(self, known: ErrorKey, spans: int) -> Taken:
        """SDKs write down each answer that something was refused: an application's log would be full of it."""
        return Taken() if self._said.take(known.application) else Taken(spans, NO_TRACES)

    def _sender(self, known: ErrorKey, origin: Origin, record: Record) -> Sender:
        return resource.sender(record.resource, origin, f"{known.application}.{known.environment}")

    def _take_logs(self, known: ErrorKey, origin: Origin, sent: Sequence[tuple[Record, Sender]]) -> Taken:
        now = time.time()
        whole = [records.line(record, sender, now) for record, sender in sent]
        masked = mask(whole, origin.secrets)
        by_log: defaultdict[str, list[records.Line]] = defaultdict(list)
        for (_, sender), line in zip(sent, masked, strict=True):
            by_log[sender.log].append(records.written(line))
        for log, some in by_log.items():
            self._lines.append(known.application, known.environment, log, some)
        for record, sender in sent:
            self._report(known, failures.event(record.message, sender, known.environment))
        return Taken()

    def _report(self, known: ErrorKey, event: dict[str, object] | None) -> None:
        """What does not fit is counted there."""
        if event is not None and not self._errors.wait_before(known.application):
            self._errors.offer(known, json.dumps(event).encode())

    def _take_metrics(self, known: ErrorKey, origin: Origin, sent: Sequence[tuple[Record, Sender]]) -> Taken:
        told = [sample for record, sender in sent for sample in points.samples(record.message, sender)]
        good: list[Sample] = [sample for sample in told if sample is not None]
        meter = self._meters.of(known.application, known.environment)
        refused = meter.take(good, lambda: origin.secrets) + Counter({NO_LEVEL: len(told) - len(good)})
        return Taken(refused.total(), _why(refused))


def _bucket(known: ErrorKey, signal: Signal) -> str:
    """What no one keeps takes no room from what is kept."""
    return f"{known.application}/traces" if signal == "traces" else known.application


def _why(refused: Counter[str]) -> str:
    if not refused:
        return ""
    reasons = ", ".join(f"{count} {reason}" for reason, count in refused.items())
    return f"Not kept of its points: {reasons}. An environment has {SERIES} series at most."
