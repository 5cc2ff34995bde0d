"""Whoever loses an environment because a person rolled back, deployed something older or set a value back hears
who did it and why; and how it was decided, whoever was told of what was frozen. Not who did it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from shipway.incidents import acts, follow, news
from shipway.incidents.acts import Act
from shipway.incidents.channels import BY_HAND, SETTLED
from shipway.incidents.production import BACK_SOON
from shipway.pushes.git import CommitInfo
from shipway.state import facts, messages
from shipway.state.database import Connection
from shipway.state.messages import Draft, Message
from shipway.state.settings import Setting


def drafts(
    conn: Connection, act: Act, authors: Mapping[str, Sequence[CommitInfo]], kinds: tuple[str, ...], address: str
) -> list[Draft]:
    """What each person is told of it, as more of what they were told of its commit by messages of these `kinds`.

    `address` is the server's own, for the links.
    """
    told = _told(conn, act, kinds)
    set_by = acts.setters(act, authors)
    found = []
    for person in dict.fromkeys([*(told if act.left is not None else ()), *authors, *set_by]):
        first = told.get(person)
        draft = _draft(conn, act, person, authors.get(person, ()), set_by.get(person, ()), first, address)
        if not acts.is_by(act, person):
            found += [] if _has_heard(conn, act, first) else [draft]
        elif act.accepts and first is not None and follow.can_follow(conn, first):
            found.append(follow.ended(draft, first))
    return found


def _told(conn: Connection, act: Act, kinds: tuple[str, ...]) -> dict[str, Message]:
    """What each was told last of the commit since it came there."""
    about = kinds if act.left is not None else (*kinds, "error")
    every = messages.about(conn, about, act.old.application, act.since)
    return {one.person: one for one in every if one.commit == act.commit}


def _has_heard(conn: Connection, act: Act, first: Message | None) -> bool:
    """Whether they are told of a bad verdict at this time, and with it that something else serves."""
    if act.left is not None or first is None or first.kind not in follow.TAKEN_BACK:
        return False
    where = {"environment": act.environment, "commit": act.commit}
    judged = facts.last(conn, "verdict.bad", act.old.application, **where)
    return judged is not None and act.at - judged.at <= BACK_SOON


def _draft(
    conn: Connection,
    act: Act,
    person: str,
    theirs: Sequence[CommitInfo],
    values: Sequence[Setting],
    first: Message | None,
    address: str,
) -> Draft:
    text = news.by_hand(conn, act, theirs, values, address)
    alone = f" of r{act.old.number}" if values and not theirs else ""  # no commit mends a value
    draft = Draft(
        person,
        f"by hand {act.run.id} {act.environment}{alone}",
        SETTLED if act.accepts else BY_HAND,
        text.subject,
        text.body,
        time.time(),
        application=act.old.application,
        environment=act.environment,
        run=act.run.id,
        commit=act.commit,
    )
    return draft if first is None else replace(draft, answers=first.id)
