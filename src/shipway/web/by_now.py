"""What is so by now with a commit that a gate stopped: the gate is open again, or another run has passed it."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.releases.gate import Frozen
from shipway.state import facts, holds, releases
from shipway.state.database import Connection
from shipway.state.runs import Run
from shipway.web.journey import closed_gate


@dataclass(frozen=True)
class ByNow:
    """What is so, and the `command` that goes on from there."""

    says: str
    command: str

    def __str__(self) -> str:
        return f"{self.says}: {self.command}"


def of(conn: Connection, run: Run) -> ByNow | None:
    """What is so of the commit of a run that a gate stopped; None while the gate is as it was."""
    stops = facts.after(conn, 0, runs=[run.id], kinds=["run.stopped"]) if run.state == "failed" else []
    gate = closed_gate(stops)
    if gate is None or gate.environment is None:
        return None
    there = [name for name in run.deliver if _serves(conn, run, name)]
    if gate.environment in there:
        ahead = [name for name in _from(run, there[-1]) if name not in there]
        return further(there[-1], ahead[0], run.commit) if ahead else None
    if gate.data.get("id") != Frozen.id or holds.frozen(conn, run.application, gate.environment):
        return None
    return open_again(gate.environment, run.commit)


def open_again(environment: str, commit: str) -> ByNow:
    """Of one that a freeze kept away, once that is over."""
    return ByNow(f"{environment} was frozen when it came there, and is open again", _deploy(commit, environment))


def further(here: str, environment: str, commit: str) -> ByNow:
    """Of one that somebody has brought past the gate which stopped it, and not to the end of its way."""
    says = f"{commit[:7]} serves in {here} by now, and waits before {environment}"
    return ByNow(says, _deploy(commit, environment))


def _deploy(commit: str, environment: str) -> str:
    return f"shipway deploy {commit[:7]} --env {environment}"


def _serves(conn: Connection, run: Run, environment: str) -> bool:
    now = releases.now_serving(conn, run.application, environment)
    return now is not None and releases.get(conn, now.release).commit == run.commit


def _from(run: Run, environment: str) -> list[str]:
    """The way of a run from there on."""
    return list(run.deliver[run.deliver.index(environment) :])
