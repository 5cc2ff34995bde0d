"""After all traffic has moved the trial goes on, for as long as the release before is kept warm.

While it serves alone the judge can only doubt; then the release before is asked (`asking`). A bad verdict takes
production back by itself: the commit is quarantined in the same transaction that queues the run of the rollback.
Whatever else is judged goes on record once, when the release before has cooled.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field

from shipway.errors import CannotRecord
from shipway.signals.collect import Collector
from shipway.signals.verdict import Verdict
from shipway.state import artifacts, deployments, holds, releases, runs, verdicts
from shipway.state.database import BRIEFLY
from shipway.state.deployments import Deployment
from shipway.state.releases import Release, Serving
from shipway.story import at_once, condemn, plan
from shipway.story.asking import Asking
from shipway.story.cast import Cast, project_of
from shipway.story.reverts import Reverts
from shipway.story.standby import Standby
from shipway.story.tend import logged
from shipway.story.trial import Trial

EVERY, CLOSELY = 0.5, 0.25  # seconds between two looks, and while a release is asked about another
CLOSING = 3.0  # seconds before the release before cools in which the last verdict is given


@dataclass
class Watched:
    """A release that serves, the one kept warm beside it, and the trial between them."""

    deployment: Deployment
    release: Release
    before: Release
    trial: Trial
    asking: Asking
    standby: Standby
    told: bool = False
    close: bool = False
    _closely: ExitStack = field(default_factory=ExitStack)

    def look_closely(self, collector: Collector) -> None:
        """Four times a second, until `look_away`."""
        if not self.close:
            self.close = True
            self._closely.enter_context(collector.closely(self.release.application, self.release.environment))

    def look_away(self) -> None:
        self.close = False
        self._closely.close()


class Watch:
    """Looks again and again; what it remembers of a trial it can also hear again from the disk."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._watched: dict[str, Watched] = {}
        self._reverts = Reverts(cast)

    def look(self) -> None:
        """Hears each release that serves beside a warm one, acts on what is said of it, and sees to reverts."""
        with self._cast.database.read() as conn:
            serving = releases.all_serving(conn)
        over = self._watched.keys() - {now.deployment for now in serving}
        for now in serving:
            with logged(f"what {now.environment} of {now.application} says could not be judged"):
                if self._is_watched(now):
                    self._look_at(now)
                else:
                    over.add(now.deployment)
        for deployment in over & self._watched.keys():
            self._watched.pop(deployment).look_away()
        self._reverts.look()

    def _look_at(self, now: Serving) -> None:
        watched = self._watched.get(now.deployment) or self._of(now)
        if watched is None:
            return
        self._watched[now.deployment] = watched
        if not watched.told:
            closing = (now.warm_until or 0) - time.time() < CLOSING
            self._look_at_the_warm_one(watched)
            verdict = watched.trial.look(asks=watched.asking.may)
            self._act(watched, verdict, closing=closing)

    @property
    def pause(self) -> float:
        """Seconds until the next look is due."""
        return CLOSELY if any(watched.close for watched in self._watched.values()) else EVERY

    def _is_watched(self, now: Serving) -> bool:
        """While the release before is kept warm, and until its last share is given back."""
        if now.warm is None:
            return False
        if (now.warm_until or 0) > time.time():
            return True
        with self._cast.database.read() as conn:
            before = releases.get(conn, now.warm)
        return before.name in self._cast.proxy.serving(now.application, now.environment)

    def _of(self, now: Serving) -> Watched | None:
        """A new trial; None where there is nothing to judge or nowhere to go back to."""
        with self._cast.database.read() as conn:
            deployment, release = deployments.get(conn, now.deployment), releases.get(conn, now.release)
            before = releases.get(conn, now.warm) if now.warm is not None else None
            judged = project_of(artifacts.of_release(conn, release)).traffic.judge
        if before is None or deployment.kind != "deploy" or deployment.release != release.id or not judged:
            return None
        trial = Trial(self._cast, deployment, release, before)
        asking = Asking(self._cast, deployment, release, before)
        return Watched(deployment, release, before, trial, asking, Standby(self._cast, deployment, before))

    def _act(self, watched: Watched, verdict: Verdict, *, closing: bool) -> None:
        """What fails here is tried again with the next look: it is told only once it is on record."""
        share = watched.asking.share
        if verdict.kind == "bad":
            self._take_back_somehow(watched, share, verdict)
            self._tell(watched)
        elif closing:
            if self._is_home(watched, verdict):
                self._close(watched, share, verdict)
                self._tell(watched)
        else:
            self._ask(watched, verdict)

    @staticmethod
    def _look_at_the_warm_one(watched: Watched) -> None:
        """One that is well again can be asked at once."""
        was_out = watched.standby.out
        watched.standby.look(troubled=watched.trial.doubts or watched.asking.since is not None)
        if was_out and not watched.standby.out:
            watched.asking.rest_no_more()

    def _is_home(self, watched: Watched, verdict: Verdict) -> bool:
        """Whether it has all requests again: that may need another look, where somebody else is at it."""
        if watched.asking.since is not None:
            watched.asking.end(verdict)
        watched.asking.put_right()
        return not watched.asking.shared

    def _tell(self, watched: Watched) -> None:
        watched.told = True
        watched.look_away()

    def _ask(self, watched: Watched, verdict: Verdict) -> None:
        """Asks the release before where there is doubt, and hears its answer."""
        asking, trial = watched.asking, watched.trial
        since = asking.since
        if since is None:
            asking.put_right()
            if trial.doubts:
                self._look_at_the_warm_one(watched)
            if trial.doubts and asking.may and not watched.standby.out:
                watched.look_closely(self._cast.collector)
                asking.begin(trial.doubt())
        elif asking.goes_back(trial, since):
            self._take_back_somehow(watched, asking.share, verdict)
            self._tell(watched)
        elif asking.is_answered(trial, since):
            asking.end(verdict)
            watched.look_away()

    def _close(self, watched: Watched, share: int, verdict: Verdict) -> None:
        deployment = watched.deployment
        mended = condemn.mended(self._cast, deployment) if verdict.kind == "good" else []
        with self._cast.database.write(BRIEFLY) as conn:
            if not verdicts.at_the_end(conn, deployment):
                condemn.judge(conn, deployment, share, verdict)
                holds.lift(conn, mended, by=deployment.commit, run=deployment.run)

    def _take_back_somehow(self, watched: Watched, share: int, verdict: Verdict) -> None:
        """Where it cannot be recorded the requests go back all the same; the rest as soon as it can."""
        try:
            self._take_back(watched, share, verdict)
        except CannotRecord:
            if condemn.no_way_back(self._cast, watched.before) is None:
                at_once.requests_back(self._cast, watched.before)
            raise

    def _take_back(self, watched: Watched, share: int, verdict: Verdict) -> None:
        """Records and queues in one transaction, once: a crash leaves both or neither, and who hears everything
        again after it finds both.
        """
        cast, bad, good = self._cast, watched.release, watched.before
        stuck = condemn.no_way_back(cast, good)
        with cast.database.write(BRIEFLY) as conn:
            now = releases.now_serving(conn, bad.application, bad.environment)
            if now is None or now.deployment != watched.deployment.id:
                return  # somebody was quicker
            if verdicts.at_the_end(conn, watched.deployment):
                return
            if verdict.kind == "bad":
                condemn.condemn(conn, watched.deployment, good, share, verdict)
            else:
                condemn.give_up(conn, watched.deployment, share, verdict)
            if stuck is not None:
                condemn.leave_stuck(conn, watched.deployment, stuck)
                return
            artifact = artifacts.of_release(conn, good)
            runs.create(
                conn,
                application=bad.application,
                push=None,
                branch=artifacts.branch_of(conn, artifact, bad.environment),
                commit=good.commit,
                who="shipway",
                purpose="rollback",
                deliver=[bad.environment],
                plan=_plan(dict(artifact.project), good, bad),
            )


def _plan(project: dict[str, object], good: Release, bad: Release) -> dict[str, object]:
    return {"project": project, **plan.rollback(good.id, instead_of=bad.id).as_dict()}
