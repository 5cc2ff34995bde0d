"""By how many cents accounts and entries differ: `python -m topup.audit`. Anything but 0 is money lost or made."""

from __future__ import annotations

import sqlite3

from topup import database


def difference(connection: sqlite3.Connection) -> int:
    """The sum over all accounts of what balance and entries differ by; changes nothing."""
    row = connection.execute(
        "SELECT coalesce(sum(abs(balance - coalesce(booked, 0))), 0) FROM account"
        " LEFT JOIN (SELECT msisdn, sum(cents) AS booked FROM entry GROUP BY msisdn) USING (msisdn)"
    ).fetchone()
    return int(row[0])


if __name__ == "__main__":
    print(difference(database.connect()))
