"""The release before, serving again: at once when it is still warm, by an ordinary deployment otherwise."""

from __future__ import annotations

from shipway.durable.engine import PASSED, SKIPPED
from shipway.releases import gate
from shipway.releases.targets import process
from shipway.rollbacks import choose
from shipway.state import deployments, releases
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run
from shipway.story.cast import Cast
from shipway.story.conclude import conclude
from shipway.story.deliver import overtaken, unneeded
from shipway.story.delivery import Delivery


def go_back(cast: Cast, run: Run, release_id: str, instead_of: str | None = None) -> str:
    """Makes the release `release_id` serve again, with the configuration it had; its outcome.

    With `instead_of` only while that release serves: what came after it may be what mends it.
    """
    with cast.database.read() as conn:
        release = releases.get(conn, release_id)
    with cast.in_turn(run.id, release.application, release.environment):
        try:
            deployment, now = _begin(cast, run, release, instead_of)
        except gate.NotWanted:
            return SKIPPED
        except gate.Overtaken as error:
            return overtaken(cast, run, release.environment, error)
        if deployment is None:
            unneeded(cast, run, release)
            return PASSED
        if deployment.over:
            return PASSED if deployment.state == "done" else f"failed: {deployment.reason}"
        warm = now is not None and now.warm == release.id and process.running(cast.machine, release, "web")
        return conclude(cast, Delivery(cast, deployment, release), warm=warm)


def check_holds(conn: Connection, release: Release) -> None:
    """Raises GateClosed when nothing may go to this release. Forward again it is held as a deployment is."""
    hold = gate.not_held if _is_forward(conn, release) else gate.may_come_back
    hold(conn, release, release.environment)


def _is_forward(conn: Connection, release: Release) -> bool:
    """Whether it is newer than what serves, and not what served before that."""
    now = releases.now_serving(conn, release.application, release.environment)
    if now is None or releases.get(conn, now.release).number >= release.number:
        return False
    try:
        return choose.target(conn, release.application, release.environment, None).id != release.id
    except choose.NowhereToGo:
        return True


def _begin(
    cast: Cast, run: Run, release: Release, instead_of: str | None
) -> tuple[Deployment | None, Serving | None]:
    """The deployment of this run, new or interrupted, and what serves; None when it is this release."""
    seen = cast.highest_epoch(release.application, release.environment)
    with cast.database.write() as conn:
        now = releases.now_serving(conn, release.application, release.environment)
        begun = deployments.of_run(conn, run.id, release.environment)
        if begun is None:
            gate.still_wanted(conn, run)
            if now is not None and now.release == release.id:
                return None, now
            if instead_of is not None and (now is None or now.release != instead_of):
                raise gate.Overtaken("another release was there already")
            check_holds(conn, release)
            begun = deployments.begin(conn, run=run.id, release=release, kind="rollback", at_least=seen)
        return begun, now
