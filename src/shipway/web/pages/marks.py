"""What is marked in the charts of an environment: every moment at which a deployment moved the requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from shipway.state import deployments, releases
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.web import shares
from shipway.web.api import signals

Marked = tuple[Deployment, int]
"""A deployment, with the moment as that of its switch, and the number of the release that gained by it."""


def marks(conn: Connection, application: str, environment: str, since: float) -> list[Marked]:
    """Those after `since` (seconds since 1970), oldest first; of one that only had a share both its ends."""
    tried = [
        one
        for one in deployments.recent(conn, application, environment, limit=500)
        if one.switched is None and (one.ended or since) >= since
    ]
    found = [*signals.marks(conn, application, environment, since)]
    found += [each for one in tried for each in _of_a_share(conn, one) if (each[0].switched or 0) > since]
    return sorted(found, key=lambda each: each[0].switched or 0)


def _of_a_share(conn: Connection, one: Deployment) -> Iterator[Marked]:
    moves = shares.moves(conn, one, ())
    if moves:
        yield replace(one, switched=moves[0].at), releases.get(conn, one.release).number
    before = shares.before(conn, one) if moves and moves[-1].back else None
    if before is not None:
        back = releases.get(conn, before)
        yield replace(one, switched=moves[-1].at, kind="rollback", commit=back.commit), back.number
