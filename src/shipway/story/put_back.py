"""A release that was given up keeps its share while only what served before is ill: requests go to what is well.

undo stops: r3 is ill, r4 is not ─► r4 keeps its share, on record ─► r3 is healthy, or r4 ill too ─► undone
                                            └── a newer deployment moves the requests: nothing is left to undo
"""

from __future__ import annotations

from shipway.state import deployments, releases
from shipway.state.deployments import Deployment
from shipway.state.releases import Release, Serving
from shipway.story.cast import Cast
from shipway.story.delivery import Delivery
from shipway.story.tend import logged


def put_back(cast: Cast) -> None:
    """Undoes what is left of deployments that were given up, as soon as it can be."""
    with cast.database.read() as conn:
        serving = releases.all_serving(conn)
    for now in serving:
        with logged(f"what {now.environment} of {now.application} shares was not put right"):
            if (left := _left(cast, now)) is not None:
                _put_back(cast, now, *left)


def _left(cast: Cast, now: Serving) -> tuple[Deployment, Release] | None:
    """The newest deployment of an environment and its release, where that keeps a share though it was given up."""
    if len(cast.proxy.serving(now.application, now.environment)) < 2:
        return None
    with cast.database.read() as conn:
        newest = deployments.recent(conn, now.application, now.environment, 1)[0]
        return (newest, releases.get(conn, newest.release)) if deployments.keeps_share(conn, newest) else None


def _put_back(cast: Cast, now: Serving, deployment: Deployment, release: Release) -> None:
    """A newer deployment, or somebody who moves the requests now, comes first."""
    with cast.alone_if_free(now.application, now.environment) as free:
        delivery = Delivery(cast, deployment, release)
        if free and _left(cast, now) == (deployment, release) and delivery.may_be_undone:
            delivery.undo()
