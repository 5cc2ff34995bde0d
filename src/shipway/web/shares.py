"""Which share of the requests a release had since when, from the facts of the deployments that moved it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from shipway.state import deployments, facts, releases, stuck
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact

EVERYTHING = 100
FAR = 200  # deployments that came to nothing one after the other, at most
GIVEN = ("deployment.try", "deployment.asked")
MOVED = {
    "deployment.switched": EVERYTHING,
    "deployment.answered": EVERYTHING,
    "deployment.undo": 0,
    "deployment.switched_back": 0,
}
TOLD = (*GIVEN, *MOVED)


@dataclass(frozen=True)
class Move:
    """From `at` (seconds since 1970) on the release had `share` of 100 requests, by the run with the id `run`.

    `keeps`: for what was done to the data it is frozen with them where others go back. `back`: it lost them to the
    release before, by itself or by a rollback. `asked`: it has left the others to that one for a while, because it
    looked bad and nothing served beside it; then, and when it has them again, `reason` says why, with the
    `findings`. `kind` is of the verdict with which it has them again: one that is not good was no answer. `among`
    says what each has, by `r<number>`, where one is frozen that was so before.
    """

    at: float
    share: int
    run: str
    keeps: bool = False
    back: bool = False
    asked: bool = False
    kind: str = ""
    reason: str = ""
    findings: Sequence[Mapping[str, Any]] = ()
    among: Mapping[str, int] = field(default_factory=dict)


def moves(conn: Connection, deployment: Deployment, later: Sequence[Deployment]) -> list[Move]:
    """Each change of what the release of a deployment had, by it and then by `later` ones, oldest first.

    What was frozen with a share has none from the next on that moves requests, unless that one gives them back.
    """
    found, number = _own(conn, deployment), _number(conn, deployment)
    has_all = deployment.switched is not None
    if not has_all and not stuck.was_left(conn, deployment):
        return found
    for one in later:
        ours = one.release == deployment.release
        for move in _own(conn, one):
            others = EVERYTHING - move.share if has_all else 0
            share = move.among.get(number, move.share if ours else others)
            if has_all or share != found[-1].share:
                found.append(Move(move.at, share, move.run, back=one.kind == "rollback" and not ours))
            has_all = has_all if not ours else share == EVERYTHING
    return found


def lasted(told: Sequence[Move]) -> float:
    """For how many seconds there were requests, by moves that are in their order; not what lasts still."""
    return sum(then.at - move.at for move, then in pairwise(told) if move.share)


def _number(conn: Connection, deployment: Deployment) -> str:
    return f"r{releases.get(conn, deployment.release).number}"


def later(conn: Connection, deployment: Deployment) -> list[Deployment]:
    """What came to its environment after a deployment, up to what took all requests, oldest first; its release
    again, where somebody decided for that.
    """
    found = []
    for one in deployments.after(conn, deployment, FAR):
        found.append(one)
        if took_all(one, deployment):
            break
    return found


def took_all(one: Deployment, deployment: Deployment) -> bool:
    """Whether a later deployment gave all requests to another release."""
    return one.switched is not None and one.release != deployment.release


def before(conn: Connection, deployment: Deployment) -> str | None:
    """The id of the release that served when a deployment began, if another one did."""
    other = deployments.other_done_before(conn, deployment)
    return None if other is None else other.release


def before_among(recent: Sequence[Deployment], deployment: Deployment) -> str | None:
    """The same, found among the deployments of its environment, newest first."""
    older = (one for one in recent if one.epoch < deployment.epoch and one.state == "done")
    return next((one.release for one in older if one.release != deployment.release), None)


def own(conn: Connection, environment: str, made: Sequence[Deployment]) -> dict[str, list[Move]]:
    """What each of these deployments to one environment itself changed, oldest first, by the id of its run."""
    found: dict[str, list[Move]] = {one.run: [] for one in made}
    for fact in facts.after(conn, 0, runs=list(found), environment=environment, kinds=TOLD, limit=None):
        moved = found[str(fact.run)]
        share, had = _told(fact), moved[-1].share if moved else 0
        if moved and fact.data.get("shares"):
            moved[-1] = replace(moved[-1], among=fact.data["shares"])
        if share != had:
            asked = fact.kind == "deployment.asked"
            keeps, back = bool(fact.data.get("keeps")), share < had and not asked
            move = Move(fact.at, share, str(fact.run), keeps=keeps, back=back, asked=asked)
            moved.append(replace(move, **_why(fact)) if fact.kind in deployments.ASKED else move)
    return found


def _own(conn: Connection, deployment: Deployment) -> list[Move]:
    return own(conn, deployment.environment, [deployment])[deployment.run]


def _told(fact: Fact) -> int:
    return int(fact.data.get("share", 0)) if fact.kind in GIVEN else MOVED[fact.kind]


def _why(fact: Fact) -> dict[str, Any]:
    """Nothing of what was recorded before reasons were; before kinds were, an answer counts as a good one."""
    kind = str(fact.data.get("kind", "good")) if fact.kind == "deployment.answered" else ""
    return {"kind": kind, "reason": str(fact.data.get("reason", "")), "findings": fact.data.get("findings", ())}
