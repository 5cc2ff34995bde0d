"""An environment: what serves there on what, which releases there were, and the way back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from shipway.pushes.git import CommitInfo
from shipway.rollbacks import choose
from shipway.state import configurations, deployments, holds, instances, releases, runs
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run
from shipway.traffic.addresses import address
from shipway.web import lookups, shapes
from shipway.web.api.environments import running
from shipway.web.call import Call
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import clock, lasting

BASE = "/applications/{application}/environments/{environment}"
DRAWN = 8  # instances in the picture; more are counted
COLOURS = {
    "running": "serving",
    "backoff": "failed",
    "exited": "failed",
    "absent": "failed",
    "not known": "unknown",
}


@dataclass(frozen=True)
class Line:
    """A release in the list: what became of it, in which state, by whom."""

    release: Release
    info: CommitInfo
    icon: str
    word: str
    run: Run | None
    at: float


@dataclass(frozen=True)
class Instance:
    """One copy of a process beside what the keeper says of it."""

    name: str
    state: str
    icon: str
    port: int | None
    since: float | None
    restarts: int


def environment_page(site: Site, call: Call) -> Response:
    application, environment = call.place("application"), call.place("environment")
    states = running(site, application, environment)
    with site.database.read() as conn:
        names = lookups.environments(conn, lookups.application(conn, application).name)
        lookups.environment(conn, application, environment)
        now = releases.now_serving(conn, application, environment)
        lines = _lines(site, conn, application, environment, now)
        wanted = [] if now is None else instances.of_release(conn, now.release)
        moving = next((one for one in deployments.recent(conn, application, environment, 1) if not one.over), None)
        serving = next((line for line in lines if now is not None and line.release.id == now.release), None)
        commit = "" if serving is None else serving.release.commit
        return page(
            site,
            call,
            "environment.html",
            here="applications",
            application=application,
            environment=environment,
            names=names,
            url=address(application, environment, site.proxy_port),
            now=now,
            serving=serving,
            lines=lines,
            instances=[_instance(one) for one in shapes.instances(wanted, states)],
            drawn=DRAWN,
            moving=moving,
            moving_run=None if moving is None else runs.get(conn, moving.run),
            back=_way_back(conn, lines, application, environment),
            configuration=configurations.newest(conn, application, environment),
            holds=holds.on(conn, application, environment, commit),
            title=_title(environment, serving, moving),
            lead=_lead(now, serving),
        )


def roll_back(site: Site, call: Call) -> Response:
    application, environment = call.place("application"), call.place("environment")
    with site.database.read() as conn:
        lookups.application(conn, application)
        to = lookups.release(conn, application, environment, call.form().get("to", ""))
    run = site.story.roll_back(application, environment, to.number, call.who)
    return RedirectResponse(f"/runs/{application}:{run.number}", 303)


def _lines(site: Site, conn: Connection, application: str, environment: str, now: Serving | None) -> list[Line]:
    """The releases, newest first, each with its last deployment."""
    last: dict[str, Deployment] = {}
    for one in deployments.recent(conn, application, environment, limit=100):
        last.setdefault(one.release, one)
    return [
        _line(site, conn, release, last.get(release.id), now)
        for release in releases.recent(conn, application, environment)
    ]


def _line(site: Site, conn: Connection, release: Release, last: Deployment | None, now: Serving | None) -> Line:
    icon, word = _fate(release, last, now)
    return Line(
        release=release,
        info=site.commits.about(release.application, release.commit),
        icon=icon,
        word=word,
        run=None if last is None else runs.get(conn, last.run),
        at=release.created if last is None else (last.switched or last.started),
    )


def _fate(release: Release, last: Deployment | None, now: Serving | None) -> tuple[str, str]:
    if now is not None and release.id == now.release:
        return "serving", "Serving"
    if last is not None and not last.over:
        return "running", "On its way"
    warm_until = 0.0 if now is None or release.id != now.warm else now.warm_until or 0.0
    if warm_until > time.time():
        return "draining", f"Kept warm until {clock(warm_until)[:5]}"
    if last is None:
        return "queued", "Not deployed"
    return {"failed": ("failed", "Undone"), "unknown": ("unknown", "Not known")}.get(
        last.state, ("draining", "Retired")
    )


def _instance(shape: shapes.Shape) -> Instance:
    state = "up" if shape["state"] == "running" else shape["state"]
    return Instance(
        name=f"{shape['process']}.{shape['position']}",
        state=state,
        icon=COLOURS[shape["state"]],
        port=shape["port"],
        since=shape["since"],
        restarts=shape["restarts"] or 0,
    )


def _way_back(conn: Connection, lines: Sequence[Line], application: str, environment: str) -> Line | None:
    """What a rollback goes to, if there is anything."""
    try:
        target = choose.target(conn, application, environment, None)
    except choose.NowhereToGo:
        return None
    return next((line for line in lines if line.release.id == target.id), None)


def _title(environment: str, serving: Line | None, moving: Deployment | None) -> str:
    if moving is not None:
        return f"{moving.commit[:7]} is on its way to {environment}"
    if serving is None:
        return f"Nothing serves in {environment} yet"
    return f"r{serving.release.number} serves in {environment}"


def _lead(now: Serving | None, serving: Line | None) -> str:
    if now is None or serving is None:
        return "The first commit that gets through the environments before this one will."
    subject = f"{serving.info.subject}. " if serving.info.subject else ""
    return f"{subject}It has served every request for {lasting(now.since)}."


ROUTES = (
    declare("GET", BASE, environment_page, who="user"),
    declare("POST", f"{BASE}/rollback", roll_back, who="user"),
)
