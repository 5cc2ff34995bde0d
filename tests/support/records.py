"""Records that need no migration of their own: a new one is the copy of one that was migrated once for a process.

Migrating is most of what it costs to set up a small test. That the migrations are right is seen in tests/state,
and in every journey, where Shipway makes its record itself.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from shipway.state.database import Database, open_database


def open_record(path: Path) -> Database:
    """The record at `path`; a new one where there is none."""
    if not path.exists():
        path.write_bytes(_migrated())
    return open_database(path)


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "shipway.db"
        open_database(path).close()
        return path.read_bytes()
