"""How a deployment ends: done, failed and undone, stuck, or unknown; also one that nobody carries out any more."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from shipway.durable.engine import PASSED
from shipway.errors import (
    CannotRecord,
    DeploymentStopped,
    NotHealthy,
    OutcomeUnknown,
    ShipwayError,
    StaleEpoch,
    TransientError,
)
from shipway.state import deployments, facts, releases, runs, stuck
from shipway.state.database import BRIEFLY, Connection
from shipway.state.deployments import Deployment
from shipway.story import condemn, migrations, reverts
from shipway.story.cast import Cast
from shipway.story.condemn import LeftFrozen
from shipway.story.delivery import Delivery
from shipway.story.trial import BadVerdict, NotJudged, once_more

log = logging.getLogger(__name__)


class BothOut(DeploymentStopped):
    """The release does not answer, and neither does what serves: nobody can tell whose trouble that is."""

    id = "deployments.both_out"


class GivenUp(DeploymentStopped):
    """A deployment that was interrupted while it was undone, told as what it had stopped with, where known."""

    id = "deployments.given_up"

    def __init__(self, deployment: Deployment, told: Mapping[str, Any]) -> None:
        super().__init__(deployment.reason, hint=told.get("hint", ""), excerpt=deployment.excerpt)
        self._told = told

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), **self._told}


def conclude(cast: Cast, delivery: Delivery, *, warm: bool = False) -> str:
    """Carries a delivery out and records how it ended; on failure undoes it and raises. What has requests then,
    and a migration that allows no way back, is frozen instead.

    That it is given up is recorded first, so that one which is interrupted after that is undone and not tried
    again. A TransientError leaves it open: whoever calls this again goes on. While nothing can be recorded,
    nothing is tried on a share of the requests either, unless what served before may not have them all again.
    """
    try:
        return _carry_out(cast, delivery, warm=warm)
    except CannotRecord:
        before = delivery.previous
        if before is None or condemn.no_way_back(cast, before) is None:
            delivery.give_share_back()
        raise


def _carry_out(cast: Cast, delivery: Delivery, *, warm: bool) -> str:
    deployment = delivery.deployment
    if deployment.phase == "undo":
        left = _undo(cast, delivery, deployment.reason, deployment.excerpt)
        raise left or _given_up(cast, deployment)
    try:
        delivery.take_traffic() if warm or deployment.switched is not None else delivery.carry_out()
    except TransientError:
        raise
    except StaleEpoch as error:  # somebody newer is in charge: touch nothing
        _end(cast, deployment, "failed", error.message)
        raise
    except OutcomeUnknown as error:
        _end(cast, deployment, "unknown", f"{error.message} {error.hint}".strip(), error.excerpt)
        raise
    except BadVerdict as error:
        left = _condemn(cast, delivery, error)
        if left is not None:
            raise left from error
        raise
    except ShipwayError as error:
        why = _unless_both_are_out(cast, delivery, error)
        told = _give_up(cast, delivery, why) or why
        if told is error:
            raise
        raise told from error
    with cast.database.write(BRIEFLY) as conn:
        deployments.end(conn, deployment, "done")
        condemn.clear(conn, deployment)
    return PASSED


def _unless_both_are_out(cast: Cast, delivery: Delivery, error: ShipwayError) -> ShipwayError:
    """The error; that nobody can tell whose it is where the release does not answer, and what serves neither."""
    before, comes = delivery.previous, delivery.deployment.kind == "deploy"
    if type(error) not in (NotHealthy, DeploymentStopped) or before is None or not comes:
        return error
    if delivery.is_well or not delivery.is_before_out:
        return error
    return BothOut(
        f"{error.message} r{before.number}, which serves, is not healthy either.",
        hint=once_more(cast, delivery.deployment),
        excerpt=error.excerpt if isinstance(error, DeploymentStopped) else "",
    )


def over(cast: Cast, deployment: Deployment) -> str:
    """PASSED where it is done. Raises what it had stopped with, if whoever carried it out was interrupted before
    that was recorded of the run; otherwise the outcome that says so.
    """
    if deployment.state == "done":
        return PASSED
    kinds, env = ["run.stopped"], deployment.environment
    with cast.database.read() as conn:
        left = stuck.of_deployment(conn, deployment)
        if facts.after(conn, 0, runs=[deployment.run], environment=env, kinds=kinds):
            return f"failed: {deployment.reason}"
    if left is not None:
        raise LeftFrozen(deployment.reason, hint=f"{left.ways}.", excerpt=deployment.excerpt)
    raise _given_up(cast, deployment)


def settle(cast: Cast) -> None:
    """Ends the deployments whose run is over: nobody else will. A defect of Shipway may leave one.

    Where traffic has moved it is finished, otherwise undone, or frozen.
    """
    with cast.database.read() as conn:
        left = [each for each in deployments.running(conn) if runs.get(conn, each.run).over]
    for deployment in left:
        if not cast.busy(deployment.application, deployment.environment):
            with cast.alone(deployment.application, deployment.environment):
                _settle(cast, deployment.id)


def _settle(cast: Cast, deployment_id: str) -> None:
    with cast.database.read() as conn:
        deployment = deployments.get(conn, deployment_id)
        release = releases.get(conn, deployment.release)
        run = runs.get(conn, deployment.run)
    if deployment.over:
        return
    delivery = Delivery(cast, deployment, release)
    try:
        if deployment.switched is None and deployment.phase != "undo":
            reason = run.reason or f"Run {run.number} ended in the middle of it."
            _give_up(cast, delivery, DeploymentStopped(reason))
        else:
            conclude(cast, delivery)
    except TransientError:
        raise
    except ShipwayError as error:
        log.warning("the deployment of %s was left half way, and was undone: %s", release.name, error)


def _condemn(cast: Cast, delivery: Delivery, error: BadVerdict) -> LeftFrozen | None:
    """Takes a release back that was judged bad; one with a migration that allows no way back is left frozen, and
    that is returned.
    """
    good = delivery.previous
    no_way_back = None if good is None else condemn.no_way_back(cast, good)
    with cast.database.write(BRIEFLY) as conn:
        if good is not None:
            condemn.condemn(conn, delivery.deployment, good, error.share, error.verdict)
        if no_way_back is not None:
            left = condemn.leave_stuck(conn, delivery.deployment, no_way_back)
            deployments.end(conn, delivery.deployment, "stuck", f"{left.says}.", error.excerpt)
            return LeftFrozen(f"{left.says}.", hint=f"{left.ways}.", excerpt=error.excerpt)
        deployments.give_up(conn, delivery.deployment, error.message, error.excerpt, told=error.as_dict())
    _undo(cast, delivery, error.message, error.excerpt)
    return None


def _give_up(cast: Cast, delivery: Delivery, error: ShipwayError) -> LeftFrozen | None:
    """Undoes it, or freezes what cannot be undone and says so. Which of the two is on record first, with what was
    counted of a share that could not be judged: before that is so it would be taken for judged, and go on.
    """
    excerpt = error.excerpt if isinstance(error, DeploymentStopped) else ""
    no_way_back = _keeps_its_share(cast, delivery)
    with cast.database.write(BRIEFLY) as conn:
        _record_who_took_it_back(cast, conn, delivery.deployment)
        if isinstance(error, NotJudged) and error.verdict is not None:
            condemn.judge(conn, delivery.deployment, error.share, error.verdict)
        if no_way_back is not None:
            condemn.leave_stuck(conn, delivery.deployment, no_way_back, error)
        keeps_share = no_way_back is not None
        deployments.give_up(
            conn, delivery.deployment, error.message, excerpt, told=error.as_dict(), keeps_share=keeps_share
        )
    return _undo(cast, delivery, error.message, excerpt)


def _record_who_took_it_back(cast: Cast, conn: Connection, deployment: Deployment) -> None:
    """Where that could not be recorded when it was asked for."""
    who = cast.unrecorded.get(deployment.id)
    if who is not None and deployments.taken_back_by(conn, deployment) is None:
        deployments.take_back(conn, deployment, who)


def _given_up(cast: Cast, deployment: Deployment) -> GivenUp:
    with cast.database.read() as conn:
        return GivenUp(deployment, deployments.given_up(conn, deployment))


def _keeps_its_share(cast: Cast, delivery: Delivery) -> migrations.NoWayBack | None:
    """Why its release, which has requests, keeps what it has of them. Never where a person takes them back: they
    were asked, and going back is not judged.
    """
    deployment, good = delivery.deployment, delivery.previous
    with cast.database.read() as conn:
        asked = deployment.id in cast.unrecorded or deployments.taken_back_by(conn, deployment) is not None
        decided = asked or deployment.kind != "deploy"
        has_none = not any(share for _, share in deployments.shares(conn, deployment)[-1:])
        if good is None or decided or has_none:
            return None
        return migrations.keeps_its_share(cast, conn, deployment, good)


def _undo(cast: Cast, delivery: Delivery, reason: str, excerpt: str) -> LeftFrozen | None:
    """Undoes it, or all of it but the share that is frozen, which is returned. Ends it only when the revert of a
    bad one is made too: what is interrupted here is done again.

    Requests go back first. The revert is made before the last of those under way have come to rest, for which
    nobody who is told of it has to wait. Of what is frozen by it the requests stay.
    """
    with cast.database.read() as conn:
        left = stuck.of_deployment(conn, delivery.deployment)
    half: Mapping[str, int] | None = None
    try:
        if left is not None:
            delivery.keep_share(left)
        else:
            delivery.give_traffic_back()
            _offer_revert(cast, delivery)
            delivery.undo()
    except TransientError:
        raise
    except ShipwayError as error:  # what could be undone is; the rest is for a person to see
        reason, half = f"{reason} Undoing it stopped: {error.message}", delivery.shares_now
    if left is not None:
        reason = f"{reason} {left.says}."
        _end(cast, delivery.deployment, "stuck", reason, excerpt, half)
        return LeftFrozen(reason, hint=f"{left.ways}.", excerpt=excerpt)
    _offer_revert(cast, delivery)
    _end(cast, delivery.deployment, "failed", reason, excerpt, half)
    return None


def _offer_revert(cast: Cast, delivery: Delivery) -> None:
    if delivery.previous is not None:
        reverts.offer_if_bad(cast, delivery.deployment, delivery.previous)


def _end(
    cast: Cast,
    deployment: Deployment,
    state: str,
    reason: str = "",
    excerpt: str = "",
    left: Mapping[str, int] | None = None,
) -> None:
    with cast.database.write(BRIEFLY) as conn:
        deployments.end(conn, deployment, state, reason, excerpt, left=left)
