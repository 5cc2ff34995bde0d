from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from topup import database, migrate


def test_a_new_file_gets_every_table() -> None:
    connection = database.connect()
    assert migrate.current(connection) == 0
    assert migrate.migrate(connection) == ["0001_accounts.sql"]
    assert migrate.current(connection) == migrate.newest()
    connection.close()


def test_running_it_again_changes_nothing(connection: sqlite3.Connection) -> None:
    assert migrate.migrate(connection) == []


def test_a_migration_that_fails_leaves_nothing(
    connection: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0002_broken.sql").write_text("CREATE TABLE half (a);\nCREATE TABLE half (a);\n")
    monkeypatch.setattr(migrate, "FOLDER", tmp_path)
    with pytest.raises(sqlite3.OperationalError):
        migrate.migrate(connection)
    assert migrate.current(connection) == 1
    assert connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'half'").fetchone() is None
