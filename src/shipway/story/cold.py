"""When Shipway itself started anew what serves: after `up`, after a reboot, after the loss of the keeper.

    serves ─► stopped by us ─► routers up, nobody answers ─► started by us ─► warm enough to be heard again

What is heard in between says nothing of the release. One that ended by itself and was restarted by the keeper is
another matter: that speaks against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.releases.targets import process
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
    """Of releases that have had requests since `served` (unix seconds); each web is cold for `lasts` seconds."""
    keeper = cast.machine.keeper
    routers = [state.since for state in keeper.instances(GROUP) if state.since > served]
    times = []
    for release in releases:
        for state in keeper.instances(process.group(release)):
            web = state.id.startswith(f"{release.name}.web.")
            if web and state.since > served and state.state == "running" and state.restarts == 0:
                up = [since for since in routers if state.since - LONGEST < since < state.since]
                times.append((min([*up, state.since]), state.since + lasts))
    return Cold(times)
