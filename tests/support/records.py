"""Records that need no migration of their own: a new one is the copy of one that was migrated once for a process.

Migrating is most of what it costs to set up a small test, and making SQL of the same queries for each record anew
most of what it costs to show a page once: they share what was made. That the migrations are right is seen in
tests/state, and in every journey, where Shipway makes its record itself.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy.util import LRUCache

from shipway.state.database import Database, open_database

QUERIES = 2000
"""More than there are, so that none is ever made twice."""


def open_record(path: Path) -> Database:
    """The record at `path`; a new one where there is none."""
    if not path.exists():
        path.write_bytes(_migrated())
    return _sharing(open_database(path))


def _sharing(database: Database) -> Database:
    """What SQL was made of a query is found by the dialect and the query: so it has to be one dialect."""
    engine, first = database._engine, _first()._engine
    assert hasattr(engine, "_compiled_cache"), "SQLAlchemy calls it something else: set that, or nothing is shared"
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return database


@cache
def _first() -> Database:
    """One that is connected to no more; what a dialect asks of a database it asks at its first connection."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "shipway.db"
        path.write_bytes(_migrated())
        database = open_database(path)
        with database.read():
            pass
        database.close()
    database._engine._compiled_cache = LRUCache(QUERIES)
    return database


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "shipway.db"
        open_database(path).close()
        return path.read_bytes()
