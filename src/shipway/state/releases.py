"""Releases: an artifact with one version of one environment's configuration; and which of them serves."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, UnaryExpression, delete, exists, func, insert, select, update
from sqlalchemy.sql.operators import custom_op

from shipway.state import facts, ids
from shipway.state.tables import deployments, releases, serving


@dataclass(frozen=True)
class Release:
    id: str
    application: str
    environment: str
    number: int
    digest: str
    commit: str
    configuration: int
    created: float

    @property
    def name(self) -> str:
        """The name by which instances and the router know it; unique on a machine."""
        return f"{self.application}.{self.environment}.r{self.number}"


@dataclass(frozen=True)
class Serving:
    """What an environment serves; `warm` is the release before, its web kept running until `warm_until`."""

    application: str
    environment: str
    release: str
    deployment: str
    epoch: int
    since: float
    warm: str | None
    warm_until: float | None


def make(
    conn: Connection, *, application: str, environment: str, digest: str, commit: str, configuration: int
) -> Release:
    """The release of this artifact and configuration: the one there is, or a new one, the next number."""
    query = select(releases).where(
        releases.c.application == application,
        releases.c.environment == environment,
        releases.c.digest == digest,
        releases.c.commit == commit,
        releases.c.configuration == configuration,
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is not None:
        return Release(**row)
    last = conn.execute(
        select(func.coalesce(func.max(releases.c.number), 0)).where(
            releases.c.application == application, releases.c.environment == environment
        )
    ).scalar_one()
    release = ids.new(conn, releases)
    conn.execute(
        insert(releases).values(
            id=release,
            application=application,
            environment=environment,
            number=last + 1,
            digest=digest,
            commit=commit,
            configuration=configuration,
            created=time.time(),
        )
    )
    facts.record(
        conn,
        "release.made",
        application=application,
        environment=environment,
        commit=commit,
        data={"release": release, "number": last + 1, "digest": digest, "configuration": configuration},
    )
    return get(conn, release)


def get(conn: Connection, release: str) -> Release:
    """The release with this id, which must exist."""
    return Release(**conn.execute(select(releases).where(releases.c.id == release)).mappings().one())


def those(conn: Connection, found: Collection[str]) -> dict[str, Release]:
    """The releases with these ids, by them."""
    query = select(releases).where(releases.c.id.in_(found))
    return {row["id"]: Release(**row) for row in conn.execute(query).mappings()}


def recent(
    conn: Connection, application: str, environment: str, limit: int = 20, before: int | None = None
) -> list[Release]:
    """The newest releases of an environment first; with `before`, of those with a smaller number."""
    newest = () if before is None else (releases.c.number < before,)
    query = (
        select(releases)
        .where(releases.c.application == application, releases.c.environment == environment, *newest)
        .order_by(releases.c.number.desc())
        .limit(limit)
    )
    return [Release(**row) for row in conn.execute(query).mappings()]


def that_served(conn: Connection, other: Release, below: int | None = None) -> Iterator[Release]:
    """The releases that ever had all requests in the environment of `other`, without that one: what was made to
    serve last first; with `below` those with a smaller number, the newest first. As far as anybody reads on.
    """
    here = deployments.c.application == other.application, deployments.c.environment == other.environment
    served = select(releases).join_from(deployments, releases, deployments.c.release == releases.c.id)
    if below is None:
        order = served.where(*here, deployments.c.state == "done").order_by(deployments.c.epoch.desc())
    else:
        query = select(releases).where(
            releases.c.application == other.application,
            releases.c.environment == other.environment,
            releases.c.number < below,
            exists().where(deployments.c.release == releases.c.id, deployments.c.state == "done"),
        )
        order = query.order_by(releases.c.number.desc())
    seen = {other.id}
    with conn.execute(order) as found:
        for row in found.mappings():
            if row["id"] not in seen:
                seen.add(row["id"])
                yield Release(**row)


def commits(conn: Connection, named: Collection[str]) -> dict[str, str]:
    """The commits of the releases with these names at least, by them: a question for each application."""
    columns = releases.c
    by_application = defaultdict(list)
    for name in named:
        application, environment, number = name.split(".")
        by_application[application].append((environment, int(number[1:])))
    found = {}
    for application, those in by_application.items():
        query = select(columns.environment, columns.number, columns.commit).where(
            columns.application == application,
            columns.environment.in_({environment for environment, _ in those}),
            columns.number.in_({number for _, number in those}),
        )
        for environment, number, commit in conn.execute(query):
            found[f"{application}.{environment}.r{number}"] = commit
    return found


def numbered(conn: Connection, application: str, environment: str, number: int) -> Release | None:
    """The release people call r<number>."""
    query = select(releases).where(
        releases.c.application == application,
        releases.c.environment == environment,
        releases.c.number == number,
    )
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Release(**row)


def of_commit(conn: Connection, application: str, environment: str, commit: str) -> list[Release]:
    """The releases of a commit, or of all whose ids begin with the hexadecimal digits given, newest first."""
    query = (
        select(releases)
        .where(
            releases.c.commit.between(commit, f"{commit}g"),  # no digit comes after f
            _unindexed(releases.c.application) == application,  # few share a commit, many an environment
            _unindexed(releases.c.environment) == environment,
        )
        .order_by(_unindexed(releases.c.number).desc())
        .limit(20)
    )
    return [Release(**row) for row in conn.execute(query).mappings()]


def _unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same value, by which no index is looked in (sqlite.org/optoverview: a unary +)."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def numbers(conn: Connection, found: Collection[str]) -> dict[tuple[str, str, str], list[tuple[float, int]]]:
    """When each release of these commits (whole ids) was made and what people call it, oldest first, by
    application, environment and commit.
    """
    columns = releases.c
    which = (columns.application, columns.environment, columns.commit, columns.created, columns.number)
    made = defaultdict(list)
    for application, environment, commit, created, number in conn.execute(
        select(*which).where(columns.commit.in_(found)).order_by(columns.number)
    ):
        made[application, environment, commit].append((created, number))
    return made


def now_serving(conn: Connection, application: str, environment: str) -> Serving | None:
    """What the environment serves; nothing before its first deployment."""
    query = select(serving).where(serving.c.application == application, serving.c.environment == environment)
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Serving(**row)


def serving_of(conn: Connection, application: str) -> list[Serving]:
    """What every environment of an application serves."""
    query = select(serving).where(serving.c.application == application).order_by(serving.c.environment)
    return [Serving(**row) for row in conn.execute(query).mappings()]


def all_serving(conn: Connection) -> list[Serving]:
    """What every environment serves."""
    query = select(serving).order_by(serving.c.application, serving.c.environment)
    return [Serving(**row) for row in conn.execute(query).mappings()]


def digests_kept(conn: Connection, last: int) -> set[str]:
    """The artifacts of the last `last` releases of each environment, and of what serves or is kept warm."""
    rank = func.row_number().over(
        partition_by=(releases.c.application, releases.c.environment), order_by=releases.c.number.desc()
    )
    ranked = select(releases.c.id, releases.c.digest, rank.label("rank")).subquery()
    in_use = select(serving.c.release).union(select(serving.c.warm).where(serving.c.warm.is_not(None)))
    query = select(ranked.c.digest).where((ranked.c.rank <= last) | ranked.c.id.in_(in_use))
    return set(conn.execute(query).scalars())


def serve(conn: Connection, release: Release, *, deployment: str, epoch: int, warm_until: float | None) -> None:
    """Records that `release` has the traffic; what had it before is warm until `warm_until`.

    A record with a higher epoch stays as it is (BARS R5).
    """
    before = now_serving(conn, release.application, release.environment)
    if before is not None and before.epoch > epoch:
        return
    warm = None
    if before is not None and before.release != release.id and warm_until is not None:
        warm = before.release
    elif before is not None and before.release == release.id:
        warm, warm_until = before.warm, before.warm_until
    values = {
        "release": release.id,
        "deployment": deployment,
        "epoch": epoch,
        "since": time.time(),
        "warm": warm,
        "warm_until": warm_until if warm is not None else None,
    }
    if before is None:
        conn.execute(
            insert(serving).values(application=release.application, environment=release.environment, **values)
        )
    else:
        conn.execute(
            update(serving)
            .where(
                serving.c.application == release.application,
                serving.c.environment == release.environment,
            )
            .values(**values)
        )


def serve_nothing(conn: Connection, now: Serving) -> None:
    """Records that the environment serves nothing again: its first deployment was undone."""
    conn.execute(
        delete(serving).where(
            serving.c.application == now.application,
            serving.c.environment == now.environment,
            serving.c.release == now.release,
        )
    )


def cool(conn: Connection, now: Serving) -> None:
    """Records that the release kept warm is warm no longer; nothing when it is not the one of `now` any more."""
    changed = conn.execute(
        update(serving)
        .where(
            serving.c.application == now.application,
            serving.c.environment == now.environment,
            serving.c.warm == now.warm,
            serving.c.warm_until == now.warm_until,
        )
        .values(warm=None, warm_until=None)
    ).rowcount
    if changed:
        facts.record(
            conn,
            "release.cooled",
            application=now.application,
            environment=now.environment,
            data={"release": now.warm},
        )
