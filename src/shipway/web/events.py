"""The recorded facts as they are recorded, for pages and programs: no gap and no repeat.

The id of an event is the id of its fact. Facts are committed in the order of their ids, so whoever comes back
with Last-Event-ID gets exactly what followed. Whoever names logs (`log`, as the lines of a log name it) hears on
the same line how these grow: a browser has one line, however many of its tabs follow a log.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool

from shipway.state import facts
from shipway.state.facts import Fact
from shipway.state.runs import Step
from shipway.web import shapes, step_logs
from shipway.web.call import QUOTED, Call
from shipway.web.feeds import Feed
from shipway.web.refusals import Unreadable
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.streams import LiveEvents

QUIET = 15.0  # seconds after which a comment shows that the line is alive
MOST_LOGS = 50


async def events(site: Site, call: Call) -> LiveEvents:
    """Everything after Last-Event-ID (or `after`); without either, what happens from now on."""
    last = _last(call)
    if last is None:
        last = await run_in_threadpool(_newest, site)
    steps = await run_in_threadpool(_steps, site, call.queries("log")[:MOST_LOGS])
    parts = _events(site, call, last, [step_logs.feed(site, step) for step in steps])
    return LiveEvents(site, call, parts, {"x-accel-buffering": "no"})


async def _events(site: Site, call: Call, last: int, feeds: Sequence[Feed]) -> AsyncIterator[str]:
    yield f"retry: 1000\nevent: begin\nid: {last}\ndata\n\n"
    heard = [0] * len(feeds)
    with contextlib.ExitStack() as stack:
        for feed in feeds:
            stack.enter_context(feed.heard())
        while True:
            seen, growing = site.pulse.changes, [feed.grown for feed in feeds if not feed.tick.over]
            found = await site.news.after(last)
            told = [_event(one) for one in found if _asked_for(call, one)]
            told += [
                feed.told(since) for feed, since in zip(feeds, heard, strict=True) if feed.tick.number > since
            ]
            heard = [feed.tick.number for feed in feeds]
            last = found[-1].id if found else last
            if told:
                yield "".join(told)
            elif not found and not await _something(site, seen, growing):
                yield ": quiet\n\n"


async def _something(site: Site, seen: int, growing: Sequence[asyncio.Future[None]]) -> bool:
    """Waits for a fact or for more of a log; whether either came. Raises what kept a log from being looked at."""
    pulse: asyncio.Future[int] = asyncio.ensure_future(site.pulse.after(seen, QUIET))
    waiting: set[asyncio.Future[Any]] = {pulse, *growing}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        grown = [one.result() for one in growing if one.done()]
        return site.pulse.changes != seen or bool(grown)
    finally:
        pulse.cancel()


def _asked_for(call: Call, one: Fact) -> bool:
    return call.query("application") in (None, one.application) and call.query("run") in (None, one.run)


def _event(one: Fact) -> str:
    return f"id: {one.id}\ndata: {json.dumps(shapes.fact(one), separators=(',', ':'))}\n\n"


def _last(call: Call) -> int | None:
    given = call.request.headers.get("last-event-id")
    if given is None:
        return None if call.query("after") is None else call.number("after", 0, most=2**62)
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise Unreadable(f"Last-Event-ID is {given[:QUOTED]!r}, and must be the id of a fact.")
    return int(given)


def _newest(site: Site) -> int:
    with site.database.read() as conn:
        return facts.newest(conn)


def _steps(site: Site, names: Sequence[str]) -> list[Step]:
    """The attempts of steps with these names; a page may still ask for one that was pruned."""
    with site.database.read() as conn:
        found = [step_logs.find(conn, name) for name in dict.fromkeys(names)]
    return [step for step in found if step is not None]


ROUTES = (declare("GET", "/events", events, who="user"), declare("GET", "/api/v1/events", events, who="user"))
