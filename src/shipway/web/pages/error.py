"""One error: by whose commit it came, where it was raised, which requests and releases had it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import RedirectResponse, Response

from shipway.incidents import sure
from shipway.signals.errors import samples
from shipway.signals.errors.askers import how_often
from shipway.state import errors, releases
from shipway.state.database import Connection
from shipway.state.errors import Error, InRelease, Place
from shipway.state.releases import Release
from shipway.web import lookups, trials
from shipway.web.call import Call
from shipway.web.overview.stations import Station
from shipway.web.pages.error_list import state
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.suspicions import alike
from shipway.web.words import ago, sentences, several

BASE = "/applications/{application}/errors/{error}"
SHORT = 60  # characters of an exception's name in the heading
NOBODY: Mapping[str, Any] = {
    "commit": None,
    "reason": "Nobody has looked yet; that takes a few seconds.",
    "evidence": [],
    "candidates": [],
}


@dataclass(frozen=True)
class Where:
    """The error in one environment, with who is suspected there; its `release` serves there, or was taken back."""

    place: Place
    release: Release | None
    suspicion: Mapping[str, Any]
    taken_back: bool = False

    @property
    def came(self) -> str:
        """What the release did that brought it."""
        back = ", and was taken back" if self.taken_back else ""
        return "not one of Shipway's" if self.release is None else f"brought it to {self.place.environment}{back}"


@dataclass(frozen=True)
class Row:
    """The error in one release; `name` is r3, or what the application called it."""

    seen: InRelease
    name: str
    commit: str


def error_page(site: Site, call: Call) -> Response:
    with site.database.read() as conn:
        error = lookups.error(conn, call.place("application"), call.place("error"))
        names = lookups.environments(site, conn, error.application)
        wheres = [_where(conn, place) for place in _in_order(errors.places(conn, error.id), names)]
        rows = _rows(conn, errors.in_releases(conn, error.id))
        requests = errors.requests(conn, error.id)
    kept = samples.newest(site.places, error.application, error.id)
    look, word = state(error)
    return page(
        site,
        call,
        "error.html",
        here="applications",
        error=error,
        look=look,
        word=word,
        suspected=alike(wheres, lambda where: where.suspicion),
        stations=_stations(site, error, wheres[0]) if wheres else [],
        rows=rows,
        requests=requests,
        sample=kept[0] if kept else None,
        levels=sure.MEANINGS,
        title=_title(error, wheres),
        lead=sentences(_lead(error), *(_gone(each) for each in wheres if each.taken_back)),
    )


def resolve(site: Site, call: Call) -> Response:
    error = _meant(site, call)
    site.story.resolve_error(error.id, call.who)
    return _back(error)


def reopen(site: Site, call: Call) -> Response:
    error = _meant(site, call)
    site.story.reopen_error(error.id, call.who)
    return _back(error)


def _meant(site: Site, call: Call) -> Error:
    with site.database.read() as conn:
        return lookups.error(conn, call.place("application"), call.place("error"))


def _back(error: Error) -> Response:
    return RedirectResponse(f"/applications/{error.application}/errors/{error.number}", 303)


def _in_order(places: Sequence[Place], names: Sequence[str]) -> list[Place]:
    """The environment at the end of the way first: there people are hurt."""
    order = {name: number for number, name in enumerate(names)}
    return sorted(places, key=lambda place: -order.get(place.environment, -1))


def _where(conn: Connection, place: Place) -> Where:
    release = None if place.release is None else releases.get(conn, place.release)
    taken_back = release is not None and trials.read(conn, release).fate in trials.TAKEN_BACK
    return Where(place, release, place.suspicion or NOBODY, taken_back)


def _rows(conn: Connection, told: Sequence[InRelease]) -> list[Row]:
    known = releases.those(conn, {one.release for one in told if one.release is not None})
    return [_row(one, known.get(one.release or "")) for one in told]


def _row(seen: InRelease, release: Release | None) -> Row:
    if release is None:
        return Row(seen, seen.named or "not named", "")
    return Row(seen, f"r{release.number}", release.commit)


def _stations(site: Site, error: Error, where: Where) -> list[Station]:
    """The way of the error: the commit that is suspected, the release that brought it, what it does there."""
    commit = where.suspicion["commit"]
    subject = site.commits.about(error.application, commit).subject if commit else "no commit is suspected"
    release = "no release" if where.release is None else f"r{where.release.number}"
    return [
        Station(
            commit[:7] if commit else "not known",
            "passed" if commit else "unknown",
            subject,
            mono=bool(commit),
            address=f"/applications/{error.application}/commits/{commit[:10]}" if commit else None,
        ),
        Station(release, _shape(where), where.came),
        Station(where.place.environment, state(error)[0], several(where.place.count, "report")),
    ]


def _shape(where: Where) -> str:
    if where.release is None:
        return "unknown"
    return "rolled" if where.taken_back else "passed"


def _title(error: Error, wheres: Sequence[Where]) -> str:
    what, colon, _ = error.title.partition(":")
    function = error.place.partition(" in ")[0]
    called = f"{what[:SHORT]} in {function[:SHORT]}" if function and colon else error.title[: 2 * SHORT]
    if error.state == "resolved":
        return f"Resolved: {called}"
    first = wheres[0] if wheres else None
    if first is None or first.release is None:
        return f"Open: {called}"
    return f"{called} since r{first.release.number} in {first.place.environment}"


def _gone(where: Where) -> str:
    named = "" if where.release is None else f"r{where.release.number} "
    return f"{named}{where.came}."


def _lead(error: Error) -> str:
    seen = f"Seen {how_often(error.count, error.checks)}"
    seen += ", the last one" if error.count > 1 else "," if error.checks else ""
    told = f"{seen} {ago(error.last_seen)}."
    if error.state == "resolved" and error.resolved is not None:
        return f"{told} {error.resolved_by} resolved it {ago(error.resolved)}."
    if error.regressed is not None and error.resolved is not None:
        return f"{told} {error.resolved_by} had resolved it; it came back {ago(error.regressed)}."
    return told


ROUTES = (
    declare("GET", BASE, error_page, who="user"),
    declare("POST", f"{BASE}/resolve", resolve, who="user"),
    declare("POST", f"{BASE}/reopen", reopen, who="user"),
)
