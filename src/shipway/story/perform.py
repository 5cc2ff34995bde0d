"""What the engine can do for a run, by name. Every action looks first at what is done already."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from shipway.artifacts import build, publish, pythons
from shipway.durable.engine import BROKEN, GAVE_UP, PASSED, SKIPPED, Action
from shipway.errors import CannotRecord, ShipwayError, TransientError, is_full
from shipway.pipelines import checkout, plan
from shipway.pipelines import run as pipeline
from shipway.state import facts, room, runs
from shipway.state.ballast import Ballast
from shipway.state.runs import Run
from shipway.story import deliver, go_back, rehearse
from shipway.story.cast import Cast, project_of
from shipway.story.plan import SERVING

log = logging.getLogger(__name__)

FAILED = "failed"

Arguments = Mapping[str, Any]
Act = Callable[[Cast, Run, Arguments], str]


def actions(cast: Cast) -> dict[str, Action]:
    """What the plans of runs name: each act of this file, guarded, and the end of a run."""
    acts: dict[str, Act] = {
        "check_out": _check_out,
        "step": _step,
        "build": _build,
        "publish": _publish,
        "rehearse": _rehearse,
        "deploy": _deploy,
        "roll_back": _roll_back,
    }
    return {
        **{name: partial(_guarded, cast, name, act) for name, act in acts.items()},
        "finish": partial(_finish, cast),
    }


def _check_out(cast: Cast, run: Run, _arguments: Arguments) -> str:
    places = cast.machine.places
    room.check_for_builds(places.data)
    checkout.check_out(places, run.application, run.commit, places.run(run.id) / "tree")
    return PASSED


def _step(cast: Cast, run: Run, arguments: Arguments) -> str:
    project, machine = project_of(run), cast.machine
    planned = next(each for each in plan.compile(project) if each.name == arguments["step"])
    python = pythons.find(project.build.python) if project.build.kind == "python" else None
    return pipeline.run_step(cast.database, machine.places, machine.tier, run=run, step=planned, python=python)


def _build(cast: Cast, run: Run, _arguments: Arguments) -> str:
    machine = cast.machine
    return build.build(cast.database, machine.places, machine.tier, run=run, project=project_of(run))


def _publish(cast: Cast, run: Run, _arguments: Arguments) -> str:
    publish.publish(cast.database, cast.machine.places, run=publish.green(cast.database, run.id))
    return PASSED


def _rehearse(cast: Cast, run: Run, arguments: Arguments) -> str:
    return rehearse.rehearse(cast, run, arguments["environment"], arguments["before"])


def _deploy(cast: Cast, run: Run, arguments: Arguments) -> str:
    return deliver.deliver(cast, run, arguments["environment"], again=arguments.get("what") == SERVING)


def _roll_back(cast: Cast, run: Run, arguments: Arguments) -> str:
    return go_back.go_back(cast, run, go_back.way_of(arguments))


_SUPERVISED = ("step", "build")
"""Actions that see to the end of what a run has begun also when it is over: somebody has to stop the step."""


def _guarded(
    cast: Cast, name: str, act: Act, run_id: str, arguments: Arguments, _outcomes: Mapping[str, str]
) -> str:
    """The outcome of an act. What it raises stops the run, unless waiting may mend it: that is for the engine."""
    with cast.database.read() as conn:
        run = runs.get(conn, run_id)
    if run.over and name not in _SUPERVISED:
        return SKIPPED  # cancelled meanwhile
    try:
        return act(cast, run, arguments)
    except TransientError:
        raise
    except ShipwayError as error:
        return _stopped(cast, run, name, error, arguments.get("environment"))
    except OSError as error:
        if not is_full(error):
            raise
        Ballast(cast.machine.places.data).free()
        raise CannotRecord("There is no room left on the disk of the data directory.") from error


def _stopped(cast: Cast, run: Run, name: str, error: ShipwayError, environment: str | None) -> str:
    log.info("%s of run %s stopped: %s", name, run.id, error)
    with cast.database.write() as conn:
        facts.record(
            conn,
            "run.stopped",
            application=run.application,
            run=run.id,
            environment=environment,
            commit=run.commit,
            data={"at": name, **error.as_dict()},
        )
    return f"{FAILED}: {error.message}"


def _finish(cast: Cast, run_id: str, _arguments: Arguments, outcomes: Mapping[str, str]) -> str:
    """Ends the run: passed when everything passed, otherwise with the first thing that did not."""
    with cast.database.write() as conn:
        run = runs.get(conn, run_id)
        stopped = next(((at, how) for at, how in outcomes.items() if how not in (PASSED, SKIPPED)), None)
        if stopped is None:
            runs.end(conn, run, "passed")
        elif stopped[1] == deliver.OVERTAKEN:
            runs.end(conn, run, "superseded", "something newer was already there")
        else:
            runs.end(conn, run, FAILED, _in_words(*stopped))
    return PASSED


def _in_words(at: str, how: str) -> str:
    what = (
        at.removeprefix("step:").replace("deploy:", "the deployment to ").replace("rehearse:", "the rehearsal in ")
    )
    if how.startswith(f"{FAILED}: "):
        return how.removeprefix(f"{FAILED}: ")
    if how.startswith(f"{GAVE_UP}: "):
        return f"{what} gave up waiting: {how.removeprefix(f'{GAVE_UP}: ')}"
    if how == BROKEN:
        return f"{what} met a defect of Shipway itself; the log of the server has it"
    return f"{what} {how}"
