"""The one SQLite file in which everything is kept."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def path() -> Path:
    """`topup.sqlite3` in the working directory, unless TOPUP_DATABASE names another file."""
    return Path(os.environ.get("TOPUP_DATABASE", "topup.sqlite3"))


def connect() -> sqlite3.Connection:
    """A connection that waits up to 5 s for another writer, and writes nothing outside `transaction`."""
    connection = sqlite3.connect(path(), timeout=5, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")  # it is money: a booked entry survives a power cut
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it or nothing. Takes the write lock at once, so that what was read is still true when writing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
