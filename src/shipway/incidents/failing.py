"""What is asked of an environment and fails while no release is on trial: told once, and when it passes again.

Of one that fails again soon after that it is said once that it comes and goes, and no more for as long as an
episode of the machine's lasts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shipway.incidents.cause import Cause, lines
from shipway.incidents.channels import WELL
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
COMES_AND_GOES = "It comes and goes: you hear of it again in six hours at the earliest."


@dataclass(frozen=True)
class Failing:
    """What fails at this moment, since when (seconds since 1970), and what it said then."""

    environment: str
    name: str
    says: str
    since: float


def failed(conn: Connection, fact: Fact) -> Cause | None:
    """A probe, or an invariant, that has begun to fail; what fails in a trial is told with its verdict."""
    said, there = fact.data, str(fact.environment)
    if said.get("tried", True):
        return None
    before = messages.newest_of(conn, _about(fact))
    heard = [] if before is None else [before, *messages.answering(conn, before.id)]
    goes_on = before is not None and (len(heard) == 1 or fact.at - heard[-1].created < EPISODE)
    again = " again" if goes_on and heard[-1].kind == WELL else ""
    return Cause(
        before.cause if before is not None and goes_on else f"{_about(fact)}{fact.id}",
        "failing",
        float(said["since"]),
        f"{said['probe']} fails{again} in {there}: {said['says']}",
        lines(_asked(said)),
        application=fact.application,
        environment=there,
        commit=fact.commit,
        files=(DECLARED_IN,),
        hint=LOOK.format(there, fact.application, COMES_AND_GOES if again else ONCE_MORE),
        brief=f"{said['probe']} fails{again}",
    )


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
    told = messages.newest_of(conn, _about(fact))
    if told is None or _fails(conn, told) is not None:
        return []
    every = messages.about(conn, ("failing",), str(fact.application), 0.0)
    first = [one for one in every if one.cause == told.cause]
    last = [(one, (one, *messages.answering(conn, one.id))[-1]) for one in first]
    return [(one, word.id) for one, word in last if one is word or fact.at - word.created >= EPISODE]


def now(conn: Connection, application: str) -> list[Failing]:
    """What somebody was told of and fails still, in every environment of an application."""
    every = messages.about(conn, ("failing",), application, 0.0)
    newest = {one.cause.rpartition(" ")[0]: one for one in every}
    return list(filter(None, (_fails(conn, one) for one in newest.values() if not _is_over(conn, one))))


def _is_over(conn: Connection, told: Message) -> bool:
    return any(one.kind == WELL for one in messages.answering(conn, told.id)[-1:])


def _fails(conn: Connection, told: Message) -> Failing | None:
    """What was told, as its last fact has it, if it fails of any release."""
    last = {fact.data["release"]: fact for fact in _since(conn, told)}
    found = next((fact for fact in last.values() if fact.kind == "probe.failed"), None)
    if found is None:
        return None
    said = found.data
    return Failing(str(found.environment), str(said["probe"]), str(said["says"]), float(said["since"]))


def _since(conn: Connection, told: Message) -> Iterator[Fact]:
    """What was found of it since it began to fail."""
    began = int(told.cause.rpartition(" ")[2])
    about = {"application": told.application, "environment": told.environment}
    found = facts.after(conn, began - 1, **about, kinds=KINDS, limit=None)
    return (fact for fact in found if told.cause.startswith(_about(fact)))


def _about(fact: Fact) -> str:
    """How the causes of all that was told of the same question begin."""
    return f"failing {fact.application} {fact.environment} {json.dumps(fact.data['probe'])} "
