"""How runs ended, as lists say it: quickly, and with what happened since to what they brought."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from shipway.state import facts, releases, taken_back
from shipway.state.database import Connection
from shipway.state.runs import Run
from shipway.web import trials
from shipway.web.journey import TAKEN_BACK, Journey, closed_gate
from shipway.web.words import before_colon, outcome

LOST = ("gone back", "going back")
"""The fates of a release that had all requests, and that a rollback took the place of or does now."""


def rolled_back(conn: Connection, found: Sequence[Run]) -> set[str]:
    """The ids of those that brought a release which had requests and lost them to the one before, or does now."""
    stopped = facts.of_runs(conn, [run.id for run in found], "run.stopped")
    tried = {str(fact.run) for fact in stopped if fact.data.get("id") in TAKEN_BACK}
    passed = [run.id for run in found if run.state == "passed"]
    return tried | taken_back.runs(conn, passed) | _going_back(conn, passed)


def blocked(conn: Connection, found: Sequence[Run]) -> set[str]:
    """The ids of those that a closed gate stopped: nothing of them failed."""
    failed = [run.id for run in found if run.state == "failed"]
    stopped = facts.of_runs(conn, failed, "run.stopped")
    first = {str(fact.run): fact for fact in reversed(stopped)}
    return {run for run, fact in first.items() if closed_gate([fact]) is not None}


def words(conn: Connection, found: Sequence[Run]) -> dict[str, str]:
    """How each of them ended or stands, by its id: `rolled back`, `blocked`, or the state that it is in."""
    back, stopped = rolled_back(conn, found), blocked(conn, found)
    return {run.id: outcome(run.state, back=run.id in back, blocked=run.id in stopped) for run in found}


def gone(now: Journey, fates: Mapping[str, str]) -> list[str]:
    """The environments in which it had all requests, and from which it was rolled back since; `fates` are those of
    the releases that it brought, by their ids.
    """
    if now.run.state != "passed":
        return []
    lost = [one for one in now.deployments.values() if one.state == "done" and fates[one.release] in LOST]
    return [name for name in now.run.deliver if name in {one.environment for one in lost}]


def _going_back(conn: Connection, passed: Collection[str]) -> set[str]:
    """As many at most as there are environments."""
    bad = taken_back.bad_and_serving(conn, passed)
    return {run for run, release in bad if trials.read(conn, releases.get(conn, release)).fate == "going back"}


def brief(run: Run, *, back: bool) -> str:
    """The reason in one line: without the verdict where it was taken back."""
    return before_colon(run.reason) if back else run.reason
