"""Facts: what happened, appended and never changed. Every change of state records one beside it."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select

from shipway.state.tables import facts


@dataclass(frozen=True)
class Fact:
    """Something that happened at `at` (seconds since 1970): `kind` is "<noun>.<past verb>"."""

    id: int
    at: float
    kind: str
    application: str | None
    run: str | None
    environment: str | None
    commit: str | None
    who: str | None
    data: Mapping[str, Any]


def record(
    conn: Connection,
    kind: str,
    *,
    application: str | None = None,
    run: str | None = None,
    environment: str | None = None,
    commit: str | None = None,
    who: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Appends a fact in the transaction of the change it tells of.

    The audit events `shipway.fact` name the places where a crash is tried (BARS R2): "before" is raised here,
    in the open transaction; "after" by `Database.write` once it is committed.
    """
    sys.audit("shipway.fact", kind, "before")
    conn.info.setdefault("facts", []).append(kind)
    conn.execute(
        insert(facts).values(
            at=time.time(),
            kind=kind,
            application=application,
            run=run,
            environment=environment,
            commit=commit,
            who=who,
            data=dict(data or {}),
        )
    )


def after(
    conn: Connection,
    last: int,
    *,
    runs: Sequence[str] | None = None,
    application: str | None = None,
    environment: str | None = None,
    commit: str | None = None,
    kinds: Collection[str] | None = None,
    limit: int | None = 500,
) -> list[Fact]:
    """The facts with an id above `last`, oldest first, at most `limit`; all of them where that is None."""
    asked: dict[str, object] = {"application": application, "environment": environment, "commit": commit}
    asked |= {name: None if those is None else list(those) for name, those in (("runs", runs), ("kinds", kinds))}
    given = {name: value for name, value in (asked | {"limit": limit}).items() if value is not None}
    found = conn.execute(_after(*given), {"last": last, **given})
    return [Fact(**row) for row in found.mappings()]


@cache
def _after(*given: str) -> Select[Any]:
    """Made once for all that ask alike: pages ask this dozens of times, and making it takes longer than asking."""
    query = select(facts).where(facts.c.id > bindparam("last")).order_by(facts.c.id)
    among = {"runs": facts.c.run, "kinds": facts.c.kind}
    for name in given:
        if name in among:
            query = query.where(among[name].in_(bindparam(name, expanding=True)))
        elif name == "limit":
            query = query.limit(bindparam(name))
        else:
            query = query.where(facts.c[name] == bindparam(name))
    return query


def of_runs(conn: Connection, those: Collection[str], kind: str) -> list[Fact]:
    """All facts of a kind about these runs, run after run, each oldest first: as their index has them."""
    query = select(facts).where(facts.c.run.in_(those), facts.c.kind == kind).order_by(facts.c.run, facts.c.id)
    return [Fact(**row) for row in conn.execute(query).mappings()]


def last(
    conn: Connection, kind: str, application: str, *, environment: str | None = None, commit: str | None = None
) -> Fact | None:
    """The newest fact of a kind about an application, and about this environment or commit if one is given."""
    query = select(facts).where(facts.c.application == application, facts.c.kind == kind)
    if environment is not None:
        query = query.where(facts.c.environment == environment)
    if commit is not None:
        query = query.where(facts.c.commit == commit)
    row = conn.execute(query.order_by(facts.c.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Fact(**row)


def newest_of(
    conn: Connection,
    kinds: Collection[str],
    application: str,
    limit: int,
    *,
    environment: str | None = None,
    before: int | None = None,
) -> list[Fact]:
    """The facts of these kinds about an application, and about this environment if one is given, newest first,
    at most `limit`; of those before a fact, if one is given.
    """
    query = select(facts).where(facts.c.application == application, facts.c.kind.in_(kinds))
    if environment is not None:
        query = query.where(facts.c.environment == environment)
    if before is not None:
        query = query.where(facts.c.id < before)
    return [Fact(**row) for row in conn.execute(query.order_by(facts.c.id.desc()).limit(limit)).mappings()]


def last_of_error(conn: Connection, fact: Fact, kinds: Collection[str]) -> Fact | None:
    """The newest fact of these kinds before this one, about the same error in the same environment."""
    query = select(facts).where(
        facts.c.application == fact.application,
        facts.c.environment == fact.environment,
        facts.c.id < fact.id,
        facts.c.kind.in_(kinds),
        facts.c.data["error"].as_string() == fact.data.get("error"),
    )
    row = conn.execute(query.order_by(facts.c.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Fact(**row)


def newest_of_error(
    conn: Connection, kind: str, application: str, error: str, *, before: int | None = None
) -> Fact | None:
    """The newest fact of a kind about an error, wherever it was; of those before a fact, if one is given."""
    query = select(facts).where(
        facts.c.application == application, facts.c.kind == kind, facts.c.data["error"].as_string() == error
    )
    if before is not None:
        query = query.where(facts.c.id < before)
    row = conn.execute(query.order_by(facts.c.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Fact(**row)


def find(conn: Connection, fact: int) -> Fact | None:
    """The fact with this id."""
    row = conn.execute(select(facts).where(facts.c.id == fact)).mappings().one_or_none()
    return None if row is None else Fact(**row)


def touched(conn: Connection, last: int) -> dict[str, set[str]]:
    """The applications that facts with an id above `last` tell of, each with those of its environments that one
    of them names.
    """
    columns = (facts.c.application, facts.c.environment)
    found: dict[str, set[str]] = defaultdict(set)
    for name, environment in conn.execute(
        select(*columns).where(facts.c.id > last).order_by(facts.c.id)  # by its id, not by name
    ):
        if name is not None:
            found[name].update(() if environment is None else (environment,))
    return found


def newest(conn: Connection) -> int:
    """The id of the newest fact, 0 when there is none."""
    return int(conn.execute(select(func.coalesce(func.max(facts.c.id), 0))).scalar_one())
