"""Errors: those of an application, one with its newest reports, and saying that it is mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from shipway.signals.errors import samples
from shipway.state import error_keys, errors, releases
from shipway.state.database import Connection
from shipway.state.errors import Error, InRelease, Place
from shipway.state.releases import Release
from shipway.web import lookups
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site

BASE = "/api/v1/applications/{application}/errors"
STATES = ("open", "resolved")
Brought = Mapping[str, Release]


def list_errors(site: Site, call: Call) -> dict[str, Any]:
    """`environment` and `state` (open or resolved) narrow it down; what was seen last comes first.

    `reported`: whether the application has any at all. `checks` of the `count` were asked for by Shipway's own
    checks, as far as reports say who asked.
    """
    state = call.choice("state", STATES)
    with site.database.read() as conn:
        name = lookups.application(conn, call.place("application")).name
        environment = call.query("environment")
        if environment is not None:
            lookups.environment(site, conn, name, environment)
        limit = call.number("limit", 100, most=500)
        found = errors.recent(conn, name, environment=environment, state=state, limit=limit)
        places = errors.places_of(conn, [one.id for one in found])
        brought = _brought(conn, [one for here in places.values() for one in here])
        shown = [{**_error(one), "environments": _places(places[one.id], brought)} for one in found]
        reported = errors.how_many(conn, name) > 0
    return {"errors": shown, "reported": reported, "dropped": site.intake.dropped(name)}


def show_error(site: Site, call: Call) -> dict[str, Any]:
    """Everything that is known of one, its newest reports too."""
    with site.database.read() as conn:
        error = lookups.error(conn, call.place("application"), call.place("error"))
        places, seen = errors.places(conn, error.id), errors.in_releases(conn, error.id)
        brought = _brought(conn, [*places, *seen])
        return {
            **_error(error),
            "environments": _places(places, brought),
            "releases": [_release(one, brought) for one in seen],
            "requests": errors.requests(conn, error.id),
            "samples": samples.newest(site.places, error.application, error.id),
        }


def resolve(site: Site, call: Call) -> dict[str, Any]:
    """Says that it is mended; one that comes back in a later release is a regression. `reopen` takes it back."""
    with site.database.read() as conn:
        error = lookups.error(conn, call.place("application"), call.place("error"))
    return _error(site.story.resolve_error(error.id, call.who))


def reopen(site: Site, call: Call) -> dict[str, Any]:
    """Takes back that it is mended: it is open again; one that is open is left as it is."""
    with site.database.read() as conn:
        error = lookups.error(conn, call.place("application"), call.place("error"))
    return _error(site.story.reopen_error(error.id, call.who))


def rotate_key(site: Site, call: Call) -> dict[str, Any]:
    """A new key to report with; what runs goes on with the one before."""
    with site.database.read() as conn:
        application = call.place("application")
        environment = lookups.environment(site, conn, application, call.place("environment"))
    with site.database.write() as conn:
        known = error_keys.rotate(conn, application, environment, call.who)
    return {"project": known.project, "environment": environment, "key": known.key}


def _error(one: Error) -> dict[str, Any]:
    """Without what only Shipway itself compares."""
    shown = asdict(one)
    del shown["fingerprint"], shown["resolved_after"]
    return shown


def _brought(conn: Connection, seen: Sequence[Place | InRelease]) -> Brought:
    """The releases of these that are Shipway's, by their ids."""
    return releases.those(conn, {one.release for one in seen if one.release is not None})


def _places(places: Sequence[Place], brought: Brought) -> list[dict[str, Any]]:
    return [_place(one, brought) for one in places]


def _place(one: Place, brought: Brought) -> dict[str, Any]:
    release = brought.get(one.release or "")
    shown = asdict(one)
    del shown["error"], shown["environment"]
    return {
        "environment": one.environment,
        **shown,
        "release": None if release is None else release.number,
        "commit": None if release is None else release.commit,
        "suspicion": None if one.suspicion is None else dict(one.suspicion),
    }


def _release(one: InRelease, brought: Brought) -> dict[str, Any]:
    release = brought.get(one.release or "")
    return {
        "environment": one.environment,
        "release": None if release is None else release.number,
        "commit": None if release is None else release.commit,
        "named": one.named if release is None else None,
        "first_seen": one.first_seen,
        "last_seen": one.last_seen,
        "count": one.count,
        "checks": one.checks,
    }


ROUTES = (
    declare("GET", BASE, list_errors, who="user"),
    declare("GET", f"{BASE}/{{error}}", show_error, who="user"),
    declare("POST", f"{BASE}/{{error}}/resolve", resolve, who="user"),
    declare("POST", f"{BASE}/{{error}}/reopen", reopen, who="user"),
    declare(
        "POST",
        "/api/v1/applications/{application}/environments/{environment}/error-key",
        rotate_key,
        who="user",
    ),
)
