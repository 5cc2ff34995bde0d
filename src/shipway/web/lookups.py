"""Finding what an address names, or saying that it is not there."""

from __future__ import annotations

from collections.abc import Iterable

from shipway.errors import NotFound
from shipway.state import applications, errors, releases, runs
from shipway.state.applications import Application
from shipway.state.database import Connection
from shipway.state.errors import Error
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.story import order
from shipway.web.refusals import Unreadable
from shipway.web.site import Site

NO_APPLICATION = "`shipway applications` lists those there are; `shipway init` in its repository makes one."


def application(conn: Connection, name: str) -> Application:
    found = applications.find(conn, name)
    if found is None:
        raise NotFound(f"There is no application called {name!r}.", hint=NO_APPLICATION)
    return found


def run(conn: Connection, name: str) -> Run:
    """The run with this id, or the one people call `<application>:<number>`."""
    owner, _, number = name.partition(":")
    by_number = number.isascii() and number.isdecimal() and len(number) < 10
    if by_number:
        application(conn, owner)
    found = runs.numbered(conn, owner, int(number)) if by_number else runs.find(conn, name)
    if found is None:
        said = f"{owner} has no run {number}." if by_number else f"There is no run {name!r}."
        raise NotFound(said, hint="`shipway runs` lists them.")
    return found


def environments(site: Site, conn: Connection, name: str, serving: Iterable[str] | None = None) -> list[str]:
    """The environments of an application in the order in which commits travel through them.

    What serves besides (`serving`, looked up if not given) stands after them.
    """
    return order.environments(conn, site.places, name, serving)


def environment(site: Site, conn: Connection, name: str, environment: str) -> str:
    """The environment's name, if the application has it."""
    application(conn, name)
    known = environments(site, conn, name)
    if environment not in known:
        raise NotFound(
            f"{name} has no environment called {environment!r}.", hint=f"There are: {', '.join(known)}."
        )
    return environment


def configurable(site: Site, conn: Connection, name: str, environment: str) -> str:
    """The environment's name, if something may be set for it: before a push has named any, every legal one."""
    application(conn, name)
    order.configurable(conn, site.places, name, environment)
    return environment


def release(conn: Connection, name: str, environment: str, said: str) -> Release:
    """The release people call `r3` (or `3`, where nothing is done with it)."""
    number = said.removeprefix("r")
    known = number.isascii() and number.isdecimal() and len(number) < 10
    found = releases.numbered(conn, name, environment, int(number)) if known else None
    if found is None:
        raise NotFound(
            f"{environment} of {name} has no release {said!r}.",
            hint=f"{_called(conn, name, environment, known)}; `shipway releases --env {environment}` lists them.",
        )
    return found


def exact_release(conn: Connection, name: str, environment: str, said: str) -> Release:
    """The same for what changes something there: a number alone may mean a run as well. Raises Unreadable."""
    found = release(conn, name, environment, said)
    if not said.startswith("r"):
        raise Unreadable(f"{said!r} may be a release or a run.", hint=f"Say r{said} if that release is meant.")
    return found


def _called(conn: Connection, name: str, environment: str, known: bool) -> str:
    """Which there are; of what is no number, how they are called."""
    if not known:
        return "They are called r1, r2 and so on"
    newest = next(iter(releases.recent(conn, name, environment, 1)), None)
    if newest is None:
        return "There is none yet"
    return "There is r1" if newest.number == 1 else f"There are r1 to r{newest.number}"


def error(conn: Connection, name: str, said: str) -> Error:
    """The error of an application that people call by this number."""
    application(conn, name)
    known = said.isascii() and said.isdecimal() and len(said) < 10
    found = errors.numbered(conn, name, int(said)) if known else None
    if found is None:
        raise NotFound(f"{name} has no error {said!r}.", hint="`shipway errors` lists them.")
    return found
