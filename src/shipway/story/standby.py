"""Whether the release before, kept warm without requests, fails at the time at which the new one does.

    well ─► not well, and the new one looks bad at about the same time ─► out: what both depend on is, so nothing
      ▲                                                                    │   is held against the new one
      └── well again, or the new one looks well for a minute ◄─────────────┘

One that was not well before that shields nobody. That it is out is on record: whoever hears a trial again from the
disk leaves out the same. It ends with the time for which the release is kept warm at the latest.
"""

from __future__ import annotations

import time
from contextlib import suppress

from shipway.errors import CannotRecord
from shipway.state import deployments
from shipway.state.database import BRIEFLY
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.story.cast import Cast

SAME = 60.0  # seconds between the beginnings of two troubles that are taken for one
SELDOM, OFTEN = 10.0, 1.0  # seconds between two looks while the new one looks well, and while it looks bad


class Standby:
    """The release `before`, beside the one that `deployment` brought."""

    def __init__(self, cast: Cast, deployment: Deployment, before: Release) -> None:
        self._cast = cast
        self._deployment = deployment
        self._before = before
        self._well_at: float | None = None
        self._troubled: tuple[float, float] | None = None
        self._looked = 0.0
        with cast.database.read() as conn:
            self.out = deployments.is_out(conn, deployment)

    def look(self, *, troubled: bool) -> None:
        """Where a look is due; `troubled` says whether the new one looks bad, or is compared because it did."""
        now = time.time()
        begins = troubled and self._troubled is None
        if troubled:
            self._troubled = (self._troubled[0] if self._troubled else now, now)
        elif self._troubled and now - self._troubled[1] > SAME:
            self._troubled = None
        if begins or time.monotonic() - self._looked >= (OFTEN if troubled else SELDOM):
            self._looked = time.monotonic()
            self._hear(self._cast.proxy.is_well(self._before.name, directly=troubled), now)

    def _hear(self, well: bool | None, now: float) -> None:
        if well:
            self._well_at = now
        if self.out and (well or self._troubled is None):
            self._record(None)
        elif well is False and not self.out and self._troubled is not None:
            since = self._troubled[0] if self._well_at is None else self._well_at
            if since >= self._troubled[0] - SAME:
                self._record(since)

    def _record(self, since: float | None) -> None:
        """What cannot be recorded is not so yet: the next look tries again."""
        with suppress(CannotRecord):
            with self._cast.database.write(BRIEFLY) as conn:
                if since is None:
                    deployments.in_again(conn, self._deployment)
                else:
                    deployments.out(conn, self._deployment, self._before.number, since)
            self.out = since is not None
