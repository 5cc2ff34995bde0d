"""The errors of an application: what is open, since which release, by whose commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from shipway.state import errors
from shipway.state.database import Connection
from shipway.state.errors import Error, Known
from shipway.web import lookups
from shipway.web.call import Call
from shipway.web.pages.rendering import page
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import counted

SHOWN = 200


@dataclass(frozen=True)
class Line:
    """One error; `commit` and `author` are whom the newest suspicion names."""

    error: Error
    icon: str
    word: str
    since: Sequence[Known]
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
        lines = _lines(conn, found)
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


def _lines(conn: Connection, found: Sequence[Error]) -> list[Line]:
    """The open ones first."""
    known = errors.known_of(conn, [one.id for one in found])
    return sorted((_line(one, known[one.id]) for one in found), key=lambda line: line.error.state)


def _line(error: Error, known: Sequence[Known]) -> Line:
    named = next((one for one in reversed(known) if one.commit), None)
    commit, author = ("", "") if named is None else (named.commit, named.author)
    return Line(error, *state(error), known, commit, author)


def _title(found: Sequence[Error], where: str) -> str:
    count = sum(error.state == "open" for error in found)
    if not found:
        return f"Nothing reported an error in {where}"
    if not count:
        return f"No error is open in {where}"
    return f"{counted(count).capitalize()} {'error is' if count == 1 else 'errors are'} open in {where}"


ROUTES = (declare("GET", "/applications/{application}/errors", error_list, who="user"),)
