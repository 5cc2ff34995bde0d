"""The log of one attempt of a step: where it is, what it is called, how it is read and followed."""

from __future__ import annotations

from pathlib import Path

from shipway.hosts.logs.lines import Lines
from shipway.state import runs
from shipway.state.database import Connection
from shipway.state.runs import Step
from shipway.web.feeds import Feed
from shipway.web.site import Site


def name(step: Step) -> str:
    """`<run>/<step>/<attempt>`, as events call it."""
    return f"{step.run}/{step.name}/{step.attempt}"


def find(conn: Connection, named: str) -> Step | None:
    """The attempt whose log is called so."""
    run, _, rest = named.partition("/")
    return next((step for step in runs.steps_of(conn, run) if f"{step.name}/{step.attempt}" == rest), None)


def path(site: Site, step: Step) -> Path:
    return site.places.step(step.run, step.name, step.attempt) / "log"


def lines(site: Site, step: Step) -> Lines:
    return site.logs.at(path(site, step))


def feed(site: Site, step: Step) -> Feed:
    """What everybody hears who follows it."""

    def is_over() -> bool:
        with site.database.read() as conn:
            now = find(conn, name(step))
        return now is None or now.ended is not None

    return site.feeds.of(name(step), path(site, step), lines(site, step), is_over)
