"""What was reported becomes part of the record: read, told apart, masked, added up, and then written at once."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from shipway.config.places import Places
from shipway.environments.secrets import KeyLost, Vault
from shipway.signals.errors import event, grouping, samples
from shipway.signals.errors.envelope import object_in
from shipway.signals.errors.event import Event
from shipway.signals.errors.intake import Intake, Report
from shipway.signals.errors.origin import Origin
from shipway.signals.errors.refusals import ReportUnreadable
from shipway.signals.errors.samples import Sample
from shipway.signals.errors.secrecy import without_secrets
from shipway.state import applications, errors, sightings
from shipway.state.database import Connection, Database
from shipway.state.releases import Release
from shipway.state.sightings import Sighting

log = logging.getLogger(__name__)

WIDEST = 200  # characters of a title, of a request, of what an application calls its release
ERRORS = 2000  # of an application; those not seen for the longest time are forgotten


@dataclass
class _Alike:
    """Reports of one error from one release."""

    application: str
    environment: str
    fingerprint: str
    release: Release | None
    named: str
    secrets: list[bytes]
    reports: list[tuple[Report, Event]] = field(default_factory=list)


@dataclass(frozen=True)
class Accepted:
    """A report that was recorded, as it came (JSON), and what is secret where it came from."""

    application: str
    environment: str
    event: bytes
    secrets: list[bytes]


class Recorder:
    """Records what an intake has taken; one thread alone may use it."""

    def __init__(self, database: Database, places: Places, vault: Vault, intake: Intake) -> None:
        self._database = database
        self._places = places
        self._vault = vault
        self._intake = intake

    def record(self, reports: Sequence[Report]) -> list[Accepted]:
        """Counts the reports in one transaction, and keeps the newest of each error as samples; those counted."""
        with self._database.read() as conn:
            alike = self._told_apart(conn, reports)
        seen = [(each, _sighting(each)) for each in alike]
        if not seen:
            return []
        with self._database.write() as conn:
            counted = [(each, sightings.add(conn, sighting)[0]) for each, sighting in seen]
        for each, error in counted:
            for report, told in each.reports[-samples.KEPT :]:
                samples.keep(self._places, error.application, error.id, _sample(each, report, told))
        return [
            Accepted(each.application, each.environment, report.event, each.secrets)
            for each in alike
            for report, _ in each.reports
        ]

    def tidy(self) -> None:
        """Forgets the errors of each application beyond ERRORS, and samples beyond their size."""
        with self._database.read() as conn:
            names = [application.name for application in applications.every(conn)]
        for name in names:
            samples.tidy(self._places, name)
            with self._database.read() as conn:
                if errors.how_many(conn, name) <= ERRORS:
                    continue
            with self._database.write() as conn:
                dropped = errors.forget(conn, name, ERRORS)
            for error in dropped:
                samples.forget(self._places, name, error)

    def _told_apart(self, conn: Connection, reports: Sequence[Report]) -> list[_Alike]:
        """Of an environment whose secrets cannot be opened nothing is taken: nothing could be masked."""
        origins: dict[tuple[str, str], Origin] = {}
        found: dict[tuple[str, ...], _Alike] = {}
        refused: Counter[str] = Counter()
        for report in reports:
            where = (report.application, report.environment)
            origin = origins.setdefault(where, Origin(conn, self._vault, *where))
            try:
                told = event.read(object_in(report.event))
                alike = _kind(origin, report, told)
            except (ReportUnreadable, RecursionError, KeyLost) as error:
                refused[str(error) or "It is nested too deeply."] += 1
                self._intake.drop(report.application)
                continue
            key = (*where, alike.fingerprint, alike.named)
            found.setdefault(key, alike).reports.append((report, told))
        for reason, count in refused.items():
            log.warning("%d reports of errors were dropped: %s", count, reason)
        return list(found.values())


def _kind(origin: Origin, report: Report, told: Event) -> _Alike:
    release = origin.release(told.release)
    return _Alike(
        report.application,
        report.environment,
        grouping.fingerprint(told),
        release,
        told.release if release is None else release.id,
        origin.secrets,
    )


def _sighting(alike: _Alike) -> Sighting:
    """The sum; its words are those of the newest report, masked first and only then cut."""
    newest = alike.reports[-1][1]
    asked = Counter((told.request, told.check) for _, told in alike.reports if told.request)
    words = [
        grouping.title(newest),
        grouping.place(newest),
        newest.level,
        alike.named,
        *(what for what, _ in asked),
    ]
    title, place, level, named, *shown = (word[:WIDEST] for word in without_secrets(words, alike.secrets))
    requests = [_by(what, check) for what, (_, check) in zip(shown, asked, strict=True)]
    return Sighting(
        application=alike.application,
        environment=alike.environment,
        fingerprint=alike.fingerprint,
        title=title,
        place=place,
        level=level,
        release=alike.release,
        named=named,
        first=alike.reports[0][0].received,
        last=alike.reports[-1][0].received,
        count=len(alike.reports),
        checks=sum(bool(told.check) for _, told in alike.reports),
        requests=_together(requests, list(asked.values())),
    )


def _by(request: str, check: str) -> str:
    """A request, and which check of Shipway's sent it."""
    return f"{request}, asked by {check}" if check else request


def _together(shown: Sequence[str], counts: Sequence[int]) -> Counter[str]:
    """What looks the same now is the same."""
    together: Counter[str] = Counter()
    for request, count in zip(shown, counts, strict=True):
        together[request] += count
    return together


def _sample(alike: _Alike, report: Report, told: Event) -> Sample:
    about = {
        "received": report.received,
        "environment": alike.environment,
        "release": None if alike.release is None else alike.release.id,
        "release_number": None if alike.release is None else alike.release.number,
        "commit": None if alike.release is None else alike.release.commit,
        "named": told.release,
    }
    return samples.make(told, about, alike.secrets)
