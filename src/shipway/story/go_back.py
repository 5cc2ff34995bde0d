"""The release before, serving again: at once when it is still warm, by an ordinary deployment otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.durable.engine import PASSED, SKIPPED
from shipway.releases import gate
from shipway.releases.targets import process
from shipway.rollbacks import choose
from shipway.state import deployments, releases, stuck
from shipway.state.database import BRIEFLY, Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run
from shipway.story import migrations
from shipway.story.cast import Cast
from shipway.story.conclude import conclude, over
from shipway.story.deliver import overtaken, unneeded
from shipway.story.delivery import Delivery


@dataclass(frozen=True)
class Way:
    """To which release, by its id. With `instead_of` only while that release serves: what came after it may be
    what mends it. With `frozen` only while what that deployment brought is frozen: somebody decided between the
    two. `past` is the number of the release whose change of the data does not stand in the way.
    """

    release: str
    instead_of: str | None = None
    frozen: str | None = None
    past: int | None = None


def way_of(arguments: Mapping[str, Any]) -> Way:
    """What the plan of a run says of it (`plan.rollback`)."""
    return Way(arguments["release"], arguments.get("instead_of"), arguments.get("frozen"), arguments.get("past"))


def go_back(cast: Cast, run: Run, way: Way) -> str:
    """Makes a release serve again, with the configuration it had; its outcome. Raises NoWayBack where a person
    asked for it, and the data has been changed since.
    """
    with cast.database.read() as conn:
        release = releases.get(conn, way.release)
    with cast.in_turn(run.id, release.application, release.environment):
        check_way(cast, run, release, way)
        try:
            deployment, now = _begin(cast, run, release, way)
        except gate.NotWanted:
            return SKIPPED
        except gate.Overtaken as error:
            return overtaken(cast, run, release.environment, error)
        if deployment is None:
            unneeded(cast, run, release)
            return PASSED
        if deployment.over:
            return over(cast, deployment)
        warm = _is_warm(cast, deployment, release, now) and process.running(cast.machine, release, "web")
        return conclude(cast, Delivery(cast, deployment, release), warm=warm)


def _is_warm(cast: Cast, deployment: Deployment, release: Release, now: Serving | None) -> bool:
    """Whether it is kept warm, or has a share of the requests beside what is frozen, or as that."""
    with cast.database.read() as conn:
        left = stuck.before(conn, deployment)
    return (now is not None and now.warm == release.id) or (left is not None and left.has(release.id))


def check_way(cast: Cast, run: Run, release: Release, way: Way) -> None:
    """Once more: what came in the meantime may have changed the data. By itself it was never asked for then."""
    with cast.database.read() as conn:
        begun = deployments.of_run(conn, run.id, release.environment)
        if begun is None and way.frozen is None and way.instead_of is None:
            check_frozen(conn, release.application, release.environment, release.number)
            migrations.check_way_back(cast, conn, release, past=way.past)


def check_frozen(conn: Connection, application: str, environment: str, to: int | None) -> None:
    """Raises NoWayBack, with what is so and the ways out, where what is to come back is held by what is frozen."""
    left = stuck.now(conn, application, environment)
    if left is None or to not in (None, left.release.number, None if left.before is None else left.before.number):
        return
    raise migrations.NoWayBack(
        f"{environment} cannot go back. {left.title}: {left.shares}; {left.cause}.",
        by=left.by,
        hint=f"Push a fix on top of {left.release.commit[:7]}: it goes through, and gets all requests once it is "
        f"judged good. {left.ways}. `shipway data --env {environment}` has the data from before.",
    )


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


def _begin(cast: Cast, run: Run, release: Release, way: Way) -> tuple[Deployment | None, Serving | None]:
    """The deployment of this run, new or interrupted, and what serves; None when it is this release."""
    seen = cast.highest_epoch(release.application, release.environment)
    with cast.database.write(BRIEFLY) as conn:
        now = releases.now_serving(conn, release.application, release.environment)
        begun = deployments.of_run(conn, run.id, release.environment)
        if begun is None:
            gate.still_wanted(conn, run)
            if way.frozen is not None:
                _still_frozen(conn, release, way.frozen)
            elif now is not None and now.release == release.id:
                return None, now
            else:
                if way.instead_of is not None:
                    _still_alone(conn, release, way.instead_of, now)
                check_holds(conn, release)
            begun = deployments.begin(conn, run=run.id, release=release, kind="rollback", at_least=seen)
        return begun, now


def _still_alone(conn: Connection, to: Release, instead_of: str, now: Serving | None) -> None:
    """Raises Overtaken when something else serves by now, or is frozen beside it: that keeps its share."""
    if now is None or now.release != instead_of:
        raise gate.Overtaken("another release was there already")
    left = stuck.now(conn, to.application, to.environment)
    if left is not None:
        raise gate.Overtaken(f"{left.title} by now: {left.shares}; {left.cause}")


def _still_frozen(conn: Connection, release: Release, deployment: str) -> None:
    """Raises Overtaken when something else has moved requests since somebody decided between the two."""
    left = stuck.now(conn, release.application, release.environment)
    if left is None or left.deployment.id != deployment:
        raise gate.Overtaken("the requests were moved before it")
