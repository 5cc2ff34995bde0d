"""The errors that applications reported: one row for each kind, with where and how often it was seen.

The reports themselves are files.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, delete, exists, func, or_, select, update

from shipway.state import facts
from shipway.state.tables import error_places, error_releases, error_requests, errors, releases


@dataclass(frozen=True)
class Error:
    """One kind of error; people call it by its number. `state` is open or resolved.

    `checks` of the `count` were asked for by Shipway's own checks, as far as reports say.
    """

    id: str
    application: str
    number: int
    fingerprint: str
    title: str
    place: str
    level: str
    state: str
    first_seen: float
    last_seen: float
    count: int
    checks: int
    resolved: float | None
    resolved_by: str | None
    resolved_after: Mapping[str, int] | None
    regressed: float | None


@dataclass(frozen=True)
class Place:
    """An error in one environment: `release` is where it was new, or came back; null when it was none of ours."""

    error: str
    environment: str
    release: str | None
    first_seen: float
    last_seen: float
    count: int
    checks: int
    suspicion: Mapping[str, Any] | None


@dataclass(frozen=True)
class InRelease:
    """An error in one release; `named` is what the application called it when `release` is null."""

    error: str
    environment: str
    named: str
    release: str | None
    first_seen: float
    last_seen: float
    count: int
    checks: int


@dataclass(frozen=True)
class Known:
    """An environment that has an error: the number of the release that brought it, if it was one of ours, and whom
    the suspicion there names.
    """

    environment: str
    release: int | None
    commit: str
    author: str


def get(conn: Connection, error: str) -> Error:
    """The error with this id, which must exist."""
    return Error(**conn.execute(select(errors).where(errors.c.id == error)).mappings().one())


def find(conn: Connection, error: str) -> Error | None:
    """The error with this id, unless it was forgotten."""
    row = conn.execute(select(errors).where(errors.c.id == error)).mappings().one_or_none()
    return None if row is None else Error(**row)


def numbers(conn: Connection, found: Collection[str]) -> dict[str, int]:
    """What people call the errors with these ids, unless they were forgotten."""
    query = select(errors.c.id, errors.c.number).where(errors.c.id.in_(found))
    return {row.id: row.number for row in conn.execute(query)}


def numbered(conn: Connection, application: str, number: int) -> Error | None:
    """The error that people call by this number."""
    query = select(errors).where(errors.c.application == application, errors.c.number == number)
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Error(**row)


def recent(
    conn: Connection,
    application: str,
    *,
    environment: str | None = None,
    state: str | None = None,
    limit: int = 100,
) -> list[Error]:
    """Those that were seen last come first."""
    query = select(errors).where(errors.c.application == application)
    if environment is not None:
        here = error_places.c.error == errors.c.id, error_places.c.environment == environment
        query = query.where(exists().where(*here))  # asked of those that are looked at, not of all there are
    if state is not None:
        query = query.where(errors.c.state == state)
    query = query.order_by(errors.c.last_seen.desc(), errors.c.number.desc()).limit(limit)
    return [Error(**row) for row in conn.execute(query).mappings()]


def newest(conn: Connection, limit: int) -> list[Error]:
    """The errors of all applications that were seen last, the newest first: of each state at most `limit`."""
    place = func.row_number().over(partition_by=errors.c.state, order_by=errors.c.last_seen.desc())
    ranked = select(errors.c.id, place.label("place")).subquery()
    query = select(errors).join(ranked, ranked.c.id == errors.c.id).where(ranked.c.place <= limit)
    return [Error(**row) for row in conn.execute(query.order_by(errors.c.last_seen.desc())).mappings()]


def how_many(conn: Connection, application: str) -> int:
    """How many errors of an application are on record."""
    query = select(func.count()).select_from(errors).where(errors.c.application == application)
    return int(conn.execute(query).scalar_one())


def open_in(conn: Connection, application: str, environment: str) -> int:
    """How many open errors an environment has."""
    query = select(func.count()).select_from(errors.join(error_places, error_places.c.error == errors.c.id))
    return int(conn.execute(query.where(*_open_in(application, environment))).scalar_one())


def open_of(conn: Connection, application: str, environment: str, those: Collection[str]) -> int:
    """How many of them any of those releases had, or one that is none of ours."""
    of = or_(error_releases.c.release.in_(those), error_releases.c.release.is_(None))
    query = select(func.count(errors.c.id.distinct())).select_from(_met_in())
    return int(conn.execute(query.where(*_open_in(application, environment), of)).scalar_one())


def last_open_of(conn: Connection, application: str, environment: str) -> str | None:
    """The release, by its id, that had one of them last; None where it was none of ours."""
    query = select(error_releases.c.release).select_from(_met_in())
    query = query.where(*_open_in(application, environment)).order_by(error_releases.c.last_seen.desc()).limit(1)
    return conn.execute(query).scalar()


def _open_in(application: str, environment: str) -> tuple[ColumnElement[bool], ...]:
    of = errors.c.application == application, errors.c.state == "open"
    return *of, error_places.c.environment == environment


def _met_in() -> FromClause:
    """The errors with where they were met, and in which releases there."""
    here = error_releases.c.error == errors.c.id, error_releases.c.environment == error_places.c.environment
    return errors.join(error_places, error_places.c.error == errors.c.id).join(error_releases, and_(*here))


def places(conn: Connection, error: str) -> list[Place]:
    """The environments that have the error, the one that had it first before the others."""
    query = select(error_places).where(error_places.c.error == error).order_by(error_places.c.first_seen)
    return [Place(**row) for row in conn.execute(query).mappings()]


def places_of(conn: Connection, those: Collection[str]) -> dict[str, list[Place]]:
    """The same of these errors, by their ids."""
    query = select(error_places).where(error_places.c.error.in_(those)).order_by(error_places.c.first_seen)
    found: dict[str, list[Place]] = {error: [] for error in those}
    for row in conn.execute(query).mappings():
        found[row["error"]].append(Place(**row))
    return found


def known_of(conn: Connection, those: Collection[str]) -> dict[str, list[Known]]:
    """What a list says of these errors, by their ids, in the same order; evidence is left unread."""
    suspected = [error_places.c.suspicion[name].as_string().label(name) for name in ("commit", "author")]
    query = (
        select(error_places.c.error, error_places.c.environment, releases.c.number.label("release"), *suspected)
        .select_from(error_places.outerjoin(releases, releases.c.id == error_places.c.release))
        .where(error_places.c.error.in_(those))
        .order_by(error_places.c.first_seen)
    )
    found: dict[str, list[Known]] = {error: [] for error in those}
    for error, environment, release, commit, author in conn.execute(query):
        found[error].append(Known(environment, release, commit or "", author or ""))
    return found


def in_releases(conn: Connection, error: str) -> list[InRelease]:
    """The releases that had the error, the newest sighting first."""
    query = select(error_releases).where(error_releases.c.error == error)
    rows = conn.execute(query.order_by(error_releases.c.last_seen.desc())).mappings()
    return [InRelease(**row) for row in rows]


def had(conn: Connection, error: str, release: str) -> bool:
    """Whether a release, by its id, had the error."""
    query = select(error_releases.c.error).where(
        error_releases.c.error == error, error_releases.c.release == release
    )
    return conn.execute(query.limit(1)).first() is not None


def requests(conn: Connection, error: str) -> dict[str, int]:
    """How often the error came from which request, most often first."""
    query = select(error_requests.c.request, error_requests.c.count).where(error_requests.c.error == error)
    rows = conn.execute(query.order_by(error_requests.c.count.desc(), error_requests.c.request))
    return {row[0]: row[1] for row in rows}


def suspected_of(conn: Connection, application: str, commit: str) -> list[tuple[Error, Place]]:
    """The errors that a commit is suspected of, with the environments in which it is, oldest first."""
    query = (
        select(error_places)
        .join(errors, errors.c.id == error_places.c.error)
        .where(errors.c.application == application, error_places.c.suspicion["commit"].as_string() == commit)
        .order_by(error_places.c.first_seen)
    )
    found = [Place(**row) for row in conn.execute(query).mappings()]
    return [(get(conn, place.error), place) for place in found]


def resolve(conn: Connection, error: Error, who: str) -> bool:
    """Says that it is mended; False when it is resolved already.

    What has it until now may go on having it: in an environment where it was seen, up to the newest release that
    had it; in another, up to the newest one there is. Anything later is a regression.
    """
    after = _newest_numbers(conn, error.application) | _newest_with(conn, error.id)
    changed = conn.execute(
        update(errors)
        .where(errors.c.id == error.id, errors.c.state == "open")
        .values(state="resolved", resolved=time.time(), resolved_by=who, resolved_after=after)
    ).rowcount
    if changed:
        data = {"error": error.id, "number": error.number, "title": error.title}
        facts.record(conn, "error.resolved", application=error.application, who=who, data=data)
    return bool(changed)


def reopen(conn: Connection, error: Error, who: str) -> bool:
    """Takes back that it is mended; False when it is open already. It counts and is suspected as before, and who
    had resolved it before it came back stays known.
    """
    resolved, by = _resolved_before(conn, error)
    changed = conn.execute(
        update(errors)
        .where(errors.c.id == error.id, errors.c.state == "resolved")
        .values(state="open", resolved=resolved, resolved_by=by, resolved_after=None)
    ).rowcount
    if changed:
        data = {"error": error.id, "number": error.number, "title": error.title, "resolved_by": error.resolved_by}
        facts.record(conn, "error.reopened", application=error.application, who=who, data=data)
    return bool(changed)


def _resolved_before(conn: Connection, error: Error) -> tuple[float | None, str | None]:
    """When and by whom it was resolved before it came back last; nothing where it never did."""
    if error.regressed is None:
        return None, None
    back = facts.newest_of_error(conn, "error.regressed", error.application, error.id)
    if back is None:
        return None, None
    before = facts.newest_of_error(conn, "error.resolved", error.application, error.id, before=back.id)
    return (None, None) if before is None else (before.at, before.who)


def unsuspected(conn: Connection, limit: int = 20) -> list[tuple[Error, Place]]:
    """Errors that are new or came back and that nobody has looked at yet, oldest first."""
    query = (
        select(error_places)
        .where(error_places.c.suspicion.is_(None))
        .order_by(error_places.c.first_seen)
        .limit(limit)
    )
    found = [Place(**row) for row in conn.execute(query).mappings()]
    return [(get(conn, place.error), place) for place in found]


def suspected_since(conn: Connection, since: float) -> list[tuple[Error, Place]]:
    """Those of which a commit is suspected, seen there first, or again, after a moment (seconds since 1970), that
    another release of the environment has as well.
    """
    others = select(error_releases.c.error).where(
        error_releases.c.error == error_places.c.error,
        error_releases.c.environment == error_places.c.environment,
        error_releases.c.release != error_places.c.release,
        error_releases.c.last_seen > since,
    )
    query = (
        select(error_places)
        .join(errors, errors.c.id == error_places.c.error)
        .where(
            (error_places.c.first_seen > since) | (errors.c.regressed > since),
            error_places.c.suspicion["commit"].as_string().is_not(None),
            others.exists(),
        )
    )
    found = [Place(**row) for row in conn.execute(query).mappings()]
    return [(get(conn, place.error), place) for place in found]


def suspect_no_more(conn: Connection, place: Place) -> bool:
    """Forgets who is suspected, so that it is looked at anew; False when somebody has in between."""
    same = (error_places.c.error == place.error, error_places.c.environment == place.environment)
    known = (error_places.c.suspicion.is_not(None), error_places.c.release.is_not_distinct_from(place.release))
    return bool(conn.execute(update(error_places).where(*same, *known).values(suspicion=None)).rowcount)


def suspect(conn: Connection, error: Error, place: Place, suspicion: Mapping[str, Any]) -> bool:
    """Records which commit is suspected, or why none is; False when somebody has looked in between."""
    same = (error_places.c.error == place.error, error_places.c.environment == place.environment)
    changed = conn.execute(
        update(error_places)
        .where(
            *same, error_places.c.suspicion.is_(None), error_places.c.release.is_not_distinct_from(place.release)
        )
        .values(suspicion=dict(suspicion))
    ).rowcount
    if changed:
        facts.record(
            conn,
            "error.suspected",
            application=error.application,
            environment=place.environment,
            commit=_commit(conn, place.release),
            data={"error": error.id, "number": error.number, "title": error.title, **suspicion},
        )
    return bool(changed)


def forget(conn: Connection, application: str, keep: int) -> list[str]:
    """Drops all but the `keep` errors that were seen last; the ids of those dropped."""
    kept = (
        select(errors.c.id)
        .where(errors.c.application == application)
        .order_by(errors.c.last_seen.desc())
        .limit(keep)
    )
    query = select(errors.c.id).where(errors.c.application == application, errors.c.id.not_in(kept))
    dropped = list(conn.execute(query).scalars())
    conn.execute(delete(errors).where(errors.c.id.in_(dropped)))
    return dropped


def _newest_numbers(conn: Connection, application: str) -> dict[str, int]:
    query = (
        select(releases.c.environment, func.max(releases.c.number))
        .where(releases.c.application == application)
        .group_by(releases.c.environment)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def _newest_with(conn: Connection, error: str) -> dict[str, int]:
    query = (
        select(releases.c.environment, func.max(releases.c.number))
        .join(error_releases, error_releases.c.release == releases.c.id)
        .where(error_releases.c.error == error)
        .group_by(releases.c.environment)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def _commit(conn: Connection, release: str | None) -> str | None:
    if release is None:
        return None
    return conn.execute(select(releases.c.commit).where(releases.c.id == release)).scalar()
