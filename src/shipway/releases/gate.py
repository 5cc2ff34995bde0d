"""The gate: may this artifact be released there, now? Only facts on record decide."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.errors import UserError
from shipway.state import deployments, holds, releases, runs
from shipway.state.artifacts import Artifact
from shipway.state.database import Connection
from shipway.state.runs import Run


class GateClosed(UserError):
    """A recorded reason not to deploy."""

    id = "releases.gate_closed"
    status = 409


class Overtaken(GateClosed):
    """A newer push is there already; going back is a rollback, never a late arrival."""

    id = "releases.overtaken"


class NotWanted(GateClosed):
    """The run ended before its deployment began: somebody cancelled it."""

    id = "releases.not_wanted"


def still_wanted(conn: Connection, run: Run) -> None:
    """Raises NotWanted when the run is over; in one transaction with the beginning of its deployment."""
    if runs.get(conn, run.id).over:
        raise NotWanted(f"Run {run.number} is over, so it deploys nothing.")


def check(conn: Connection, run: Run, artifact: Artifact, environment: str, order: Sequence[str]) -> None:
    """Raises GateClosed with the reason when `artifact` may not go to `environment`.

    `order` are the environments it travels through; it must serve, or have served, in the one before. That the
    artifact is green needs no check: only a green run can have published it (promise 3).
    """
    held = holds.on(conn, artifact.application, environment, artifact.commit)
    if held:
        first = held[0]
        raise GateClosed(f"{environment} is held ({first.kind}) by {first.who}: {first.why}")
    if run.purpose == "push":
        _not_overtaken(conn, run, environment)
    if environment in order[1:]:
        before = order[order.index(environment) - 1]
        if not _has_been(conn, artifact, before):
            raise GateClosed(
                f"{artifact.commit[:7]} has not served in {before}, and {environment} comes after it.",
                hint=f"shipway deploy {artifact.commit[:7]} --env {before}",
            )


def _not_overtaken(conn: Connection, run: Run, environment: str) -> None:
    """A push that came later and has arrived wins; its run has the higher number, whatever the clocks said."""
    now = releases.now_serving(conn, run.application, environment)
    if now is None:
        return
    served_by = runs.get(conn, deployments.get(conn, now.deployment).run)
    if served_by.purpose == "push" and served_by.branch == run.branch and served_by.number > run.number:
        raise Overtaken(f"{environment} already serves the newer {served_by.commit[:7]}")


def _has_been(conn: Connection, artifact: Artifact, environment: str) -> bool:
    return any(
        deployment.commit == artifact.commit and deployment.state == "done"
        for deployment in deployments.recent(conn, artifact.application, environment, limit=200)
    )
