"""A commit: in which environments it is and if not, why not; and waiting for it."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool

from shipway.web import lookups, whereabouts
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.whereabouts import PENDING, SERVES, Whereabouts

LONGEST = 25  # seconds: shorter than what programs between us and the asker cut off
BASE = "/api/v1/commits/{application}/{commit}"


def where(site: Site, call: Call) -> dict[str, Any]:
    """`commit` may be shortened, or the name of a branch or tag."""
    application, commit = resolve(site, call)
    with site.database.read() as conn:
        names = lookups.environments(site, conn, application)
        found = whereabouts.where(conn, site.commits, application, commit, names)
    return {"commit": commit, "environments": [_shape(one) for one in found]}


async def wait(site: Site, call: Call) -> dict[str, Any]:
    """Answers once the commit serves in `environment` or was stopped, or after `seconds` as pending."""
    application, commit = await run_in_threadpool(resolve, site, call)
    environment = call.query("environment") or "prod"
    ends = time.monotonic() + call.number("seconds", LONGEST, most=LONGEST)
    while True:
        seen = site.pulse.changes
        found = await run_in_threadpool(_in_one, site, application, commit, environment)
        left = ends - time.monotonic()
        if found.state != PENDING or left <= 0:
            return {"commit": commit, "state": found.state, "reason": found.reason}
        await site.pulse.after(seen, left)


def _in_one(site: Site, application: str, commit: str, environment: str) -> Whereabouts:
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        return whereabouts.where(conn, site.commits, application, commit, [environment])[0]


def resolve(site: Site, call: Call) -> tuple[str, str]:
    """The application and the whole id of the commit that the address names."""
    application = call.place("application")
    with site.database.read() as conn:
        lookups.application(conn, application)
    return application, site.commits.resolve(application, call.place("commit"))


def _shape(one: Whereabouts) -> dict[str, Any]:
    return {
        "name": one.environment,
        "serves": one.state == SERVES,
        "state": one.state,
        "release": None if one.release is None else asdict(one.release),
        "reason": one.reason,
    }


ROUTES = (
    declare("GET", f"{BASE}/where", where, who="user"),
    declare("GET", f"{BASE}/wait", wait, who="user"),
)
