"""Applications: the list, one of them, and making one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shipway.state import applications, releases, runs
from shipway.state.applications import Application
from shipway.state.database import Connection
from shipway.traffic import addresses
from shipway.web import lookups, settings, shapes
from shipway.web.call import Call
from shipway.web.routes import declare
from shipway.web.site import Site


def list_applications(site: Site, _call: Call) -> dict[str, Any]:
    """Every application with its environments, what serves in each, and its newest run."""
    with site.database.read() as conn:
        return {"applications": [_shape(site, conn, one) for one in applications.every(conn)]}


def show_application(site: Site, call: Call) -> dict[str, Any]:
    """One application with its environments, what serves in each, and its newest run."""
    with site.database.read() as conn:
        return _shape(site, conn, lookups.application(conn, call.place("application")))


def create_application(site: Site, call: Call) -> dict[str, Any]:
    """Makes an application, or shows the one that has this name already."""
    name = call.field("name")
    branch = call.json().get("default_branch") or "main"
    site.story.create_application(name, str(branch), call.who)
    with site.database.read() as conn:
        return _shape(site, conn, lookups.application(conn, name))


def change_application(site: Site, call: Call) -> dict[str, Any]:
    """Makes `default_branch`, one that was pushed, the branch that says what the application is."""
    name = call.place("application")
    site.story.set_default_branch(name, call.field("default_branch"), call.who)
    with site.database.read() as conn:
        return _shape(site, conn, lookups.application(conn, name))


def show_settings(site: Site, call: Call) -> dict[str, Any]:
    """Each setting of shipway.yml: what it means, what counts, and in which line of which commit it stands."""
    with site.database.read() as conn:
        application = lookups.application(conn, call.place("application"))
        ruled = settings.read(site, conn, application.name)
    return {
        "default_branch": application.default_branch,
        "commit": None if ruled is None else ruled.commit,
        "written": ruled is not None and ruled.written,
        "settings": [] if ruled is None else [asdict(one) for one in ruled.settings],
    }


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
    declare("PATCH", "/api/v1/applications/{application}", change_application, who="user"),
    declare("GET", "/api/v1/applications/{application}/settings", show_settings, who="user"),
)
