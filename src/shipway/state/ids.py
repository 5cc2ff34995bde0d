"""Ids that sort in the order in which their rows were made."""

from __future__ import annotations

from sqlalchemy import Connection, Table, func, select
from ulid import ULID


def new(conn: Connection, table: Table) -> str:
    """A new id of 26 characters (a ULID) above every id in `table`; not a secret.

    For the transaction that inserts the row. Its time is the clock's unless the clock has stepped back: then it
    is the next one after the last, so that lists and "the newest" go by sequence (BARS R20).
    """
    last = conn.execute(select(func.max(table.c.id))).scalar()
    made = str(ULID()).lower()
    return made if last is None or made > last else _following(last)


def is_one(said: str) -> bool:
    """Whether this is an id at all, of whatever."""
    try:
        ULID.from_str(said.upper())
    except ValueError:
        return False
    return True


def _following(last: str) -> str:
    return str(ULID.from_int(int(ULID.from_str(last)) + 1)).lower()
