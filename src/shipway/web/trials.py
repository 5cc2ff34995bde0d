"""A release before the judge, as the record has it: its shares, its verdicts, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shipway.signals.verdict import Verdict
from shipway.state import artifacts, decisions, deployments, facts, releases, runs, stuck, verdicts
from shipway.state.database import Connection
from shipway.state.decisions import Decision
from shipway.state.deployments import Deployment
from shipway.state.releases import Release, Serving
from shipway.state.stuck import Stuck
from shipway.state.verdicts import Recorded
from shipway.story.cast import Cast
from shipway.story.trial import NOT_JUDGED
from shipway.traffic.settings import TrafficSettings
from shipway.web import shares
from shipway.web.shares import Move

TRIED = ("on trial", "going back")
"""The fates with which it has requests, and what becomes of it is not settled."""

TAKEN_BACK = ("going back", "undone", "gone back")
"""Those of what lost its requests to the release before it, or is losing them."""

NOT_LOOKED = "The judge has not looked yet: what both answer meanwhile is kept, and counts as soon as it does."
"""While a share stands whose trial begins, or goes on after a restart of Shipway."""

FAR = 50  # deployments of an environment, the newest

MOVING = ("coming", "on trial", "watched", "going back")


@dataclass(frozen=True)
class Trial:
    """`deployment` brought the release last, `before` is what served then, `after` what took its place, `serving`
    what serves now.

    `fate` is not deployed, coming, on trial, watched, serves, going back, undone, gone back, replaced, stuck or
    unknown. `deadline` is when it goes back if nothing can be heard, or when the watch ends; `who` took it back.
    `stuck` is what is so with one that is frozen, as long as it is, `froze` whatever came after it; `beside` with
    what is frozen beside this one. `earlier` are the moves by deployments of it before that one, of which
    `before_that` tells, and `bad_before` whether what was judged last by then was bad. `decided` is what somebody
    decided of its requests last.
    """

    release: Release
    fate: str
    deployment: Deployment | None = None
    before: Release | None = None
    after: Release | None = None
    serving: Release | None = None
    moves: Sequence[Move] = ()
    earlier: Sequence[Move] = ()
    verdicts: Sequence[Recorded] = ()
    bad_before: bool = False
    unjudged: bool = False
    who: str = ""
    deadline: float | None = None
    stuck: Stuck | None = None
    beside: Stuck | None = None
    froze: Stuck | None = None
    decided: Decision | None = None
    traffic: TrafficSettings = field(default_factory=TrafficSettings)

    @property
    def share(self) -> int:
        """What it has of 100 requests, as far as this deployment goes."""
        return self.moves[-1].share if self.moves else 0

    @property
    def tried(self) -> int:
        """The last share that it had."""
        return next((move.share for move in reversed(self.moves) if move.share), 0)

    @property
    def asking(self) -> bool:
        """Whether the release before has most of the requests for a while, to be compared with."""
        return self.fate == "watched" and self.moves[-1].asked

    @property
    def ended(self) -> float | None:
        """When it lost its requests."""
        return self.moves[-1].at if self.moves and not self.moves[-1].share else None

    @property
    def began(self) -> float:
        """When it got its first requests, or was begun where it got none."""
        return self.moves[0].at if self.moves else 0.0 if self.deployment is None else self.deployment.started

    @property
    def had(self) -> float:
        """For how many seconds it had requests by this deployment, as far as that has ended."""
        return shares.lasted(self.moves)

    @property
    def had_in_all(self) -> float:
        """For how many seconds by any deployment; what two of them tell of is the same."""
        told = {move.at: move for move in (*self.earlier, *self.moves)}
        return shares.lasted([told[at] for at in sorted(told)])

    @property
    def moving(self) -> bool:
        """Whether it goes on by itself."""
        return self.fate in MOVING

    @property
    def decisive(self) -> Recorded | None:
        """The bad verdict, or else the last one."""
        bad = next((each for each in self.verdicts if each.kind == "bad"), None)
        return bad or (self.verdicts[-1] if self.verdicts else None)

    @property
    def follower(self) -> Release | None:
        """What took all requests from it; nothing where the one before kept or got them."""
        return None if self.fate in ("undone", "going back") else self.after

    @property
    def instead(self) -> Release | None:
        """What has the requests that it has lost."""
        return self.before if self.fate in ("undone", "going back") else self.after


def so_far(cast: Cast, trial: Trial) -> Verdict | None:
    """What the judge says of it at this moment, as long as it is judged."""
    if trial.deployment is None or trial.fate not in ("on trial", "watched"):
        return None
    release = trial.release
    deployment, verdict = cast.so_far.get((release.application, release.environment), ("", None))
    return verdict if deployment == trial.deployment.id else Verdict("not known", NOT_LOOKED)


def judging(cast: Cast, conn: Connection, application: str, environment: str) -> tuple[Trial, Verdict] | None:
    """The release of an environment that the judge looks at just now, with what it says at this moment."""
    deployment, _verdict = cast.so_far.get((application, environment), ("", None))
    if not deployment:
        return None
    trial = read(conn, releases.get(conn, deployments.get(conn, deployment).release))
    now = so_far(cast, trial)
    return None if now is None else (trial, now)


@dataclass(frozen=True)
class Foremost:
    """The release that somebody means who names none, and which that is; `also` is what serves, judged still."""

    trial: Trial
    took: str
    also: Release | None = None


def foremost(cast: Cast, conn: Connection, application: str, environment: str) -> Foremost | None:
    """The release of an environment that somebody means who names none: the one on trial, else the last that was
    tried in vain, what is judged still, what was judged last, or what serves. None where nothing does.
    """
    tried = under_way(conn, application, environment)
    if tried is not None and tried.fate in TRIED:
        return Foremost(tried, "on trial")
    now = judging(cast, conn, application, environment)
    if (lost := _in_vain(conn, application, environment)) is not None:
        return Foremost(lost, "the last that was tried", None if now is None else now[0].release)
    if now is not None:
        return Foremost(now[0], "which is judged still")
    if (last := verdicts.newest(conn, application, environment)) is not None:
        return Foremost(read(conn, releases.get(conn, last.release)), "the last that was judged")
    serving = releases.now_serving(conn, application, environment)
    found = None if serving is None else read(conn, releases.get(conn, serving.release))
    return None if found is None else Foremost(found, "which serves")


def _in_vain(conn: Connection, application: str, environment: str) -> Trial | None:
    """The release that was to serve last, if it does not by that."""
    recent = deployments.newest_first(conn, application, environment, FAR)
    last = next((one for one in recent if one.kind == "deploy" and one.over), None)
    return None if last is None or last.state == "done" else read(conn, releases.get(conn, last.release))


def under_way(conn: Connection, application: str, environment: str) -> Trial | None:
    """The release that a deployment brings to an environment just now; None where none does, or one goes back."""
    coming = deployments.running_in(conn, application, environment)
    trial = None if coming is None else read(conn, releases.get(conn, coming.release))
    return trial if trial is not None and trial.deployment == coming else None


def read(conn: Connection, release: Release) -> Trial:
    """What is on record of a release before the judge."""
    return read_beside(conn, release, stuck.now(conn, release.application, release.environment))


def read_beside(conn: Connection, release: Release, left: Stuck | None) -> Trial:
    """The same, where it is known what is frozen in its environment, if anything is."""
    made = deployments.of_release(conn, release.id)
    came = _came(made)
    if came is None:
        return Trial(release, "not deployed")
    trial = _as_recorded(conn, release, came, made)
    return _with_fate(conn, came, trial, left, releases.now_serving(conn, came.application, came.environment))


def before_that(conn: Connection, trial: Trial) -> list[Trial]:
    """The times that its release was tried before, the oldest first, each as it ended."""
    found: list[Trial] = []
    then, made = trial.deployment, deployments.of_release(conn, trial.release.id)
    while then is not None:
        until, made = then.started, [one for one in made if one.epoch < then.epoch]
        then = next((one for one in made if one.kind != "rollback"), None)
        if then is not None:
            past = _as_recorded(conn, trial.release, then, made)
            past = replace(past, moves=[move for move in past.moves if move.at < until])
            found.insert(0, _with_fate(conn, then, past, None, None))
    return found


def _came(made: Sequence[Deployment]) -> Deployment | None:
    return next((one for one in made if one.kind != "rollback"), None) or next(iter(made), None)


def _as_recorded(conn: Connection, release: Release, came: Deployment, made: Sequence[Deployment]) -> Trial:
    """What deployments of a release, the newest first, are on record with since one of them brought it."""
    moves, last = shares.moves(conn, came, shares.later(conn, came)), came
    for again in reversed([one for one in made if one.epoch > came.epoch and one.switched is not None]):
        moves, last = [*moves, *shares.moves(conn, again, shares.later(conn, again))], again
    taker = next((one for one in shares.later(conn, last) if shares.took_all(one, came)), None)
    before = shares.before(conn, came)
    project = artifacts.of_release(conn, release).project
    judged, judged_before = _verdicts(conn, release, came, made)
    return Trial(
        release,
        "",
        deployment=came,
        before=None if before is None else releases.get(conn, before),
        after=None if taker is None else releases.get(conn, taker.release),
        moves=moves,
        earlier=_earlier(conn, came, made),
        verdicts=judged,
        bad_before=bool(judged_before) and judged_before[-1].kind == "bad",
        unjudged=_unjudged(conn, came),
        who=_who(conn, came, taker),
        traffic=TrafficSettings.model_validate(project.get("traffic") or {}),
    )


def _verdicts(
    conn: Connection, release: Release, came: Deployment, made: Sequence[Deployment]
) -> tuple[list[Recorded], list[Recorded]]:
    """What was judged since it came by that deployment, and what was before."""
    epochs = {one.id: one.epoch for one in made}
    every = [one for one in verdicts.of_release(conn, release.id) if one.deployment in epochs]
    since = [one for one in every if epochs[one.deployment] >= came.epoch]
    return since, [one for one in every if epochs[one.deployment] < came.epoch]


def _earlier(conn: Connection, came: Deployment, made: Sequence[Deployment]) -> list[Move]:
    """What the deployments of the release before the one that `came` last have moved, and what followed each."""
    before = (one for one in made if one.epoch < came.epoch)
    return [move for one in before for move in shares.moves(conn, one, shares.later(conn, one))]


def _with_fate(conn: Connection, came: Deployment, trial: Trial, left: Stuck | None, now: Serving | None) -> Trial:
    other = left if left is not None and left.before is not None and left.before.id == came.release else None
    left = left if left is not None and left.deployment.id == came.id else None
    judged = bool(verdicts.at_the_end(conn, came))
    froze = stuck.of_deployment(conn, came)
    fate = "stuck" if left is not None else _fate(came, trial, now, judged=judged, froze=froze is not None)
    deadline = None
    if fate == "on trial":
        deadline = trial.moves[-1].at + trial.traffic.deadline
    elif fate == "watched" and now is not None:
        deadline = now.warm_until
    serving = None if now is None else releases.get(conn, now.release)
    return replace(
        trial,
        fate=fate,
        deadline=deadline,
        serving=serving,
        stuck=left,
        beside=other,
        froze=froze,
        unjudged=trial.unjudged or (froze is not None and froze.error in NOT_JUDGED),
        decided=_decided(conn, trial, now),
    )


def _decided(conn: Connection, trial: Trial, now: Serving | None) -> Decision | None:
    """What made it serve, or moved its requests last, if somebody decided that."""
    if now is not None and now.release == trial.release.id:
        return decisions.of_what_serves(conn, now.application, now.environment)
    return decisions.of_run(conn, trial.moves[-1].run) if trial.moves else None


def _fate(came: Deployment, trial: Trial, now: Serving | None, *, judged: bool, froze: bool) -> str:
    if not came.over:
        return _under_way(came, trial)
    if came.state != "done":
        serves = now is not None and now.release == came.release
        ended = "unknown" if came.state == "unknown" else "undone"
        return ended if not froze else "serves" if serves else "replaced"
    if now is None or now.release != came.release:
        return "gone back" if trial.moves and trial.moves[-1].back else "replaced"
    if now.deployment != came.id:
        return "serves"
    here = [each for each in trial.verdicts if each.deployment == came.id]
    if any(each.kind == "bad" for each in here):
        return "going back"
    watched = came.kind == "deploy" and trial.traffic.judge and not judged
    warm = now.warm is not None and (now.warm_until or 0.0) > time.time()
    return "watched" if watched and warm else "serves"


def _under_way(came: Deployment, trial: Trial) -> str:
    if came.phase == "undo" and trial.moves:
        return "going back"
    return "on trial" if trial.share else "coming"


def _unjudged(conn: Connection, came: Deployment) -> bool:
    """Whether it went back because nothing could be heard; one that is frozen for that says so itself."""
    stopped = facts.after(conn, 0, runs=[came.run], kinds=["run.stopped"])
    return came.state == "failed" and any(fact.data.get("id") in NOT_JUDGED for fact in stopped)


def _who(conn: Connection, came: Deployment, taker: Deployment | None) -> str:
    asked = deployments.taken_back_by(conn, came)
    if asked is not None:
        return asked
    return runs.get(conn, taker.run).who if taker is not None and taker.kind == "rollback" else ""
