"""When Shipway itself started anew what serves (after `up`, after a reboot, after the loss of the keeper), or has
let a newer release change the data beneath it.

    serves ─► stopped by us ─► routers up, nobody answers ─► started by us ─► warm enough to be heard again

What is heard in between says nothing of the release. One that ended by itself and was restarted by the keeper is
another matter: that speaks against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.state import deployments
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.story import beneath

BEFORE = 60.0  # seconds for which nobody may have answered before something was started anew


@dataclass(frozen=True)
class Cold:
    """Times (unix seconds, from and until) that say nothing."""

    times: Sequence[tuple[float, float]] = ()

    def __contains__(self, at: float) -> bool:
        return any(begin <= at <= end for begin, end in self.times)


def cold(conn: Connection, deployment: Deployment, lasts: float) -> Cold:
    """While what a deployment brought serves, or is tried; it may need `lasts` seconds to become healthy. While a
    newer one is deployed whose release command has begun, what is heard may be that one's doing.
    """
    anew = [(at - BEFORE, at + lasts) for at in deployments.starts_anew(conn, deployment)]
    return Cold([*anew, *beneath.under_way(conn, deployment)])
