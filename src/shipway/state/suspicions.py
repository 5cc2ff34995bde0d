"""Who is suspected of a step that failed: looked at once for each of them, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from shipway.state import facts, positions
from shipway.state.facts import Fact

POSITION, TOLD = "suspected", "told"
FAILURES = ("step.failed", "step.timed_out")


def begin(conn: Connection) -> None:
    """Writes down from where on failures are looked at, once: what people are told of meanwhile moves on."""
    if positions.find(conn, POSITION) is None:
        positions.move(conn, POSITION, 0, positions.get(conn, TOLD))


def waiting(conn: Connection, limit: int = 20) -> list[Fact]:
    """The failures that nobody has looked at yet, oldest first.

    Those of before an upgrade, of which somebody was told, stay as they are.
    """
    seen = positions.find(conn, POSITION)
    since = positions.get(conn, TOLD) if seen is None else seen
    return facts.after(conn, since, kinds=FAILURES, limit=limit)


def settle(conn: Connection, failure: Fact, suspicion: Mapping[str, Any] | None) -> None:
    """Records which commit is suspected of a failure, or why none is; None where it was no commit's. Once."""
    if not positions.move(conn, POSITION, positions.get(conn, POSITION), failure.id) or suspicion is None:
        return
    facts.record(
        conn,
        "step.suspected",
        application=failure.application,
        run=failure.run,
        commit=failure.commit,
        data={**failure.data, "how": failure.kind.removeprefix("step."), **suspicion},
    )


def of_run(conn: Connection, run: str) -> list[Fact]:
    """What was found of the steps of a run, the newest of each."""
    found = facts.after(conn, 0, runs=[run], kinds=["step.suspected"])
    return list({str(fact.data["step"]): fact for fact in found}.values())
