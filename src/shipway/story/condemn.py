"""A bad verdict goes on record, in one transaction with the decision to go back: the commit is quarantined."""

from __future__ import annotations

import logging
from typing import Any

from shipway.errors import DeploymentStopped, ShipwayError
from shipway.pushes.git import Git
from shipway.signals.verdict import Verdict
from shipway.state import artifacts, decisions, deployments, holds, releases, stuck, verdicts
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.holds import Hold
from shipway.state.releases import Release
from shipway.state.stuck import Stuck
from shipway.story import migrations
from shipway.story.cast import Cast

log = logging.getLogger(__name__)


class LeftFrozen(DeploymentStopped):
    """The release keeps its share, though it is bad or could not have all requests: what was done to the data
    allows no way back. A person decides.
    """

    id = "rollbacks.left_frozen"


def judge(conn: Connection, deployment: Deployment, share: int, verdict: Verdict) -> None:
    """Records what was judged of the release that a deployment brought."""
    release = releases.get(conn, deployment.release)
    verdicts.record(
        conn,
        deployment,
        release=release.number,
        share=share,
        kind=verdict.kind,
        reason=verdict.reason,
        findings=verdict.numbers,
    )


def condemn(conn: Connection, deployment: Deployment, good: Release, share: int, verdict: Verdict) -> None:
    """Records a bad verdict and quarantines the commit, and whatever brings the same.

    Unless the good release is the same commit or artifact: then something else has changed, the configuration say.
    The files of both may be the same, where only what they were built with is another: these stay free.
    """
    judge(conn, deployment, share, verdict)
    bad = releases.get(conn, deployment.release)
    if good.commit == bad.commit or good.digest == bad.digest:
        return
    tree = artifacts.tree_of(conn, bad.application, bad.commit)
    holds.quarantine(
        conn,
        bad.application,
        bad.environment,
        bad.commit,
        why=verdict.reason,
        run=deployment.run,
        digest=bad.digest,
        tree="" if tree == artifacts.tree_of(conn, good.application, good.commit) else tree,
    )


def give_up(conn: Connection, deployment: Deployment, share: int, verdict: Verdict) -> None:
    """Records that a release did not answer and is taken back: its author hears of it, and nothing is held."""
    judge(conn, deployment, share, verdict)
    _note(conn, deployment, "release.silent", {"reason": verdict.reason})


def no_way_back(cast: Cast, good: Release) -> migrations.NoWayBack | None:
    """Why nothing can go back to the release before, if so. Asks git: never within a change of the record."""
    with cast.database.read() as conn:
        try:
            migrations.check_way_back(cast, conn, good)
        except migrations.NoWayBack as error:
            return error
    return None


def leave_stuck(
    conn: Connection, deployment: Deployment, error: migrations.NoWayBack, failure: ShipwayError | None = None
) -> Stuck:
    """Records that a release is frozen, because nothing can go back; what is so from now on. It was judged bad, or
    `failure` is why it could not have all requests.

    What it has of the requests it keeps: a person decides, and a commit that mends it is free to come.
    """
    told: dict[str, Any] = {"reason": error.message, "hint": error.hint, "by": error.by}
    if failure is not None:
        hint = f"{failure.hint} {error.hint}".strip()
        told |= {"why": failure.message, "error": failure.id, "hint": hint}
    _note(conn, deployment, stuck.FACT, told)
    left = stuck.of_deployment(conn, deployment)
    assert left is not None
    return left


def _note(conn: Connection, deployment: Deployment, kind: str, data: dict[str, Any]) -> None:
    release = releases.get(conn, deployment.release)
    deployments.note(conn, deployment, kind, {"release": release.number, **data}, who="shipway")


def is_judged(conn: Connection, deployment: Deployment, share: int) -> bool:
    """Whether a verdict at this share is on record already: one that is given again would be told again."""
    return any(each.share == share for each in verdicts.of_deployment(conn, deployment.id))


def clear(conn: Connection, deployment: Deployment) -> None:
    """Ends the quarantines of a commit that a person gave all requests, in every environment: they say it is good.

    In one transaction with the end of the deployment that does it, where somebody decided that.
    """
    decision = decisions.of_run(conn, deployment.run)
    if decision is not None and decision.release == releases.get(conn, deployment.release).number:
        held = holds.quarantines_of(conn, deployment.application, deployment.commit)
        holds.clear(conn, held, who=decision.who, why=decision.why, run=deployment.run)


def mended(cast: Cast, deployment: Deployment) -> list[Hold]:
    """The quarantines of commits that the one which serves descends from: it mends them if it is judged good.

    Asks git: never within a change of the record. Without a repository nobody can tell.
    """
    git = Git(cast.machine.places.repository(deployment.application))
    with cast.database.read() as conn:
        held = holds.quarantined(conn, deployment.application, deployment.environment)
    try:
        return [hold for hold in held if _mends(git, deployment, hold.commit)]
    except ShipwayError as error:
        log.warning("nothing is known of what %s mends: %s", deployment.commit[:7], error)
        return []


def _mends(git: Git, deployment: Deployment, commit: str | None) -> bool:
    return commit not in (None, deployment.commit) and git.is_ancestor(commit, deployment.commit)
