"""Applications: what is delivered, one repository each."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from shipway.state import facts
from shipway.state.tables import applications


@dataclass(frozen=True)
class Application:
    name: str
    default_branch: str
    created: float


def create(conn: Connection, name: str, default_branch: str, who: str) -> Application:
    """Records an application; one that exists already is returned as it is."""
    existing = find(conn, name)
    if existing is not None:
        return existing
    conn.execute(insert(applications).values(name=name, default_branch=default_branch, created=time.time()))
    facts.record(conn, "application.created", application=name, who=who, data={"default_branch": default_branch})
    return get(conn, name)


def find(conn: Connection, name: str) -> Application | None:
    row = conn.execute(select(applications).where(applications.c.name == name)).mappings().one_or_none()
    return None if row is None else Application(**row)


def get(conn: Connection, name: str) -> Application:
    """The application called `name`, which must exist."""
    return Application(**conn.execute(select(applications).where(applications.c.name == name)).mappings().one())


def set_default_branch(conn: Connection, name: str, branch: str, who: str) -> None:
    """Records which branch says what the application is; one that is so already stays as it is."""
    query = update(applications).where(applications.c.name == name, applications.c.default_branch != branch)
    if conn.execute(query.values(default_branch=branch)).rowcount:
        facts.record(conn, "application.changed", application=name, who=who, data={"default_branch": branch})


def every(conn: Connection) -> list[Application]:
    """All applications, by name."""
    return [Application(**row) for row in conn.execute(select(applications).order_by("name")).mappings()]
