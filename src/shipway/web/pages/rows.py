"""An application on one line: the way of its newest commit, and the one sentence that matters now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.pushes.git import CommitInfo
from shipway.state import deployments, holds, releases, runs
from shipway.state.applications import Application
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.holds import Hold
from shipway.state.releases import Release, Serving
from shipway.traffic import addresses
from shipway.web import journey, lookups
from shipway.web.journey import Journey
from shipway.web.site import Site
from shipway.web.words import lasting, length, phase, plain, several

ORDER = ("failed", "unknown", "running", "rolled", "frozen", "queued", "serving")
LONGEST = 70  # characters of a log's line in the sentence underneath
WORDS = {
    "failed": "Failed",
    "unknown": "Not known",
    "running": "Under way",
    "rolled": "Rolled back",
    "frozen": "Frozen",
    "queued": "Queued",
    "serving": "Serving",
}


@dataclass(frozen=True)
class Station:
    """One stop on the way: `state` gives shape and colour, `reached` whether the way to it is behind us."""

    name: str
    state: str
    about: str
    mono: bool = False
    reached: bool = True
    moving: bool = False


@dataclass(frozen=True)
class Remark:
    """The sentence underneath: what came back, from which station (counted from 0), to which address it leads."""

    kind: str
    text: str
    at: int
    address: str | None = None


@dataclass(frozen=True)
class Place:
    """An environment as the record has it: what serves, by which deployment, and what holds it."""

    name: str
    url: str
    serving: Serving | None
    release: Release | None
    by: Deployment | None
    hold: Hold | None


@dataclass(frozen=True)
class Row:
    """`seconds` is how long the newest commit took from push to the last environment, if it got there."""

    name: str
    about: str
    state: str
    stations: Sequence[Station]
    remark: Remark
    places: Sequence[Place]
    head: Journey | None
    seconds: float | None

    @property
    def word(self) -> str:
        return WORDS[self.state]

    @property
    def last(self) -> Place:
        """The environment at the end of the way."""
        return self.places[-1]


def row(site: Site, conn: Connection, application: Application) -> Row:
    """The row of an application."""
    names = lookups.environments(conn, application.name)
    places = [_place(site, conn, application.name, name) for name in names]
    recent = runs.recent(conn, application=application.name, branch=application.default_branch, limit=20)
    head = next((journey.read(conn, run.id) for run in recent if run.purpose == "push"), None)
    if head is None:
        return _silent(application, places)
    info = site.commits.about(application.name, head.run.commit)
    stations = [*_first_two(head, info), *(_station(head, place) for place in places)]
    state = _state(head, places)
    return Row(
        name=application.name,
        about=f"{several(len(names), 'environment')}, from {application.default_branch}",
        state=state,
        stations=stations,
        remark=_remark(conn, state, head, places, stations),
        places=places,
        head=head,
        seconds=_to_the_end(head, places),
    )


def in_order(rows: Sequence[Row]) -> list[Row]:
    """What may need a person first, then what moves, then what is well."""
    return sorted(rows, key=lambda row: (ORDER.index(row.state), row.name))


def _place(site: Site, conn: Connection, application: str, name: str) -> Place:
    now = releases.now_serving(conn, application, name)
    release = None if now is None else releases.get(conn, now.release)
    held = holds.on(conn, application, name, "" if release is None else release.commit)
    return Place(
        name=name,
        url=addresses.address(application, name, site.proxy_port),
        serving=now,
        release=release,
        by=None if now is None else deployments.get(conn, now.deployment),
        hold=held[0] if held else None,
    )


def _silent(application: Application, places: Sequence[Place]) -> Row:
    """A row for an application that nobody has pushed to yet."""
    ahead = [Station(place.name, "queued", "nothing yet", reached=False) for place in places]
    stations = [
        Station("no commit", "queued", "", reached=False),
        Station("run", "queued", "", reached=False),
        *ahead,
    ]
    branch = application.default_branch
    words = f"Nothing was pushed to {branch} yet: git push shipway HEAD:{branch}"
    return Row(
        name=application.name,
        about=f"from {application.default_branch}",
        state="queued",
        stations=stations,
        remark=Remark("quiet", words, len(stations) - 1),
        places=places,
        head=None,
        seconds=None,
    )


def _first_two(head: Journey, info: CommitInfo) -> tuple[Station, Station]:
    run = head.run
    about = {
        "queued": "waits for its turn",
        "running": _busy(head),
        "passed": f"passed in {length(_tested(head))}",
        "failed": "failed" if not head.failed_steps else f"{head.failed_steps[0].name} failed",
    }.get(_pipeline_state(head), run.state)
    commit = Station(run.commit[:7], "passed", info.subject, mono=True)
    return commit, Station(f"run {run.number}", _icon(_pipeline_state(head)), about)


def _pipeline_state(head: Journey) -> str:
    """How the steps fared, whatever became of the deployments."""
    if head.run.state in ("running", "failed") and (head.deployments or head.unneeded):
        return "passed"
    return head.run.state


def _busy(head: Journey) -> str:
    names = [step.name for step in head.steps.values() if step.state == "running"]
    return ", ".join(names) or "under way"


def _tested(head: Journey) -> float:
    ended = [step.ended for step in head.steps.values() if step.ended is not None]
    return max(ended) - head.run.created if ended else head.seconds or 0.0


def _icon(state: str) -> str:
    return state if state in ("queued", "running", "passed", "failed") else "draining"


def _station(head: Journey, place: Place) -> Station:
    deployment = head.deployments.get(place.name)
    reached = deployment is not None or place.name in head.unneeded
    if deployment is not None and not deployment.over:
        now = "queued" if place.release is None else "serving"
        return Station(place.name, now, phase(deployment.phase), moving=True)
    if deployment is not None and deployment.state != "done":
        return Station(place.name, "failed" if deployment.state == "failed" else "unknown", _serves(place))
    if place.hold is not None:
        return Station(place.name, "frozen", _serves(place), reached=reached)
    if place.by is not None and place.by.kind == "rollback":
        return Station(place.name, "rolled", f"back on {place.by.commit[:7]}", reached=reached)
    if place.release is None:
        return Station(place.name, "queued", "nothing yet", reached=reached)
    return Station(place.name, "serving", _serves(place), reached=reached)


def _serves(place: Place) -> str:
    if place.release is None or place.serving is None:
        return "nothing serves"
    return f"{place.release.commit[:7]} for {lasting(place.serving.since)}"


def _state(head: Journey, places: Sequence[Place]) -> str:
    if any(one.state == "unknown" for one in head.deployments.values()):
        return "unknown"
    if head.run.state in ("failed", "running", "queued"):
        return head.run.state
    if any(place.by is not None and place.by.kind == "rollback" for place in places):
        return "rolled"
    if any(place.hold is not None for place in places):
        return "frozen"
    return "serving" if any(place.release is not None for place in places) else "queued"


def _remark(
    conn: Connection, state: str, head: Journey, places: Sequence[Place], stations: Sequence[Station]
) -> Remark:
    run = head.run
    address = f"/runs/{run.application}:{run.number}"
    if state in ("failed", "unknown"):
        at = next((n for n, station in enumerate(stations) if station.state in ("failed", "unknown")), 1)
        return Remark("fail", _what_failed(head), at, address)
    if state == "running":
        at = max((n for n, station in enumerate(stations) if station.moving), default=1)
        return Remark("quiet", f"Under way for {lasting(run.created)}", at, address)
    if state == "rolled":
        return _rolled(conn, places)
    held = next((place for place in places if place.hold is not None), None)
    if held is not None and held.hold is not None:
        at = 2 + places.index(held)
        return Remark("ice", f"{held.hold.who} froze {held.name}: {held.hold.why}", at)
    return Remark("quiet", _well(places), len(stations) - 1)


def _what_failed(head: Journey) -> str:
    """The reason, with the first line of what explains it."""
    reason = head.run.reason or "It failed"
    evidence = [plain(line).strip(" >") for step in head.failed_steps for line in step.excerpt.splitlines()]
    told = next((line for line in evidence if line), "")
    return f"{reason}: {told[:LONGEST]}" if told else reason


def _rolled(conn: Connection, places: Sequence[Place]) -> Remark:
    at, place = next((n, p) for n, p in enumerate(places) if p.by is not None and p.by.kind == "rollback")
    assert place.by is not None
    assert place.release is not None
    run = runs.get(conn, place.by.run)
    words = f"{run.who} rolled {place.name} back to r{place.release.number}"
    return Remark("hurt", words, 2 + at, f"/runs/{run.application}:{run.number}")


def _well(places: Sequence[Place]) -> str:
    last = places[-1]
    if last.release is None or last.serving is None:
        return f"Nothing serves in {last.name} yet"
    return f"r{last.release.number} has served {last.name} for {lasting(last.serving.since)}"


def _to_the_end(head: Journey, places: Sequence[Place]) -> float | None:
    last = head.deployments.get(places[-1].name)
    return None if last is None or last.switched is None else last.switched - head.run.created
