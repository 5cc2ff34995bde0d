"""The errors of an application: what is open, since which release, by whose commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from shipway.state import errors, releases
from shipway.state.database import Connection
from shipway.state.errors import Error, Place
from shipway.web import lookups
from shipway.web.call import Call
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import counted

SHOWN = 200


@dataclass(frozen=True)
class Since:
    """An environment that has the error; `release` is the number of the one that brought it."""

    environment: str
    release: int | None


@dataclass(frozen=True)
class Line:
    """One error; `commit` and `author` are whom the newest suspicion names."""

    error: Error
    icon: str
    word: str
    since: Sequence[Since]
    commit: str
    author: str


def error_list(site: Site, call: Call) -> Response:
    with site.database.read() as conn:
        name = lookups.application(conn, call.place("application")).name
        names = lookups.environments(site, conn, name)
        environment = call.query("environment")
        if environment is not None:
            lookups.environment(site, conn, name, environment)
        found = errors.recent(conn, name, environment=environment, limit=SHOWN)
        lines = sorted((_line(conn, one) for one in found), key=lambda line: line.error.state)
    return page(
        site,
        call,
        "error_list.html",
        here="applications",
        application=name,
        names=names,
        environment=environment,
        lines=lines,
        dropped=site.intake.dropped(name),
        title=_title(found, environment or name),
    )


def state(error: Error) -> tuple[str, str]:
    """The icon and the word."""
    if error.state == "resolved":
        return "passed", "Resolved"
    return "failed", "Came back" if error.regressed else "Open"


def _line(conn: Connection, error: Error) -> Line:
    places = errors.places(conn, error.id)
    named = next((one.suspicion for one in reversed(places) if one.suspicion and one.suspicion["commit"]), {})
    since = [_since(conn, one) for one in places]
    return Line(error, *state(error), since, str(named.get("commit", "")), str(named.get("author", "")))


def _since(conn: Connection, place: Place) -> Since:
    release = None if place.release is None else releases.get(conn, place.release)
    return Since(place.environment, None if release is None else release.number)


def _title(found: Sequence[Error], where: str) -> str:
    count = sum(error.state == "open" for error in found)
    if not found:
        return f"Nothing reported an error in {where}"
    if not count:
        return f"No error is open in {where}"
    return f"{counted(count).capitalize()} {'error is' if count == 1 else 'errors are'} open in {where}"


ROUTES = (declare("GET", "/applications/{application}/errors", error_list, who="user"),)
