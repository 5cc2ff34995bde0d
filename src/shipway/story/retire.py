"""What need not run, stops: releases that neither serve nor are kept warm, once they are drained."""

from __future__ import annotations

import time
from collections.abc import Set

from shipway.releases.targets import process
from shipway.state import artifacts, deployments, instances, releases
from shipway.state.database import HARDLY
from shipway.state.releases import Release, Serving
from shipway.story.cast import Cast, project_of
from shipway.story.tend import is_needed, logged, named, releases_of, under_way

LOOK = 0.5  # seconds for which one release is looked at, so that a slow one keeps no other waiting


class Retirement:
    """Looks again and again; remembers only since when each release has been on its way out.

    The environment is free while a release drains: a rollback does not wait for it. Where a deployment is under
    way nothing is retired: only it knows what it still needs.
    """

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._since: dict[str, float] = {}

    def look(self) -> None:
        """Cools what was warm long enough, and stops what is drained, or has had its time to drain."""
        with self._cast.database.read() as conn:
            everything = releases.all_serving(conn)
            wanted = instances.wanted(conn)
        for serving in everything:
            with logged(f"what was kept warm in {serving.environment} of {serving.application} was not cooled"):
                self._cool_if_over(serving)
        recorded = releases_of(self._cast, wanted)
        for release in [*recorded, *self._unrecorded({release.name for release in recorded})]:
            with logged(f"{release.name} was not stopped"):
                self._stop_if_over(release)

    def _unrecorded(self, recorded: Set[str]) -> list[Release]:
        """What the routers know beside them: started `at_once`, and gone back from before that was recorded."""
        others = [name for name in self._cast.proxy.releases() if name not in recorded]
        with self._cast.database.read() as conn:
            found = [named(conn, name) for name in others]
        return [release for release in found if release is not None]

    def _cool_if_over(self, serving: Serving) -> None:
        over = serving.warm is not None and (serving.warm_until or 0) <= time.time()
        if over and not under_way(self._cast, serving) and not self._is_asked(serving):
            with (
                self._cast.alone(serving.application, serving.environment),
                self._cast.database.write(HARDLY) as conn,
            ):
                if deployments.running_in(conn, serving.application, serving.environment) is None:
                    releases.cool(conn, serving)

    def _is_asked(self, serving: Serving) -> bool:
        """Whether the warm one has a share of the requests: `watch` gives it back first."""
        with self._cast.database.read() as conn:
            warm = None if serving.warm is None else releases.get(conn, serving.warm)
        return warm is not None and warm.name in self._cast.proxy.serving(serving.application, serving.environment)

    def _stop_if_over(self, release: Release) -> None:
        if under_way(self._cast, release) or is_needed(self._cast, release):
            self._since.pop(release.id, None)
        elif self._is_drained(release):
            self._stop(release)

    def _is_drained(self, release: Release) -> bool:
        with self._cast.database.read() as conn:
            drain = project_of(artifacts.of_release(conn, release)).traffic.drain
        began = self._since.setdefault(release.id, time.monotonic())
        return self._cast.proxy.drained(release.name, LOOK) or time.monotonic() - began > drain

    def _stop(self, release: Release) -> None:
        """The router forgets it first: a crash in between leaves instances that are looked at again."""
        cast = self._cast
        with cast.alone(release.application, release.environment):
            with cast.database.read() as conn:
                busy = deployments.running_in(conn, release.application, release.environment) is not None
            if busy or is_needed(cast, release):
                return
            cast.proxy.drop_cluster(release.name)
            process.stop(cast.machine, release, cast.machine.keeper.highest_epoch(process.group(release)))
            self._since.pop(release.id, None)
