"""What lies between two releases of an environment."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shipway.errors import NotFound
from shipway.rollbacks import choose
from shipway.state import releases
from shipway.state.database import Connection
from shipway.state.releases import Release
from shipway.web import differences, lookups, shapes
from shipway.web.api.environments import BASE
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def compare(site: Site, call: Call) -> dict[str, Any]:
    """The commits and the configuration by which the release `to` (`r3`) differs from the release `from`.

    By default `to` is what serves, and `from` what a rollback would go to. `fails` says that `from` failed since
    the release command of `to` began, where that was seen.
    """
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.environment(site, conn, application, environment)
        new = _new(conn, application, environment, call.query("to"))
        said = call.query("from")
        old = lookups.release(conn, application, environment, said) if said else usual_old(conn, new)
        if old is None:
            raise NotFound(
                f"r{new.number} is the first release of {environment}: there is none to compare it with."
            )
        found = differences.between(site, conn, old, new)
    return {
        "from": shapes.release(found.old),
        "to": shapes.release(found.new),
        "same_artifact": found.same_artifact,
        "commits": None if found.brought is None else [asdict(one) for one in found.brought],
        "commits_taken_back": None if found.taken is None else [asdict(one) for one in found.taken],
        "more_commits": found.more,
        "variables": [asdict(one) for one in found.variables],
        "migration": found.migration,
        "fails": found.fails,
    }


def _new(conn: Connection, application: str, environment: str, said: str | None) -> Release:
    if said:
        return lookups.release(conn, application, environment, said)
    now = releases.now_serving(conn, application, environment)
    if now is None:
        raise NotFound(f"{environment} of {application} serves nothing yet.")
    return releases.get(conn, now.release)


def usual_old(conn: Connection, new: Release) -> Release | None:
    """What one compares a release with unless one says so: where a rollback goes, else the release before it."""
    try:
        back = choose.target(conn, new.application, new.environment, None)
    except choose.NowhereToGo:
        back = None
    if back is not None and back.id != new.id:
        return back
    return releases.numbered(conn, new.application, new.environment, new.number - 1)


ROUTES = (declare("GET", f"{BASE}/compare", compare, who="user"),)
