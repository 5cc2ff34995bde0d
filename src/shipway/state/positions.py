"""How far somebody has read the facts, so that each is handled once, whatever dies in between."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from shipway.state.tables import positions


def get(conn: Connection, name: str) -> int:
    """The last fact that was handled under this name; 0 before the first."""
    return find(conn, name) or 0


def find(conn: Connection, name: str) -> int | None:
    """The same; None before it was written down."""
    return conn.execute(select(positions.c.fact).where(positions.c.name == name)).scalar()


def move(conn: Connection, name: str, seen: int, to: int) -> bool:
    """Moves on from `seen`, in one transaction with what was made of the facts; False when somebody else did."""
    here = (positions.c.name == name, positions.c.fact == seen)
    if conn.execute(update(positions).where(*here).values(fact=to)).rowcount:
        return True
    if conn.execute(select(positions.c.fact).where(positions.c.name == name)).first() is not None or seen:
        return False
    conn.execute(insert(positions).values(name=name, fact=to))
    return True
