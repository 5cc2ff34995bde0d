"""An application on one line: the way of its newest commit, and the one sentence that matters now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shipway.state import runs
from shipway.state.applications import Application
from shipway.state.database import Connection
from shipway.state.releases import Serving
from shipway.web import journey, lookups
from shipway.web.journey import Journey
from shipway.web.pages.places import Place
from shipway.web.pages.places import places as read_places
from shipway.web.pages.remarks import Remark, remark
from shipway.web.pages.stations import Station, at_place, first_two
from shipway.web.site import Site
from shipway.web.words import several

ORDER = ("failed", "unknown", "running", "rolled", "frozen", "queued", "serving")
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


def row(site: Site, conn: Connection, application: Application, serving: Mapping[str, Serving]) -> Row:
    """The row of an application, of which the environments serve what `serving` says."""
    names = lookups.environments(site, conn, application.name, serving)
    places = read_places(conn, application.name, names, serving, site.proxy_port)
    recent = runs.recent(conn, application=application.name, branch=application.default_branch, limit=20)
    head = next((journey.read(conn, run.id) for run in recent if run.purpose == "push"), None)
    if head is None:
        return _silent(application, places)
    subject = site.commits.about(application.name, head.run.commit).subject
    stations = [*first_two(head, subject), *(at_place(head, place) for place in places)]
    state = _state(head, places)
    return Row(
        name=application.name,
        about=f"{several(len(names), 'environment')}, from {application.default_branch}",
        state=state,
        stations=stations,
        remark=remark(conn, state, head, places, stations),
        places=places,
        head=head,
        seconds=_to_the_end(head, places),
    )


def in_order(rows: Sequence[Row]) -> list[Row]:
    """What may need a person first, then what moves, then what is well."""
    return sorted(rows, key=lambda row: (ORDER.index(row.state), row.name))


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


def _state(head: Journey, places: Sequence[Place]) -> str:
    if any(one.state == "unknown" for one in head.deployments.values()):
        return "unknown"
    if head.run.state in ("failed", "running", "queued"):
        return head.run.state
    if any(place.rolled_back for place in places):
        return "rolled"
    if any(place.hold is not None for place in places):
        return "frozen"
    return "serving" if any(place.release is not None for place in places) else "queued"


def _to_the_end(head: Journey, places: Sequence[Place]) -> float | None:
    last = head.deployments.get(places[-1].name)
    return None if last is None or last.switched is None else last.switched - head.run.created
