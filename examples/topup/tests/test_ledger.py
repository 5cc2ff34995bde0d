from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from people import ALICE, BOB
from topup import database, ledger


def test_the_first_top_up_opens_an_account(connection: sqlite3.Connection) -> None:
    with pytest.raises(ledger.UnknownAccount):
        ledger.account(connection, ALICE)
    assert ledger.top_up(connection, ALICE, 1500, "t1").balance == 1500
    assert ledger.account(connection, ALICE).balance == 1500


def test_the_same_key_books_once_and_answers_the_same(connection: sqlite3.Connection) -> None:
    first = ledger.top_up(connection, ALICE, 1500, "t1")
    assert ledger.top_up(connection, ALICE, 1500, "t1") == first
    charged = ledger.charge(connection, ALICE, 99, "c1")
    assert ledger.charge(connection, ALICE, 99, "c1") == charged
    assert ledger.account(connection, ALICE).balance == 1401


def test_a_key_cannot_book_something_else(connection: sqlite3.Connection) -> None:
    ledger.top_up(connection, ALICE, 1500, "t1")
    with pytest.raises(ledger.KeyReused):
        ledger.top_up(connection, ALICE, 1600, "t1")
    with pytest.raises(ledger.KeyReused):
        ledger.charge(connection, ALICE, 1500, "t1")


def test_two_people_may_choose_the_same_key(connection: sqlite3.Connection) -> None:
    ledger.top_up(connection, ALICE, 100, "t1")
    assert ledger.top_up(connection, BOB, 200, "t1").balance == 200


def test_a_charge_over_the_balance_books_nothing(connection: sqlite3.Connection) -> None:
    ledger.top_up(connection, ALICE, 100, "t1")
    with pytest.raises(ledger.NotEnoughCredit):
        ledger.charge(connection, ALICE, 101, "c1")
    assert ledger.account(connection, ALICE).balance == 100
    assert [entry.key for entry in ledger.latest(connection)] == ["t1"]


def test_a_charge_may_take_the_last_cent(connection: sqlite3.Connection) -> None:
    ledger.top_up(connection, ALICE, 100, "t1")
    assert ledger.charge(connection, ALICE, 100, "c1").balance == 0


def test_nobody_without_an_account_is_charged(connection: sqlite3.Connection) -> None:
    with pytest.raises(ledger.UnknownAccount):
        ledger.charge(connection, ALICE, 1, "c1")


def test_charges_at_the_same_time_never_overdraw(connection: sqlite3.Connection) -> None:
    ledger.top_up(connection, ALICE, 10, "t1")

    def charge(number: int) -> bool:
        mine = database.connect()
        try:
            ledger.charge(mine, ALICE, 1, f"c{number}")
        except ledger.NotEnoughCredit:
            return False
        finally:
            mine.close()
        return True

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(charge, range(20)))
    assert outcomes.count(True) == 10
    assert ledger.account(connection, ALICE).balance == 0


def test_the_entries_of_an_account_add_up_to_its_balance(connection: sqlite3.Connection) -> None:
    ledger.top_up(connection, ALICE, 1500, "t1")
    ledger.charge(connection, ALICE, 99, "c1")
    ledger.charge(connection, ALICE, 1, "c2")
    assert sum(entry.cents for entry in ledger.latest(connection)) == 1400
    assert ledger.totals(connection) == (1, 1400)


@pytest.mark.parametrize(("cents", "written"), [(0, "0.00 €"), (5, "0.05 €"), (1250, "12.50 €"), (-99, "-0.99 €")])
def test_euros_are_written_for_people(cents: int, written: str) -> None:
    assert ledger.euros(cents) == written
