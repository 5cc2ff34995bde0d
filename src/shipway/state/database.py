"""One open record: reading it, and changing it so that what was acknowledged survives a loss of power."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError

from shipway.errors import CannotRead, CannotRecord, RecordLocked
from shipway.state import lock, migrate
from shipway.state.ballast import Ballast
from shipway.state.turns import Turns

__all__ = ["Connection", "Database", "open_database"]  # a connection is passed on by many, and made here alone


FULL = "database or disk is full"
CLOSED = (FULL, "attempt to write a readonly database", "disk I/O error")
"""What SQLite says when it cannot write."""

BROKEN = (
    "file is not a database",
    "database disk image is malformed",
    "disk I/O error",
    "unable to open database file",
)
"""What it says when it cannot read."""

BUSY = "database is locked"
"""What it says when somebody else writes for too long."""

PATIENCE, BRIEFLY, HARDLY = 30.0, 3.0, 0.5
"""Seconds that a change waits for another process that writes: as a rule, where requests go to a release that may
be bad meanwhile or an environment is kept from everybody else, and for what may as well be lost. For the writers
of this process it waits in its turn: twenty of them kept one waiting for 14 s (load 17), which says nothing of the
record.
"""


class Database:
    """The record of an installation, in SQLite (WAL, synchronous=FULL).

    `write()` takes the write lock at once (BEGIN IMMEDIATE), so two writers wait for each other instead of
    failing half way; on leaving the block everything is on the disk or nothing is. Safe to share by threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": PATIENCE}, pool_size=20)
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)
        self._turns = Turns()
        self._changed = threading.Condition()
        self._changes = 0

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view of the record. Raises CannotRead when there is none."""
        try:
            with self._engine.connect() as conn:
                yield conn
        except DatabaseError as error:
            if (why := _said(error, BROKEN)) is None:
                raise
            raise CannotRead(f"The record cannot be read: {why}.") from error

    @contextmanager
    def write(self, patience: float = PATIENCE) -> Iterator[Connection]:
        """A change of the record: committed and synced at the end of the block, undone by an exception.

        Raises CannotRecord when it cannot be written; a full disk has some room again by then (`Ballast`). Raises
        RecordLocked, which is one, when another process keeps it locked for longer than `patience` (seconds).
        Raises CannotRead when it cannot even be read.
        """
        with (
            self.telling_why_not(),
            self._in_turn(patience),
            self._engine.connect().execution_options(shipway_write=patience) as conn,
        ):
            recorded = conn.info["facts"] = []
            with conn.begin():
                yield conn
        for kind in recorded:
            sys.audit("shipway.fact", kind, "after")
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def note(self, change: Callable[[Connection], object]) -> bool:
        """Makes a change that may as well be lost; False where it was, because nothing can be written just now."""
        try:
            with self.write(HARDLY) as conn:
                change(conn)
        except CannotRecord:
            return False
        return True

    @contextmanager
    def _in_turn(self, patience: float) -> Iterator[None]:
        """Alone among the writers of this process. One that waits behind others has had its time when another
        process keeps them all waiting; while they come on it waits for its turn.
        """
        with self._turns.taken() as turn:
            if not turn.wait(patience) and (lock.by_another(self.path) or not turn.wait(PATIENCE)):
                raise self._locked()
            yield

    def _locked(self) -> RecordLocked:
        return RecordLocked(f"The record is kept locked by {lock.keeper(self.path)}: nothing can be recorded.")

    @contextmanager
    def telling_why_not(self) -> Iterator[None]:
        """Of what is done within: raises what `write` raises for what SQLite says."""
        try:
            yield
        except DatabaseError as error:
            if _said(error, [BUSY]) is not None:
                raise self._locked() from error
            why = _said(error, CLOSED)
            if why is None and (broken := _said(error, BROKEN)) is not None:
                raise CannotRead(f"The record cannot be read: {broken}.") from error
            if why is None:
                raise
            if why == FULL:
                Ballast(self.path.parent).free()
            raise CannotRecord(f"The record cannot be written: {why}.") from error

    @property
    def changes(self) -> int:
        """How many changes this process has committed; with `wait` a way to sleep until the next one."""
        return self._changes

    def wait(self, seen: int, timeout: float) -> int:
        """Waits until more than `seen` changes were committed, at most `timeout` seconds; the new count."""
        with self._changed:
            self._changed.wait_for(lambda: self._changes > seen, timeout)
            return self._changes

    def close(self) -> None:
        self._engine.dispose()


def _said(error: DatabaseError, words: Sequence[str]) -> str | None:
    """Which of them SQLite said."""
    return next((told for told in words if told in str(error.orig)), None)


def open_database(path: Path) -> Database:
    """Opens the record at `path`, made or brought to the newest schema first. Raises what `write` raises."""
    database = Database(path)
    with database.telling_why_not():
        migrate.to_newest(database._engine)
    return database


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, not by the driver
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "foreign_keys=on",
        "cache_size=-500",  # kB for each of up to twenty connections; the machine keeps the file's pages anyway
    ):
        connection.execute(f"pragma {pragma}").close()


def _begin(conn: Connection) -> None:
    patience = conn.get_execution_options().get("shipway_write")
    if patience is not None:
        conn.connection.execute(f"pragma busy_timeout={int(patience * 1000)}").close()
    conn.exec_driver_sql("BEGIN" if patience is None else "BEGIN IMMEDIATE")
