"""Records that need no migration of their own: a new one is the copy of one that was migrated once for a process.

Migrating is most of what it costs to set up a small test, and making SQL of the same queries for each record anew
most of what it costs to show a page once: they share what was made. That the migrations are right is seen in
tests/state, and in every journey, where Shipway makes its record itself.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


LOCKS = """
import sqlite3, sys
kept = sqlite3.connect(sys.argv[1])
kept.execute("begin immediate")
print(flush=True)
input()
"""


@contextmanager
def locked_by_another(record: Path) -> Iterator[int]:
    """The id of a process that keeps a record locked."""
    command = [sys.executable, "-c", LOCKS, str(record)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            yield other.pid
        finally:
            other.communicate("\n")


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "shipway.db"
        open_database(path).close()
        return path.read_bytes()
