"""Verdicts: what was judged of a release, at which share of the requests, and from which numbers."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from shipway.state import facts, ids
from shipway.state.deployments import Deployment
from shipway.state.tables import verdicts

SWITCHED = "deployment.switched"
TOLD = ("verdict.good", "verdict.bad", "verdict.not_known")


@dataclass(frozen=True)
class Recorded:
    """`kind` is good, bad or not known; `share` of 100 requests; `findings` as in signals.verdict, worst first."""

    id: str
    deployment: str
    application: str
    environment: str
    release: str
    commit: str
    share: int
    kind: str
    reason: str
    findings: Sequence[Mapping[str, Any]]
    at: float


def record(
    conn: Connection,
    deployment: Deployment,
    *,
    release: int,
    share: int,
    kind: str,
    reason: str,
    findings: Sequence[Mapping[str, Any]],
) -> None:
    """Appends what was judged of the release that `deployment` brought, known to people as r<release>."""
    conn.execute(
        insert(verdicts).values(
            id=ids.new(conn, verdicts),
            deployment=deployment.id,
            application=deployment.application,
            environment=deployment.environment,
            release=deployment.release,
            commit=deployment.commit,
            share=share,
            kind=kind,
            reason=reason,
            findings=list(findings),
            at=time.time(),
        )
    )
    facts.record(
        conn,
        f"verdict.{kind.replace(' ', '_')}",
        application=deployment.application,
        run=deployment.run,
        environment=deployment.environment,
        commit=deployment.commit,
        data={
            "deployment": deployment.id,
            "release": release,
            "share": share,
            "reason": reason,
            "findings": list(findings),
        },
    )


def of_release(conn: Connection, release: str) -> list[Recorded]:
    """What was judged of a release, in the order in which it was."""
    query = select(verdicts).where(verdicts.c.release == release).order_by(verdicts.c.id)
    return [Recorded(**row) for row in conn.execute(query).mappings()]


def newest(conn: Connection, application: str, environment: str) -> Recorded | None:
    """What was judged last in an environment, if anything was."""
    here = (verdicts.c.application == application, verdicts.c.environment == environment)
    row = conn.execute(select(verdicts).where(*here).order_by(verdicts.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else Recorded(**row)


def of_deployment(conn: Connection, deployment: str) -> list[Recorded]:
    """What was judged because of one deployment, in the order in which it was."""
    query = select(verdicts).where(verdicts.c.deployment == deployment).order_by(verdicts.c.id)
    return [Recorded(**row) for row in conn.execute(query).mappings()]


def at_the_end(conn: Connection, deployment: Deployment) -> list[Recorded]:
    """What was judged once all requests had moved, also while most were back to ask the release before."""
    told = facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment, kinds=(SWITCHED, *TOLD))
    kinds = [fact.kind for fact in told]
    earlier = kinds[: kinds.index(SWITCHED)] if SWITCHED in kinds else kinds
    return of_deployment(conn, deployment.id)[len(earlier) :]


def is_of_the_end(conn: Connection, fact: facts.Fact) -> bool:
    """Whether all requests had moved when the verdict that this fact tells of was given."""
    switched = facts.after(conn, 0, runs=[str(fact.run)], environment=fact.environment, kinds=(SWITCHED,))
    return any(one.id < fact.id for one in switched)


def is_bad(conn: Connection, release: str) -> bool:
    """Whether a release was judged bad last: no place to go back to, unless somebody names it."""
    judged = of_release(conn, release)
    return bool(judged) and judged[-1].kind == "bad"


def bad_among(conn: Connection, those: Collection[str]) -> set[str]:
    """The releases of these ids of which that is so."""
    query = select(verdicts.c.release, verdicts.c.kind).where(verdicts.c.release.in_(those))
    last = {row.release: row.kind for row in conn.execute(query.order_by(verdicts.c.id))}
    return {release for release, kind in last.items() if kind == "bad"}


def is_condemned(conn: Connection, deployment: Deployment) -> bool:
    """Whether its commit was taken back for what requests met, in any environment: nothing is good beside it."""
    kinds = ["commit.quarantined", "verdict.bad", "release.silent"]
    told = facts.after(conn, 0, application=deployment.application, commit=deployment.commit, kinds=kinds)
    return any(fact.kind == kinds[0] or fact.data.get("deployment") == deployment.id for fact in told)
