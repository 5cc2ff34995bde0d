"""Applications: the list, one of them, and making one."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shipway.state import releases, runs
from shipway.state.applications import Application
from shipway.state.database import Connection
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run
from shipway.traffic import addresses
from shipway.web import lookups, settings, shapes
from shipway.web.call import Call
from shipway.web.overview.standings import Standing
from shipway.web.routes import declare
from shipway.web.site import Site


def list_applications(site: Site, _call: Call) -> dict[str, Any]:
    """Every application with its environments, what serves in each, and its newest run."""
    with site.database.read() as conn:
        standings, newest = site.board.standings(conn), runs.newest_of_each(conn)
    return {"applications": [_at_one_look(site, one, newest.get(one.name)) for one in standings]}


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
    environments = [_environment(site, conn, one.name, name) for name in names]
    return _of_application(site, one, environments, newest[0] if newest else None)


def _at_one_look(site: Site, standing: Standing, newest: Run | None) -> dict[str, Any]:
    """From what the board keeps: asked one by one they are ten questions each."""
    name = standing.name
    environments = [_serves(site, name, each.name, each.serving, each.release) for each in standing.read]
    return _of_application(site, standing.application, environments, newest)


def _of_application(
    site: Site, one: Application, environments: list[dict[str, Any]], newest: Run | None
) -> dict[str, Any]:
    return {
        "name": one.name,
        "default_branch": one.default_branch,
        "created": one.created,
        "git_url": f"{site.address}/git/{one.name}.git",
        "environments": environments,
        "newest_run": None if newest is None else shapes.run(newest),
    }


def _environment(site: Site, conn: Connection, application: str, name: str) -> dict[str, Any]:
    now = releases.now_serving(conn, application, name)
    return _serves(site, application, name, now, None if now is None else releases.get(conn, now.release))


def _serves(
    site: Site, application: str, name: str, now: Serving | None, serves: Release | None
) -> dict[str, Any]:
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
