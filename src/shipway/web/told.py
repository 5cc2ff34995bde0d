"""Messages as somebody asks for them: which, a part at a time, each with what it is about as people call it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from shipway.incidents import production
from shipway.state import errors, ids, messages, releases, runs
from shipway.state.database import Connection
from shipway.state.messages import STATES, Message
from shipway.web import lookups
from shipway.web.call import Call
from shipway.web.refusals import Unreadable

WHERE_IDS_ARE = "A list that goes on ends with the id to go on from."


@dataclass(frozen=True)
class Asked:
    """Which messages somebody asks for; None asks for any. `before` is the id of the oldest they have seen."""

    application: str | None = None
    commit: str | None = None
    person: str | None = None
    state: str | None = None
    before: str | None = None

    @classmethod
    def of(cls, call: Call) -> Asked:
        """What stands in an address. Raises Unreadable for a state that no message has, and for what is no id."""
        call.choice("state", STATES)
        asked = cls(**{name: call.query(name) for name in cls.__dataclass_fields__})
        if asked.before and not ids.is_one(asked.before):
            raise Unreadable(f"{asked.before[:100]!r} is no id of a message.", hint=WHERE_IDS_ARE)
        return asked

    @property
    def narrowed(self) -> bool:
        return any(vars(self).values())

    def but(self, **other: str | None) -> str:
        """The query that asks for this, but for what is given; empty where that is everything."""
        asked = {name: value for name, value in {**vars(self), **other}.items() if value}
        return f"?{urlencode(asked)}" if asked else ""


@dataclass(frozen=True)
class Told:
    """A message, and the numbers of the run, the release and the error that it is about."""

    message: Message
    run: int | None
    release: int | None
    error: int | None


@dataclass(frozen=True)
class Part:
    """Messages, the newest first; `next` is the `before` of those that follow, None after the last."""

    told: Sequence[Told]
    next: str | None


def part(conn: Connection, asked: Asked, limit: int) -> Part:
    """At most so many of the messages that are asked for. Raises NotFound for an application that is not there."""
    if asked.application is not None:
        lookups.application(conn, asked.application)
    found = messages.recent(conn, **vars(asked), limit=limit + 1)
    shown = found[:limit]
    more = len(found) > limit and bool(shown)
    return Part(told(conn, shown), shown[-1].id if more else None)


def told(conn: Connection, shown: Sequence[Message]) -> list[Told]:
    """Messages with the numbers of what they are about, as far as that is still on record."""
    named = {one.id: production.error_of(one) for one in shown}
    ran = runs.numbers(conn, {one.run for one in shown if one.run is not None})
    known = errors.numbers(conn, {error for error in named.values() if error is not None})
    made = releases.numbers(conn, {one.commit for one in shown if one.commit is not None})
    return [
        Told(
            one,
            ran.get(one.run or ""),
            _release(one, made.get((one.application or "", one.environment or "", one.commit or ""), ())),
            known.get(named[one.id] or ""),
        )
        for one in shown
    ]


def _release(message: Message, made: Sequence[tuple[float, int]]) -> int | None:
    """The newest of its commit when it was written: the commit may have come again since, with other values."""
    return max((number for created, number in made if created <= message.created), default=None)
