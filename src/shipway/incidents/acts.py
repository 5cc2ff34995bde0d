"""What a person did by hand that took requests from a release: read from the fact with which it was done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from shipway.pushes.git import CommitInfo, Git
from shipway.state import decisions, deployments, releases, runs, settings, stuck, verdicts
from shipway.state.database import Connection
from shipway.state.decisions import Decision
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.state.settings import Setting
from shipway.state.stuck import Stuck

SHIPWAY = "shipway"
MOST = 100  # commits whose authors hear of it


@dataclass(frozen=True)
class Act:
    """`who` had `new` serve instead of `old`, which a deployment brought that began at `since`, by `run`, at `at`
    (both seconds since 1970). `decision` is what they said, if they gave a reason.

    `left` is what was frozen until then, with the other beside it: it was decided between the two. Where `share`
    is not 0, `old` was just tried on that many of 100 requests. `deployed`: by deploying, not by rolling back.
    `values` were set in `old`, and are in `new` as they were before that.
    """

    at: float
    run: Run
    who: str
    old: Release
    new: Release
    since: float
    decision: Decision | None = None
    left: Stuck | None = None
    share: int = 0
    deployed: bool = False
    values: tuple[Setting, ...] = ()

    @property
    def environment(self) -> str:
        return self.old.environment

    @property
    def commit(self) -> str:
        """The commit that it is about: the one that lost requests, or that was frozen."""
        return self.old.commit if self.left is None else self.left.release.commit

    @property
    def accepts(self) -> bool:
        """Whether what was frozen has all requests as it is."""
        return self.left is not None and self.left.release.id == self.new.id


def of(conn: Connection, fact: Fact) -> Act | None:
    """What somebody did with the deployment that this fact ends: a rollback that was done, one that was tried and
    is taken back, or what they deployed instead of what served. None where Shipway did it, or a push.
    """
    deployment = deployments.get(conn, str(fact.data["deployment"]))
    if fact.kind == "deployment.failed":
        return _taken_back(conn, deployment, fact.at)
    run = runs.get(conn, deployment.run)
    left = stuck.before(conn, deployment)
    lost = left.deployment if left is not None else deployments.done_before(conn, deployment)
    if run.who == SHIPWAY or lost is None:
        return None
    new = releases.get(conn, deployment.release)
    old = releases.get(conn, lost.release)
    if deployment.kind != "rollback":
        return (
            None if run.purpose != "deploy" or left is not None else _deployed(conn, fact.at, run, old, new, lost)
        )
    values = settings.taken_back(conn, old, new) if left is None else ()
    if left is not None and old.id == new.id and left.before is not None:
        old = left.before
    decision = decisions.of_run(conn, run.id)
    return Act(fact.at, run, run.who, old, new, lost.started, decision, left, values=tuple(values))


def _deployed(conn: Connection, at: float, run: Run, old: Release, new: Release, lost: Deployment) -> Act:
    values = settings.taken_back(conn, old, new)
    return Act(at, run, run.who, old, new, lost.started, deployed=True, values=tuple(values))


def _taken_back(conn: Connection, tried: Deployment, at: float) -> Act | None:
    """What was judged bad as well is told as that."""
    who, before = deployments.taken_back_by(conn, tried), deployments.done_before(conn, tried)
    bad = any(one.kind == "bad" for one in verdicts.of_deployment(conn, tried.id))
    if who is None or before is None or bad:
        return None
    had = max((share for _, share in deployments.shares(conn, tried)), default=0)
    run, decision = runs.get(conn, tried.run), decisions.of_run(conn, tried.run)
    old, new = releases.get(conn, tried.release), releases.get(conn, before.release)
    return Act(at, run, who, old, new, tried.started, decision, share=had)


def authors(git: Git, act: Act) -> dict[str, list[CommitInfo]]:
    """Who wrote what lost the environment, or what was frozen there, by their addresses; each with their commits,
    the newest first. Raises GitFailed, ValueError.
    """
    without = act.new if act.left is None or act.left.before is None else act.left.before
    found: dict[str, list[CommitInfo]] = {}
    for one in git.brought(without.commit, act.commit, MOST):
        if one.email:
            found.setdefault(one.email.lower(), []).append(one)
    return found


def setters(act: Act, authors: Collection[str]) -> dict[str, list[Setting]]:
    """Who set what is as it was before, each with their own, by the address of an author where they are one."""
    found: dict[str, list[Setting]] = {}
    for one in act.values:
        if one.who not in ("", "unknown"):
            found.setdefault(next((each for each in authors if is_same(one.who, each)), one.who), []).append(one)
    return found


def is_by(act: Act, person: str) -> bool:
    """Whether a person did it."""
    return is_same(act.who, person)


def is_same(who: str, person: str) -> bool:
    """Whether a token is of a person: of their address, or of what stands before the @ in it."""
    return who.lower() in (person.lower(), person.lower().partition("@")[0])
