"""The environments of an application as the record has them now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shipway.state import deployments, holds, releases
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.holds import Hold
from shipway.state.releases import Release, Serving
from shipway.traffic import addresses
from shipway.web.pages.release_lines import went_back


@dataclass(frozen=True)
class Place:
    """An environment as the record has it: what serves, by which deployment, and what holds it."""

    name: str
    url: str
    serving: Serving | None
    release: Release | None
    by: Deployment | None
    hold: Hold | None
    rolled_back: bool


def serving_now(conn: Connection) -> dict[str, dict[str, Serving]]:
    """What every environment serves, by application and environment."""
    found: dict[str, dict[str, Serving]] = {}
    for one in releases.all_serving(conn):
        found.setdefault(one.application, {})[one.environment] = one
    return found


def places(
    conn: Connection, application: str, names: Sequence[str], serving: Mapping[str, Serving], proxy_port: int
) -> list[Place]:
    """The environments called `names`, in that order."""
    return [
        _place(conn, application, name, serving.get(name), addresses.address(application, name, proxy_port))
        for name in names
    ]


def _place(conn: Connection, application: str, name: str, now: Serving | None, url: str) -> Place:
    release = None if now is None else releases.get(conn, now.release)
    by = None if now is None else deployments.get(conn, now.deployment)
    held = holds.on(conn, application, name, "" if release is None else release.commit)
    return Place(
        name=name,
        url=url,
        serving=now,
        release=release,
        by=by,
        hold=held[0] if held else None,
        rolled_back=by is not None and release is not None and went_back(conn, by, release.number),
    )
