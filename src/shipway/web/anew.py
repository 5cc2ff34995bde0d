"""What it does to do a run again, and which requests move by it: said where it is offered, and when it is done."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.config.places import Places
from shipway.incidents.letter import listed
from shipway.state import artifacts, releases
from shipway.state.database import Connection, Database
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.story import carry
from shipway.web.purposes import is_configuration
from shipway.web.words import sentences

UNREAD = "Its shipway.yml is read again: what that says is tested, and goes where its branch is delivered"
WAY_BACK = "you can roll back unless a migration forbids it"


def says(database: Database, at: Places, run: Run) -> str:
    """As things are; a gate may still stop it. Asks git: never while the record is read."""
    deliver = carry.goes_to(database, at, run)
    with database.read() as conn:
        return sentences(_does(conn, run, deliver), _moves(conn, run, deliver))


def _does(conn: Connection, run: Run, deliver: Sequence[str]) -> str:
    places, short = listed(deliver), run.commit[:7]
    if run.purpose == "rollback":
        return f"{places} goes back to {_back_to(conn, run)}"
    if is_configuration(run):
        return f"What serves in {places} is deployed there again, with all that is set"
    if run.purpose == "deploy":
        return f"{short} is deployed to {places} again"
    if not run.plan["nodes"]:
        return UNREAD
    if artifacts.of_commit(conn, run.application, run.commit) is not None:
        return f"{short} is green, so it is not tested again{f': it goes to {places}' if places else ''}"
    return f"The steps of {short} run again{f', and once they pass it goes to {places}' if places else ''}"


def _back_to(conn: Connection, run: Run) -> str:
    target = next(
        (node["arguments"].get("release") for node in run.plan["nodes"] if node["id"] == "rollback"), None
    )
    return run.commit[:7] if target is None else f"r{releases.get(conn, target).number}, {run.commit[:7]}"


def _moves(conn: Connection, run: Run, deliver: Sequence[str]) -> str:
    """From which release in which environment; what serves its commit already goes on doing so."""
    if not deliver:
        return "No request moves by that" if run.plan["nodes"] else ""
    left = [(name, one) for name in deliver if (one := _left(conn, run, name)) is not None]
    if not left:
        return "No request moves by that: nothing else serves there"
    where = listed([f"r{one.number}" if len(deliver) == 1 else f"r{one.number} in {name}" for name, one in left])
    forward = "you can go forward again" if run.purpose == "rollback" else WAY_BACK
    return f"Requests move to it from {where}; none is lost by that, and {forward}"


def _left(conn: Connection, run: Run, environment: str) -> Release | None:
    """What would lose its requests there."""
    now = releases.now_serving(conn, run.application, environment)
    if now is None:
        return None
    release = releases.get(conn, now.release)
    same = release.commit == run.commit and run.purpose == "push"
    return None if same else release
