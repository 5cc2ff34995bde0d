"""The HTTP side: JSON for machines, one page for people.

POST asks for a header `Idempotency-Key`: who got no answer sends the same again, and it is booked once.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import asdict
from typing import Any

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, UnprocessableEntity

from topup import __version__, database, ledger, migrate

MSISDN = re.compile(r"\d{8,15}", re.ASCII)  # E.164 without its +
LARGEST = 100_000  # cents in one booking: a thousand euros on a telephone is a mistake or a theft
STATUS = {ledger.UnknownAccount: 404, ledger.NotEnoughCredit: 402, ledger.KeyReused: 409}

app = Flask(__name__)
app.jinja_env.filters["euros"] = ledger.euros


def connection() -> sqlite3.Connection:
    """One per request, closed by `close`."""
    if "connection" not in g:
        g.connection = database.connect()
    return g.connection  # type: ignore[no-any-return]


@app.teardown_appcontext
def close(_: BaseException | None) -> None:
    if "connection" in g:
        g.pop("connection").close()


@app.get("/")
def home() -> str:
    accounts, credit = ledger.totals(connection())
    entries = ledger.latest(connection())
    return render_template("home.html", version=__version__, accounts=accounts, credit=credit, entries=entries)


@app.get("/health")
def health() -> ResponseReturnValue:
    """Well when the tables are those this code was written for."""
    schema = migrate.current(connection())
    status, code = ("ok", 200) if schema == migrate.newest() else ("not migrated", 503)
    return {"status": status, "version": __version__, "schema": schema}, code


@app.get("/accounts/<msisdn>")
def show(msisdn: str) -> ResponseReturnValue:
    return asdict(ledger.account(connection(), number(msisdn)))


@app.post("/accounts/<msisdn>/topup")
def top_up(msisdn: str) -> ResponseReturnValue:
    return asdict(ledger.top_up(connection(), number(msisdn), cents("cents"), key()))


@app.post("/accounts/<msisdn>/charge")
def charge(msisdn: str) -> ResponseReturnValue:
    return asdict(ledger.charge(connection(), number(msisdn), cents("cents"), key()))


@app.put("/accounts/<msisdn>/recharge")
def recharge(msisdn: str) -> ResponseReturnValue:
    return asdict(ledger.set_recharge(connection(), number(msisdn), cents("below"), cents("by")))


@app.errorhandler(ledger.Refused)
def refused(error: ledger.Refused) -> ResponseReturnValue:
    return {"error": str(error)}, STATUS[type(error)]


@app.errorhandler(HTTPException)
def failed(error: HTTPException) -> ResponseReturnValue:
    return {"error": error.description}, error.code or 500


def number(msisdn: str) -> str:
    if not MSISDN.fullmatch(msisdn):
        raise UnprocessableEntity("A number is 8 to 15 digits, without + or spaces.")
    return msisdn


def cents(name: str) -> int:
    """An amount of the request's body."""
    body: Any = request.get_json(silent=True)
    amount = body.get(name) if isinstance(body, dict) else None
    if type(amount) is not int or not 0 < amount <= LARGEST:
        raise UnprocessableEntity(f"{name} must be whole cents, from 1 to {LARGEST}.")
    return amount


def key() -> str:
    given = request.headers.get("Idempotency-Key", "")
    if not 0 < len(given) <= 100:
        raise UnprocessableEntity("The header Idempotency-Key must name this booking, in 1 to 100 characters.")
    return given
