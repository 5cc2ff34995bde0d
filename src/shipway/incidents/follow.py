"""More of a cause that somebody is told of already: said instead, said after it where that can be changed, or not.

what no channel took yet            says the newest, unless that is less bad
an error of what is bad or undone   becomes that, or that answers it, by what took it or any other; further ones
                                    that wait are named by it
it is worse now                     said once, first by what took it, and by any other that it may go to
what took it knows it again         takes an update, behind what it took before
what took it cannot change it       nothing
it is less bad than what was said   nothing
it passed, and fails again          said once: it comes and goes; after that to what took it and closed it alone
it passed before it was told        nothing
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TypeGuard

from shipway.incidents import failing, production
from shipway.incidents.channels import (
    AGAIN,
    BY_HAND,
    ENDED,
    ENDS,
    FIXED,
    HELD,
    KNOWS_AGAIN,
    OPENS_FOR_NEWS,
    SETTLED,
    UPDATED,
    WELL,
    WORSE,
)
from shipway.state import artifacts, channels, messages
from shipway.state.database import Connection
from shipway.state.messages import Draft, Message

TAKEN_BACK = ("bad", "silent")
"""Causes that are one for a commit in all environments, of which one can be worse than another."""

TELLS_ITS_ERRORS = (*TAKEN_BACK, "undone")
"""Causes that an error is part of which came with the same commit."""

WORDS = {
    UPDATED: "update",
    WORSE: "worse",
    ENDED: "ended",
    FIXED: "fix",
    HELD: "held",
    AGAIN: "again",
    SETTLED: "decided",
    WELL: "well again",
}


def word(message: Message) -> str:
    """What a message is in a list beside the one that it follows up; empty where it is the first."""
    return WORDS.get(message.kind, WORDS[UPDATED] if message.answers else "")


def say(conn: Connection, draft: Draft) -> None:
    """Says what a draft says, as more of what its person is told of already where it is that.

    What was an error, and is judged bad or undone now, is one cause: the draft answers what was said of the error.
    """
    first = messages.said(conn, draft.person, draft.cause)
    error = messages.get(conn, draft.answers) if draft.kind in TELLS_ITS_ERRORS and draft.answers else None
    if draft.kind == WELL and _is_untold(told := messages.get(conn, draft.answers)):
        messages.leave_out(conn, told, "it was over before it was told")
        return
    if draft.kind == "failing" and _is_untold(told := failing.untold(conn, draft.person, draft.cause)):
        messages.leave_out(conn, told, f"told with {draft.cause}")
    if first is not None:
        up(conn, first, draft)
    elif error is not None and error.state == "waiting":
        messages.become(conn, error, draft)
    else:
        messages.write(conn, draft)
    if draft.kind in ("bad", "undone") and first is None:
        _leave_out_its_errors(conn, draft)


def _is_untold(told: Message | None) -> TypeGuard[Message]:
    """Whether it waits for its time still: something may say nothing for a moment."""
    if told is None or told.kind != "failing" or told.attempts or told.state != "waiting":
        return False
    return told.next_try > time.time()


def _leave_out_its_errors(conn: Connection, bad: Draft) -> None:
    """What nobody sends yet of further errors that are new in a bad commit: its own message tells of them."""
    for one in messages.waiting_of(conn, "error", bad):
        if production.is_of_another(conn, one):
            continue
        messages.leave_out(conn, one, f"told with {bad.cause}")


def up(conn: Connection, first: Message, draft: Draft) -> None:
    """Says what a draft says of the cause of a message that its person has of it already."""
    told = (first, *messages.answering(conn, first.id))
    last = told[-1]
    there = bound(conn, draft.kind, draft.application, draft.commit)
    if draft.kind == "failing" and last.kind == ENDED:
        _answer(conn, first, replace(draft, cause=f"again {last.id}", kind=UPDATED))
        return
    if draft.kind == "failing" and last.kind in ENDS:
        _answer(conn, first, replace(draft, cause=f"again {first.id}", kind=WORSE))
        return
    if draft.kind in ENDS or (last.kind in ENDS and not _is_worse(draft, told, there)):
        return
    same = [one for one in told if one.subject == draft.subject]
    open_ = [one for one in (first, last) if one.state == "waiting" and not _less_bad(draft, one, there)]
    if same or open_:
        messages.say_instead(conn, (same or open_)[0], draft)
    elif any(_less_bad(draft, one, there) for one in told):
        return
    elif first.state == "sent" and _is_worse(draft, told, there):
        _answer(conn, first, replace(draft, cause=f"worse {first.id}", kind=WORSE))
    elif first.state == "waiting" or can_follow(conn, first):
        _answer(conn, first, replace(draft, cause=f"updated {last.id}", kind=UPDATED))


def after(conn: Connection, taken: Message, newer: Message) -> None:
    """A channel took a message as it was when it set out; by now it would say this."""
    if newer.cause != taken.cause:
        say(conn, replace(_as_draft(newer), answers=taken.id))
        return
    first = messages.get(conn, taken.answers) if taken.kind in (UPDATED, WORSE) else taken
    if first is not None:
        up(conn, messages.get(conn, first.id) or first, _as_draft(newer))


def _as_draft(message: Message) -> Draft:
    given = {each.name: getattr(message, each.name) for each in fields(Draft) if each.name != "due"}
    return Draft(**given, due=message.next_try)


def ended(news: Draft, first: Message) -> Draft:
    """The same news, for what took the message of another cause that is mended with it."""
    return replace(news, cause=f"ended {first.id}", kind=ENDED, answers=first.id)


def can_follow(conn: Connection, first: Message) -> bool:
    """Whether what took a message is still there, and can change it."""
    if first.state != "sent" or first.service not in KNOWS_AGAIN:
        return False
    return channels.find(conn, messages.taker(conn, first)) is not None


def is_open(told: Message) -> bool:
    """Whether there is anything to close where a message was taken: of news there is only where all opens an
    incident, unless it is more of some trouble.
    """
    return told.kind != BY_HAND or bool(told.answers) or told.service in OPENS_FOR_NEWS


def _answer(conn: Connection, first: Message, draft: Draft) -> None:
    messages.write(conn, replace(draft, answers=first.id))


def bound(conn: Connection, kind: str, application: str | None, commit: str | None) -> str | None:
    """The environment that a commit is bound for, where a cause of this kind is worst; None for other causes."""
    return last_of(conn, application, commit) if kind in TAKEN_BACK else None


def last_of(conn: Connection, application: str | None, commit: str | None) -> str | None:
    """The environment that a commit is bound for; None while nothing was made of it."""
    artifact = artifacts.of_commit(conn, str(application), str(commit))
    return None if artifact is None else str(artifact.project["environments"][-1]["name"])


def _is_worse(draft: Draft, told: Sequence[Message], bound: str | None) -> bool:
    heard = [one.environment for one in told if one.kind not in ENDS]
    return bound is not None and draft.environment == bound not in heard


def _less_bad(draft: Draft, than: Message, bound: str | None) -> bool:
    return bound is not None and than.environment == bound != draft.environment
