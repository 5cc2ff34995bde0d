"""Which releases had a part of the requests to an environment beside what serves, from when to when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from shipway.state import releases
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.web import shares
from shipway.web.shares import EVERYTHING, Move


@dataclass(frozen=True)
class Beside:
    """The release `r<release>` had some of the requests, not all, from `begins` to `ends` (seconds since 1970);
    it still has them where that is None. It went `back` where it lost them to what serves."""

    release: int
    begins: float
    ends: float | None = None
    back: bool = False


def beside(conn: Connection, environment: str, recent: Sequence[Deployment], since: float) -> list[Beside]:
    """Those of the time after `since`, oldest first; `recent` are deployments of an environment, newest first."""
    begun = list(takewhile(lambda one: (one.ended or since) >= since, recent))
    made = recent[: len(begun) + 1]  # what came last before then may have been tried, or asked, since
    numbers = {one.id: one.number for one in releases.those(conn, {each.release for each in made}).values()}
    own = shares.own(conn, environment, made)
    moved = [(move, numbers[one.release]) for one in made for move in own[one.run]]
    found = _told(sorted(moved, key=lambda each: each[0].at))
    return [one for one in found if one.ends is None or one.ends > since]


def _told(moved: Sequence[tuple[Move, int]]) -> list[Beside]:
    """Who has a part keeps it until the next move, or longer where that one says so."""
    found: list[Beside] = []
    shared: dict[int, float] = {}
    for move, number in moved:
        kept = {one for one in shared if one != number and move.among.get(f"r{one}")}
        if 0 < move.share < EVERYTHING:
            kept.add(number)
            shared.setdefault(number, move.at)
        for one in shared.keys() - kept:
            back = move.back if one == number else move.share == EVERYTHING
            found.append(Beside(one, shared.pop(one), move.at, back=back))
    still = [Beside(number, begins) for number, begins in shared.items()]
    return sorted([*found, *still], key=lambda one: one.begins)
