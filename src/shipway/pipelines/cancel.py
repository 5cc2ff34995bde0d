"""Stopping a run that somebody no longer wants."""

from __future__ import annotations

from shipway.config.places import Places
from shipway.errors import NotFound, UserError
from shipway.hosts import steps as hosted
from shipway.state import deployments, runs
from shipway.state.database import Database
from shipway.state.runs import Run


class TooLate(UserError):
    """The run is over, or its deployment has begun: that is finished or undone, never left half done."""

    id = "pipelines.too_late"
    status = 409


def cancel(database: Database, places: Places, run_id: str, who: str) -> Run:
    """Ends the run as cancelled and stops the steps that run; raises NotFound or TooLate."""
    with database.write() as conn:
        run = runs.find(conn, run_id)
        if run is None:
            raise NotFound(f"There is no run {run_id}.")
        if run.over:
            raise TooLate(f"Run {run.number} is over: {run.state}.")
        if deployments.all_of_run(conn, run.id):
            raise TooLate(
                f"Run {run.number} has begun to deploy; that is finished or undone.",
                hint="`shipway rollback` takes it back once it serves.",
            )
        runs.end(conn, run, "cancelled", f"{who} cancelled it", who=who)
        under_way = [step for step in runs.steps_of(conn, run.id) if step.state == "running"]
    for step in under_way:
        hosted.cancel(places.step(run.id, step.name, step.attempt))
    with database.read() as conn:
        return runs.get(conn, run.id)
