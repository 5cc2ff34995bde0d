"""The recorded facts as they are recorded, for pages and programs: no gap and no repeat.

The id of an event is the id of its fact. Facts are committed in the order of their ids, so whoever comes back
with Last-Event-ID gets exactly what followed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool

from shipway.state import facts
from shipway.state.facts import Fact
from shipway.web import shapes
from shipway.web.call import Call
from shipway.web.refusals import Unreadable
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.streams import LiveEvents

QUIET = 15.0  # seconds after which a comment shows that the line is alive
MANY = 500


async def events(site: Site, call: Call) -> LiveEvents:
    """Everything after Last-Event-ID (or `after`); without either, what happens from now on."""
    last = _last(call)
    if last is None:
        last = await run_in_threadpool(_newest, site)
    return LiveEvents(site, call, _events(site, call, last), {"x-accel-buffering": "no"})


async def _events(site: Site, call: Call, last: int) -> AsyncIterator[str]:
    yield f"retry: 1000\nid: {last}\n\n"
    while True:
        seen = site.pulse.changes
        found = await run_in_threadpool(_after, site, last, call.query("application"), call.query("run"))
        if found:
            last = found[-1].id
            yield "".join(_event(one) for one in found)
        elif await site.pulse.after(seen, QUIET) == seen:
            yield ": quiet\n\n"


def _event(one: Fact) -> str:
    return f"id: {one.id}\ndata: {json.dumps(shapes.fact(one), separators=(',', ':'))}\n\n"


def _last(call: Call) -> int | None:
    given = call.request.headers.get("last-event-id")
    if given is None:
        return None if call.query("after") is None else call.number("after", 0, most=2**62)
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise Unreadable("Last-Event-ID must be the id of a fact.")
    return int(given)


def _newest(site: Site) -> int:
    with site.database.read() as conn:
        return facts.newest(conn)


def _after(site: Site, last: int, application: str | None, run: str | None) -> list[Fact]:
    with site.database.read() as conn:
        runs = None if run is None else [run]
        return facts.after(conn, last, application=application, runs=runs, limit=MANY)


ROUTES = (declare("GET", "/events", events, who="user"), declare("GET", "/api/v1/events", events, who="user"))
