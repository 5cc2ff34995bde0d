"""What is asked of an environment and fails, or says nothing, while no release is on trial: told once, and when it
passes again.

Of one that fails again soon after that it is said once that it comes and goes, and no more for as long as an
episode of the machine's lasts; what took that, and knows it again, closes it once it has passed for some time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.incidents.cause import Cause, lines
from shipway.incidents.channels import ENDED, UPDATED, WELL, WORSE
from shipway.incidents.stops import EPISODE
from shipway.state import facts, messages
from shipway.state.database import Connection
from shipway.state.facts import Fact
from shipway.state.messages import Message

OVER = ("probe.recovered", "probe.ended")
KINDS = ("probe.failed", "probe.unknown", *OVER)
DECLARED_IN = "shipway.yml"
LOOK = "`shipway probes --env {0} --app {1}` shows what it answers now. {2}"
ONCE_MORE = "You will hear when it passes."
AGAIN = (WORSE, UPDATED)
FAILED, UNKNOWN = "failing", "unknown"
SAID: Mapping[str, str] = {UNKNOWN: "{0} says nothing that counts", FAILED: "{0} fails"}
"""How the causes of what fails begin, and of what says nothing, each with what is said of it."""

BLIND = "Until then it speaks for no release, and holds none that comes."
STEADY = 600.0
"""Seconds for which what came and went has to pass before what can close the word of that does."""

PATIENCE = 100.0
"""Seconds that something may say nothing before it is told: a database that starts anew is no news."""
COMES_AND_GOES = "It comes and goes: you hear of it again in six hours at the earliest."


@dataclass(frozen=True)
class Failing:
    """What fails at this moment, since when (seconds since 1970), and what it said then."""

    environment: str
    name: str
    says: str
    since: float


def failed(conn: Connection, fact: Fact) -> Cause | None:
    """A probe, or an invariant, that has begun to fail, or to say nothing; what does in a trial is told with its
    verdict.
    """
    said, there = fact.data, str(fact.environment)
    if said.get("tried", True):
        return None
    kind = UNKNOWN if fact.kind == "probe.unknown" else FAILED
    if kind == UNKNOWN and _is_told_to_fail(conn, fact):
        return None
    before = messages.newest_of(conn, _about(fact, kind))
    heard = [] if before is None else [before, *messages.answering(conn, before.id)]
    goes_on = before is not None and (len(heard) == 1 or fact.at - heard[-1].created < EPISODE)
    again = " again" if goes_on and heard[-1].kind in (WELL, ENDED) else ""
    brief, blind = f"{SAID[kind].format(said['probe'])}{again}", f" {BLIND}" if kind == UNKNOWN else ""
    return Cause(
        before.cause if before is not None and goes_on else f"{_about(fact, kind)}{fact.id}",
        "failing",
        float(said["since"]),
        f"{brief} in {there}: {said['says']}",
        lines(_asked(said)),
        application=fact.application,
        environment=there,
        commit=fact.commit,
        files=(DECLARED_IN,),
        hint=LOOK.format(there, fact.application, f"{COMES_AND_GOES if again else ONCE_MORE}{blind}"),
        brief=brief,
    )


def _is_told_to_fail(conn: Connection, fact: Fact) -> bool:
    """Whether what says nothing now failed before: nobody was told that it passes since."""
    told = messages.newest_of(conn, _about(fact, FAILED))
    since = [] if told is None else [one for one in _since(conn, told) if one.id < fact.id]
    return [one.kind for one in since if one.kind != "probe.unknown"][-1:] == ["probe.failed"]


def untold(conn: Connection, person: str, cause: str) -> Message | None:
    """What waits to be told as saying nothing, and fails by now, of which `cause` is; None where nothing does."""
    question = cause.removeprefix(f"{FAILED} ").rpartition(" ")[0]
    return messages.newest_of(conn, f"{UNKNOWN} {question} ", person)


def _asked(said: Any) -> list[str]:
    whom = "" if said["release"] is None else f", of r{said['release']}"
    return [
        f"asked:     {said['kind']} {said['of']}{whom}",
        f"expected:  {said['expects']}",
        f"came:      {said['says']}",
    ]


def over(conn: Connection, fact: Fact) -> list[tuple[Message, str]]:
    """What people were told of that is over with a fact, each with the id of the last word of that; nothing while
    it fails for another release, nor so soon after the word that it comes and goes.
    """
    found = [messages.newest_of(conn, _about(fact, kind)) for kind in SAID]
    return [each for told in found if told is not None for each in _over(conn, fact, told)]


def _over(conn: Connection, fact: Fact, told: Message) -> list[tuple[Message, str]]:
    if _goes_on(conn, told) is not None:
        return []
    every = messages.about(conn, ("failing",), str(fact.application), 0.0)
    first = [one for one in every if one.cause == told.cause]
    last = [(one, (one, *messages.answering(conn, one.id))[-1]) for one in first]
    return [(one, word.id) for one, word in last if one is word or fact.at - word.created >= EPISODE]


def steady(conn: Connection, at: float) -> list[tuple[Message, str, Fact]]:
    """What came and went and has passed for long enough at this time (seconds since 1970): what was told of it
    first, the id of the last word of that, and the fact with which it passed.
    """
    every = messages.about_any(conn, AGAIN, at - EPISODE)
    words = [one for one in every if one.cause.startswith("again ")]
    firsts = [(messages.get(conn, word.answers), word) for word in words]
    found = []
    for first, word in firsts:
        if first is None or first.kind != "failing" or messages.answering(conn, first.id)[-1].id != word.id:
            continue
        last = [one for one in list(_since(conn, first))[-1:] if one.at <= at - STEADY]
        found += [(first, word.id, passed) for passed in last if _goes_on(conn, first) is None]
    return found


def now(conn: Connection, application: str) -> list[Failing]:
    """What somebody was told of and fails still, in every environment of an application."""
    every = messages.about(conn, ("failing",), application, 0.0)
    newest = {one.cause.rpartition(" ")[0]: one for one in every if one.cause.startswith(f"{FAILED} ")}
    return list(filter(None, (_goes_on(conn, one) for one in newest.values() if not _is_over(conn, one))))


def _is_over(conn: Connection, told: Message) -> bool:
    return any(one.kind == WELL for one in messages.answering(conn, told.id)[-1:])


def _goes_on(conn: Connection, told: Message) -> Failing | None:
    """What was told, as its last fact has it, if it is so of any release."""
    last = {fact.data["release"]: fact for fact in _since(conn, told)}
    kind = "probe.failed" if told.cause.startswith(f"{FAILED} ") else "probe.unknown"
    found = next((fact for fact in last.values() if fact.kind == kind), None)
    if found is None:
        return None
    said = found.data
    return Failing(str(found.environment), str(said["probe"]), str(said["says"]), float(said["since"]))


def _since(conn: Connection, told: Message) -> Iterator[Fact]:
    """What was found of it since it began to fail."""
    began = int(told.cause.rpartition(" ")[2])
    about = {"application": told.application, "environment": told.environment}
    found = facts.after(conn, began - 1, **about, kinds=KINDS, limit=None)
    kind = told.cause.partition(" ")[0]
    return (fact for fact in found if told.cause.startswith(_about(fact, kind)))


def _about(fact: Fact, kind: str) -> str:
    """How the causes of all that was told of the same question begin."""
    return f"{kind} {fact.application} {fact.environment} {json.dumps(fact.data['probe'])} "
