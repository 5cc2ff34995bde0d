"""The releases of an environment, what became of each, and the ways back and forward among them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from shipway.pushes.git import CommitInfo
from shipway.releases import gate
from shipway.rollbacks import choose
from shipway.state import deployments, releases, runs
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run
from shipway.web import shares
from shipway.web.overview.places import went_back
from shipway.web.site import Site
from shipway.web.words import clock

QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Line:
    """A release in the list: what became of it, in which state, by whom; `served` if ever it did."""

    release: Release
    info: CommitInfo
    icon: str
    word: str
    run: Run | None
    at: float
    served: bool


@dataclass(frozen=True)
class Now:
    """What serves: its number, the deployment that made it serve, and whether that left a newer release."""

    serving: Serving
    number: int
    by: Deployment
    went_back: bool


def now(conn: Connection, application: str, environment: str) -> Now | None:
    """What the environment serves, if anything."""
    serving = releases.now_serving(conn, application, environment)
    if serving is None:
        return None
    number = releases.get(conn, serving.release).number
    by = deployments.get(conn, serving.deployment)
    return Now(serving, number, by, went_back(conn, by, number))


def lines(site: Site, conn: Connection, application: str, environment: str, now: Now | None) -> list[Line]:
    """The releases, newest first, each with its last deployment; what serves is among them however old it is."""
    last: dict[str, Deployment] = {}
    for one in deployments.recent(conn, application, environment, limit=100):
        last.setdefault(one.release, one)
    shown = releases.recent(conn, application, environment)
    if now is not None and all(one.id != now.serving.release for one in shown):
        shown.append(releases.get(conn, now.serving.release))
    held = {one.id for one in shown if gate.quarantine_over(conn, one, environment) is not None}
    return [_line(site, conn, one, last.get(one.id), now, held=one.id in held) for one in shown]


def way_back(conn: Connection, lines: Sequence[Line], application: str, environment: str) -> Line | None:
    """What a rollback goes to, if there is anything."""
    try:
        target = choose.target(conn, application, environment, None)
    except choose.NowhereToGo:
        return None
    return next((line for line in lines if line.release.id == target.id), None)


def way_forward(lines: Sequence[Line], now: Now | None) -> Line | None:
    """After a rollback: the newest release that has served and was left, unless it may not come back."""
    if now is None or not now.went_back:
        return None
    served = (line for line in lines if line.served and line.icon != QUARANTINED)
    return next((line for line in served if line.release.number > now.number), None)


def _line(
    site: Site, conn: Connection, release: Release, last: Deployment | None, now: Now | None, *, held: bool
) -> Line:
    icon, word = _fate(release, last, now)
    if last is not None and last.state == "failed" and shares.moves(conn, last, ()):
        icon, word = "rolled", "Rolled back"
    if held and icon in ("failed", "rolled"):
        icon, word = QUARANTINED, "Quarantined"
    if icon == "running" and last is not None:
        moves = shares.moves(conn, last, ())
        word = f"On trial, {moves[-1].share} %" if moves and moves[-1].share else word
    return Line(
        release=release,
        info=site.commits.about(release.application, release.commit),
        icon=icon,
        word=word,
        run=None if last is None else runs.get(conn, last.run),
        at=release.created if last is None else (last.switched or last.started),
        served=last is not None and last.state == "done",
    )


def _fate(release: Release, last: Deployment | None, now: Now | None) -> tuple[str, str]:
    if now is not None and release.id == now.serving.release:
        return "serving", "Serving"
    if last is None:
        return "queued", "Not deployed"
    if last.state != "done":
        states = {"running": ("running", "On its way"), "unknown": ("unknown", "Not known")}
        return states.get(last.state, ("failed", "Undone"))
    left = now is not None and now.went_back and release.number > now.number
    warm_until = 0.0 if now is None or release.id != now.serving.warm else now.serving.warm_until or 0.0
    warm = f"ept warm until {clock(warm_until)[:5]}" if warm_until > time.time() else ""
    if left:
        return "rolled", f"Rolled back, k{warm}" if warm else "Rolled back"
    return "draining", f"K{warm}" if warm else "Retired"
