"""Running a step of a run: sandboxed, under a supervisor that outlives this process, attempt by attempt."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from shipway.config.places import Places
from shipway.hosts import steps
from shipway.hosts.sandbox import Tier
from shipway.hosts.supervisor.command import as_typed
from shipway.pipelines import machine
from shipway.pipelines.attempts import Attempts, Result, result
from shipway.pipelines.plan import PlannedStep
from shipway.pipelines.room import Inside, room
from shipway.state.database import Database
from shipway.state.runs import Run

ASKING = 0.25  # seconds between two looks whether the run is cancelled


def run_step(
    database: Database,
    places: Places,
    tier: Tier,
    *,
    run: Run,
    step: PlannedStep,
    secrets: Sequence[str] = (),
    python: Path | None = None,
) -> str:
    """Runs a step in the run's tree; passed, failed, timed out, cancelled or lost.

    The tree is at <run>/tree, checked out before. Whoever calls this again after a crash gets the outcome of the
    attempt that went on meanwhile. `python` is the interpreter the step finds as `python3`.
    """
    tree = places.run(run.id) / "tree"
    inside = room(places, tier, run, tree=tree, python=python, network=step.network)
    attempts = Attempts(database, places, run, step.name, step.needs, step.retry)
    return attempts.carry_out(partial(_once, tier, inside, step, secrets, attempts))


def _once(
    tier: Tier, inside: Inside, step: PlannedStep, secrets: Sequence[str], attempts: Attempts, directory: Path
) -> Result:
    steps.start(
        directory,
        argv=["/bin/sh", "-ec", step.run],
        room=inside.room,
        tier=tier,
        env={**inside.env, **step.env},
        timeout=step.timeout,
        secrets=[*secrets, *machine.secrets(inside.env)],
        shown=step.run,
    )
    outcome = steps.wait(directory, ASKING, attempts.cancelled)
    return result(outcome, directory, step.timeout, as_typed(step.run), network=step.network)
