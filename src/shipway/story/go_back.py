"""The release before, serving again: at once when it is still warm, by an ordinary deployment otherwise."""

from __future__ import annotations

from shipway.durable.engine import PASSED
from shipway.releases.targets import process
from shipway.state import deployments, releases
from shipway.state.runs import Run
from shipway.story.cast import Cast
from shipway.story.deliver import Delivery, conclude


def go_back(cast: Cast, run: Run, release_id: str) -> str:
    """Makes the release `release_id` serve again, with the configuration it had; its outcome."""
    with cast.database.read() as conn:
        release = releases.get(conn, release_id)
    with cast.alone(release.application, release.environment):
        seen = cast.machine.keeper.highest_epoch(process.group(release))
        with cast.database.write() as conn:
            now = releases.now_serving(conn, release.application, release.environment)
            deployment = deployments.begin(conn, run=run.id, release=release, kind="rollback", at_least=seen)
        if deployment.over:
            return PASSED if deployment.state == "done" else f"failed: {deployment.reason}"
        warm = now is not None and now.warm == release.id and process.running(cast.machine, release, "web")
        return conclude(cast, deployment, Delivery(cast, deployment, release), warm=warm)
