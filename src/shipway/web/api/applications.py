"""Applications: the list, one of them, and making one."""

from __future__ import annotations

from typing import Any

from shipway.state import applications, releases, runs
from shipway.state.applications import Application
from shipway.state.database import Connection
from shipway.traffic import addresses
from shipway.web import lookups, shapes
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def list_applications(site: Site, _call: Call) -> dict[str, Any]:
    with site.database.read() as conn:
        return {"applications": [_shape(site, conn, one) for one in applications.every(conn)]}


def show_application(site: Site, call: Call) -> dict[str, Any]:
    with site.database.read() as conn:
        return _shape(site, conn, lookups.application(conn, call.place("application")))


def create_application(site: Site, call: Call) -> dict[str, Any]:
    """Makes an application, or shows the one that has this name already."""
    name = call.field("name")
    branch = call.json().get("default_branch") or "main"
    site.story.create_application(name, str(branch), call.who)
    with site.database.read() as conn:
        return _shape(site, conn, lookups.application(conn, name))


def _shape(site: Site, conn: Connection, one: Application) -> dict[str, Any]:
    newest = runs.recent(conn, application=one.name, limit=1)
    names = lookups.environments(site, conn, one.name)
    return {
        "name": one.name,
        "default_branch": one.default_branch,
        "created": one.created,
        "git_url": f"{site.address}/git/{one.name}.git",
        "environments": [_environment(site, conn, one.name, name) for name in names],
        "newest_run": shapes.run(newest[0]) if newest else None,
    }


def _environment(site: Site, conn: Connection, application: str, name: str) -> dict[str, Any]:
    now = releases.now_serving(conn, application, name)
    serves = None if now is None else releases.get(conn, now.release)
    return {
        "name": name,
        "url": addresses.address(application, name, site.proxy_port),
        "commit": None if serves is None else serves.commit,
        "release": None if serves is None else serves.number,
        "since": None if now is None else now.since,
    }


ROUTES = (
    declare("GET", "/api/v1/applications", list_applications, who="user"),
    declare("POST", "/api/v1/applications", create_application, who="user"),
    declare("GET", "/api/v1/applications/{application}", show_application, who="user"),
)
