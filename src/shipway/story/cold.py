"""When Shipway itself started anew what serves: after `up`, after a reboot, after the loss of the keeper.

    serves ─► stopped by us ─► routers up, nobody answers ─► started by us ─► warm enough to be heard again

What is heard in between says nothing of the release. One that ended by itself and was restarted by the keeper is
another matter: that speaks against it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from shipway.releases.targets import process
from shipway.state import instances
from shipway.state.releases import Release
from shipway.story.cast import Cast
from shipway.traffic.envoy.router import GROUP

LONGEST = 60.0  # seconds that routers may be up before what they send requests to


@dataclass(frozen=True)
class Cold:
    """Times (unix seconds, from and until) that say nothing."""

    times: Sequence[tuple[float, float]] = ()

    def __contains__(self, at: float) -> bool:
        return any(begin <= at <= end for begin, end in self.times)


def cold(cast: Cast, releases: Sequence[Release], *, served: float, lasts: float) -> Cold:
    """Of releases that have had requests since `served` (unix seconds); each web is cold for `lasts` seconds.

    Raises KeeperGone.
    """
    keeper, now = cast.machine.keeper, time.time()
    routers = [state.since for state in keeper.instances(GROUP) if state.since > served]
    times = []
    for release in releases:
        known = {state.id: state for state in keeper.instances(process.group(release))}
        for instance in _webs(cast, release):
            state = known.get(instance)
            if state is None:
                times.append((now - LONGEST, now + lasts))
            elif state.since > served and state.state == "running" and state.restarts == 0:
                up = [since for since in routers if state.since - LONGEST < since < state.since]
                times.append((min([*up, state.since]), state.since + lasts))
    return Cold(times)


def _webs(cast: Cast, release: Release) -> list[str]:
    """The names of the instances of its web that are wanted; the keeper lacks one until it is started anew."""
    with cast.database.read() as conn:
        return [each.id for each in instances.of_release(conn, release.id) if each.process == "web"]
