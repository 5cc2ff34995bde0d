"""What is so by now with a commit that a gate stopped: the gate is open again, or another run has passed it, and
it may have been taken away since.
"""

from __future__ import annotations

from dataclasses import dataclass

from shipway.releases import gate
from shipway.releases.gate import Frozen, GateClosed
from shipway.state import artifacts, deployments, facts, releases
from shipway.state.artifacts import Artifact
from shipway.state.database import Connection
from shipway.state.facts import Fact
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.web.commits import Commits
from shipway.web.journey import closed_gate
from shipway.web.taken import Taken, taken


@dataclass(frozen=True)
class ByNow:
    """What is so, and the `command` that takes it to `environment` from there; where none would, a `hint`.

    `gone` is what took it away where it served beyond the gate: it waits for nothing.
    """

    says: str
    environment: str
    command: str = ""
    hint: str = ""
    gone: Taken | None = None

    def __str__(self) -> str:
        return f"{self.says}: {self.command}" if self.command else self.says


def of(conn: Connection, commits: Commits, run: Run) -> ByNow | None:
    """What is so of the commit of a run that a gate stopped; None while the gate is as it was."""
    stops = facts.after(conn, 0, runs=[run.id], kinds=["run.stopped"]) if run.state == "failed" else []
    stop, artifact = closed_gate(stops), artifacts.of_commit(conn, run.application, run.commit)
    if stop is None or stop.environment is None or artifact is None:
        return None
    stopped = _on_its_way(run, stop.environment)
    for name in _from(run, stopped):
        if (gone := taken(conn, commits, run.application, run.commit, name)) is not None:
            return ByNow(f"it has served in {name} since, and {gone.says}", name, gone=gone)
    there = {name: found for name in run.deliver if (found := _has(conn, commits, run, name)) is not None}
    if stopped not in there:
        return told(stop, run.commit, "", stopped, *_kept(conn, artifact, stopped))
    here = list(there)[-1]
    ahead = next((name for name in _from(run, here) if name not in there), None)
    if ahead is None:
        return None
    kept, hint = _kept(conn, artifact, ahead)
    if not kept and not deployments.have_served(conn, run.application, here, artifact.digest):
        return _within(there[here], ahead, run.commit)
    return told(stop, run.commit, here, ahead, kept, hint)


def told(stop: Fact, commit: str, here: str, ahead: str, kept: str, hint: str = "") -> ByNow | None:
    """What is so of a commit that `stop` kept back and that waits before `ahead`, whatever says so.

    `here` is where somebody has brought it past that gate; empty: nobody has. `kept` is what keeps it from `ahead`
    now; a command that the gate would refuse is never given.
    """
    if here and kept:
        return ByNow(kept, ahead, hint=hint)
    if here:
        says = f"{commit[:7]} serves in {here} by now, and waits before {ahead}"
        return ByNow(says, ahead, _deploy(commit, ahead))
    if kept or stop.data.get("id") != Frozen.id:
        return None
    return ByNow(f"{ahead} was frozen when it came there, and is open again", ahead, _deploy(commit, ahead))


def _kept(conn: Connection, artifact: Artifact, environment: str) -> tuple[str, str]:
    """What the gate would say to it, and what helps; empty where nothing is held."""
    try:
        gate.not_held(conn, artifact, environment)
    except GateClosed as error:
        return error.message, error.hint
    return "", ""


def _within(serves: Release, ahead: str, commit: str) -> ByNow:
    """Of one that came past the gate only as part of a newer one: by itself it may not go on."""
    whole, here = serves.commit[:7], serves.environment
    says = f"{commit[:7]} serves in {here} by now as part of {whole}, and waits before {ahead}"
    return ByNow(says, ahead, hint=f"It goes on with {whole}.")


def _deploy(commit: str, environment: str) -> str:
    return f"shipway deploy {commit[:7]} --env {environment}"


def _has(conn: Connection, commits: Commits, run: Run, environment: str) -> Release | None:
    """What serves there, if that is its commit or a newer one that has it."""
    now = releases.now_serving(conn, run.application, environment)
    serves = None if now is None else releases.get(conn, now.release)
    if serves is None or not commits.contains(run.application, serves.commit, run.commit):
        return None
    return serves


def _on_its_way(run: Run, environment: str) -> str:
    """Where on its way a run was stopped: what keeps it from being rehearsed keeps it from all that follows."""
    return environment if environment in run.deliver else run.deliver[0]


def _from(run: Run, environment: str) -> list[str]:
    """The way of a run from there on."""
    return list(run.deliver[run.deliver.index(environment) :])
