from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from people import ALICE, BOB
from topup import database, ledger, worker


def poor(connection: sqlite3.Connection, msisdn: str) -> None:
    """Somebody with 1.00 € who wants 10.00 € more whenever less than 5.00 € are left."""
    ledger.top_up(connection, msisdn, 100, "t1")
    ledger.set_recharge(connection, msisdn, below=500, by=1000)


def test_only_who_is_under_the_threshold_is_recharged(connection: sqlite3.Connection) -> None:
    poor(connection, ALICE)
    ledger.top_up(connection, BOB, 100, "t1")
    assert [(entry.msisdn, entry.balance) for entry in ledger.recharge(connection)] == [(ALICE, 1100)]
    assert list(ledger.recharge(connection)) == []


def test_an_account_that_falls_again_is_recharged_again(connection: sqlite3.Connection) -> None:
    poor(connection, ALICE)
    list(ledger.recharge(connection))
    ledger.charge(connection, ALICE, 1000, "c1")
    assert [entry.balance for entry in ledger.recharge(connection)] == [1100]


def test_two_workers_recharge_once(connection: sqlite3.Connection) -> None:
    poor(connection, ALICE)
    mine, others = ledger.recharge(connection), ledger.recharge(connection)
    assert len([*mine, *others]) == 1


def test_a_busy_database_is_tried_again(
    connection: sqlite3.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    poor(connection, ALICE)
    connection.execute("PRAGMA busy_timeout = 0")
    other = database.connect()
    with database.transaction(other):
        worker.a_round(connection)
    assert "trying again" in capsys.readouterr().out
    worker.a_round(connection)
    assert ledger.account(other, ALICE).balance == 1100
    other.close()


def test_work_goes_on_until_it_is_stopped(connection: sqlite3.Connection) -> None:
    poor(connection, ALICE)
    stop = threading.Event()
    thread = threading.Thread(target=worker.work, args=(stop, 0.01))
    thread.start()
    while ledger.account(connection, ALICE).balance == 100:
        time.sleep(0.01)
    stop.set()
    thread.join()


def test_sigterm_ends_it_in_order(connection: sqlite3.Connection) -> None:
    command = [sys.executable, "-m", "topup.worker"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "worker: started\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "worker: stopped\n"
    assert process.returncode == 0
