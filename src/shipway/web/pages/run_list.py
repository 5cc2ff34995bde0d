"""The newest runs of every application."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from shipway.state import runs
from shipway.state.runs import Run
from shipway.web import lookups, outcomes
from shipway.web.call import Call
from shipway.web.pages.rendering import page
from shipway.web.purposes import purpose
from shipway.web.routes import declare
from shipway.web.site import Site
from shipway.web.words import counted

MOST = 100
STATES = {
    "queued": ("queued", "Queued"),
    "running": ("running", "Running"),
    "passed": ("passed", "Passed"),
    "failed": ("failed", "Failed"),
    "cancelled": ("draining", "Cancelled"),
    "superseded": ("draining", "Superseded"),
    "rolled back": ("rolled", "Rolled back"),
    "blocked": ("blocked", "Blocked"),
}
BACK, BLOCKED = STATES["rolled back"], STATES["blocked"]


@dataclass(frozen=True)
class Line:
    """One run in the list; `what` it was asked to do, and `icon` and `word` are its state."""

    run: Run
    subject: str
    what: str
    icon: str
    word: str


def run_list(site: Site, call: Call) -> Response:
    name = call.query("application")
    with site.database.read() as conn:
        found = runs.recent(conn, application=name, limit=MOST)
        said = outcomes.words(conn, found)
    lines = [
        Line(
            run,
            site.commits.about(run.application, run.commit).subject,
            purpose(run),
            *STATES[said[run.id]],
        )
        for run in found
    ]
    title = _title(found, f" of {name}" if name else "")
    return page(site, call, "run_list.html", here="runs", application=name, lines=lines, most=MOST, title=title)


def application(site: Site, call: Call) -> Response:
    """Every page of an application lies below its address; that one itself leads to its runs."""
    with site.database.read() as conn:
        name = lookups.application(conn, call.place("application")).name
    return RedirectResponse(f"/runs?application={name}", 307)


def _title(found: list[Run], of: str) -> str:
    moving = sum(not run.over for run in found)
    if not found:
        return f"No run{of} yet"
    if not moving:
        return f"Nothing{of} is under way"
    noun, are = ("run", "is") if moving == 1 else ("runs", "are")
    return f"{counted(moving).capitalize()} {noun}{of} {are} under way"


ROUTES = (
    declare("GET", "/runs", run_list, who="user"),
    declare("GET", "/applications/{application}", application, who="user"),
)
