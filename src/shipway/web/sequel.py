"""What follows for whoever watched a run to its end: what it came to, who was told, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shipway.config.places import Places
from shipway.incidents import heard, new_errors
from shipway.state import messages
from shipway.state.database import Connection
from shipway.state.messages import Message
from shipway.story import order
from shipway.web import undelivered
from shipway.web.commits import Commits
from shipway.web.journey import Journey
from shipway.web.life import record as lives
from shipway.web.life import turn as turns
from shipway.web.words import several

COMMAND = "    "
"""How a line begins that is to be typed as it stands: it is never wrapped."""

FEW = 3  # messages that are named one by one


@dataclass(frozen=True)
class Sequel:
    """Lines: what the run came to, and what to do next."""

    found: Sequence[str] = ()
    next: Sequence[str] = ()


def of(conn: Connection, commits: Commits, places: Places, now: Journey) -> Sequel:
    """That of a run that is over. Who is told of it, and what takes it back, is known a moment later, perhaps."""
    bad = [fact for fact in now.trials if fact.kind == "verdict.bad"]
    named = dict.fromkeys(said for fact in bad for said in new_errors.named(conn, fact))
    if now.taken_back:
        return Sequel([*named, *_told(conn, now)], list(_turn(conn, commits, places, now)))
    return Sequel(list(named), list(_by_hand(conn, places, now)))


def _told(conn: Connection, now: Journey) -> list[str]:
    run, here = now.run, (None, now.taken_back)
    found = messages.recent(conn, application=run.application, commit=run.commit)
    its = [one for one in reversed(found) if one.environment in here and one.created >= run.created]
    more = several(len(its) - FEW, "message")
    rest = [f"{more} more: `shipway messages {run.commit[:7]}`"] if len(its) > FEW else []
    return [*map(_heard, its[:FEW]), *rest]


def _heard(message: Message) -> str:
    if message.state == "nowhere":
        person = message.person
        return f"{person} could not be told: no channel leads there; `shipway channels {person}` adds one"
    return heard.told(message)


def _turn(conn: Connection, commits: Commits, places: Places, now: Journey) -> Iterator[str]:
    """As `shipway why` says it."""
    run = now.run
    record = lives.read(
        conn, commits, run.application, run.commit, order.environments(conn, places, run.application)
    )
    turn = turns.turn(record, commits.about(run.application, run.commit).author, now.taken_back)
    if turn is None or not turn.mend:
        return
    yield f"{turn.whose} can mend it. {turn.mend}" if turn.whose else turn.mend
    if turn.command:
        yield f"{COMMAND}{turn.command}"


def _by_hand(conn: Connection, places: Places, now: Journey) -> Iterator[str]:
    """Of a push that no environment takes."""
    run, way = now.run, order.environments(conn, places, now.run.application)
    if run.state != "passed" or run.purpose != "push" or run.deliver or not way:
        return
    found = undelivered.by_hand(conn, run.application, run.commit, way[0], way)
    if found is not None and found.command:
        yield f"by hand it comes to {way[0]}:"
        yield f"{COMMAND}{found.command}"
    elif found is not None:
        yield found.says
