"""What takes a commit to an environment to which no push of its branch brings it: a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.releases import gate
from shipway.releases.gate import GateClosed
from shipway.state import artifacts, runs
from shipway.state.database import Connection


@dataclass(frozen=True)
class ByHand:
    """What is so, and the command that takes it on; empty where a gate is closed."""

    says: str
    command: str = ""


def by_hand(
    conn: Connection, application: str, commit: str, environment: str, way: Sequence[str]
) -> ByHand | None:
    """How a commit (a whole id) that has passed comes to an environment that no run of it goes to; None
    where it is on one, or nothing was built. `way` are the environments of the application, in their order.
    """
    every = runs.recent(conn, application=application, commit=commit)
    artifact = artifacts.of_commit(conn, application, commit)
    if artifact is None or not every or not every[0].over or any(environment in one.deliver for one in every):
        return None
    branch = every[-1].branch
    why = f"What is pushed to {branch} is not delivered to {environment}, so nothing took it there."
    first = next(iter(gate.ahead(conn, artifact, environment, way)), environment)
    try:
        gate.not_held(conn, artifact, first)
    except GateClosed as error:
        return ByHand(f"{why} {error.message} {error.hint}".rstrip())
    here = "This does, by hand:" if first == environment else f"{first} comes first. This takes it there, by hand:"
    return ByHand(f"{why} {here}", f"shipway deploy {commit[:7]} --env {first}")
