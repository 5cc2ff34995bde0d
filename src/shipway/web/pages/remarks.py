"""The one sentence that matters now, and where on the way it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.state import runs
from shipway.state.database import Connection
from shipway.web.journey import Journey
from shipway.web.pages.places import Place
from shipway.web.pages.stations import Station
from shipway.web.words import lasting, plain

LONGEST = 70  # characters of a log's line


@dataclass(frozen=True)
class Remark:
    """The sentence underneath: what came back, from which station (counted from 0), to which address it leads."""

    kind: str
    text: str
    at: int
    address: str | None = None


def remark(
    conn: Connection, state: str, head: Journey, places: Sequence[Place], stations: Sequence[Station]
) -> Remark:
    """What stands underneath the way of an application in this state."""
    run = head.run
    address = f"/runs/{run.application}:{run.number}"
    if state in ("failed", "unknown"):
        at = next((n for n, station in enumerate(stations) if station.state in ("failed", "unknown")), 1)
        return Remark("fail", _what_failed(head), at, address)
    if state == "running":
        at = max((n for n, station in enumerate(stations) if station.moving), default=1)
        return Remark("quiet", f"Under way for {lasting(run.created)}", at, address)
    if state == "rolled":
        return _rolled(conn, places)
    held = next((place for place in places if place.hold is not None), None)
    if held is not None and held.hold is not None:
        at = 2 + places.index(held)
        return Remark("ice", f"{held.hold.who} froze {held.name}: {held.hold.why}", at)
    return Remark("quiet", _well(places), len(stations) - 1)


def _what_failed(head: Journey) -> str:
    """The reason, with the first line of what explains it."""
    reason = head.run.reason.split("\n")[0].rstrip(":") or "It failed"
    evidence = [plain(line).strip(" >") for step in head.failed_steps for line in step.excerpt.splitlines()]
    told = next((line for line in evidence if line), "")
    return f"{reason}: {told[:LONGEST]}" if told else reason


def _rolled(conn: Connection, places: Sequence[Place]) -> Remark:
    at, place = next((n, p) for n, p in enumerate(places) if p.rolled_back)
    assert place.by is not None
    assert place.release is not None
    run = runs.get(conn, place.by.run)
    words = f"{run.who} rolled {place.name} back to r{place.release.number}"
    return Remark("hurt", words, 2 + at, f"/runs/{run.application}:{run.number}")


def _well(places: Sequence[Place]) -> str:
    last = places[-1]
    if last.release is None or last.serving is None:
        return f"Nothing serves in {last.name} yet"
    return f"r{last.release.number} has served {last.name} for {lasting(last.serving.since)}"
