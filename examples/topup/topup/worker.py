"""Recharges accounts whose balance is under their threshold: `python -m topup.worker`.

SIGTERM lets it finish the round it is in; what it has not come to is found by the next worker.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from threading import Event

from topup import database, ledger


def work(stop: Event, poll: float) -> None:
    """A round every `poll` seconds until `stop` is set."""
    connection = database.connect()
    while not stop.is_set():
        a_round(connection)
        stop.wait(poll)
    connection.close()


def a_round(connection: sqlite3.Connection) -> None:
    """Recharges what is due. A database that is busy for too long is a matter for the next round."""
    try:
        for entry in ledger.recharge(connection):
            amount, left = ledger.euros(entry.cents), ledger.euros(entry.balance)
            print(f"worker: recharged {entry.msisdn} by {amount}, has {left}", flush=True)
    except sqlite3.OperationalError as error:
        print(f"worker: trying again in the next round: {error}", flush=True)


def main() -> None:
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    print("worker: started", flush=True)
    work(stop, poll=float(os.environ.get("TOPUP_POLL_SECONDS", "1")))
    print("worker: stopped", flush=True)


if __name__ == "__main__":
    main()
