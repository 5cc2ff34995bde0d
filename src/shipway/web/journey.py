"""A run with everything that belongs to it, as the record has it at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shipway.releases.gate import GATES
from shipway.state import decisions, deployments, facts, releases, runs, sequence, settings, stuck
from shipway.state.database import Connection
from shipway.state.decisions import Decision
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.runs import Run, Step
from shipway.state.settings import Setting
from shipway.state.stuck import Stuck
from shipway.story.trial import NOT_JUDGED, BadVerdict, TakenBack
from shipway.web import rehearsing
from shipway.web.rehearsing import Rehearsal

BUILD = "build"
REMARKS = ("deployment.unneeded", "deployment.overtaken", "run.stopped")
RELEASES = ("deployment.release", "deployment.released")
TAKEN_BACK = (BadVerdict.id, *NOT_JUDGED, TakenBack.id)
"""Why a deployment was taken back that had requests: by a verdict, a deadline or a person."""

TRIALS = ("deployment.try", "verdict.good", "verdict.bad", "verdict.not_known")


@dataclass(frozen=True)
class Planned:
    """A step that the plan of a run has, whether it began or not."""

    name: str
    needs: Sequence[str]


@dataclass(frozen=True)
class Journey:
    """`steps` holds the last attempt of each that began, `ended` those that are over, in the order of their end;
    `releases` the numbers of releases by their ids.

    `unneeded` are environments in which the release served already, with the words of the fact; `trials` are the
    shares that a canary had and what was judged of them, in their order; `asked` when the release before it got
    requests again to be compared with, and when not any more. `suspicions` say, by the name of a step, whose
    commit its failure came by.
    `released` has the environments in which its release command was begun, with what that printed once it was
    through; `stuck` those in which what it brought was left frozen, as it was then, `decided` what somebody
    decided of what is frozen. `actors` say, by the name of a step that failed, who has to act where that is not
    its author. `blamed` has the environments where what it brought was judged bad though its commit is the one
    before's, with what was set otherwise and still is. `half` has the environments where undoing it stopped half
    way, with what the router gave to which release then.
    """

    run: Run
    planned: Sequence[Planned]
    steps: Mapping[str, Step]
    ended: Sequence[Step]
    deployments: Mapping[str, Deployment]
    releases: Mapping[str, int]
    unneeded: Mapping[str, str]
    stopped: Sequence[Fact]
    trials: Sequence[Fact]
    asked: Sequence[Fact]
    rehearsals: Sequence[Rehearsal]
    suspicions: Mapping[str, Mapping[str, Any]]
    released: Mapping[str, str]
    stuck: Mapping[str, Stuck]
    decided: Decision | None
    actors: Mapping[str, str]
    blamed: Mapping[str, Sequence[Setting]]
    half: Mapping[str, Mapping[str, int]]

    @property
    def processes(self) -> list[str]:
        """The names of the application's processes, as this commit has them; empty while that is not known."""
        return list(self.run.plan.get("project", {}).get("processes", {}))

    @property
    def seconds(self) -> float | None:
        """How long the run took from being queued, once it has ended."""
        return None if self.run.ended is None else self.run.ended - self.run.created

    @property
    def failed_steps(self) -> list[Step]:
        """What did not pass, in the order in which it ended: the first is where to look."""
        return [step for step in self.ended if step.state not in ("passed", "cancelled")]

    @property
    def failed_deployment(self) -> Deployment | None:
        """The one that did not get through, if a step did not fail before."""
        over = [one for one in self.deployments.values() if one.over and one.state != "done"]
        return over[0] if over and not self.failed_steps else None

    @property
    def blocked(self) -> Fact | None:
        """The closed gate that it was stopped at: then nothing failed."""
        return closed_gate(self.stopped) if self.run.state == "failed" else None

    @property
    def condemned(self) -> set[str]:
        """Environments where what it brought was judged bad once it served."""
        bad = judged_bad(self.trials)
        return {one.environment for one in self.deployments.values() if one.state == "done" and one.id in bad}

    @property
    def taken_back(self) -> str:
        """The environment in which it was tried, and from which it was rolled back before it had all requests."""
        if not any(fact.data.get("id") in TAKEN_BACK for fact in self.stopped):
            return ""
        failed = (one for one in self.deployments.values() if one.state == "failed")
        return next((one.environment for one in failed), "")

    @property
    def failed_rehearsal(self) -> Rehearsal | None:
        """The one on whose account the commit went no further."""
        return next((one for one in self.rehearsals if one.state == "failed"), None)

    def called(self, environment: str) -> str:
        """An environment beside the steps: `→ test` where one of them has its name."""
        return f"→ {environment}" if environment in {one.name for one in self.planned} else environment

    def rehearsed_before(self, environment: str) -> list[Rehearsal]:
        """Those on which the deployment to an environment had to wait first."""
        return [one for one in self.rehearsals if environment == next(iter(one.before), None)]


def read(conn: Connection, run: str) -> Journey:
    """The journey of the run with this id, which must exist."""
    return of(conn, runs.get(conn, run))


def of(conn: Connection, found: Run) -> Journey:
    """The journey of a run that was read."""
    run = found.id
    made = deployments.all_of_run(conn, run)
    recorded = facts.after(conn, 0, runs=[run])
    remarks = [fact for fact in recorded if fact.kind in REMARKS]
    left = _stuck(conn, made, recorded)
    made = [
        replace(one, state="stuck") if one.environment in left and one.state != "done" else one for one in made
    ]
    steps = {step.name: step for step in runs.steps_of(conn, run)}
    planned = _planned(found)
    known = {one.name for one in planned}
    begun = [Planned(step.name, step.needs) for step in steps.values() if step.name not in known]
    bad, half = judged_bad(recorded), deployments.half_undone(recorded)
    brought = releases.those(conn, [one.release for one in made])
    return Journey(
        run=found,
        planned=[*planned, *begun],
        steps=steps,
        ended=[step for step in sequence.ended(conn, run) if steps[step.name] == step],
        deployments={one.environment: one for one in made},
        releases={one.id: one.number for one in brought.values()},
        unneeded={str(f.environment): f.data["reason"] for f in remarks if f.kind == "deployment.unneeded"},
        stopped=[fact for fact in remarks if fact.kind == "run.stopped"],
        trials=[fact for fact in recorded if fact.kind in TRIALS],
        asked=[fact for fact in recorded if fact.kind in deployments.ASKED],
        rehearsals=rehearsing.of(recorded),
        suspicions={str(fact.data["step"]): fact.data for fact in recorded if fact.kind == "step.suspected"},
        released={
            str(fact.environment): str(fact.data.get("said", "")) for fact in recorded if fact.kind in RELEASES
        },
        stuck=left,
        decided=next((decisions.of_fact(fact) for fact in recorded if fact.kind == decisions.FACT), None),
        actors={
            str(fact.data["step"]): str(fact.data["actor"])
            for fact in recorded
            if fact.kind == "step.failed" and fact.data.get("actor") in ("owner", "nobody")
        },
        blamed={one.environment: kept for one in made if one.id in bad and (kept := stay_set(conn, one))},
        half={one.environment: half[one.id] for one in made if one.id in half},
    )


def closed_gate(stopped: Iterable[Fact]) -> Fact | None:
    """The first of what stopped a run, if that was a gate: what is asked there is asked before anything begins."""
    first = next(iter(stopped), None)
    return first if first is not None and first.data.get("id") in GATES else None


def stay_set(conn: Connection, bad: Deployment) -> list[Setting]:
    """What was set otherwise with a bad deployment of the same commit as before, as far as it still is."""
    return [one for one in settings.changed(conn, bad) if one.stays]


def _stuck(conn: Connection, made: Iterable[Deployment], recorded: Iterable[Fact]) -> dict[str, Stuck]:
    told = {fact.environment for fact in recorded if fact.kind == stuck.FACT}
    found = {one.environment: stuck.of_deployment(conn, one) for one in made if one.environment in told}
    return {environment: one for environment, one in found.items() if one is not None}


def judged_bad(recorded: Iterable[Fact]) -> set[str]:
    """The ids of the deployments whose release was."""
    return {str(fact.data.get("deployment")) for fact in recorded if fact.kind == "verdict.bad"}


def _planned(run: Run) -> list[Planned]:
    """The steps and the build among the nodes of the engine's plan."""
    nodes = run.plan.get("nodes", ())
    names = {
        node["id"]: node["arguments"].get("step", BUILD) for node in nodes if node["action"] in ("step", "build")
    }
    return [
        Planned(names[node["id"]], [names[need] for need in node["needs"] if need in names])
        for node in nodes
        if node["id"] in names
    ]
