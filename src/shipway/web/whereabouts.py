"""Where a commit is: in which environments, and if not there, why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.state import deployments, facts, releases, runs
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.web import rehearsing
from shipway.web.commits import Commits
from shipway.web.words import phase

SERVES, PENDING, STOPPED = "serves", "pending", "stopped"


@dataclass(frozen=True)
class Whereabouts:
    """`state` is serves (also as part of a newer commit), pending or stopped; `release` is what serves there."""

    environment: str
    state: str
    release: Release | None
    reason: str


def where(
    conn: Connection, commits: Commits, application: str, commit: str, environments: Sequence[str]
) -> list[Whereabouts]:
    """The commit (a whole id) in each of the environments, in their order."""
    recent = runs.recent(conn, application=application, limit=200)
    containing = commits.containing(application, commit, {run.commit for run in recent})
    carriers = [run for run in recent if run.commit in containing]
    return [_in_one(conn, commits, application, commit, name, carriers) for name in environments]


def _in_one(
    conn: Connection, commits: Commits, application: str, commit: str, environment: str, carriers: list[Run]
) -> Whereabouts:
    now = releases.now_serving(conn, application, environment)
    serves = None if now is None else releases.get(conn, now.release)
    if serves is not None and commits.contains(application, serves.commit, commit):
        part = "" if serves.commit == commit else f", as part of {serves.commit[:7]}"
        return Whereabouts(environment, SERVES, serves, f"r{serves.number} serves{part}")
    state, reason = _why_not(conn, environment, carriers)
    return Whereabouts(environment, state, serves, reason)


def _why_not(conn: Connection, environment: str, carriers: list[Run]) -> tuple[str, str]:
    """The state and the reason, from the newest run that was to bring the commit there."""
    if not carriers:
        return STOPPED, "no run has it: it was not pushed, or long ago"
    bound = [run for run in carriers if environment in run.deliver]
    if not bound:
        newest = carriers[0]
        if newest.over and newest.state != "passed":
            return STOPPED, _ended(conn, newest)
        return STOPPED, f"{newest.branch} is not delivered to {environment}"
    run = bound[0]
    deployment = deployments.of_run(conn, run.id, environment)
    if deployment is not None:
        return _of_deployment(conn, deployment)
    if not run.over:
        return PENDING, _under_way(conn, run)
    return STOPPED, _ended(conn, run)


def _of_deployment(conn: Connection, deployment: Deployment) -> tuple[str, str]:
    if not deployment.over:
        return PENDING, f"it is being deployed: {phase(deployment.phase)}"
    if deployment.state == "done":
        return STOPPED, _replaced(conn, deployment)
    if deployment.state == "unknown":
        return STOPPED, f"nobody can know how its deployment ended: {deployment.reason}"
    return STOPPED, f"its deployment failed: {deployment.reason}"


def _replaced(conn: Connection, was: Deployment) -> str:
    """What took the traffic from a deployment that was done."""
    now = releases.now_serving(conn, was.application, was.environment)
    if now is None:
        return "it served there and does not any more"
    by = deployments.get(conn, now.deployment)
    release = releases.get(conn, now.release)
    run = runs.get(conn, by.run)
    if by.kind == "rollback" and release.number < releases.get(conn, was.release).number:
        return f"{run.who} rolled back to r{release.number}, {release.commit[:7]}"
    return f"{run.who} deployed {release.commit[:7]} after it"


def _under_way(conn: Connection, run: Run) -> str:
    if run.state == "queued":
        return f"run {run.number} waits for its turn"
    busy = [step.name for step in runs.steps_of(conn, run.id) if step.state == "running"]
    busy += [
        f"the deployment to {one.environment}" for one in deployments.all_of_run(conn, run.id) if not one.over
    ]
    told = rehearsing.of(facts.after(conn, 0, runs=[run.id]))
    busy += [f"the {one.title}: {one.says}" for one in told if one.ended is None]
    return f"run {run.number} is under way: {', '.join(busy)}" if busy else f"run {run.number} is under way"


def _ended(conn: Connection, run: Run) -> str:
    if run.reason:
        return f"run {run.number} {run.state}: {run.reason}"
    return f"run {run.number} {run.state}"
