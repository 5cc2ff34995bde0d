"""Holds: recorded reasons not to deploy, read by the release gate."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from shipway.state import applications, facts, ids
from shipway.state.tables import holds

QUARANTINE, FREEZE = "quarantine", "freeze"
REPLACED = 100  # freezes of an environment that are looked back at, each in place of the one before


@dataclass(frozen=True)
class Hold:
    """Without an environment it holds them all, without a commit every commit; `until` null: until lifted."""

    id: str
    application: str
    environment: str | None
    commit: str | None
    kind: str
    why: str
    who: str
    created: float
    until: float | None
    lifted: float | None


@dataclass(frozen=True)
class Quarantine:
    """What keeps a commit away: a `hold` on it `itself`, or on one that has the same `files` or `artifact`."""

    hold: Hold
    same: Literal["itself", "files", "artifact"]


def on(conn: Connection, application: str, environment: str, commit: str) -> list[Hold]:
    """The holds in force on deploying this commit there, oldest first."""
    return _in_force(
        conn,
        application,
        or_(holds.c.environment.is_(None), holds.c.environment == environment),
        or_(holds.c.commit.is_(None), holds.c.commit == commit),
    )


def on_every_commit(conn: Connection, application: str) -> list[Hold]:
    """The holds in force on deploying anything to any of an application's environments, oldest first."""
    return _in_force(conn, application, holds.c.commit.is_(None))


def _in_force(conn: Connection, application: str, *which: ColumnElement[bool]) -> list[Hold]:
    now = or_(holds.c.until.is_(None), holds.c.until > time.time())
    query = select(holds).where(holds.c.application == application, *which, holds.c.lifted.is_(None), now)
    return [Hold(**row) for row in conn.execute(query.order_by(holds.c.id)).mappings()]


def revert_branch(commit: str) -> str:
    """The branch on which a commit waits that takes a quarantined one back."""
    return f"revert-{commit[:7]}"


def take_back(conn: Connection, application: str, branch: str) -> str:
    """What somebody types to take a quarantined commit back with the one that waits on `branch`: it is merged into
    the application's default branch, and pushed.
    """
    onto = applications.get(conn, application).default_branch
    return f"git fetch shipway {branch} && git merge FETCH_HEAD && git push shipway HEAD:{onto}"


def quarantine(
    conn: Connection,
    application: str,
    environment: str,
    commit: str,
    *,
    why: str,
    run: str,
    digest: str = "",
    tree: str = "",
) -> None:
    """Holds a commit that was rolled back; one that is held already stays as it is.

    Whatever has the same `digest` or `tree` is held with it; empty: nothing is.
    """
    if any(hold.kind == QUARANTINE for hold in on(conn, application, environment, commit)):
        return
    conn.execute(
        insert(holds).values(
            id=ids.new(conn, holds),
            application=application,
            environment=environment,
            commit=commit,
            kind=QUARANTINE,
            why=why,
            who="shipway",
            created=time.time(),
        )
    )
    facts.record(
        conn,
        "commit.quarantined",
        application=application,
        run=run,
        environment=environment,
        commit=commit,
        who="shipway",
        data={"reason": why, "digest": digest, "tree": tree},
    )


def freeze(
    conn: Connection, application: str, environment: str, *, why: str, who: str, until: float | None
) -> tuple[Hold, Sequence[Hold]]:
    """Holds every commit, until a time in seconds since 1970 or until it is thawed; with the freezes that were in
    force there and have ended with it.
    """
    replaced = [each for each in frozen(conn, application, environment) if _end(conn, each)]
    hold = ids.new(conn, holds)
    conn.execute(
        insert(holds).values(
            id=hold,
            application=application,
            environment=environment,
            kind=FREEZE,
            why=why,
            who=who,
            created=time.time(),
            until=until,
        )
    )
    about = {"hold": hold, "reason": why, "until": until, "replaces": [_in_few(each) for each in replaced]}
    facts.record(conn, "environment.frozen", application=application, environment=environment, who=who, data=about)
    return Hold(**conn.execute(select(holds).where(holds.c.id == hold)).mappings().one()), replaced


def _in_few(hold: Hold) -> dict[str, str | float | None]:
    return {"hold": hold.id, "who": hold.who, "why": hold.why, "until": hold.until}


def replaced_by(conn: Connection, hold: Hold) -> Sequence[Mapping[str, Any]]:
    """Which freezes ended when this one began: who, why, until when each was to last."""
    told = facts.last(conn, "environment.frozen", hold.application, environment=hold.environment)
    return () if told is None or told.data.get("hold") != hold.id else told.data.get("replaces", ())


def frozen_since(conn: Connection, hold: Hold) -> float:
    """Since when (seconds since 1970) an environment has been frozen: by this freeze, or by those it replaced."""
    told = facts.newest_of(conn, ["environment.frozen"], hold.application, REPLACED, environment=hold.environment)
    began, before = hold.created, {hold.id}
    for fact in told:
        if fact.data.get("hold") in before:
            began = min(began, fact.at)
            before |= {one["hold"] for one in fact.data.get("replaces", ())}
    return began


def frozen(conn: Connection, application: str, environment: str) -> list[Hold]:
    """The freezes in force in an environment, oldest first."""
    return [hold for hold in on(conn, application, environment, "") if hold.kind == FREEZE]


def thaw(conn: Connection, hold: Hold, *, who: str) -> bool:
    """Ends a freeze; False when somebody else did first."""
    ended = _end(conn, hold)
    if ended:
        facts.record(
            conn,
            "environment.thawed",
            application=hold.application,
            environment=hold.environment,
            who=who,
            data={"hold": hold.id, "reason": hold.why},
        )
    return ended


def quarantines_in(conn: Connection, application: str) -> list[Hold]:
    """The quarantines in force in any environment of an application, oldest first."""
    query = select(holds).where(
        holds.c.application == application, holds.c.kind == QUARANTINE, holds.c.lifted.is_(None)
    )
    return [Hold(**row) for row in conn.execute(query.order_by(holds.c.id)).mappings()]


def quarantined(conn: Connection, application: str, environment: str) -> list[Hold]:
    """The quarantines in force in an environment, oldest first."""
    return [hold for hold in quarantines_in(conn, application) if hold.environment == environment]


def quarantine_over(
    conn: Connection, application: str, environment: str, commit: str, *, digest: str, tree: str
) -> Quarantine | None:
    """The quarantine in force over a commit there: its own, or that of another one that brought the same."""
    held = quarantined(conn, application, environment)
    for hold in held:
        if hold.commit == commit:
            return Quarantine(hold, "itself")
    for hold in held:
        begun = facts.last(conn, "commit.quarantined", application, environment=environment, commit=hold.commit)
        said = {} if begun is None else begun.data
        if tree and said.get("tree") == tree:
            return Quarantine(hold, "files")
        if digest and said.get("digest") == digest:
            return Quarantine(hold, "artifact")
    return None


def every_quarantine(conn: Connection) -> list[Hold]:
    """The quarantines in force anywhere, oldest first."""
    query = select(holds).where(holds.c.kind == QUARANTINE, holds.c.lifted.is_(None), holds.c.commit.is_not(None))
    return [Hold(**row) for row in conn.execute(query.order_by(holds.c.id)).mappings()]


def quarantines_of(conn: Connection, application: str, commit: str) -> list[Hold]:
    """The quarantines of a commit that are in force, in every environment, oldest first."""
    return [hold for hold in every_quarantine(conn) if (hold.application, hold.commit) == (application, commit)]


def quarantine_of(conn: Connection, application: str, environment: str, commit: str) -> Hold | None:
    """The newest quarantine of a commit in an environment, whether it is in force or has ended."""
    query = (
        select(holds)
        .where(
            holds.c.application == application,
            holds.c.environment == environment,
            holds.c.commit == commit,
            holds.c.kind == QUARANTINE,
        )
        .order_by(holds.c.id.desc())
        .limit(1)
    )
    row = conn.execute(query).mappings().one_or_none()
    return None if row is None else Hold(**row)


def lift(conn: Connection, found: Collection[Hold], *, by: str, run: str) -> None:
    """Ends quarantines, because the descendant `by` has served there and was judged good; each once."""
    _end_quarantines(conn, found, "commit.fixed", run, None, {"by": by})


def clear(conn: Connection, found: Collection[Hold], *, who: str, why: str, run: str) -> None:
    """Ends quarantines, because somebody gave their commit all requests as it is, and said why; each once."""
    _end_quarantines(conn, found, "commit.cleared", run, who, {"reason": why})


def _end_quarantines(
    conn: Connection, found: Collection[Hold], kind: str, run: str, who: str | None, data: Mapping[str, str]
) -> None:
    for hold in found:
        if _end(conn, hold):
            facts.record(
                conn,
                kind,
                application=hold.application,
                run=run,
                environment=hold.environment,
                commit=hold.commit,
                who=who,
                data=data,
            )


def _end(conn: Connection, hold: Hold) -> bool:
    """False when somebody else did first."""
    mine = update(holds).where(holds.c.id == hold.id, holds.c.lifted.is_(None))
    return bool(conn.execute(mine.values(lifted=time.time())).rowcount)
