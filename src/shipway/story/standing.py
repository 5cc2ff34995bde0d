"""Which releases of each environment run at this moment, and whether the newer one is on trial."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from shipway.state import deployments, releases, stuck
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release, Serving

TRIED = ("try", "processes", "switch")
"""The phases of a deployment in which its web is healthy and the release before has requests still."""


@dataclass(frozen=True)
class Standing:
    """`release` serves, or is on trial beside `before` while that one has requests, or is kept warm.

    `shared`: both have requests, also where `release` is frozen with its share.
    """

    release: Release
    before: Release | None = None
    shared: bool = False

    @property
    def all(self) -> list[Release]:
        return [self.release] if self.before is None else [self.before, self.release]


def standing(conn: Connection) -> Iterator[Standing]:
    """What stands in every environment that serves anything."""
    under_way = {(each.application, each.environment): each for each in deployments.running(conn)}
    for now in releases.all_serving(conn):
        yield _of(conn, now, under_way.get((now.application, now.environment)))


def _of(conn: Connection, now: Serving, moving: Deployment | None) -> Standing:
    serves = releases.get(conn, now.release)
    if moving is not None and moving.phase in TRIED and moving.release != serves.id:
        return Standing(releases.get(conn, moving.release), before=serves, shared=True)
    left = stuck.now(conn, now.application, now.environment)
    if left is not None and left.before is not None and left.before.id == serves.id:
        return Standing(left.release, before=serves, shared=True)
    by = deployments.get(conn, now.deployment)
    if now.warm is not None and by.kind == "deploy" and (now.warm_until or 0) > time.time():
        asked = deployments.asked_since(conn, by) is not None
        return Standing(serves, before=releases.get(conn, now.warm), shared=asked)
    return Standing(serves)
