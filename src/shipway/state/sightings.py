"""Counting what applications report. What reports may add to the record is bounded here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, null, select, update

from shipway.state import deployments, facts, ids, releases
from shipway.state.errors import Error, get
from shipway.state.releases import Release
from shipway.state.tables import error_places, error_releases, error_requests, errors

NEW_AN_HOUR = 100
"""So many errors of an application may be new within an hour; what differs beyond that is one error."""

RELEASES = 50
REQUESTS = 20
"""How many names of releases are told apart in an environment, and how many requests of an error."""

OTHER = "others"
HOUR = 3600.0
ASIDE: Mapping[str, Any] = {
    "aside": True,
    "reason": "Only r{} has reported it, while it was kept warm behind what serves.",
    "commit": None,
    "evidence": [],
    "candidates": [],
    "files": [],
}
"""What is said of who did it, where only a release that was kept warm has reported it."""

What = Literal["new", "regressed", "known"]


@dataclass(frozen=True)
class Sighting:
    """Reports of one kind from one release, added up: `requests` says how many of them came from which, and
    `checks` how many of them Shipway's own checks had asked for.
    """

    application: str
    environment: str
    fingerprint: str
    title: str
    place: str
    level: str
    release: Release | None
    named: str
    first: float
    last: float
    count: int
    checks: int
    requests: Mapping[str, int]


def add(conn: Connection, seen: Sighting) -> tuple[Error, What]:
    """Counts a sighting; records `error.new` for an environment that did not have the error before, and
    `error.regressed` when it was resolved and a later release has it again.

    From a release that is only kept warm it is counted, and neither: whoever asks that one knows why.
    """
    error = _known(conn, seen) or _make(conn, seen)
    what = _what(conn, error, seen)
    aside = what != "known" and _is_kept_warm(conn, seen)
    conn.execute(
        update(errors)
        .where(errors.c.id == error.id)
        .values(
            last_seen=func.max(errors.c.last_seen, seen.last),
            count=errors.c.count + seen.count,
            checks=errors.c.checks + seen.checks,
            level=seen.level,
        )
    )
    _count_place(conn, error, seen)
    _count_release(conn, error, seen)
    _count_requests(conn, error, seen)
    if aside and what == "new":
        _set_aside(conn, error, seen)
    elif what != "known" and not aside:
        _enter(conn, error, seen, what)
    return get(conn, error.id), "known" if aside else what


def _known(conn: Connection, seen: Sighting) -> Error | None:
    query = select(errors).where(
        errors.c.application == seen.application, errors.c.fingerprint == seen.fingerprint
    )
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Error(**row)


def _make(conn: Connection, seen: Sighting) -> Error:
    """A new row, or the one for all that differs too much to be told apart."""
    since = (errors.c.application == seen.application, errors.c.first_seen > seen.last - HOUR)
    fingerprint, title, place = seen.fingerprint, seen.title, seen.place
    if conn.execute(select(func.count()).select_from(errors).where(*since)).scalar_one() >= NEW_AN_HOUR:
        fingerprint, title, place = OTHER, "Errors that differ too much to be told apart", ""
        known = select(errors).where(errors.c.application == seen.application, errors.c.fingerprint == OTHER)
        row = conn.execute(known).mappings().one_or_none()
        if row is not None:
            return Error(**row)
    highest = select(func.coalesce(func.max(errors.c.number), 0)).where(errors.c.application == seen.application)
    made = ids.new(conn, errors)
    conn.execute(
        insert(errors).values(
            id=made,
            application=seen.application,
            number=conn.execute(highest).scalar_one() + 1,
            fingerprint=fingerprint,
            title=title,
            place=place,
            level=seen.level,
            state="open",
            first_seen=seen.first,
            last_seen=seen.last,
            count=0,
        )
    )
    return get(conn, made)


def _what(conn: Connection, error: Error, seen: Sighting) -> What:
    if error.state == "resolved":
        return "regressed" if _is_later(conn, error, seen) else "known"
    here = conn.execute(select(error_places.c.suspicion).where(*_in_environment(error, seen))).first()
    return "new" if here is None or (here.suspicion or {}).get("aside") else "known"


def _is_kept_warm(conn: Connection, seen: Sighting) -> bool:
    """Whether it comes from the release that a deployment took all requests from: Shipway itself asks that one."""
    now = releases.now_serving(conn, seen.application, seen.environment)
    if now is None or seen.release is None or now.warm != seen.release.id:
        return False
    return deployments.get(conn, now.deployment).kind == "deploy"


def _set_aside(conn: Connection, error: Error, seen: Sighting) -> None:
    """Nobody is looked for, and a release that serves may still bring it as new."""
    said = {**ASIDE, "reason": ASIDE["reason"].format(None if seen.release is None else seen.release.number)}
    conn.execute(
        update(error_places)
        .where(*_in_environment(error, seen), error_places.c.suspicion.is_(None))
        .values(suspicion=said)
    )


def _is_later(conn: Connection, error: Error, seen: Sighting) -> bool:
    """Whether it comes from a release that did not have it when it was resolved."""
    if seen.release is not None:
        return seen.release.number > (error.resolved_after or {}).get(seen.environment, 0)
    had = select(error_releases.c.error).where(
        error_releases.c.error == error.id,
        error_releases.c.environment == seen.environment,
        error_releases.c.named == seen.named,
    )
    return conn.execute(had).first() is None


def _enter(conn: Connection, error: Error, seen: Sighting, what: What) -> None:
    """The error is new here, or back: from this release on, and somebody has to look who did it."""
    release = None if seen.release is None else seen.release.id
    conn.execute(
        update(error_places).where(*_in_environment(error, seen)).values(release=release, suspicion=null())
    )
    if what == "regressed":
        conn.execute(update(errors).where(errors.c.id == error.id).values(state="open", regressed=seen.last))
    facts.record(
        conn,
        f"error.{what}",
        application=error.application,
        environment=seen.environment,
        commit=None if seen.release is None else seen.release.commit,
        data={
            "error": error.id,
            "number": error.number,
            "title": error.title,
            "place": error.place,
            "level": seen.level,
            "release": release,
            "release_number": None if seen.release is None else seen.release.number,
            "resolved_by": error.resolved_by if what == "regressed" else None,
        },
    )


def _count_place(conn: Connection, error: Error, seen: Sighting) -> None:
    changed = conn.execute(
        update(error_places).where(*_in_environment(error, seen)).values(**_added(error_places, seen))
    ).rowcount
    if not changed:
        conn.execute(
            insert(error_places).values(
                error=error.id,
                environment=seen.environment,
                release=None if seen.release is None else seen.release.id,
                first_seen=seen.first,
                last_seen=seen.last,
                count=seen.count,
                checks=seen.checks,
            )
        )


def _count_release(conn: Connection, error: Error, seen: Sighting) -> None:
    here = (error_releases.c.error == error.id, error_releases.c.environment == seen.environment)
    named, release = seen.named, None if seen.release is None else seen.release.id
    if not _add_to(conn, error_releases, (*here, error_releases.c.named == named), seen):
        many = conn.execute(select(func.count()).select_from(error_releases).where(*here)).scalar_one()
        if many >= RELEASES:
            named, release = OTHER, None
            if _add_to(conn, error_releases, (*here, error_releases.c.named == named), seen):
                return
        conn.execute(
            insert(error_releases).values(
                error=error.id,
                environment=seen.environment,
                named=named,
                release=release,
                first_seen=seen.first,
                last_seen=seen.last,
                count=seen.count,
                checks=seen.checks,
            )
        )


def _add_to(conn: Connection, table: Any, where: tuple[ColumnElement[bool], ...], seen: Sighting) -> bool:
    return bool(conn.execute(update(table).where(*where).values(**_added(table, seen))).rowcount)


def _added(table: Any, seen: Sighting) -> dict[str, Any]:
    return {
        "last_seen": func.max(table.c.last_seen, seen.last),
        "count": table.c.count + seen.count,
        "checks": table.c.checks + seen.checks,
    }


def _count_requests(conn: Connection, error: Error, seen: Sighting) -> None:
    """The requests that were seen last are kept."""
    for request, count in seen.requests.items():
        same = (error_requests.c.error == error.id, error_requests.c.request == request)
        values = {"last_seen": seen.last, "count": error_requests.c.count + count}
        if not conn.execute(update(error_requests).where(*same).values(**values)).rowcount:
            conn.execute(
                insert(error_requests).values(error=error.id, request=request, last_seen=seen.last, count=count)
            )
    kept = _newest_requests(error)
    conn.execute(
        delete(error_requests).where(error_requests.c.error == error.id, error_requests.c.request.not_in(kept))
    )


def _newest_requests(error: Error) -> Select[tuple[str]]:
    return (
        select(error_requests.c.request)
        .where(error_requests.c.error == error.id)
        .order_by(error_requests.c.last_seen.desc(), error_requests.c.request)
        .limit(REQUESTS)
    )


def _in_environment(error: Error, seen: Sighting) -> tuple[ColumnElement[bool], ...]:
    return error_places.c.error == error.id, error_places.c.environment == seen.environment
