"""Accounts and their entries. Cents in, cents out; a balance is never below zero.

Each change of a balance is one entry, booked in the same transaction and under a key the caller chose.
A caller that got no answer asks again with the same key: it is booked once and answered the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from topup.database import transaction


class Refused(Exception):
    """Nothing was booked; the message says why."""


class UnknownAccount(Refused):
    """No top-up has opened an account for this number yet."""


class NotEnoughCredit(Refused):
    """The charge is larger than the balance."""


class KeyReused(Refused):
    """The key has booked something else before."""


@dataclass(frozen=True)
class Account:
    msisdn: str
    balance: int
    recharge_below: int | None
    recharge_by: int | None


@dataclass(frozen=True)
class Entry:
    """`cents` is above zero for what came in; `balance` is what there was after it."""

    id: int
    msisdn: str
    key: str
    kind: str
    cents: int
    balance: int
    at: str


def account(connection: sqlite3.Connection, msisdn: str) -> Account:
    row = connection.execute("SELECT * FROM account WHERE msisdn = ?", (msisdn,)).fetchone()
    if row is None:
        raise UnknownAccount(f"{msisdn} has no account: its first top-up opens one.")
    return Account(**row)


def top_up(connection: sqlite3.Connection, msisdn: str, cents: int, key: str) -> Entry:
    """Adds credit; the first one opens the account."""
    with transaction(connection):
        if (earlier := _booked(connection, msisdn, key, "topup", cents)) is not None:
            return earlier
        connection.execute("INSERT OR IGNORE INTO account (msisdn, balance) VALUES (?, 0)", (msisdn,))
        connection.execute("UPDATE account SET balance = balance + ? WHERE msisdn = ?", (cents, msisdn))
        return _enter(connection, msisdn, key, "topup", cents)


def charge(connection: sqlite3.Connection, msisdn: str, cents: int, key: str) -> Entry:
    """Takes credit, if there is enough of it."""
    with transaction(connection):
        if (earlier := _booked(connection, msisdn, key, "charge", -cents)) is not None:
            return earlier
        if account(connection, msisdn).balance < cents:
            raise NotEnoughCredit(f"{msisdn} has less than {euros(cents)}.")
        connection.execute("UPDATE account SET balance = balance - ? WHERE msisdn = ?", (cents, msisdn))
        return _enter(connection, msisdn, key, "charge", -cents)


def set_recharge(connection: sqlite3.Connection, msisdn: str, below: int, by: int) -> Account:
    """From now on, whenever the balance is under `below`, the worker adds `by`."""
    with transaction(connection):
        account(connection, msisdn)
        connection.execute(
            "UPDATE account SET recharge_below = ?, recharge_by = ? WHERE msisdn = ?", (below, by, msisdn)
        )
        return account(connection, msisdn)


def recharge(connection: sqlite3.Connection) -> Iterator[Entry]:
    """Recharges every account that is under its threshold.

    The update asks again whether it is: of two workers that saw the same account, the second changes no row.
    """
    due = connection.execute("SELECT msisdn FROM account WHERE balance < recharge_below").fetchall()
    for (msisdn,) in due:
        with transaction(connection):
            claimed = connection.execute(
                "UPDATE account SET balance = balance + recharge_by"
                " WHERE msisdn = ? AND balance < recharge_below RETURNING recharge_by",
                (msisdn,),
            ).fetchall()
            entries = [_enter(connection, msisdn, _after(connection, msisdn), "recharge", by) for (by,) in claimed]
        yield from entries


def latest(connection: sqlite3.Connection, limit: int = 12) -> list[Entry]:
    return [Entry(**row) for row in connection.execute("SELECT * FROM entry ORDER BY id DESC LIMIT ?", (limit,))]


def totals(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many accounts there are, and how many cents are on them."""
    row = connection.execute("SELECT count(*), coalesce(sum(balance), 0) FROM account").fetchone()
    return row[0], row[1]


def euros(cents: int) -> str:
    """For people: 1250 is "12.50 €", -5 is "-0.05 €"."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02} €"


def _booked(connection: sqlite3.Connection, msisdn: str, key: str, kind: str, cents: int) -> Entry | None:
    """What this key has booked before, when it was the same."""
    row = connection.execute("SELECT * FROM entry WHERE msisdn = ? AND key = ?", (msisdn, key)).fetchone()
    if row is None:
        return None
    earlier = Entry(**row)
    if (earlier.kind, earlier.cents) != (kind, cents):
        raise KeyReused(f"The key {key!r} has booked a {earlier.kind} of {euros(abs(earlier.cents))} before.")
    return earlier


def _enter(connection: sqlite3.Connection, msisdn: str, key: str, kind: str, cents: int) -> Entry:
    row = connection.execute(
        "INSERT INTO entry (msisdn, key, kind, cents, balance)"
        " SELECT msisdn, ?, ?, ?, balance FROM account WHERE msisdn = ? RETURNING *",
        (key, kind, cents, msisdn),
    ).fetchone()
    return Entry(**row)


def _after(connection: sqlite3.Connection, msisdn: str) -> str:
    (last,) = connection.execute("SELECT max(id) FROM entry WHERE msisdn = ?", (msisdn,)).fetchone()
    return f"recharge after {last}"
