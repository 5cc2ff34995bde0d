"""Runs: one execution of a pipeline for one commit, and the steps of it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from shipway.state import facts, ids
from shipway.state.tables import applications, deployments, pushes, runs, steps

ENDED = ("passed", "failed", "cancelled", "superseded")


@dataclass(frozen=True)
class Run:
    """`purpose` is push, deploy or rollback; `deliver` names the environments it goes to, in order.

    `retry_of` is the number of the run that this one does again.
    """

    id: str
    number: int
    application: str
    push: str | None
    branch: str
    commit: str
    who: str
    purpose: str
    deliver: Sequence[str]
    plan: Mapping[str, Any]
    tier: str
    state: str
    reason: str
    created: float
    started: float | None
    ended: float | None
    retry_of: int | None

    @property
    def over(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True)
class Brief:
    """A run as lists name it."""

    number: int
    who: str


@dataclass(frozen=True)
class Step:
    """One attempt of a step; `excerpt` holds the log's lines that explain a failure."""

    run: str
    name: str
    attempt: int
    position: int
    needs: Sequence[str]
    state: str
    exit_code: int | None
    excerpt: str
    started: float | None
    ended: float | None


def create(
    conn: Connection,
    *,
    application: str,
    push: str | None,
    branch: str,
    commit: str,
    who: str,
    purpose: str,
    deliver: Sequence[str],
    plan: Mapping[str, Any],
    retry_of: int | None = None,
) -> Run:
    """Records a queued run. A push has one run: a second call for it returns the first (promise 1)."""
    if push is not None:
        existing = conn.execute(select(runs.c.id).where(runs.c.push == push)).scalar()
        if existing is not None:
            return get(conn, existing)
    last = conn.execute(
        select(func.coalesce(func.max(runs.c.number), 0)).where(runs.c.application == application)
    ).scalar_one()
    run = ids.new(conn, runs)
    cause = {} if retry_of is None else {"retry_of": retry_of}
    conn.execute(
        insert(runs).values(
            id=run,
            number=last + 1,
            application=application,
            push=push,
            branch=branch,
            commit=commit,
            who=who,
            purpose=purpose,
            deliver=list(deliver),
            plan=dict(plan),
            state="queued",
            created=time.time(),
            retry_of=retry_of,
        )
    )
    facts.record(
        conn,
        "run.queued",
        application=application,
        run=run,
        commit=commit,
        who=who,
        data={"number": last + 1, "branch": branch, "purpose": purpose, "deliver": list(deliver), **cause},
    )
    return get(conn, run)


def repeat(conn: Connection, run: Run, who: str) -> Run:
    """Records a queued run that does what `run` did, by the same plan."""
    return create(
        conn,
        application=run.application,
        push=None,
        branch=run.branch,
        commit=run.commit,
        who=who,
        purpose=run.purpose,
        deliver=run.deliver,
        plan=run.plan,
        retry_of=run.number,
    )


def get(conn: Connection, run: str) -> Run:
    """The run with this id, which must exist."""
    return Run(**conn.execute(select(runs).where(runs.c.id == run)).mappings().one())


def find(conn: Connection, run: str) -> Run | None:
    """The run with this id."""
    row = conn.execute(select(runs).where(runs.c.id == run)).mappings().one_or_none()
    return None if row is None else Run(**row)


def numbers(conn: Connection, found: Collection[str]) -> dict[str, int]:
    """What people call the runs with these ids, as far as they are on record."""
    query = select(runs.c.id, runs.c.number).where(runs.c.id.in_(found))
    return {row.id: row.number for row in conn.execute(query)}


def briefly(conn: Connection, found: Collection[str]) -> dict[str, Brief]:
    """Whose the runs with these ids are, and what people call them: what they do is long, and not read."""
    query = select(runs.c.id, runs.c.number, runs.c.who).where(runs.c.id.in_(found))
    return {run: Brief(number, who) for run, number, who in conn.execute(query)}


def numbered(conn: Connection, application: str, number: int) -> Run | None:
    """The run people call by its number."""
    query = select(runs).where(runs.c.application == application, runs.c.number == number)
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Run(**row)


def of_push(conn: Connection, push: str) -> Run | None:
    """The run of a push, once there is one."""
    row = conn.execute(select(runs).where(runs.c.push == push)).mappings().one_or_none()
    return None if row is None else Run(**row)


def retried(conn: Connection, run: Run) -> Run | None:
    """The newest run that did this one again."""
    query = select(runs).where(runs.c.application == run.application, runs.c.retry_of == run.number)
    row = conn.execute(query.order_by(runs.c.number.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Run(**row)


def recent(
    conn: Connection,
    *,
    application: str | None = None,
    branch: str | None = None,
    commit: str | None = None,
    limit: int = 50,
) -> list[Run]:
    """The newest runs first."""
    query = select(runs)
    if application is not None:
        query = query.where(runs.c.application == application)
    if branch is not None:
        query = query.where(runs.c.branch == branch)
    if commit is None:
        return _runs(conn, query.order_by(runs.c.id.desc()).limit(limit))
    # Told to order them, SQLite looks through all runs in that order, though an index has the few of a commit.
    found = _runs(conn, query.where(runs.c.commit == commit))
    return sorted(found, key=lambda run: run.id, reverse=True)[:limit]


def recent_commits(conn: Connection, application: str, limit: int) -> dict[str, str]:
    """The commits of the newest runs of an application, newest first, by the ids of these. What they are to do is
    long, and mostly nobody asks.
    """
    query = select(runs.c.id, runs.c.commit).where(runs.c.application == application)
    newest = conn.execute(query.order_by(runs.c.id.desc()).limit(limit))
    return {row.id: row.commit for row in newest}


def those(conn: Connection, found: Collection[str]) -> list[Run]:
    """The runs with these ids, newest first."""
    return _runs(conn, select(runs).where(runs.c.id.in_(found)).order_by(runs.c.id.desc()))


def newest_of_each(conn: Connection) -> dict[str, Run]:
    """The newest run of every application that has any, by its name."""
    each = runs.alias()
    newest = select(func.max(each.c.id)).where(each.c.application == applications.c.name).scalar_subquery()
    found = _runs(conn, select(runs).where(runs.c.id.in_(select(newest).select_from(applications))))
    return {run.application: run for run in found}


def _runs(conn: Connection, query: Select[Any]) -> list[Run]:
    return [Run(**row) for row in conn.execute(query).mappings()]


def newest_push(conn: Connection, application: str, branch: str) -> Run | None:
    """The newest run of what was pushed to a branch, also one that did an earlier one again."""
    query = select(runs).where(
        runs.c.application == application, runs.c.branch == branch, runs.c.purpose == "push"
    )
    row = conn.execute(query.order_by(runs.c.id.desc()).limit(1)).mappings().one_or_none()
    return None if row is None else Run(**row)


def lately(conn: Connection, application: str, purpose: str = "push", limit: int = 50) -> list[tuple[str, str]]:
    """Of which branch, by whom, the newest runs with this purpose were, each once, the newest first.

    What Shipway itself did, such as making a revert, is left out. The purpose stands in the query as it is: only
    so SQLite knows that the index of those that were deployed has them.
    """
    of_purpose = runs.c.purpose == bindparam("purpose", purpose, literal_execute=True)
    newest = (
        select(runs.c.branch, runs.c.who, runs.c.id)
        .where(runs.c.application == application, of_purpose, runs.c.who != "shipway")
        .order_by(runs.c.id.desc())
        .limit(limit)
    )
    return list(dict.fromkeys((row.branch, row.who) for row in conn.execute(newest)))


def beginning(
    conn: Connection, digits: str, application: str | None = None, limit: int = 20
) -> list[tuple[str, str]]:
    """The commits that had a run and whose ids begin with these hexadecimal digits, with their applications."""
    query = (
        select(runs.c.application, runs.c.commit)
        .where(runs.c.commit >= digits, runs.c.commit < f"{digits}g")
        .distinct()
        .order_by(runs.c.commit, runs.c.application)
        .limit(limit)
    )
    if application is not None:
        query = query.where(runs.c.application == application)
    return [(row.application, row.commit) for row in conn.execute(query)]


def newest_delivered(conn: Connection, application: str, branch: str, environment: str) -> Run | None:
    """The run of the newest push of a branch that has served in an environment."""
    query = (
        select(runs)
        .join(deployments, deployments.c.run == runs.c.id)
        .where(
            runs.c.application == application,
            runs.c.branch == branch,
            runs.c.purpose == "push",
            deployments.c.environment == environment,
            deployments.c.state == "done",
        )
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Run(**row)


def delivered_by(conn: Connection, application: str, commit: str, environment: str) -> str | None:
    """The branch of the newest push that was to bring a commit to an environment; None if none was."""
    pushed = (
        select(runs.c.branch, runs.c.deliver)
        .where(runs.c.application == application, runs.c.commit == commit, runs.c.purpose == "push")
        .order_by(runs.c.id.desc())
    )
    return next((row.branch for row in conn.execute(pushed) if environment in row.deliver), None)


def newest_read(conn: Connection, application: str, branch: str) -> Run | None:
    """The run of the newest push of a branch of which shipway.yml could be read: its plan has the project."""
    query = (
        select(runs)
        .join(pushes, pushes.c.id == runs.c.push)
        .where(
            pushes.c.application == application,
            pushes.c.ref == f"refs/heads/{branch}",
            runs.c.plan["project"].as_string().is_not(None),
        )
        .order_by(pushes.c.sequence.desc())
        .limit(1)
    )
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Run(**row)


def in_state(conn: Connection, *states: str) -> list[Run]:
    """Runs in one of `states`, oldest first."""
    query = select(runs).where(runs.c.state.in_(states)).order_by(runs.c.id)
    return [Run(**row) for row in conn.execute(query).mappings()]


def begin(conn: Connection, run: Run, tier: str) -> bool:
    """Claims a queued run; False when somebody else got there first or it is no longer queued."""
    changed = conn.execute(
        update(runs)
        .where(runs.c.id == run.id, runs.c.state == "queued")
        .values(state="running", started=time.time(), tier=tier)
    ).rowcount
    if changed:
        _fact(conn, run, "run.started", {"tier": tier})
    return bool(changed)


def end(conn: Connection, run: Run, state: str, reason: str = "", *, who: str | None = None) -> bool:
    """Ends a run once: `state` is one of ENDED, `who` the person who asked for it. False when it was over."""
    changed = conn.execute(
        update(runs)
        .where(runs.c.id == run.id, runs.c.state.not_in(ENDED))
        .values(state=state, reason=reason, ended=time.time())
    ).rowcount
    if changed:
        _fact(conn, run, f"run.{state}", {"reason": reason}, who)
    return bool(changed)


def supersede(conn: Connection, newer: Run) -> list[str]:
    """Ends the queued runs of the same branch that `newer` makes pointless; their ids."""
    older = conn.execute(
        select(runs)
        .where(
            runs.c.application == newer.application,
            runs.c.branch == newer.branch,
            runs.c.purpose == "push",
            runs.c.state == "queued",
            runs.c.number < newer.number,
        )
        .order_by(runs.c.number)
    ).mappings()
    found = [Run(**row) for row in older]
    for run in found:
        end(conn, run, "superseded", f"commit {newer.commit[:7]} was pushed to {newer.branch} after it")
    return [run.id for run in found]


def begin_step(
    conn: Connection, run: Run, name: str, attempt: int, *, position: int = 0, needs: Sequence[str] = ()
) -> None:
    """Records that an attempt of a step began; the same call after a crash changes nothing."""
    key = (steps.c.run == run.id, steps.c.name == name, steps.c.attempt == attempt)
    if conn.execute(select(steps.c.run).where(*key)).first() is not None:
        return
    conn.execute(
        insert(steps).values(
            run=run.id,
            name=name,
            attempt=attempt,
            position=position,
            needs=list(needs),
            state="running",
            started=time.time(),
        )
    )
    _fact(conn, run, "step.started", {"step": name, "attempt": attempt})


def end_step(
    conn: Connection,
    run: Run,
    name: str,
    attempt: int,
    state: str,
    *,
    exit_code: int | None = None,
    excerpt: str = "",
    started: float | None = None,
    ended: float | None = None,
    error: str = "",
    actor: str = "",
    about: str = "",
) -> None:
    """Records how an attempt ended, once. The times are the supervisor's own when it has them.

    When it was no command that failed but Shipway, `error` is the id, `actor` says who has to act and
    `about` what it is with.
    """
    ended = time.time() if ended is None else ended
    values: dict[str, Any] = {"state": state, "exit_code": exit_code, "excerpt": excerpt, "ended": ended}
    if started is not None:
        values["started"] = started
    changed = conn.execute(
        update(steps)
        .where(
            steps.c.run == run.id,
            steps.c.name == name,
            steps.c.attempt == attempt,
            steps.c.state == "running",
        )
        .values(**values)
    ).rowcount
    if changed:
        began = conn.execute(
            select(steps.c.started).where(steps.c.run == run.id, steps.c.name == name, steps.c.attempt == attempt)
        ).scalar_one()
        _fact(
            conn,
            run,
            f"step.{state.replace(' ', '_')}",
            {
                "step": name,
                "attempt": attempt,
                "exit_code": exit_code,
                "seconds": ended - began,
                "excerpt": excerpt,
                "error": error,
                "actor": actor,
                "about": about,
            },
        )


def steps_of(conn: Connection, run: str) -> list[Step]:
    """All attempts of all steps of a run, in the order of the plan."""
    query = select(steps).where(steps.c.run == run).order_by(steps.c.position, steps.c.name, steps.c.attempt)
    return [Step(**row) for row in conn.execute(query).mappings()]


def states_of_step(conn: Connection, of: Collection[str], name: str) -> dict[str, str]:
    """The state of the newest attempt of a step in each of these runs that has it."""
    query = select(steps.c.run, steps.c.state).where(steps.c.run.in_(of), steps.c.name == name)
    return dict(conn.execute(query.order_by(steps.c.attempt)).all())


def _fact(conn: Connection, run: Run, kind: str, data: Mapping[str, Any], who: str | None = None) -> None:
    facts.record(conn, kind, application=run.application, run=run.id, commit=run.commit, who=who, data=data)
