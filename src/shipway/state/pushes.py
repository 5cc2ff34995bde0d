"""Pushes: refs that moved, in order, with who moved them."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from shipway.state import facts, ids
from shipway.state.tables import pushes, runs

NOTHING = "0" * 40  # git's own way to say that a ref does not exist
_BRANCH = "refs/heads/"
_TAG = "refs/tags/"
_MANY = 500  # more refs than this are not listed in a query: all of the application are read instead


@dataclass(frozen=True)
class Update:
    """What git is asked to do, or did: move `ref` from `old` to `new`; NOTHING where there is no commit."""

    ref: str
    old: str
    new: str

    @property
    def branch(self) -> str | None:
        """The branch's name, or None for a tag."""
        return self.ref.removeprefix(_BRANCH) if self.ref.startswith(_BRANCH) else None

    @property
    def name(self) -> str:
        """The ref as people call it: `main`, `tag v1`."""
        return self.branch or f"tag {self.ref.removeprefix(_TAG)}"

    @property
    def deletes(self) -> bool:
        return self.new == NOTHING


@dataclass(frozen=True)
class Push(Update):
    """One ref update. `state`: offered (git asked), accepted (the ref moved), dropped (it did not).

    `sequence` grows with every offer on the ref, so A → B → A is three pushes (BARS R11). `process` is the
    receive-pack that carried it, see `pushes.processes`; empty when the ref moved without being offered.
    """

    id: str
    application: str
    sequence: int
    who: str
    state: str
    process: str
    at: float


@dataclass(frozen=True)
class Outcome:
    """What became of offered pushes, and which refs `moved` without having been offered."""

    accepted: Sequence[Push] = ()
    dropped: Sequence[Push] = ()
    moved: Sequence[Update] = ()


def offer(conn: Connection, application: str, updates: Sequence[Update], *, who: str, process: str) -> list[Push]:
    """Records what git is about to do, in the order given."""
    sequences = _sequences(conn, application, [update.ref for update in updates])
    offered = [
        _insert(
            conn,
            application,
            update,
            sequence=sequences.get(update.ref, 0) + 1,
            who=who,
            state="offered",
            process=process,
        )
        for update in updates
    ]
    for push in offered:
        _fact(conn, push, "push.offered")
    return offered


def record(conn: Connection, application: str, update: Update, *, who: str, process: str = "") -> Push:
    """Records as accepted what moved without having been offered."""
    last = _sequences(conn, application, [update.ref]).get(update.ref, 0)
    push = _insert(conn, application, update, sequence=last + 1, who=who, state="accepted", process=process)
    _fact(conn, push, "push.accepted")
    return push


def accept(conn: Connection, push: Push) -> Push:
    """Records that the ref of an offered push has moved; once, however often it is called."""
    changed = conn.execute(
        update(pushes).where(pushes.c.id == push.id, pushes.c.state != "accepted").values(state="accepted")
    ).rowcount
    if changed:
        _fact(conn, push, "push.accepted")
    return replace(push, state="accepted")


def drop(conn: Connection, push: Push) -> None:
    """Records that the ref of an offered push has not moved and will not."""
    changed = conn.execute(
        update(pushes).where(pushes.c.id == push.id, pushes.c.state == "offered").values(state="dropped")
    ).rowcount
    if changed:
        _fact(conn, push, "push.dropped")


def settle(conn: Connection, application: str, outcome: Outcome) -> list[Push]:
    """Records an outcome; the pushes that are accepted now, those that nobody had offered by "unknown"."""
    for push in outcome.dropped:
        drop(conn, push)
    accepted = [accept(conn, push) for push in outcome.accepted]
    return accepted + [record(conn, application, move, who="unknown") for move in outcome.moved]


def get(conn: Connection, push: str) -> Push:
    """The push with this id, which must exist."""
    return Push(**conn.execute(select(pushes).where(pushes.c.id == push)).mappings().one())


def of_process(conn: Connection, application: str, process: str) -> list[Push]:
    """What one receive-pack offered, whatever became of it."""
    query = select(pushes).where(pushes.c.application == application, pushes.c.process == process)
    return _pushes(conn, query.order_by(pushes.c.id))


def offered(conn: Connection, application: str) -> list[Push]:
    """The pushes of which it is not yet recorded whether their ref moved, oldest first."""
    query = select(pushes).where(pushes.c.application == application, pushes.c.state == "offered")
    return _pushes(conn, query.order_by(pushes.c.id))


def recent(conn: Connection, application: str, *, ref: str | None = None, limit: int = 50) -> list[Push]:
    """The newest accepted pushes first."""
    query = select(pushes).where(pushes.c.application == application, pushes.c.state == "accepted")
    if ref is not None:
        query = query.where(pushes.c.ref == ref)
    return _pushes(conn, query.order_by(pushes.c.id.desc()).limit(limit))


def without_run(conn: Connection) -> list[Push]:
    """Accepted pushes that left a branch at a commit and have no run, oldest first."""
    query = (
        select(pushes)
        .outerjoin(runs, runs.c.push == pushes.c.id)
        .where(
            pushes.c.state == "accepted",
            pushes.c.ref.startswith(_BRANCH, autoescape=True),
            pushes.c.new != NOTHING,
            runs.c.id.is_(None),
        )
        .order_by(pushes.c.id)
    )
    return _pushes(conn, query)


def newer(conn: Connection, push: Push) -> Push | None:
    """The newest push to the same ref that was accepted after this one; None when this is the newest."""
    here = (pushes.c.application == push.application, pushes.c.ref == push.ref, pushes.c.state == "accepted")
    later = select(pushes).where(*here, pushes.c.sequence > push.sequence).order_by(pushes.c.sequence.desc())
    return next(iter(_pushes(conn, later.limit(1))), None)


def heads(conn: Connection, application: str, refs: Collection[str] | None = None) -> dict[str, str]:
    """Where each ref stands by the record: what its newest accepted push left (NOTHING when deleted)."""
    newest = (
        select(pushes.c.ref, func.max(pushes.c.sequence).label("sequence"))
        .where(pushes.c.application == application, pushes.c.state == "accepted")
        .group_by(pushes.c.ref)
    )
    if refs is not None and len(refs) <= _MANY:
        newest = newest.where(pushes.c.ref.in_(refs))
    last = newest.subquery()
    query = select(pushes.c.ref, pushes.c.new).join(
        last, (pushes.c.ref == last.c.ref) & (pushes.c.sequence == last.c.sequence)
    )
    return dict(conn.execute(query.where(pushes.c.application == application)).all())


def _sequences(conn: Connection, application: str, refs: Sequence[str]) -> dict[str, int]:
    query = (
        select(pushes.c.ref, func.max(pushes.c.sequence))
        .where(pushes.c.application == application)
        .group_by(pushes.c.ref)
    )
    if len(refs) <= _MANY:
        query = query.where(pushes.c.ref.in_(refs))
    return dict(conn.execute(query).all())


def _insert(
    conn: Connection,
    application: str,
    update: Update,
    *,
    sequence: int,
    who: str,
    state: str,
    process: str,
) -> Push:
    push = Push(
        id=ids.new(conn, pushes),
        application=application,
        ref=update.ref,
        old=update.old,
        new=update.new,
        sequence=sequence,
        who=who,
        state=state,
        process=process,
        at=time.time(),
    )
    conn.execute(insert(pushes).values(**vars(push)))
    return push


def _pushes(conn: Connection, query: Select[Any]) -> list[Push]:
    return [Push(**row) for row in conn.execute(query).mappings()]


def _fact(conn: Connection, push: Push, kind: str) -> None:
    facts.record(
        conn,
        kind,
        application=push.application,
        commit=None if push.deletes else push.new,
        who=push.who,
        data={"push": push.id, "ref": push.ref, "old": push.old, "new": push.new, "sequence": push.sequence},
    )
