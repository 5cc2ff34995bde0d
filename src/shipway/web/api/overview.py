"""Every application with the state of its newest commit: what the first page shows."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from shipway.web.call import Call
from shipway.web.overview import rows
from shipway.web.overview.chosen import Chosen
from shipway.web.overview.rows import Row
from shipway.web.routes import declare
from shipway.web.site import Site


def overview(site: Site, call: Call) -> dict[str, Any]:
    """What needs a person first; narrowed down by `who` (mine, needs), `team`, `branch` and `person`.

    `failing` are the probes and invariants that fail, with the `environment`, what it `says` and since when.
    """
    chosen, now, rates = Chosen.of(call.request.query_params), time.time(), site.rates
    with site.database.read() as conn:
        every = [rows.row(one, now, rates) for one in site.board.standings(conn, chosen.branch or None)]
    return {"applications": [_shape(row) for row in rows.in_order(every) if chosen.admits(row, call.who)]}


def hours(site: Site, call: Call) -> dict[str, Any]:
    """What the last environment of each of them answered in the last hour, minute by minute; null: not heard."""
    chosen, now, rates = Chosen.of(call.request.query_params), time.time(), site.rates
    with site.database.read() as conn:
        every = [rows.row(one, now, rates) for one in site.board.standings(conn, chosen.branch or None)]
    shown = [row for row in every if chosen.admits(row, call.who) and row.last.release is not None]
    return {
        "applications": [
            {"name": row.name, "environment": row.last.name, **asdict(site.hours.of(row.name, row.last.name))}
            for row in shown
        ]
    }


def _shape(row: Row) -> dict[str, Any]:
    head = row.head
    return {
        "name": row.name,
        "team": row.team,
        "state": row.state,
        "says": row.word,
        "why": row.remark.whole,
        "needs_a_person": row.needs_a_person,
        "branch": None if head is None else head.run.branch,
        "commit": None if head is None else head.run.commit,
        "subject": row.standing.subject or None,
        "run": None if head is None else head.run.number,
        "seconds": row.seconds,
        "people": row.standing.people,
        "branches": row.standing.branches,
        "failing": [asdict(one) for one in row.standing.failing],
        "path": [asdict(station) for station in row.stations],
    }


ROUTES = (
    declare("GET", "/api/v1/overview", overview, who="user"),
    declare("GET", "/api/v1/overview/hours", hours, who="user"),
)
