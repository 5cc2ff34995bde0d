"""Why a commit is, or is not, where it is: what happened to it in one environment, as sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.state import facts
from shipway.state.database import Connection
from shipway.state.facts import Fact
from shipway.web.words import length

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
    return [event for fact in found if (event := _event(fact)) is not None]


def _event(fact: Fact) -> Event | None:
    say = SENTENCES.get(fact.kind)
    return None if say is None else Event(fact.at, fact.kind, fact.id, say(fact.data))


def _begun(data: Data) -> str:
    return (
        f"r{data['release']} was to come back"
        if data["kind"] == "rollback"
        else f"r{data['release']} was to serve"
    )


def _ended(data: Data) -> str:
    return f"its deployment was done after {length(data['seconds'])}"


SENTENCES: Mapping[str, Callable[[Data], str]] = {
    "deployment.begun": _begun,
    "deployment.overtaken": lambda data: f"it was not deployed: {data['reason']}",
    "deployment.unneeded": lambda data: f"nothing had to move: {data['reason']}",
    "deployment.try": lambda data: f"{data['share']} % of the requests went to it",
    "verdict.good": lambda data: f"judged good at {data['share']} %: {data['reason']}",
    "verdict.bad": lambda data: f"judged bad at {data['share']} %: {data['reason']}",
    "verdict.not_known": lambda data: f"not known at {data['share']} %: {data['reason']}",
    "deployment.switched": lambda _data: "all requests went to it",
    "deployment.undo": lambda data: f"it was given up: {data['reason']}",
    "deployment.done": _ended,
    "deployment.failed": lambda _data: "what served before has all requests again",
    "deployment.unknown": lambda data: f"nobody can know how its deployment ended: {data['reason']}",
    "commit.quarantined": lambda _data: "it is quarantined: it comes back only as part of a commit that mends it",
    "release.frozen": lambda data: f"it was judged bad and stays as it is: {data['reason']}",
    "revert.ready": lambda data: f"a commit that takes it back is ready on the branch {data['branch']}",
    "commit.fixed": lambda data: f"{data['by'][:7]} has mended it, and ended its quarantine",
}
