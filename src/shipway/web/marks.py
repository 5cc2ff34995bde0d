"""What is marked in the past of an environment: every moment at which a deployment moved the requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from shipway.state import releases
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.web import shares
from shipway.web.shares import Move

Marked = tuple[Deployment, int]
"""A deployment, with the moment of its switch and the release that gained by it; and the number of the latter."""


def marks(conn: Connection, environment: str, recent: Sequence[Deployment], since: float) -> list[Marked]:
    """Those after `since` (seconds since 1970) among the `recent` ones of an environment, newest first; what is
    returned is oldest first, and has both ends of one that only had a share."""
    tried = [one for one in recent if one.switched is None and (one.ended or since) >= since]
    moves = shares.own(conn, environment, tried)
    ends = [end for one in tried for end in _of_a_share(one, moves[one.run], recent)]
    found = [*reversed(moved(recent, since)), *moved(ends, since)]
    known = releases.those(conn, {one.release for one in found})
    marked = [(replace(one, commit=known[one.release].commit), known[one.release].number) for one in found]
    return sorted(marked, key=lambda each: each[0].switched or 0)


def moved(recent: Sequence[Deployment], since: float) -> list[Deployment]:
    """Those of them that moved all traffic after `since` (seconds since 1970)."""
    return [one for one in recent if one.switched is not None and one.switched > since]


def says(one: Deployment, number: int) -> str:
    """`deployment of r4 8c1f0ae`, `back to r3 5d2e1aa`."""
    return f"{'back to' if one.kind == 'rollback' else 'deployment of'} r{number} {one.commit[:7]}"


def _of_a_share(one: Deployment, moves: Sequence[Move], recent: Sequence[Deployment]) -> Iterator[Deployment]:
    if moves:
        yield replace(one, switched=moves[0].at)
    before = shares.before_among(recent, one) if moves and moves[-1].back else None
    if before is not None:
        yield replace(one, switched=moves[-1].at, kind="rollback", release=before)
