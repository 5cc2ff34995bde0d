"""Why a commit is, or is not, where it is: what happened to it in one environment, as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.releases.gate import GATES, UNTIL
from shipway.state import facts
from shipway.state.database import Connection
from shipway.state.facts import Fact
from shipway.web.words import length, listed

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """A sentence, and the fact it came from."""

    at: float
    kind: str
    fact: int
    says: str


def events(conn: Connection, application: str, environment: str, commit: str) -> list[Event]:
    """What is on record of a commit (a whole id) in one environment, oldest first."""
    found = facts.after(conn, 0, application=application, environment=environment, commit=commit, limit=1000)
    rehearsed = facts.after(conn, 0, application=application, commit=commit, kinds=REHEARSED)
    bound = [fact for fact in rehearsed if environment in fact.data["before"]]
    every = {fact.id: fact for fact in [*found, *bound]}
    told = (fact for _, fact in sorted(every.items()) if fact.kind != "run.stopped" or fact.data["id"] in GATES)
    return [event for fact in told if (event := _event(fact)) is not None]


def _event(fact: Fact) -> Event | None:
    say = SENTENCES.get(fact.kind)
    if say is None:
        return None
    return Event(fact.at, fact.kind, fact.id, say({**fact.data, "environment": fact.environment}))


def _begun(data: Data) -> str:
    return (
        f"r{data['release']} was to come back"
        if data["kind"] == "rollback"
        else f"r{data['release']} was to serve"
    )


def _ended(data: Data) -> str:
    return f"its deployment was done after {length(data['seconds'])}"


def _because(data: Data) -> str:
    """In brackets; nothing where it was not recorded."""
    reason = str(data.get("reason", "")).rstrip(".")
    return f" ({reason[0].lower()}{reason[1:]})" if reason else ""


def _rehearsed_with(data: Data) -> str:
    return listed([f"r{old['number']} of {old['environment']}" for old in data["with"]])


def _answered(data: Data) -> str:
    """Before kinds were recorded, every answer was said to be one."""
    good = data.get("kind", "good") == "good"
    said = "the one before did no better" if good else "nobody could tell if the one before does better"
    return f"{said}: all requests went to it again"


REHEARSED = ("rehearsal.passed", "rehearsal.failed", "rehearsal.unneeded")
"""How a rehearsal ended: it is on record where it was, and says why the commit is not further on."""

SENTENCES: Mapping[str, Callable[[Data], str]] = {
    "deployment.begun": _begun,
    "run.stopped": lambda data: f"it was not deployed: {data['message']}",
    "deployment.overtaken": lambda data: f"it was not deployed: {data['reason']}",
    "deployment.unneeded": lambda data: f"nothing had to move: {data['reason']}",
    "rehearsal.passed": lambda data: (
        f"its rehearsal in {data['environment']} passed after {length(data['seconds'])}: it and "
        f"{_rehearsed_with(data)} work with the same data"
    ),
    "rehearsal.failed": lambda data: (
        f"its rehearsal in {data['environment']} failed with {data['part']}: {data['reason']}"
    ),
    "rehearsal.unneeded": lambda data: f"nothing was rehearsed in {data['environment']}: {data['reason']}",
    "deployment.try": lambda data: f"{data['share']} % of the requests went to it",
    "deployment.asked": lambda data: (
        f"it looked bad{_because(data)}: it kept {data['share']} % of the requests, and the one before was asked"
    ),
    "deployment.answered": _answered,
    "verdict.good": lambda data: f"r{data['release']} was judged good at {data['share']} %: {data['reason']}",
    "verdict.bad": lambda data: f"r{data['release']} was judged bad at {data['share']} %: {data['reason']}",
    "verdict.not_known": lambda data: (
        f"r{data['release']} is not known to be good at {data['share']} %: {data['reason']}"
    ),
    "deployment.switched": lambda _data: "all requests went to it",
    "deployment.undo": lambda data: f"it was given up: {data['reason']}",
    "deployment.done": _ended,
    "deployment.failed": lambda _data: "what served before has all requests again",
    "deployment.stuck": lambda data: str(data["reason"]).rstrip("."),
    "deployment.unknown": lambda data: f"nobody can know how its deployment ended: {data['reason']}",
    "commit.quarantined": lambda _data: f"it was quarantined {UNTIL.format(it='it')}",
    "release.silent": lambda data: f"it gave no answers and was taken back; nothing is held: {data['reason']}",
    "release.stuck": lambda data: f"nothing can go back: {data['reason']}",
    "revert.ready": lambda data: f"a commit that takes it back is ready on the branch {data['branch']}",
    "revert.left_out": lambda data: (
        f"{'no commit is to blame' if data.get('same') else 'no commit that takes it back could be made'}: "
        f"{data['reason']}"
    ),
    "commit.fixed": lambda data: f"{data['by'][:7]} has mended it, and ended its quarantine",
}
