"""What was judged of a release, and why a commit is where it is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shipway.state import verdicts
from shipway.web import lookups, shapes, whereabouts, why
from shipway.web.api import commits
from shipway.web.api.environments import BASE
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def judged(site: Site, call: Call) -> dict[str, Any]:
    """The verdicts on the release `r3`, in their order, each with the numbers it came from."""
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        release = lookups.release(conn, application, environment, call.place("release"))
        found = verdicts.of_release(conn, release.id)
    return {"release": shapes.release(release), "verdicts": [asdict(one) for one in found]}


def explain(site: Site, call: Call) -> dict[str, Any]:
    """Where the commit is in `environment`, and everything on record that led there."""
    application, commit = commits.resolve(site, call)
    with site.database.read() as conn:
        environment = lookups.environment(site, conn, application, call.query("environment") or "prod")
        found = whereabouts.where(conn, site.commits, application, commit, [environment])[0]
        events = why.events(conn, application, environment, commit)
    return {
        "commit": commit,
        "environment": environment,
        "state": found.state,
        "reason": found.reason,
        "events": [asdict(event) for event in events],
    }


ROUTES = (
    declare("GET", f"{BASE}/releases/{{release}}/verdicts", judged, who="user"),
    declare("GET", f"{commits.BASE}/why", explain, who="user"),
)
