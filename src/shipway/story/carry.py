"""A push becomes a run, and the run goes from its steps through the artifact to prod.

    pushed ──► run (queued) ──► steps ─┐
                                build ─┴─► publish ──► deploy dev ──► deploy test ──► deploy prod ──► finish

The run is a row of ours first; the engine interprets its plan under the same id.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from shipway.artifacts import build, publish, pythons
from shipway.durable.engine import BROKEN, GAVE_UP, PASSED, SKIPPED, Action
from shipway.durable.plan import Node, Plan
from shipway.errors import ShipwayError, TransientError, UserError
from shipway.pipelines import checkout, plan
from shipway.pipelines import run as pipeline
from shipway.pipelines.plan import PlannedStep
from shipway.project import Project
from shipway.state import applications, artifacts, facts, pushes, runs
from shipway.state.pushes import Push
from shipway.state.runs import Run
from shipway.story import deliver, go_back
from shipway.story.cast import Cast, project_of
from shipway.story.reading import read_project

log = logging.getLogger(__name__)

FAILED = "failed"

_SUPERVISED = ("step", "build")
"""Actions that see to the end of what a run has begun also when it is over: somebody has to stop the step."""


def pushed(cast: Cast, push: Push) -> Run | None:
    """Makes the run of an accepted push, once; None for a push without a commit to run, such as a deletion."""
    if push.deletes or push.branch is None:
        return None
    with cast.database.read() as conn:
        default = applications.get(conn, push.application).default_branch
        green = artifacts.of_commit(conn, push.application, push.new)
    try:
        project = read_project(cast.machine.places, push.application, push.new)
    except UserError as error:
        return _stillborn(cast, push, error)
    deliver_to = _environments(project, push.branch, default)
    nodes = _journey(project, deliver_to, tested=green is not None)
    return _queue(cast, push, deliver_to, {"project": project.model_dump(mode="json"), **nodes.as_dict()})


def check(cast: Cast, application: str, commit: str, quarantine: Mapping[str, str] | None) -> list[str]:
    """What makes this commit impossible to build here, said before the push is accepted."""
    try:
        project = read_project(cast.machine.places, application, commit, quarantine)
        if project.build.kind == "python":
            pythons.find(project.build.python)
    except pythons.MissingPython as error:
        return [f"{error.message} {error.hint}".strip()]
    except UserError:
        return []  # a file with mistakes is accepted, and its run says what they are
    return []


def delivered_branches(cast: Cast, application: str) -> set[str]:
    """The branches that go to an environment, by the newest artifact; before the first, the default branch."""
    with cast.database.read() as conn:
        default = applications.get(conn, application).default_branch
        newest = artifacts.newest(conn, application)
    if newest is None:
        return {default}
    return {each.branch or default for each in project_of(newest).environments}


def actions(cast: Cast) -> dict[str, Action]:
    """What the engine can do, by name. Each looks first at what is done already."""

    def check_out(run: Run, _arguments: Mapping[str, Any]) -> str:
        places = cast.machine.places
        checkout.check_out(places, run.application, run.commit, places.run(run.id) / "tree")
        return PASSED

    def step(run: Run, arguments: Mapping[str, Any]) -> str:
        project, machine = project_of(run), cast.machine
        planned = next(each for each in plan.compile(project) if each.name == arguments["step"])
        python = pythons.find(project.build.python) if project.build.kind == "python" else None
        return pipeline.run_step(cast.database, machine.places, machine.tier, run=run, step=planned, python=python)

    def build_artifact(run: Run, _arguments: Mapping[str, Any]) -> str:
        return build.build(cast.database, cast.machine.places, cast.machine.tier, run=run, project=project_of(run))

    def publish_artifact(run: Run, _arguments: Mapping[str, Any]) -> str:
        publish.publish(cast.database, cast.machine.places, run=publish.green(cast.database, run.id))
        return PASSED

    def deploy(run: Run, arguments: Mapping[str, Any]) -> str:
        return deliver.deliver(cast, run, arguments["environment"])

    def roll_back(run: Run, arguments: Mapping[str, Any]) -> str:
        return go_back.go_back(cast, run, arguments["release"])

    named = {
        "check_out": check_out,
        "step": step,
        "build": build_artifact,
        "publish": publish_artifact,
        "deploy": deploy,
        "roll_back": roll_back,
    }

    def told(name: str) -> Action:
        def act(run_id: str, arguments: Mapping[str, Any], outcomes: Mapping[str, str]) -> str:
            with cast.database.read() as conn:
                run = runs.get(conn, run_id)
            if run.over and name not in _SUPERVISED:
                return SKIPPED  # cancelled meanwhile
            try:
                return named[name](run, arguments)
            except TransientError:
                raise
            except ShipwayError as error:
                return _stopped(cast, run, name, error)

        return act

    def finish(run_id: str, _arguments: Mapping[str, Any], outcomes: Mapping[str, str]) -> str:
        return _finish(cast, run_id, outcomes)

    return {**{name: told(name) for name in named}, "finish": finish}


def deployment_plan(environments: Sequence[str]) -> Plan:
    """The plan of a run that only deploys what is published."""
    return _ending(_deployments(environments, first_needs=()))


def rollback_plan(release: str) -> Plan:
    """The plan of a run that goes back to one release."""
    return _ending([Node("rollback", "roll_back", (), {"release": release})])


def _journey(project: Project, environments: Sequence[str], *, tested: bool) -> Plan:
    if tested:
        return deployment_plan(environments)
    steps = plan.compile(project)
    nodes = [Node("checkout", "check_out")]
    nodes += [Node(f"step:{step.name}", "step", _before(step), {"step": step.name}) for step in steps]
    nodes.append(Node("build", "build"))
    nodes.append(Node("publish", "publish", tuple(node.id for node in nodes)))
    return _ending([*nodes, *_deployments(environments, first_needs=("publish",))])


def _before(step: PlannedStep) -> tuple[str, ...]:
    return ("checkout", *(f"step:{need}" for need in step.needs))


def _deployments(environments: Sequence[str], first_needs: tuple[str, ...]) -> list[Node]:
    nodes: list[Node] = []
    for environment in environments:
        needs = (nodes[-1].id,) if nodes else first_needs
        nodes.append(Node(f"deploy:{environment}", "deploy", needs, {"environment": environment}))
    return nodes


def _ending(nodes: list[Node]) -> Plan:
    return Plan([*nodes, Node("finish", "finish", tuple(node.id for node in nodes), always=True)])


def _environments(project: Project, branch: str, default: str) -> list[str]:
    """The environments this branch is delivered to, in order."""
    return [each.name for each in project.environments if (each.branch or default) == branch]


def _queue(cast: Cast, push: Push, deliver_to: Sequence[str], plan: Mapping[str, Any]) -> Run:
    with cast.database.write() as conn:
        run = runs.create(
            conn,
            application=push.application,
            push=push.id,
            branch=push.branch or push.ref,
            commit=push.new,
            who=push.who,
            purpose="push",
            deliver=deliver_to,
            plan=plan,
        )
        newer = pushes.newer(conn, push)
        if newer is None:
            runs.supersede(conn, run)
        elif run.state == "queued":
            runs.end(conn, run, "superseded", f"commit {newer.new[:7]} was pushed to {newer.name} after it")
        return runs.get(conn, run.id)


def _stillborn(cast: Cast, push: Push, error: UserError) -> Run:
    """A run that cannot start, because of what stands in shipway.yml: recorded and ended with the reason."""
    with cast.database.write() as conn:
        run = runs.create(
            conn,
            application=push.application,
            push=push.id,
            branch=push.branch or push.ref,
            commit=push.new,
            who=push.who,
            purpose="push",
            deliver=(),
            plan={"nodes": []},
        )
        runs.end(conn, run, FAILED, error.message)
    return run


def _stopped(cast: Cast, run: Run, name: str, error: ShipwayError) -> str:
    log.info("%s of run %s stopped: %s", name, run.id, error)
    with cast.database.write() as conn:
        facts.record(
            conn,
            "run.stopped",
            application=run.application,
            run=run.id,
            commit=run.commit,
            data={"at": name, **error.as_dict()},
        )
    return f"{FAILED}: {error.message}"


def _finish(cast: Cast, run_id: str, outcomes: Mapping[str, str]) -> str:
    """Ends the run: passed when everything passed, otherwise with the first thing that did not."""
    with cast.database.write() as conn:
        run = runs.get(conn, run_id)
        stopped = next(((at, how) for at, how in outcomes.items() if how not in (PASSED, SKIPPED)), None)
        if stopped is None:
            runs.end(conn, run, "passed")
        elif stopped[1] == deliver.OVERTAKEN:
            runs.end(conn, run, "superseded", "a newer commit was already there")
        else:
            runs.end(conn, run, FAILED, _in_words(*stopped))
    return PASSED


def _in_words(at: str, how: str) -> str:
    what = at.removeprefix("step:").replace("deploy:", "the deployment to ")
    if how.startswith(f"{FAILED}: "):
        return how.removeprefix(f"{FAILED}: ")
    if how.startswith(f"{GAVE_UP}: "):
        return f"{what} gave up waiting: {how.removeprefix(f'{GAVE_UP}: ')}"
    if how == BROKEN:
        return f"{what} met a defect of Shipway itself; the log of the server has it"
    return f"{what} {how}"
