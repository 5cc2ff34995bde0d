"""Brings the tables to the newest version: `python -m topup.migrate`. Running it again changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from topup import database

FOLDER = Path(__file__).parent / "migrations"


def newest() -> int:
    """The version this code was written for."""
    return max(_version(file) for file in FOLDER.glob("*.sql"))


def current(connection: sqlite3.Connection) -> int:
    """The version the file has; 0 before the first migration."""
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").fetchone()
    if known is None:
        return 0
    return int(connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> list[str]:
    """Runs what has not run yet, each file whole or not at all; returns their names."""
    connection.execute("PRAGMA journal_mode = WAL")  # readers never wait for the writer; stays set in the file
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT) STRICT")
    return [file.name for file in sorted(FOLDER.glob("*.sql")) if _run(connection, file)]


def _run(connection: sqlite3.Connection, file: Path) -> bool:
    with database.transaction(connection):
        if _version(file) <= current(connection):
            return False
        for statement in _statements(file.read_text()):
            connection.execute(statement)
        connection.execute("INSERT INTO schema_version VALUES (?, ?)", (_version(file), file.stem))
    return True


def _version(file: Path) -> int:
    return int(file.name.partition("_")[0])


def _statements(script: str) -> Iterator[str]:
    """One by one: sqlite3's own executescript would commit before it begins."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


if __name__ == "__main__":
    for name in migrate(database.connect()) or ["nothing to do"]:
        print(f"migrate: {name}")
