"""Ports: which ones are given to instances of this machine, and which ones rest."""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, insert, select, update

from shipway.state.tables import ports


def of(conn: Connection, owner: str) -> int | None:
    """The port this owner has taken, or None."""
    query = select(ports.c.port).where(ports.c.owner == owner, ports.c.released.is_(None))
    return conn.execute(query.order_by(ports.c.port)).scalars().first()


def owned(conn: Connection, owner: str) -> list[int]:
    """The ports that are taken by owners whose names begin like this."""
    query = select(ports.c.port).where(
        ports.c.owner.startswith(owner, autoescape=True), ports.c.released.is_(None)
    )
    return list(conn.execute(query.order_by(ports.c.port)).scalars())


def unavailable(conn: Connection, rest: float) -> set[int]:
    """The ports that are taken, and those released less than `rest` seconds ago.

    A release in the future counts as one just now: the clock was set back, and the port rests all the same.
    """
    busy = ports.c.released.is_(None) | (ports.c.released > time.time() - rest)
    return set(conn.execute(select(ports.c.port).where(busy)).scalars())


def take(conn: Connection, port: int, owner: str) -> None:
    """Records that this port belongs to `owner` from now on."""
    conn.execute(delete(ports).where(ports.c.port == port))
    conn.execute(insert(ports).values(port=port, owner=owner, taken=time.time()))


def release(conn: Connection, port: int) -> None:
    """Records that the port rests from now on; one that was not taken stays as it is."""
    condition = (ports.c.port == port, ports.c.released.is_(None))
    conn.execute(update(ports).where(*condition).values(released=time.time()))
