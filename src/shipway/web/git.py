"""`git push`, `fetch` and `clone`, at `/git/<application>.git`, with a token as the password."""

from __future__ import annotations

import asyncio

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from shipway.pushes.hosting import serve_git
from shipway.web import connections, lookups
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


async def git(site: Site, call: Call) -> ASGIApp:
    """Hands the connection to git, which streams in both directions."""
    application = call.place("application")
    await run_in_threadpool(_must_exist, site, application)

    async def reply(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await serve_git(
                scope,
                receive,
                send,
                repository=site.places.repository(application),
                user=call.who,
                places=site.places,
            )
        except TimeoutError:
            connections.cut(scope)
            await asyncio.sleep(0)  # the connection ends before this does

    return reply


def _must_exist(site: Site, application: str) -> None:
    with site.database.read() as conn:
        lookups.application(conn, application)


ADDRESS = "/git/{application}.git/{rest:path}"
ROUTES = (declare("GET", ADDRESS, git, who="user"), declare("POST", ADDRESS, git, who="user"))
