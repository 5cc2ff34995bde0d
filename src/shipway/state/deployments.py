"""Deployments: the act of making a release serve, with the phase it has reached and how it ended."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, func, insert, select, update

from shipway.state import facts, ids
from shipway.state.facts import Fact
from shipway.state.releases import Release
from shipway.state.tables import NARROWS, artifacts, deployments, releases

Findings = Sequence[Mapping[str, Any]]
"""As in signals.verdict, the worst first."""

ASKED = ("deployment.asked", "deployment.answered")
"""The facts that say since when the release before is asked, and until when."""

BEFORE_IT_SERVES = ("prepare", "release", "start", "try")
"""The phases in which a release may be tried on a share of the requests, also while it comes back up."""


@dataclass(frozen=True)
class Deployment:
    """`epoch` grows with every deployment of an environment; the target refuses an older one (BARS R5)."""

    id: str
    run: str
    release: str
    application: str
    environment: str
    commit: str
    kind: str
    epoch: int
    state: str
    phase: str
    reason: str
    excerpt: str
    started: float
    switched: float | None
    ended: float | None

    @property
    def over(self) -> bool:
        return self.state != "running"


def begin(conn: Connection, *, run: str, release: Release, kind: str, at_least: int) -> Deployment:
    """The deployment of a run to an environment: the one that was begun, or a new one.

    Its epoch is at least one more than `at_least`, the largest that the target has seen.
    """
    existing = of_run(conn, run, release.environment)
    if existing is not None:
        return existing
    key = (
        deployments.c.application == release.application,
        deployments.c.environment == release.environment,
    )
    last = conn.execute(select(func.coalesce(func.max(deployments.c.epoch), 0)).where(*key)).scalar_one()
    deployment = ids.new(conn, deployments)
    conn.execute(
        insert(deployments).values(
            id=deployment,
            run=run,
            release=release.id,
            application=release.application,
            environment=release.environment,
            commit=release.commit,
            kind=kind,
            epoch=max(last, at_least) + 1,
            state="running",
            phase="begun",
            started=time.time(),
        )
    )
    begun = get(conn, deployment)
    note(conn, begun, "deployment.begun", {"release": release.number, "kind": kind, "epoch": begun.epoch})
    return begun


def get(conn: Connection, deployment: str) -> Deployment:
    """The deployment with this id, which must exist."""
    return Deployment(**conn.execute(select(deployments).where(deployments.c.id == deployment)).mappings().one())


def those(conn: Connection, found: Collection[str]) -> dict[str, Deployment]:
    """The deployments with these ids, by them."""
    query = select(deployments).where(deployments.c.id.in_(found))
    return {row["id"]: Deployment(**row) for row in conn.execute(query).mappings()}


def of_run(conn: Connection, run: str, environment: str) -> Deployment | None:
    """The deployment of a run to one environment."""
    query = select(deployments).where(deployments.c.run == run, deployments.c.environment == environment)
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Deployment(**row)


def all_of_run(conn: Connection, run: str) -> list[Deployment]:
    """The deployments of a run in the order in which they began."""
    query = select(deployments).where(deployments.c.run == run).order_by(deployments.c.id)
    return [Deployment(**row) for row in conn.execute(query).mappings()]


def recent(conn: Connection, application: str, environment: str, limit: int = 20) -> list[Deployment]:
    """The newest deployments of an environment first."""
    return list(newest_first(conn, application, environment, limit))


def newest_first(conn: Connection, application: str, environment: str, limit: int) -> Iterator[Deployment]:
    """The same, as far as anybody reads on."""
    query = select(deployments).where(
        deployments.c.application == application, deployments.c.environment == environment
    )
    with conn.execute(query.order_by(deployments.c.epoch.desc()).limit(limit)) as found:
        for row in found.mappings():
            yield Deployment(**row)


def last_done(conn: Connection, application: str, environment: str, limit: int) -> list[tuple[str, str]]:
    """The newest deployments of an environment that were done, the newest first: the id and the commit of each."""
    query = select(deployments.c.id, deployments.c.commit).where(
        deployments.c.application == application,
        deployments.c.environment == environment,
        deployments.c.state == "done",
    )
    newest = conn.execute(query.order_by(deployments.c.epoch.desc()).limit(limit))
    return [(deployment, commit) for deployment, commit in newest]


def newest_of_runs(conn: Connection, runs: Collection[str], environment: str) -> Deployment | None:
    """The deployment to an environment by the newest of these runs that came as far."""
    query = select(deployments).where(deployments.c.run.in_(runs), deployments.c.environment == environment)
    row = conn.execute(query.order_by(deployments.c.run.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Deployment(**row)


def of_release(conn: Connection, release: str) -> list[Deployment]:
    """The deployments of a release, the newest first."""
    query = select(deployments).where(deployments.c.release == release).order_by(deployments.c.epoch.desc())
    return [Deployment(**row) for row in conn.execute(query).mappings()]


def narrowing_since(conn: Connection, release: Release) -> Iterator[tuple[Deployment, Mapping[str, Any]]]:
    """The deployments to its environment since a release was last made to serve there, of releases whose release
    command does more than add to the data, the newest first; each with what shipway.yml says of that command.
    """
    done = select(func.max(deployments.c.epoch)).where(
        deployments.c.release == release.id, deployments.c.state == "done"
    )
    narrowing = (
        select(artifacts.c.digest, artifacts.c.commit, artifacts.c.project["release"].label("command"))
        .where(artifacts.c.application == release.application, NARROWS)
        .cte()
        .prefix_with("MATERIALIZED")  # looked up first: these are few, what came since is not
    )
    made_of = (
        releases.c.application == release.application,
        releases.c.environment == release.environment,
        releases.c.digest == narrowing.c.digest,
        releases.c.commit == narrowing.c.commit,
    )
    query = (
        select(deployments, narrowing.c.command)
        .join(releases, releases.c.id == deployments.c.release)
        .join(narrowing, and_(*made_of))
        .where(deployments.c.epoch > func.coalesce(done.scalar_subquery(), 0))
    )
    for row in conn.execute(query.order_by(deployments.c.epoch.desc())).mappings():
        told = dict(row)
        command = told.pop("command")
        yield Deployment(**told), command


def done_before(conn: Connection, deployment: Deployment) -> Deployment | None:
    """The newest one before it in its environment that was done: of what served there until then."""
    return _newest(conn, _done_before(deployment))


def other_done_before(conn: Connection, deployment: Deployment) -> Deployment | None:
    """The same, of another release than its own."""
    return _newest(conn, _done_before(deployment).where(deployments.c.release != deployment.release))


def after(conn: Connection, deployment: Deployment, limit: int) -> Iterator[Deployment]:
    """The deployments to its environment that began after it, oldest first, as far as anybody reads on."""
    query = _beside(deployment).where(deployments.c.epoch > deployment.epoch)
    with conn.execute(query.order_by(deployments.c.epoch).limit(limit)) as found:
        for row in found.mappings():
            yield Deployment(**row)


def _beside(deployment: Deployment) -> Select[Any]:
    return select(deployments).where(
        deployments.c.application == deployment.application,
        deployments.c.environment == deployment.environment,
    )


def _done_before(deployment: Deployment) -> Select[Any]:
    return _beside(deployment).where(deployments.c.epoch < deployment.epoch, deployments.c.state == "done")


def _newest(conn: Connection, query: Select[Any]) -> Deployment | None:
    row = conn.execute(query.order_by(deployments.c.epoch.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Deployment(**row)


def has_served(conn: Connection, release: str) -> bool:
    """Whether a release ever had all requests."""
    done = (deployments.c.release == release, deployments.c.state == "done")
    return conn.execute(select(deployments.c.id).where(*done).limit(1)).first() is not None


def have_served(conn: Connection, application: str, environment: str, digest: str) -> bool:
    """Whether this very artifact was ever made to serve there."""
    query = (
        select(releases.c.id)
        .where(
            releases.c.application == application,
            releases.c.environment == environment,
            releases.c.digest == digest,
            exists().where(deployments.c.release == releases.c.id, deployments.c.state == "done"),
        )
        .limit(1)
    )
    return conn.execute(query).first() is not None


def counted(conn: Connection) -> dict[tuple[str, str, str, str], int]:
    """How many there were, by application, environment, kind and state."""
    by = (deployments.c.application, deployments.c.environment, deployments.c.kind, deployments.c.state)
    rows = conn.execute(select(*by, func.count()).group_by(*by).order_by(*by))
    return {
        (application, environment, kind, state): count for application, environment, kind, state, count in rows
    }


def running(conn: Connection) -> list[Deployment]:
    """Deployments that have begun and not ended."""
    query = select(deployments).where(deployments.c.state == "running").order_by(deployments.c.id)
    return [Deployment(**row) for row in conn.execute(query).mappings()]


def running_in(conn: Connection, application: str, environment: str) -> Deployment | None:
    """The deployment to this environment that has begun and not ended, if any; the oldest."""
    here = (application, environment)
    return next((each for each in running(conn) if (each.application, each.environment) == here), None)


def enter(conn: Connection, deployment: Deployment, phase: str, data: Mapping[str, Any] | None = None) -> None:
    """Records that a phase begins: prepare, release, start, processes, switch or finish."""
    conn.execute(update(deployments).where(deployments.c.id == deployment.id).values(phase=phase))
    note(conn, deployment, f"deployment.{phase}", data or {})


def enter_again(conn: Connection, deployment: Deployment, phase: str) -> None:
    """The same without a fact, for a phase that goes on where it was interrupted: it is on record."""
    conn.execute(update(deployments).where(deployments.c.id == deployment.id).values(phase=phase))


def has_entered(conn: Connection, deployment: Deployment, phase: str) -> bool:
    """Whether this phase of it was ever begun."""
    found = facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment)
    return any(fact.kind == f"deployment.{phase}" for fact in found)


def entered(conn: Connection, deployment: Deployment, phase: str) -> float | None:
    """When this phase of it was first begun (seconds since 1970); None where it was not."""
    kinds = (f"deployment.{phase}",)
    found = facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment, kinds=kinds, limit=1)
    return found[0].at if found else None


def shares(conn: Connection, deployment: Deployment) -> list[tuple[float, int]]:
    """Since when (seconds since 1970) its release has had which share of 100 requests, oldest first.

    A share that was given back to ask the release before ends with the answer, or when a newer deployment begins:
    that one moves the requests from then on.
    """
    told = {"deployment.try": None, "deployment.asked": None, "deployment.switched": 100}
    told |= {"deployment.answered": 100, "deployment.switched_back": 0}
    found = facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment, kinds=list(told))
    moves = [(fact.at, told[fact.kind] or fact.data.get("share", 0)) for fact in found]
    if found and found[-1].kind == "deployment.asked":
        newer = next_began(conn, deployment, after=found[-1].at)
        moves += [] if newer is None else [(newer, 100)]
    return moves


def asked_since(conn: Connection, deployment: Deployment) -> float | None:
    """Since when its release shares the requests with the one before, which is asked; None while it does not."""
    found = facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment, kinds=ASKED)
    if not found or found[-1].kind != "deployment.asked":
        return None
    return found[-1].at if next_began(conn, deployment, after=found[-1].at) is None else None


def asked(conn: Connection, deployment: Deployment, share: int, reason: str, findings: Findings) -> None:
    """Records that its release keeps `share` of 100 requests while the one before, still warm, has the others:
    what looked bad, and the numbers.
    """
    note(conn, deployment, "deployment.asked", {"share": share, "reason": reason, "findings": findings})


def answered(conn: Connection, deployment: Deployment, kind: str, reason: str, findings: Findings) -> None:
    """Records that its release gets all requests again: the one before does no better (`kind` is "good"), or
    nobody can tell ("not known"); what was said beside it, and the numbers.
    """
    note(conn, deployment, "deployment.answered", {"kind": kind, "reason": reason, "findings": findings})


def out(conn: Connection, deployment: Deployment, before: int, since: float) -> None:
    """Records that release `before`, kept warm, is not healthy at the time at which the one that serves looks
    bad; it was well last at `since` (seconds since 1970).
    """
    note(conn, deployment, "deployment.before_out", {"before": before, "since": since})


def in_again(conn: Connection, deployment: Deployment) -> None:
    """Records that it is healthy again, or that the one that serves has looked well since."""
    note(conn, deployment, "deployment.before_in_again", {})


def times_out(conn: Connection, deployment: Deployment) -> list[tuple[float, float]]:
    """From when until when (seconds since 1970) that was so, oldest first; until for ever where it still is."""
    kinds = ("deployment.before_out", "deployment.before_in_again")
    found = facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment, kinds=kinds)
    ends = [*(fact.at for fact in found[1:]), inf]
    return [(fact.data["since"], end) for fact, end in zip(found, ends, strict=False) if "since" in fact.data]


def is_out(conn: Connection, deployment: Deployment) -> bool:
    """Whether it is so now."""
    return any(until == inf for _, until in times_out(conn, deployment))


def released(conn: Connection, deployment: Deployment, said: str) -> None:
    """Records once that its release command is through, and what it printed."""
    if not has_entered(conn, deployment, "released"):
        note(conn, deployment, "deployment.released", {"said": said})


def started_anew(conn: Connection, deployment: Deployment, release: str) -> None:
    """Records that Shipway itself has started this release anew while `deployment` serves or is carried out."""
    note(conn, deployment, "deployment.started_anew", {"release": release})


def starts_anew(conn: Connection, deployment: Deployment) -> list[float]:
    """When (seconds since 1970) Shipway started anew what serves there, oldest first."""
    kinds = ("deployment.started_anew",)
    return [
        fact.at
        for fact in facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment, kinds=kinds)
    ]


def first_switched(conn: Connection, application: str, environment: str) -> float | None:
    """When (seconds since 1970) the environment's first release had all requests; None before there is one."""
    query = select(deployments.c.switched).where(
        deployments.c.application == application,
        deployments.c.environment == environment,
        deployments.c.switched.is_not(None),
    )
    return conn.execute(query.order_by(deployments.c.epoch).limit(1)).scalar()


def next_began(conn: Connection, deployment: Deployment, *, after: float = 0.0) -> float | None:
    """When (seconds since 1970) the next deployment to the environment began that began later than `after`; None
    before.
    """
    where = (
        deployments.c.application == deployment.application,
        deployments.c.environment == deployment.environment,
        deployments.c.epoch > deployment.epoch,
        deployments.c.started > after,
    )
    began: float | None = conn.execute(select(func.min(deployments.c.started)).where(*where)).scalar_one()
    return began


def on_trial(conn: Connection, deployment: Deployment) -> bool:
    """Whether its release has a share of the requests and is judged, also while it goes on after a crash."""
    return deployment.phase in BEFORE_IT_SERVES and any(share for _, share in shares(conn, deployment)[-1:])


def take_back(conn: Connection, deployment: Deployment, who: str) -> None:
    """Records that somebody wants the release before, while this one is tried on a share of the requests."""
    note(conn, deployment, "deployment.taken_back", {"who": who})


def taken_back_by(conn: Connection, deployment: Deployment) -> str | None:
    """Who asked for that, if anybody did."""
    found = facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment)
    return next((str(fact.data["who"]) for fact in found if fact.kind == "deployment.taken_back"), None)


def give_up(
    conn: Connection,
    deployment: Deployment,
    reason: str,
    excerpt: str,
    *,
    told: Mapping[str, Any] | None = None,
    keeps_share: bool = False,
) -> None:
    """Records that a deployment has failed and is about to be undone; it ends when that is done. `told` is the
    error as people are to be told of it, also after a crash. Where its release keeps its share only the rest is
    undone, and why that is so is on record already.
    """
    values = {"phase": "undo", "reason": reason, "excerpt": excerpt}
    conn.execute(update(deployments).where(deployments.c.id == deployment.id).values(**values))
    if not keeps_share:
        error = {} if told is None else {"error": dict(told)}
        note(conn, deployment, "deployment.undo", {"reason": reason, **error})


def given_up(conn: Connection, deployment: Deployment) -> Mapping[str, Any]:
    """The error with which it was given up, as it is told; empty where it was not, or by an older Shipway."""
    kinds = ("deployment.undo",)
    found = facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment, kinds=kinds)
    return dict(found[-1].data.get("error", {})) if found else {}


def switched(conn: Connection, deployment: Deployment) -> None:
    """Records that all traffic has moved."""
    conn.execute(
        update(deployments)
        .where(deployments.c.id == deployment.id, deployments.c.switched.is_(None))
        .values(switched=time.time())
    )
    note(conn, deployment, "deployment.switched", {})


def switched_back(
    conn: Connection, deployment: Deployment, shares: Mapping[str, int] | None = None, frozen: str = ""
) -> None:
    """Records that the traffic is where it was before: what served has all of it, or each its `shares` of 100
    requests (by `r<number>`), where the deployment `frozen` had left one frozen.
    """
    conn.execute(update(deployments).where(deployments.c.id == deployment.id).values(switched=None))
    data = {} if shares is None else {"shares": dict(shares), "frozen": frozen}
    note(conn, deployment, "deployment.switched_back", data)


def end(
    conn: Connection,
    deployment: Deployment,
    state: str,
    reason: str = "",
    excerpt: str = "",
    *,
    left: Mapping[str, int] | None = None,
) -> None:
    """Ends a deployment once: done, failed (what served still serves), stuck (it keeps its share, and nothing can
    go back) or unknown (a person must look). Where undoing it stopped half way `left` is what the router gives to
    which release (by `r<number>`), of 100 requests.
    """
    changed = conn.execute(
        update(deployments)
        .where(deployments.c.id == deployment.id, deployments.c.state == "running")
        .values(state=state, reason=reason, excerpt=excerpt, ended=time.time())
    ).rowcount
    if changed:
        seconds = time.time() - deployment.started
        note(
            conn,
            deployment,
            f"deployment.{state}",
            {
                "reason": reason,
                "excerpt": excerpt,
                "seconds": seconds,
                "kind": deployment.kind,
                **({} if left is None else {"left": dict(left)}),
            },
        )


def half_undone(recorded: Iterable[Fact]) -> dict[str, Mapping[str, int]]:
    """Which deployments were undone only in part, by their ids, each with the shares that were `left`."""
    ended = (fact.data for fact in recorded if fact.kind in ("deployment.failed", "deployment.stuck"))
    return {str(data["deployment"]): data["left"] for data in ended if "left" in data}


def note(conn: Connection, deployment: Deployment, kind: str, data: Mapping[str, Any], who: str = "") -> None:
    """Records a fact about what a deployment brought."""
    facts.record(
        conn,
        kind,
        application=deployment.application,
        run=deployment.run,
        environment=deployment.environment,
        commit=deployment.commit,
        who=who,
        data={"deployment": deployment.id, **data},
    )
