"""Rehearsals: what is on record of a commit that was tried on a copy of an environment's data, before it went on.

There is no row: the facts of a run are the rehearsal, and the release gate reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from shipway.state import facts
from shipway.state.facts import Fact
from shipway.state.releases import Release
from shipway.state.runs import Run


@dataclass(frozen=True)
class Old:
    """What serves in an environment to which a commit is bound, with the number of its release there."""

    environment: str
    number: int
    digest: str
    commit: str

    @classmethod
    def of(cls, release: Release) -> Old:
        return cls(release.environment, release.number, release.digest, release.commit)

    def __str__(self) -> str:
        return f"r{self.number} of {self.environment} ({self.commit[:7]})"


@dataclass(frozen=True)
class Rehearsal:
    """A run's rehearsal of the artifact `digest` in an environment, on the way to those in `before`."""

    run: Run
    environment: str
    before: Sequence[str]
    digest: str
    olds: Sequence[Old]


def begin(conn: Connection, one: Rehearsal) -> None:
    """Records that it begins, or begins anew after an interruption."""
    _fact(conn, one, "begun", {"with": [asdict(old) for old in one.olds]})


def enter(conn: Connection, one: Rehearsal, part: str) -> None:
    """Records whose turn it is, in words."""
    _fact(conn, one, "entered", {"part": part})


def passed(conn: Connection, one: Rehearsal, seconds: float) -> None:
    _fact(conn, one, "passed", {"with": [asdict(old) for old in one.olds], "seconds": seconds})


def failed(conn: Connection, one: Rehearsal, *, part: str, reason: str, excerpt: str, seconds: float) -> None:
    """Records whose turn it was, and why it went no further."""
    _fact(conn, one, "failed", {"part": part, "reason": reason, "excerpt": excerpt, "seconds": seconds})


def unneeded(conn: Connection, one: Rehearsal, reason: str) -> None:
    """Records that there was nothing to rehearse."""
    _fact(conn, one, "unneeded", {"reason": reason})


def has_passed(
    conn: Connection, application: str, environment: str, commit: str, *, digest: str, old: str
) -> bool:
    """Whether this very artifact of a commit was rehearsed in an environment with the artifact `old`."""
    found = facts.after(
        conn, 0, application=application, environment=environment, commit=commit, kinds=["rehearsal.passed"]
    )
    return any(
        fact.data["digest"] == digest and any(each["digest"] == old for each in fact.data["with"])
        for fact in found
    )


def outcome(conn: Connection, run: Run, environment: str) -> Fact | None:
    """How the rehearsal of a run ended, if it has."""
    kinds = ("rehearsal.passed", "rehearsal.failed", "rehearsal.unneeded")
    return next(iter(facts.after(conn, 0, runs=[run.id], environment=environment, kinds=kinds)), None)


def _fact(conn: Connection, one: Rehearsal, kind: str, data: Mapping[str, Any]) -> None:
    facts.record(
        conn,
        f"rehearsal.{kind}",
        application=one.run.application,
        run=one.run.id,
        environment=one.environment,
        commit=one.run.commit,
        data={"digest": one.digest, "before": list(one.before), **data},
    )
