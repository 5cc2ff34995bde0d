from __future__ import annotations

import sqlite3

from people import ALICE, BOB
from topup import audit, ledger


def test_nothing_differs_where_every_change_is_an_entry(connection: sqlite3.Connection) -> None:
    assert audit.difference(connection) == 0
    ledger.top_up(connection, ALICE, 1500, "t1")
    ledger.charge(connection, ALICE, 99, "c1")
    assert audit.difference(connection) == 0


def test_what_was_never_entered_is_found(connection: sqlite3.Connection) -> None:
    """Also where two mistakes would cancel each other out."""
    ledger.top_up(connection, ALICE, 100, "t1")
    ledger.top_up(connection, BOB, 100, "t1")
    connection.execute("UPDATE account SET balance = balance + 7 WHERE msisdn = ?", (ALICE,))
    connection.execute("UPDATE account SET balance = balance - 7 WHERE msisdn = ?", (BOB,))
    assert audit.difference(connection) == 14
