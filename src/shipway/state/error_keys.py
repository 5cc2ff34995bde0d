"""The keys with which applications report their errors: public, one in force for each environment.

A key says who reports, and lets nobody do anything else. It is kept as it is, because every process is told it.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from shipway.state import facts
from shipway.state.tables import error_intakes, error_keys

IN_FORCE = 2
"""So many of an environment's newest keys are good: what runs while a key is rotated goes on reporting."""


@dataclass(frozen=True)
class ErrorKey:
    """`project` is the whole number that stands for the application in the address of a report."""

    key: str
    project: int
    application: str
    environment: str


def newest(conn: Connection, application: str, environment: str) -> ErrorKey | None:
    """The key that the processes of an environment are told; None before the first of them."""
    query = (
        select(error_keys.c.key, error_intakes.c.number, error_keys.c.application, error_keys.c.environment)
        .join(error_intakes, error_intakes.c.application == error_keys.c.application)
        .where(
            error_keys.c.application == application,
            error_keys.c.environment == environment,
            error_keys.c.revoked.is_(None),
        )
        .order_by(error_keys.c.created.desc())
        .limit(1)
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else ErrorKey(*row)


def current(conn: Connection, application: str, environment: str) -> ErrorKey:
    """The same, made when there is none."""
    return newest(conn, application, environment) or _make(conn, application, environment)


def find(conn: Connection, shown: str) -> ErrorKey | None:
    """Whose key was shown; nothing when it is none of ours, or in force no more."""
    query = (
        select(error_keys.c.key, error_intakes.c.number, error_keys.c.application, error_keys.c.environment)
        .join(error_intakes, error_intakes.c.application == error_keys.c.application)
        .where(error_keys.c.key == shown, error_keys.c.revoked.is_(None))
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else ErrorKey(*row)


def rotate(conn: Connection, application: str, environment: str, who: str) -> ErrorKey:
    """A new key, which the next release is told; of the older ones the newest stays good until the next time."""
    made = _make(conn, application, environment)
    good = (
        select(error_keys.c.key)
        .where(error_keys.c.application == application, error_keys.c.environment == environment)
        .order_by(error_keys.c.created.desc())
        .limit(IN_FORCE)
    )
    conn.execute(
        update(error_keys)
        .where(
            error_keys.c.application == application,
            error_keys.c.environment == environment,
            error_keys.c.key.not_in(good),
            error_keys.c.revoked.is_(None),
        )
        .values(revoked=time.time())
    )
    facts.record(conn, "error_key.rotated", application=application, environment=environment, who=who)
    return made


def project(conn: Connection, application: str) -> int:
    """The number of an application in the address of a report, given to it at its first use."""
    query = select(error_intakes.c.number).where(error_intakes.c.application == application)
    number = conn.execute(query).scalar()
    if number is None:
        conn.execute(insert(error_intakes).values(application=application))
        number = conn.execute(query).scalar_one()
    return int(number)


def _make(conn: Connection, application: str, environment: str) -> ErrorKey:
    key = secrets.token_hex(16)
    conn.execute(
        insert(error_keys).values(
            key=key, application=application, environment=environment, created=time.time(), revoked=None
        )
    )
    return ErrorKey(key, project(conn, application), application, environment)
