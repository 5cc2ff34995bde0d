"""The releases of an environment, what became of each, and the ways back and forward among them."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shipway.pushes.git import CommitInfo
from shipway.releases import gate
from shipway.state import deployments, releases, runs, stuck, verdicts
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release, Serving
from shipway.state.runs import Brief
from shipway.state.stuck import Stuck
from shipway.web import shares
from shipway.web.overview.places import went_back
from shipway.web.site import Site
from shipway.web.words import clock

QUARANTINED = "quarantined"
PAGE = 20  # releases of a page of the list


@dataclass(frozen=True)
class Line:
    """A release in the list: what became of it, in which state, by whom.

    `served` if ever it did, `bad` if it was judged so.
    """

    release: Release
    info: CommitInfo
    icon: str
    word: str
    run: Brief | None
    at: float
    served: bool
    bad: bool


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


def oldest(shown: Sequence[Line]) -> int | None:
    """The number that the next page of the list begins below, if there is any."""
    number = shown[PAGE - 1].release.number if len(shown) >= PAGE else 1
    return number if number > 1 else None


def older(
    site: Site, conn: Connection, application: str, environment: str, now: Now | None, before: int
) -> list[Line]:
    """The releases before r<before>, newest first, each with its last deployment."""
    shown = releases.recent(conn, application, environment, PAGE, before)
    last = {one.id: next(iter(deployments.of_release(conn, one.id)), None) for one in shown}
    return _lines(site, conn, shown, {name: one for name, one in last.items() if one is not None}, now, {})


def lines(
    site: Site, conn: Connection, application: str, environment: str, now: Now | None, left: Stuck | None
) -> list[Line]:
    """The releases, newest first, each with its last deployment; what serves is among them however old it is.

    `left` is what is frozen there, if anything is.
    """
    last: dict[str, Deployment] = {}
    recent = deployments.recent(conn, application, environment, limit=100)
    for one in recent:
        last.setdefault(one.release, one)
    shared = _frozen(left)
    shared |= _shared(conn, next((one for one in recent[:1] if not one.over), None), now)
    shown = releases.recent(conn, application, environment, PAGE)
    if now is not None and all(one.id != now.serving.release for one in shown):
        shown.append(releases.get(conn, now.serving.release))
    return _lines(site, conn, shown, last, now, shared)


def _lines(
    site: Site,
    conn: Connection,
    shown: Sequence[Release],
    last: Mapping[str, Deployment],
    now: Now | None,
    shared: Mapping[str, tuple[str, str]],
) -> list[Line]:
    held = gate.quarantined_among(conn, shown)
    bad = verdicts.bad_among(conn, [one.id for one in shown])
    by = [last[one.id] for one in shown if one.id in last]
    left, made = stuck.left_among(conn, by), runs.briefly(conn, [one.run for one in by])
    fates = {
        one.id: _fate(conn, one, last.get(one.id), now, held=one.id in held, bad=one.id in bad, left=left)
        for one in shown
    } | dict(shared)
    return [_line(site, one, last.get(one.id), made, *fates[one.id], bad=one.id in bad) for one in shown]


def way_forward(lines: Sequence[Line], now: Now | None) -> Line | None:
    """After a rollback: the newest release that has served and was left, unless it may not come back."""
    if now is None or not now.went_back:
        return None
    served = (line for line in lines if line.served and not line.bad and line.icon != QUARANTINED)
    return next((line for line in served if line.release.number > now.number), None)


def _line(
    site: Site,
    release: Release,
    last: Deployment | None,
    made: Mapping[str, Brief],
    icon: str,
    word: str,
    *,
    bad: bool,
) -> Line:
    return Line(
        release=release,
        info=site.commits.about(release.application, release.commit),
        icon=icon,
        word=word,
        run=None if last is None else made[last.run],
        at=release.created if last is None else (last.switched or last.started),
        served=last is not None and last.state == "done",
        bad=bad,
    )


def _frozen(left: Stuck | None) -> dict[str, tuple[str, str]]:
    """What is said, by their ids, of a release that is frozen and of the one that has the other requests."""
    if left is None:
        return {}
    found = {left.release.id: ("blocked", left.state.capitalize())}
    if left.before is not None and left.share < shares.EVERYTHING:
        found[left.before.id] = ("serving", f"Serving, {shares.EVERYTHING - left.share} %")
    return found


def _shared(conn: Connection, moving: Deployment | None, now: Now | None) -> dict[str, tuple[str, str]]:
    """What is said, by their ids, of two releases that share the requests: on trial, or to be compared."""
    if now is None:
        return {}
    beside = [] if moving is None else [(moving, now.serving.release)]
    if now.serving.warm is not None and is_parted(conn, moving, now):
        beside.append((now.by, now.serving.warm))
    for tried, other in beside:
        moves = shares.moves(conn, tried, ())
        if moves and moves[-1].share:
            return {
                other: ("serving", f"Serving, {shares.EVERYTHING - moves[-1].share} %"),
                tried.release: ("running", f"On trial, {moves[-1].share} %"),
            }
    return {}


def is_parted(conn: Connection, moving: Deployment | None, now: Now) -> bool:
    """Whether what serves shares the requests with the one before, which is asked: also while what comes next has
    none yet, for until then the routers do as they did.
    """
    if moving is None:
        return deployments.asked_since(conn, now.by) is not None
    last = shares.moves(conn, now.by, ())[-1:]
    return any(move.asked for move in last) and not shares.moves(conn, moving, ())


def _fate(
    conn: Connection,
    release: Release,
    last: Deployment | None,
    now: Now | None,
    *,
    held: bool,
    bad: bool,
    left: Collection[str],
) -> tuple[str, str]:
    """The icon and the words; what is held or was judged bad is said to be, unless it is there."""
    icon, word = _became(release, last, now)
    if last is not None and last.state == "failed" and shares.moves(conn, last, ()):
        icon, word = "rolled", "Rolled back"
    elif last is not None and icon not in ("serving", "running") and last.id in left:
        icon, word = "draining", "Was frozen"
    if not (held or bad) or icon in ("serving", "running", "unknown"):
        return icon, word
    warm = _warm_until(release, now)
    words = [
        *(["judged bad"] if bad else []),
        *([word.lower()] if word == "Was frozen" else []),
        *([QUARANTINED] if held else []),
        *([f"runs until {clock(warm)[:5]}"] if warm else []),
    ]
    return QUARANTINED if held else icon if word == "Was frozen" else "rolled", ", ".join(words).capitalize()


def _became(release: Release, last: Deployment | None, now: Now | None) -> tuple[str, str]:
    if now is not None and release.id == now.serving.release:
        return "serving", "Serving"
    if last is None:
        return "queued", "Not deployed"
    if last.state != "done":
        states = {"running": ("running", "On its way"), "unknown": ("unknown", "Not known")}
        return states.get(last.state, ("failed", "Undone"))
    left = now is not None and now.went_back and release.number > now.number
    warm_until = _warm_until(release, now)
    warm = f"ept warm until {clock(warm_until)[:5]}" if warm_until else ""
    if left:
        return "rolled", f"Rolled back, k{warm}" if warm else "Rolled back"
    return "draining", f"K{warm}" if warm else "Retired"


def _warm_until(release: Release, now: Now | None) -> float:
    """Until when it is kept running beside what serves; 0 when it is not."""
    until = 0.0 if now is None or release.id != now.serving.warm else now.serving.warm_until or 0.0
    return until if until > time.time() else 0.0
