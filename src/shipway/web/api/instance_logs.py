"""The application's own log in an environment: what every instance printed, searched or followed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from shipway.web import log_query, logs
from shipway.web.api.environments import BASE
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.streams import LiveLines

T = TypeVar("T")


async def show_logs(site: Site, call: Call) -> Any:
    """The entries that match `search`, `regex`, `level` (and worse), `release`, `process`, `instance`, `since` and
    `until`; `order` newest (first) or oldest, `limit` of them, `from` a position on. With `follow=1` what is added
    after `from`, or from now on, a JSON object a line."""
    asked = log_query.read(call)
    application, environment = call.place("application"), call.place("environment")
    await run_in_threadpool(logs.check, site, application, environment, asked.query)
    if call.flag("follow"):
        return LiveLines(site, call, logs.follow(site, application, environment, asked))
    found = await while_there(call, logs.page(site, application, environment, asked))
    return {"application": application, "environment": environment, **found}


async def while_there(call: Call, answer: Awaitable[T]) -> T:
    """The answer, or ClientDisconnect as soon as nobody waits for it any more: then it is not worked for."""
    working = asyncio.ensure_future(answer)
    leaving = asyncio.ensure_future(_left(call))
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
        await asyncio.wait([working, leaving])
    if working.cancelled():
        raise ClientDisconnect
    return working.result()


async def _left(call: Call) -> None:
    while (await call.request.receive())["type"] != "http.disconnect":
        pass


ROUTES = (declare("GET", f"{BASE}/logs", show_logs, who="user"),)
