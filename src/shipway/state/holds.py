"""Holds: recorded reasons not to deploy, read by the release gate."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from shipway.state.tables import holds


@dataclass(frozen=True)
class Hold:
    """Without an environment it holds them all, without a commit every commit; `until` null: until lifted."""

    id: str
    application: str
    environment: str | None
    commit: str | None
    kind: str
    why: str
    who: str
    created: float
    until: float | None
    lifted: float | None


def on(conn: Connection, application: str, environment: str, commit: str) -> list[Hold]:
    """The holds in force on deploying this commit there, oldest first."""
    query = (
        select(holds)
        .where(
            holds.c.application == application,
            or_(holds.c.environment.is_(None), holds.c.environment == environment),
            or_(holds.c.commit.is_(None), holds.c.commit == commit),
            holds.c.lifted.is_(None),
            or_(holds.c.until.is_(None), holds.c.until > time.time()),
        )
        .order_by(holds.c.id)
    )
    return [Hold(**row) for row in conn.execute(query).mappings()]
