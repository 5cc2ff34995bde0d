"""Messages: what is said to whom, once for each person and cause, and what became of it.

A row is written with the position of whoever reads the facts; it is claimed, sent, and marked. A message whose
server and courier both die between sending and marking is sent again, under the same id.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import IntegrityError

from shipway.state import facts, ids
from shipway.state.channels import Channel
from shipway.state.tables import applications, messages
from shipway.state.tables import facts as facts_

LONGEST_PAUSE = 120.0
"""Seconds between two tries of a message, at most. With a courier that hangs before it, a channel that answers
again is found well within five minutes, however long it was away (BARS R24).
"""

STATES = ("waiting", "sent", "nowhere")
"""What can become of a message: no channel took it yet; one did; none leads to its person, nor to the owner."""

LAST = "\U0010ffff"
"""What comes after every sign that a cause is written with."""

_CAUSE = ("cause", "kind")
_SAID = ("subject", "text", "application", "environment", "run", "commit", "names_nobody")
"""What of a message is another when it comes to say something else."""


@dataclass(frozen=True)
class Draft:
    """What is to be said, at `due` (seconds since 1970); `answers` is the id of the message it follows up.

    `names_nobody`: it says that it is not known whose change it was.
    """

    person: str
    cause: str
    kind: str
    subject: str
    text: str
    due: float
    application: str | None = None
    environment: str | None = None
    run: str | None = None
    commit: str | None = None
    answers: str = ""
    names_nobody: bool = False


@dataclass(frozen=True)
class Message:
    """`state`: waiting, sent, or nowhere (its person has no channel, nor has the owner).

    `names_nobody`: it says that it is not known whose change it was. `reached` is whose channel took it, in the
    word by which that was added: empty while none did, or where it is not on record.
    """

    id: str
    person: str
    cause: str
    kind: str
    application: str | None
    environment: str | None
    run: str | None
    commit: str | None
    subject: str
    text: str
    answers: str
    names_nobody: bool
    state: str
    attempts: int
    next_try: float
    lease: str
    lease_until: float
    service: str
    problem: str
    created: float
    sent: float | None
    reached: str


def write(conn: Connection, draft: Draft) -> bool:
    """Records a message; False when its person has one for this cause."""
    values = {name: value for name, value in vars(draft).items() if name != "due"}
    message = ids.new(conn, messages)
    try:
        with conn.begin_nested():
            row = insert(messages).values(
                **values, id=message, state="waiting", next_try=draft.due, created=time.time()
            )
            conn.execute(row)
    except IntegrityError:
        return False
    _fact(conn, "message.written", message, draft)
    return True


def waiting(conn: Connection, now: float) -> list[Message]:
    """The messages whose time to be tried has come, the oldest first, also those that somebody sends just now.

    What follows up another comes after it, and after what followed that one up before. No pause is longer than
    LONGEST_PAUSE: what seems to wait longer does so because the clock has stepped back.
    """
    due = or_(messages.c.next_try <= now, messages.c.next_try > now + LONGEST_PAUSE)
    query = select(messages).where(messages.c.state == "waiting", due, _in_order())
    return _messages(conn, query.order_by(messages.c.id))


def awaited(conn: Connection, now: float, until: float) -> set[str]:
    """Whom those are for that were never tried and have their time between now and then."""
    soon = (messages.c.state == "waiting", messages.c.attempts == 0, messages.c.next_try.between(now, until))
    return set(conn.execute(select(messages.c.person).where(*soon)).scalars())


def claim(conn: Connection, seen: Message, lease: str, until: float) -> bool:
    """Takes a message in hand as it was seen; False when somebody else was faster."""
    same = (
        messages.c.id == seen.id,
        messages.c.state == "waiting",
        messages.c.lease == seen.lease,
        messages.c.lease_until == seen.lease_until,
        messages.c.attempts == seen.attempts,
    )
    values = {"lease": lease, "lease_until": until, "attempts": seen.attempts + 1}
    return bool(conn.execute(update(messages).where(*same).values(**values)).rowcount)


def say_instead(conn: Connection, message: Message, draft: Draft) -> None:
    """What no channel took yet says this; that it is tried later, because it was refused, stays."""
    said = {name: getattr(draft, name) for name in _SAID}
    untaken = (messages.c.id == message.id, messages.c.state == "waiting")
    conn.execute(update(messages).where(*untaken).values(said))
    conn.execute(update(messages).where(*untaken, messages.c.attempts == 0).values(next_try=draft.due))


def become(conn: Connection, message: Message, draft: Draft) -> None:
    """What no channel took yet is of this cause from now on, and says it."""
    of = {name: getattr(draft, name) for name in _CAUSE}
    untaken = (messages.c.id == message.id, messages.c.state == "waiting")
    conn.execute(update(messages).where(*untaken).values(of))
    say_instead(conn, message, draft)


def sent(conn: Connection, message: Message, channel: Channel) -> Message | None:
    """Records that a channel took it as it was when it set out; the message as it would be by now, if it came to
    say something else on its way.
    """
    newer = get(conn, message.id)
    took = {name: getattr(message, name) for name in (*_CAUSE, *_SAID)}
    by = {"service": channel.service, "reached": channel.whose}
    _end(conn, message, state="sent", problem="", sent=time.time(), **by, **took)
    _fact(conn, "message.sent", message.id, message, channel=channel.id, **by)
    return newer if newer is not None and newer.subject != message.subject else None


def taker(conn: Connection, message: Message) -> str:
    """The id of the channel that took a message; empty where none did, or the record does not say."""
    about = (facts_.c.application == message.application, facts_.c.commit == message.commit)
    named = facts_.c.data["message"].as_string() == message.id
    query = select(facts_.c.data).where(*about, facts_.c.kind == "message.sent", named)
    found = conn.execute(query.order_by(facts_.c.id.desc()).limit(1)).scalar()
    return "" if found is None else str(found.get("channel", ""))


def drop(conn: Connection, message: Message) -> None:
    """Takes away one that only what took another could have taken, and that is gone: nobody missed anything."""
    conn.execute(delete(messages).where(messages.c.id == message.id, messages.c.state == "waiting"))


def leave_out(conn: Connection, message: Message, why: str) -> None:
    """Takes away one that nobody tried to send, because another tells of it; that is on record."""
    untried = (messages.c.id == message.id, messages.c.state == "waiting", messages.c.attempts == 0)
    if conn.execute(delete(messages).where(*untried)).rowcount:
        _fact(conn, "message.left_out", message.id, message, why=why)


def nowhere(conn: Connection, message: Message) -> None:
    """Records that there is no channel for it: it is to be read on the pages."""
    _end(conn, message, state="nowhere", problem="no channel")
    _fact(conn, "message.nowhere", message.id, message)


def refused(conn: Connection, message: Message, service: str, problem: str, next_try: float) -> None:
    """Records that a channel did not take it, and when the next try is."""
    _end(conn, message, service=service, problem=problem, next_try=next_try)


def hasten(conn: Connection, waiting_: Iterable[str], now: float) -> None:
    """Has those of these messages tried now that wait for their next try and are in nobody's hand."""
    for message in waiting_:
        resting = (messages.c.id == message, messages.c.state == "waiting", messages.c.lease == "")
        conn.execute(update(messages).where(*resting, messages.c.next_try > now).values(next_try=now))


def again(conn: Connection, message: Message, now: float, who: str) -> bool:
    """Has one tried now that nobody took, as `who` asked for; False while it is in a hand, or was sent."""
    free = (messages.c.id == message.id, messages.c.state.in_(("waiting", "nowhere")), messages.c.lease == "")
    problem = "" if message.state == "nowhere" else message.problem
    values = {"state": "waiting", "next_try": now, "problem": problem}
    if not conn.execute(update(messages).where(*free).values(**values)).rowcount:
        return False
    _fact(conn, "message.again", message.id, message, who, person=message.person, subject=message.subject)
    return True


def recent(
    conn: Connection,
    *,
    application: str | None = None,
    commit: str | None = None,
    person: str | None = None,
    state: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[Message]:
    """The newest messages first, of those that were written before the one with the id `before`."""
    those = _those(application=application, commit=commit, person=person, state=state)
    query = select(messages).where(*those).order_by(messages.c.id.desc()).limit(limit)
    return _messages(conn, query if before is None else query.where(messages.c.id < before))


def how_many_wait(
    conn: Connection, *, application: str | None = None, commit: str | None = None, person: str | None = None
) -> int:
    """How many messages no channel took yet."""
    those = _those(application=application, commit=commit, person=person, state="waiting")
    return conn.execute(select(func.count()).select_from(messages).where(*those)).scalar_one()


def people(conn: Connection) -> list[str]:
    """Everybody to whom anything was to be said, by name."""
    return list(conn.execute(select(messages.c.person).distinct().order_by(messages.c.person)).scalars())


def about(conn: Connection, kinds: tuple[str, ...], application: str, since: float) -> list[Message]:
    """The messages of these kinds about an application that were written after `since`, oldest first."""
    query = select(messages).where(
        messages.c.kind.in_(kinds), messages.c.application == application, messages.c.created > since
    )
    return _messages(conn, query.order_by(messages.c.id))


def about_any(conn: Connection, kinds: tuple[str, ...], since: float) -> list[Message]:
    """The messages of these kinds about any application that were written after `since`, oldest first."""
    of = messages.c.application.in_(select(applications.c.name))  # an index begins with the application
    query = select(messages).where(of, messages.c.kind.in_(kinds), messages.c.created > since)
    return _messages(conn, query.order_by(messages.c.id))


def waiting_of(conn: Connection, kind: str, beside: Draft) -> list[Message]:
    """Those of a kind to the same person about the same commit that nobody tried to send yet."""
    same = [messages.c[name] == getattr(beside, name) for name in ("person", "application", "commit")]
    untried = (messages.c.state == "waiting", messages.c.attempts == 0, messages.c.kind == kind)
    return _messages(conn, select(messages).where(*untried, *same).order_by(messages.c.id))


def waiting_about(conn: Connection, kind: str, application: str, commit: str) -> list[Message]:
    """Those of a kind about a commit that nobody tried to send yet."""
    about = (messages.c.application == application, messages.c.commit == commit, messages.c.kind == kind)
    untried = (messages.c.state == "waiting", messages.c.attempts == 0)
    return _messages(conn, select(messages).where(*about, *untried).order_by(messages.c.id))


def said(conn: Connection, person: str, cause: str) -> Message | None:
    """What a person is told of a cause."""
    query = select(messages).where(messages.c.person == person, messages.c.cause == cause)
    return next(iter(_messages(conn, query)), None)


def get(conn: Connection, message: str) -> Message | None:
    """The message with this id."""
    return next(iter(_messages(conn, select(messages).where(messages.c.id == message))), None)


def thread(conn: Connection, message: Message) -> str:
    """The id of the first message of those that it goes on from; empty where it is the first itself."""
    first = get(conn, message.answers) if message.answers else None
    return message.answers if first is None else first.answers or first.id


def answering(conn: Connection, message: str) -> list[Message]:
    """Those that follow up a message, oldest first."""
    return _messages(conn, select(messages).where(messages.c.answers == message).order_by(messages.c.id))


def newest_of(conn: Connection, cause: str, person: str | None = None) -> Message | None:
    """The newest message whose cause begins like this, of a person if one is given."""
    begins = (messages.c.cause >= cause, messages.c.cause < cause + LAST)  # LIKE would look at each
    query = select(messages).where(*begins)
    if person is not None:
        query = query.where(messages.c.person == person)
    return next(iter(_messages(conn, query.order_by(messages.c.id.desc()).limit(1))), None)


def undelivered(conn: Connection, before: float) -> list[Message]:
    """The messages that were written before this moment and wait to be sent, oldest first."""
    query = select(messages).where(
        messages.c.state == "waiting", messages.c.created < before, messages.c.attempts > 0
    )
    return _messages(conn, query.order_by(messages.c.id))


def _those(commit: str | None = None, **asked: str | None) -> list[ColumnElement[bool]]:
    """Those of a commit are also the ones that follow up what was said of it: that another has mended it."""
    those = [messages.c[name] == value for name, value in asked.items() if value is not None]
    if commit is None:
        return those
    first, after = messages.alias(), messages.alias()
    about_it = select(first.c.id).where(first.c.commit == commit)
    if (application := asked.get("application")) is not None:
        about_it = about_it.where(first.c.application == application)  # with that the index has them
    follow_up = select(after.c.id).where(after.c.answers.in_(about_it))
    return [*those, messages.c.id.in_(union_all(about_it, follow_up))]  # an OR would walk through all by their ids


def _in_order() -> ColumnElement[bool]:
    """That nothing said before, of the same cause, still waits: an old word must not replace a new one."""
    before = messages.alias()
    same = or_(before.c.id == messages.c.answers, before.c.answers == messages.c.answers)
    waits = exists().where(before.c.state == "waiting", before.c.id < messages.c.id, same)
    return or_(messages.c.answers == "", ~waits)


def _end(conn: Connection, message: Message, **values: object) -> None:
    conn.execute(
        update(messages)
        .where(messages.c.id == message.id, messages.c.state == "waiting")
        .values(lease="", lease_until=0.0, **values)
    )


def _messages(conn: Connection, query: Select[Any]) -> list[Message]:
    return [Message(**row) for row in conn.execute(query).mappings()]


def _fact(
    conn: Connection, kind: str, message: str, about: Draft | Message, who: str | None = None, **data: str
) -> None:
    """It is no part of the run that the message is about: that has its last fact when it ends. Without `who` it
    happened to whom the message is for.
    """
    facts.record(
        conn,
        kind,
        application=about.application,
        environment=about.environment,
        commit=about.commit,
        who=who or about.person,
        data={"message": message, "kind": about.kind, "run": about.run, **data},
    )
