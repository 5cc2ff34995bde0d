"""An environment's log as people may see it: without its secrets, a page at a time or as it comes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool

from shipway.errors import NotFound
from shipway.signals.errors.origin import Origin
from shipway.signals.errors.secrecy import mask
from shipway.signals.logs.query import Query
from shipway.signals.logs.search import Key, key, position
from shipway.signals.logs.sources import sources
from shipway.state import instances, releases
from shipway.web import lookups
from shipway.web.log_feeds import Place
from shipway.web.log_query import Asked, now
from shipway.web.site import Site

MISSED = 1000  # entries, of what came while nobody listened


def check(site: Site, application: str, environment: str, query: Query) -> None:
    """Raises NotFound where the environment, or a release or process that is named, is not there."""
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        if query.release is not None:
            lookups.release(conn, application, environment, f"r{query.release}")
        serving = releases.now_serving(conn, application, environment)
        wanted = [] if serving is None else instances.of_release(conn, serving.release)
    there = sources(site.places.logs(application, environment), application, environment)
    where = f"{environment} of {application}"
    _runs(where, "process", query.process, [*(one.process for one in wanted), *(one.process for one in there)])
    running = [f"{one.process}.{one.position}" for one in wanted]
    _runs(where, "instance", query.instance, [*running, *(one.instance for one in there)])


async def page(site: Site, application: str, environment: str, asked: Asked) -> dict[str, Any]:
    """Some entries, as `signals.logs.search.Page` has them, and the place from which to `follow`."""
    here = position(now())
    there = await run_in_threadpool(sources, site.places.logs(application, environment), application, environment)
    secrets = await run_in_threadpool(secrets_of, site, application, environment)
    found = await site.searches.page(there, asked, secrets)
    found["entries"] = await run_in_threadpool(mask, found["entries"], secrets)
    newest = max((key(one["position"]) for one in found["entries"]), default=None)
    found["follow"] = here if newest is None or asked.start is not None else position(newest)
    return found


def follow(site: Site, application: str, environment: str, asked: Asked) -> AsyncIterator[str]:
    """Each entry that is added after `asked.start` (or from now on) as a line of JSON; those that were added in
    the meantime first, the newest MISSED of them, behind a line that says so if there are more.

    Raises TooManyFollowers.
    """
    place = Place(site.places.logs(application, environment), application, environment)
    query = replace(asked.query, since=None)  # what comes is later; and more ask the same
    asked = replace(asked, start=asked.start or now(), query=query)
    site.log_feeds.check(place, asked.query)
    return _followed(site, place, asked)


async def _followed(site: Site, place: Place, asked: Asked) -> AsyncIterator[str]:
    application, environment = place.application, place.environment
    start = asked.start or now()
    async with site.log_feeds.watching(
        place, asked.query, lambda: secrets_of(site, application, environment)
    ) as feed:
        if start < feed.begins:
            joined = feed.begins
            async for line in _missed(site, application, environment, asked, start, joined):
                yield line
            start = joined
        async with contextlib.aclosing(feed.after(start)) as lines:  # type: ignore[type-var]
            async for line in lines:
                yield line


async def _missed(
    site: Site, application: str, environment: str, asked: Asked, start: Key, end: Key
) -> AsyncIterator[str]:
    """What lies behind `start`, up to `end`."""
    query = replace(asked.query, since=(start[0] - 1) / 1e6)
    wanted = replace(asked, query=query, start=(end[0], f"{end[1]}~"), oldest_first=False, limit=MISSED)
    found = await page(site, application, environment, wanted)
    if found["more"] is not None:
        yield json.dumps({"left_out": found["more"]}) + "\n"
    entries = [one for one in reversed(found["entries"]) if key(one["position"]) > start]
    if entries:
        yield "".join(json.dumps(one) + "\n" for one in entries)


def secrets_of(site: Site, application: str, environment: str) -> list[bytes]:
    """What must not be shown of this environment."""
    with site.database.read() as conn:
        return Origin(conn, site.story.cast.machine.vault, application, environment).secrets


def _runs(where: str, what: str, name: str | None, there: Iterable[str]) -> None:
    if name is not None and name not in there:
        names = ", ".join(dict.fromkeys(there))
        hint = f"There are: {names}." if names else "Nothing runs there."
        raise NotFound(f"{where} runs no {what} called {name!r}.", hint=hint)
