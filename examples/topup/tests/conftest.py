"""A database of its own for every test."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from topup import database, migrate
from topup.web import app


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOPUP_DATABASE", str(tmp_path / "topup.sqlite3"))
    return tmp_path / "topup.sqlite3"


@pytest.fixture
def connection(file: Path) -> Iterator[sqlite3.Connection]:
    connection = database.connect()
    migrate.migrate(connection)
    yield connection
    connection.close()


@pytest.fixture
def client(connection: sqlite3.Connection) -> FlaskClient:
    return app.test_client()
