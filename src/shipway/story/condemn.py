"""A bad verdict goes on record: the commit is quarantined, and a commit that takes it back is made ready.

The record comes first, in one transaction with the decision to go back; the branch when the traffic is back.
"""

from __future__ import annotations

import logging
from dataclasses import asdict

from shipway.errors import ShipwayError
from shipway.pushes.git import Git
from shipway.rollbacks import revert
from shipway.signals.verdict import Verdict
from shipway.state import applications, facts, holds, pushes, releases, verdicts
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.holds import Hold
from shipway.state.pushes import NOTHING, Update
from shipway.state.releases import Release
from shipway.story import migrations
from shipway.story.cast import Cast

log = logging.getLogger(__name__)


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
        findings=[asdict(finding) for finding in verdict.findings],
    )


def condemn(conn: Connection, deployment: Deployment, good: Release, share: int, verdict: Verdict) -> None:
    """Records a bad verdict and quarantines the commit, unless only the configuration is another."""
    judge(conn, deployment, share, verdict)
    if releases.get(conn, deployment.release).digest != good.digest:
        holds.quarantine(
            conn,
            deployment.application,
            deployment.environment,
            deployment.commit,
            why=verdict.reason,
            run=deployment.run,
        )


def no_way_back(cast: Cast, good: Release) -> migrations.NoWayBack | None:
    """Why nothing can go back to the release before, if so. Asks git: never within a change of the record."""
    with cast.database.read() as conn:
        try:
            migrations.check_way_back(cast, conn, good)
        except migrations.NoWayBack as error:
            return error
    return None


def freeze(conn: Connection, deployment: Deployment, error: migrations.NoWayBack) -> str:
    """Records that a release that was judged bad stays as it is, because nothing can go back; what people read.

    What it has of the requests it keeps: a person decides, and a commit that mends it is free to come.
    """
    facts.record(
        conn,
        "release.frozen",
        application=deployment.application,
        run=deployment.run,
        environment=deployment.environment,
        commit=deployment.commit,
        who="shipway",
        data={"deployment": deployment.id, "reason": error.message, "hint": error.hint},
    )
    return f"It was judged bad and is frozen as it is: {error.message} {error.hint}"


def is_judged(conn: Connection, deployment: Deployment, share: int) -> bool:
    """Whether a verdict at this share is on record already: one that is given again would be told again."""
    return any(each.share == share for each in verdicts.of_deployment(conn, deployment.id))


def offer_revert_if_bad(cast: Cast, deployment: Deployment, good: Release) -> None:
    """Makes the branch of `offer_revert` where a bad verdict is on record; nothing else has one."""
    with cast.database.read() as conn:
        bad = next((each for each in verdicts.of_deployment(conn, deployment.id) if each.kind == "bad"), None)
    if bad is not None:
        offer_revert(cast, deployment, good, bad.reason)


def offer_revert(cast: Cast, deployment: Deployment, good: Release, reason: str) -> None:
    """Makes the branch with the commit that takes the bad one back. Nothing depends on it: a failure is logged."""
    try:
        _offer_revert(cast, deployment, good, reason)
    except ShipwayError as error:
        log.warning("no revert of %s was made: %s", deployment.commit[:7], error)


def _offer_revert(cast: Cast, deployment: Deployment, good: Release, reason: str) -> None:
    git, name = Git(cast.machine.places.repository(deployment.application)), holds.revert_branch(deployment.commit)
    with cast.database.read() as conn:
        branch = applications.get(conn, deployment.application).default_branch
        bad = releases.get(conn, deployment.release)
    head = git.resolve(f"refs/heads/{branch}")
    if head is None or git.resolve(f"refs/heads/{name}") is not None:
        return
    made = revert.commit(git, head, good, bad, reason)
    if made is None:
        return
    with cast.database.write() as conn:
        git.create_branch(name, made)
        pushes.record(conn, bad.application, Update(f"refs/heads/{name}", NOTHING, made), who="shipway")
        facts.record(
            conn,
            "revert.ready",
            application=bad.application,
            run=deployment.run,
            environment=bad.environment,
            commit=bad.commit,
            who="shipway",
            data={"branch": name, "commit": made},
        )


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
