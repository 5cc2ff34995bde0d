"""A commit that takes a quarantined one back is made ready on a branch, whatever dies in between.

What is on record decides: a quarantine of which it is said neither that its revert is ready nor that there can be
none has one to be made, once the requests are back.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from shipway.errors import ShipwayError
from shipway.pushes.git import Git
from shipway.rollbacks import revert
from shipway.state import (
    applications,
    configurations,
    deployments,
    facts,
    holds,
    pushes,
    releases,
    stuck,
    verdicts,
)
from shipway.state.database import BRIEFLY, Connection
from shipway.state.deployments import Deployment
from shipway.state.holds import Hold
from shipway.state.pushes import NOTHING, Update
from shipway.state.releases import Release
from shipway.story.cast import Cast

log = logging.getLogger(__name__)

TRIES = 3  # before one that cannot be made is left to the next start of the server


class Reverts:
    """Looks again and again for quarantines without a revert; remembers those of which all is said."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._tries: dict[str, int] = {}

    def look(self) -> None:
        """Makes what is missing of deployments that are over."""
        with self._cast.database.read() as conn:
            held = [hold for hold in holds.every_quarantine(conn) if self._tries.get(hold.id, 0) < TRIES]
        for hold in held:
            with self._cast.database.read() as conn:
                bad, good = _between(conn, hold)
            if bad is None:
                self._tries[hold.id] = TRIES
                continue
            if not bad.over:
                continue
            self._tries[hold.id] = self._tries.get(hold.id, 0) + 1
            if good is not None and offer(self._cast, bad, good, hold.why):
                self._tries[hold.id] = TRIES


def offer_if_bad(cast: Cast, deployment: Deployment, good: Release) -> None:
    """Makes the revert of a deployment where a bad verdict is on record; nothing else has one."""
    with cast.database.read() as conn:
        bad = next((each for each in verdicts.of_deployment(conn, deployment.id) if each.kind == "bad"), None)
    if bad is not None:
        offer(cast, deployment, good, bad.reason)


def offer(cast: Cast, deployment: Deployment, good: Release, reason: str) -> bool:
    """Makes the branch with the commit that takes the bad one back, or records why there is none; whether it is
    on record now. Nothing depends on it: a failure is logged.
    """
    try:
        _offer(cast, deployment, good, reason)
    except ShipwayError as error:
        log.warning("no revert of %s was made: %s", deployment.commit[:7], error)
        return False
    return True


def is_settled(conn: Connection, application: str, commit: str) -> bool:
    """Whether a revert is ready, or it is said that there is none."""
    kinds = ("revert.ready", "revert.left_out")
    return any(facts.last(conn, kind, application, commit=commit) is not None for kind in kinds)


def _between(conn: Connection, hold: Hold) -> tuple[Deployment | None, Release | None]:
    """The deployment that was judged bad, and what served before it; nothing where all is said already."""
    commit = str(hold.commit)
    if is_settled(conn, hold.application, commit):
        return None, None
    where = {"environment": hold.environment, "commit": commit}
    verdict = facts.last(conn, "verdict.bad", hold.application, **where)
    if verdict is None:
        return None, None
    bad = deployments.get(conn, str(verdict.data["deployment"]))
    good = deployments.done_before(conn, bad)
    return bad, None if good is None else releases.get(conn, good.release)


def _offer(cast: Cast, deployment: Deployment, good: Release, reason: str) -> None:
    git, name = Git(cast.machine.places.repository(deployment.application)), holds.revert_branch(deployment.commit)
    with cast.database.read() as conn:
        if is_settled(conn, deployment.application, deployment.commit):
            return
        branch = applications.get(conn, deployment.application).default_branch
        bad = releases.get(conn, deployment.release)
        blameless, left = _blameless(conn, good, bad), stuck.of_deployment(conn, deployment)
    if blameless or left is not None:
        same = {"same": True} if blameless else {}
        _left_out(cast, deployment, {"reason": blameless if left is None else left.cause, **same})
        return
    made = git.resolve(f"refs/heads/{name}")
    if made is not None:  # it was made, and Shipway died before it was on record
        _ready(cast, deployment, name, made)
        return
    try:
        made = revert.commit(git, git.resolve(f"refs/heads/{branch}"), branch, good, bad, reason)
    except revert.NoRevert as error:
        _left_out(cast, deployment, {"reason": error.message})
        return
    _ready(cast, deployment, name, made, create=git)


def _blameless(conn: Connection, good: Release, bad: Release) -> str:
    """Why no commit is to blame for a bad release, where it is the commit of the good one; empty otherwise."""
    if good.commit != bad.commit:
        return ""
    where = bad.application, bad.environment
    names = configurations.differing(conn, *where, good.configuration, bad.configuration)
    if not names:
        return f"r{good.number} is of the same commit"
    if configurations.newest(conn, *where).version != bad.configuration:
        return f"r{good.number} is of the same commit, and {', '.join(names)} changed"
    return (
        f"r{good.number} is of the same commit, and {', '.join(names)} changed; "
        f"{bad.environment} serves the old values, and the new ones stay set and come with the next deployment"
    )


def _left_out(cast: Cast, deployment: Deployment, why: Mapping[str, Any]) -> None:
    with cast.database.write(BRIEFLY) as conn:
        deployments.note(conn, deployment, "revert.left_out", why, who="shipway")


def _ready(cast: Cast, deployment: Deployment, name: str, made: str, create: Git | None = None) -> None:
    ref = f"refs/heads/{name}"
    with cast.database.write(BRIEFLY) as conn:
        if is_settled(conn, deployment.application, deployment.commit):
            return
        if create is not None:
            create.create_branch(name, made)
        if pushes.heads(conn, deployment.application, [ref]).get(ref) != made:
            pushes.record(conn, deployment.application, Update(ref, NOTHING, made), who="shipway")
        deployments.note(conn, deployment, "revert.ready", {"branch": name, "commit": made}, who="shipway")
