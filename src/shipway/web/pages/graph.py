"""The steps and environments of a run as columns, left to right: what needs nothing comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.state.deployments import Deployment
from shipway.state.runs import Step
from shipway.web import icons
from shipway.web.journey import Journey, Planned
from shipway.web.rehearsing import Rehearsal
from shipway.web.words import length, phase

FATES = {"done": "serving", "running": "running", "stuck": "blocked", "unknown": "unknown"}


@dataclass(frozen=True)
class Box:
    """One thing to do. `since` is when it began while it is under way; `address` where a click leads."""

    name: str
    state: str
    words: str
    since: float | None = None
    address: str | None = None
    step: str | None = None


def columns(now: Journey) -> list[list[Box]]:
    """Columns of boxes, each after everything it needs."""
    depths = _depths(now.planned)
    steps: list[list[Box]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for planned in now.planned:
        steps[depths[planned.name]].append(_of_step(now, planned.name))
    return [*steps, *(boxes for name in now.run.deliver for boxes in _way_to(now, name))]


def _way_to(now: Journey, name: str) -> list[list[Box]]:
    """The environment, after the rehearsals that it waited for."""
    known = now.rehearsed_before(name)
    planned = [[Box("rehearsal", "queued", _never(now, _first(now)))] for each in _planned(now, name) if not known]
    return [*([_of_rehearsal(one)] for one in known), *planned, [_of_environment(now, name)]]


def _planned(now: Journey, name: str) -> list[Mapping[str, Any]]:
    """The rehearsals that the plan of the run has before an environment."""
    nodes = [node for node in now.run.plan.get("nodes", ()) if node["action"] == "rehearse"]
    return [node for node in nodes if node["arguments"]["before"][0] == name]


def in_words(found: Sequence[Sequence[Box]]) -> str:
    """The label for readers who do not see the picture."""
    return "Steps: " + "; then ".join(", ".join(f"{box.name} {box.state}" for box in column) for column in found)


def _depths(planned: Sequence[Planned]) -> dict[str, int]:
    depths: dict[str, int] = {}
    for one in planned:  # a plan names everything after what it needs
        depths[one.name] = 1 + max((depths.get(need, -1) for need in one.needs), default=-1)
    return depths


def _of_step(now: Journey, name: str) -> Box:
    step = now.steps.get(name)
    if step is None:
        return Box(name, "queued", _never(now, _in_the_way(now, name)))
    state = icons.STEPS.get(step.state, "failed")
    since = step.started if step.ended is None else None
    return Box(name, state, _took(step), since, f"/runs/{_name(now)}?step={name}#log", step=name)


def _of_environment(now: Journey, name: str) -> Box:
    address = f"/applications/{now.run.application}/environments/{name}"
    deployment, called = now.deployments.get(name), now.called(name)
    if name in now.unneeded:
        return Box(called, "serving", "served it already", None, address)
    if deployment is None:
        return Box(called, "queued", _never(now, _first(now)), None, address)
    if name in now.condemned:
        return Box(called, "rolled", "judged bad", None, address)
    if name == now.taken_back and name not in now.stuck:
        return Box(called, "rolled", _lasted(deployment), None, address)
    since = deployment.started if deployment.ended is None else None
    return Box(called, FATES.get(deployment.state, "failed"), _lasted(deployment), since, address)


def _of_rehearsal(one: Rehearsal) -> Box:
    if one.ended is None:
        return Box("rehearsal", "running", "", one.began)
    words = "not needed" if one.state == "unneeded" else length(one.ended - one.began)
    return Box("rehearsal", "failed" if one.state == "failed" else "passed", words)


def _never(now: Journey, failed: Step | None) -> str:
    if not now.run.over:
        return "waits"
    return "never began" if failed is None else f"never began: {failed.name} failed"


def _first(now: Journey) -> Step | None:
    return next(iter(now.failed_steps), None)


def _in_the_way(now: Journey, name: str) -> Step | None:
    """What failed of all that the step needs; where none of that did, what failed first."""
    needs = {one.name: one.needs for one in now.planned}
    known = [name]
    for each in known:
        known += [need for need in needs.get(each, ()) if need not in known]
    return next((step for step in now.failed_steps if step.name in known), _first(now))


def _took(step: Step) -> str:
    if step.started is None or step.ended is None:
        return ""
    again = f", attempt {step.attempt}" if step.attempt > 1 else ""
    return f"{length(step.ended - step.started)}{again}"


def _lasted(one: Deployment) -> str:
    return phase(one.phase) if one.ended is None else length(one.ended - one.started)


def _name(now: Journey) -> str:
    return f"{now.run.application}:{now.run.number}"
