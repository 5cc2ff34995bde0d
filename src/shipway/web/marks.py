"""What is marked in the past of an environment: each moment at which a deployment moved the requests, by its name.

r4 8c1f0ae began to be tried ─► r4 8c1f0ae got all requests
                   ├──────────► rolled back to r3 5d2e1aa
                   └──────────► r4 8c1f0ae was frozen
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from shipway.state import releases
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.web import shares
from shipway.web.shares import EVERYTHING, Move

Kind = Literal["tried", "all", "back", "frozen"]
SAYS: dict[Kind, str] = {
    "tried": "{} began to be tried",
    "all": "{} got all requests",
    "back": "rolled back to {}",
    "frozen": "{} was frozen",
}


@dataclass(frozen=True)
class Mark:
    """At `at` (seconds since 1970) the release r<number> began to be tried, got all requests, got them back or was
    frozen, by `deployment`.
    """

    at: float
    kind: Kind
    number: int
    commit: str
    deployment: Deployment

    @property
    def says(self) -> str:
        """`r4 8c1f0ae began to be tried`, `rolled back to r3 5d2e1aa`."""
        return SAYS[self.kind].format(f"r{self.number} {self.commit[:7]}")


def marks(conn: Connection, environment: str, recent: Sequence[Deployment], since: float) -> list[Mark]:
    """Those after `since` (seconds since 1970), oldest first; `recent` are deployments of an environment, newest
    first.
    """
    late = [one for one in recent if (one.ended or since) >= since]
    moves = shares.own(conn, environment, late)
    found = [each for one in late for each in _of(one, moves[one.run], recent) if each[0] > since]
    known = releases.those(conn, {release for _at, _kind, release, _one in found})
    return sorted(
        (_mark(known[release], at, kind, one) for at, kind, release, one in found), key=lambda one: one.at
    )


def _of(
    one: Deployment, moves: Sequence[Move], recent: Sequence[Deployment]
) -> Iterator[tuple[float, Kind, str, Deployment]]:
    """When, what, and the id of the release that it is told of."""
    if moves and moves[0].share < EVERYTHING:
        yield moves[0].at, "tried", one.release, one
    if one.state == "stuck" and one.ended is not None:
        yield one.ended, "frozen", one.release, one
    if one.switched is not None:
        yield one.switched, "back" if one.kind == "rollback" else "all", one.release, one
    elif moves and moves[-1].back and (before := shares.before_among(recent, one)) is not None:
        yield moves[-1].at, "back", before, one


def _mark(release: Release, at: float, kind: Kind, one: Deployment) -> Mark:
    return Mark(at, kind, release.number, release.commit, one)
