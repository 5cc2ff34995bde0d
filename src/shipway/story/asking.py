"""Asking the release before, which is still warm, whether it is the new one or the world that got worse.

    alone, in doubt ─► most requests to the one before ─► bad: everything to it, and the commit is quarantined
                                    │                 └─► nobody answers: everything to it, nobody is blamed
                                    └─► neither is worse, or nobody can tell: everything to the new one again

A share moves back before that is on record, and forward after it: who is killed in between never holds against the
new release what was dealt out to it alone. What the routers do otherwise than the record says is put right by
the next look.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager

from shipway.errors import CannotRecord, NotHealthy, StaleEpoch
from shipway.signals.verdict import Verdict
from shipway.state import artifacts, deployments, releases
from shipway.state.database import BRIEFLY
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.story import condemn
from shipway.story.cast import Cast, project_of
from shipway.story.trial import Trial
from shipway.traffic import strategies
from shipway.traffic.plan import Judged, Shift, Takeover

log = logging.getLogger(__name__)

REST = 60.0  # seconds for which one that could not be asked is not asked again


class Asking:
    """Of one release that serves, and the one before it."""

    def __init__(self, cast: Cast, deployment: Deployment, release: Release, before: Release) -> None:
        self._cast = cast
        self._deployment = deployment
        self._release = release
        self._before = before
        self._rests_until = 0.0
        self._allowed: bool | None = None
        takeover = Takeover({release.name: 100}, release.name, before=before.name)
        self._away, self._home = strategies.plan("asking", takeover).shifts

    @property
    def since(self) -> float | None:
        """Since when (seconds since 1970) it is asked, by the record."""
        with self._cast.database.read() as conn:
            return deployments.asked_since(conn, self._deployment)

    @property
    def share(self) -> int:
        """What the new one has of 100 requests, by the record."""
        return (self._home if self.since is None else self._away).shares.of[self._release.name]

    @property
    def may(self) -> bool:
        """Whether it can be asked now: it may be at all, nobody else moves the requests, and it was healthy last.

        Asks git the first time.
        """
        if self._allowed is None:
            self._allowed = self._is_allowed()
        app, env = self._release.application, self._release.environment
        with self._cast.database.read() as conn:
            moved = deployments.running_in(conn, app, env) is not None
        return self._allowed and not moved and time.monotonic() >= self._rests_until

    def rest_no_more(self) -> None:
        """It may be asked at once."""
        self._rests_until = 0.0

    def _is_allowed(self) -> bool:
        """Not where a visitor stays with a release, nor where a migration has taken away what it needs."""
        with self._cast.database.read() as conn:
            sticky = project_of(artifacts.of_release(conn, self._release)).traffic.sticky
        return not sticky and condemn.no_way_back(self._cast, self._before) is None

    def begin(self, doubt: Verdict) -> None:
        """Gives most requests to the one before, unless it is not healthy, or somebody else moves them, or has
        moved them unrecorded (`at_once`); `doubt` says why it is asked.
        """
        with self._alone() as free:
            if free and self._serves_alone and self._shift(self._away):
                self._record_asked(doubt)

    def _record_asked(self, doubt: Verdict) -> None:
        """What cannot be recorded is undone: the judge would take what is dealt out now for what was before."""
        try:
            with self._cast.database.write(BRIEFLY) as conn:
                share = self._away.shares.of[self._release.name]
                deployments.asked(conn, self._deployment, share, doubt.reason, doubt.numbers)
        except CannotRecord:
            self._shift(self._home)
            self._rests_until = time.monotonic() + REST
            raise

    def end(self, answer: Verdict) -> None:
        """Gives everything to the new one again."""
        with self._alone() as free:
            if free:
                with self._cast.database.write(BRIEFLY) as conn:
                    deployments.answered(conn, self._deployment, answer.kind, answer.reason, answer.numbers)
                self._shift(self._home)

    def put_right(self) -> None:
        """Where the routers still, or already, share what by the record all goes to the new one."""
        if self.shared:
            with self._alone() as free:
                if free and self.since is None and self.shared:
                    self._shift(self._home)

    def goes_back(self, trial: Trial, since: float) -> bool:
        """Whether nothing was heard until its deadline: then everything goes back."""
        return self._step(trial, since) == "go back"

    def is_answered(self, trial: Trial, since: float) -> bool:
        """Whether both were heard for long enough, and the new one is not worse or nobody can tell."""
        over = time.time() - since >= self._condition.deadline
        return self._step(trial, since) == "go on" and (over or not (trial.doubts or trial.hears_out))

    def _step(self, trial: Trial, since: float) -> str:
        share = self._away.shares.of[self._release.name]
        return trial.step(share, self._condition, time.time() - since).act

    @property
    def _condition(self) -> Judged:
        assert isinstance(self._home.condition, Judged)
        return self._home.condition

    @property
    def shared(self) -> bool:
        """Whether the routers give both a share."""
        return self._routed == {self._release.name, self._before.name}

    @property
    def _serves_alone(self) -> bool:
        return self._routed == {self._release.name}

    @property
    def _routed(self) -> Set[str]:
        """What the routers give a share."""
        return self._cast.proxy.serving(self._release.application, self._release.environment).keys()

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether nobody else moves the requests of the environment, and what serves is still this release."""
        app, env = self._release.application, self._release.environment
        with self._cast.alone_if_free(app, env) as free, self._cast.database.read() as conn:
            now = releases.now_serving(conn, app, env)
            ours = now is not None and now.deployment == self._deployment.id
            yield free and ours and deployments.running_in(conn, app, env) is None

    def _shift(self, shift: Shift) -> bool:
        app, env = self._release.application, self._release.environment
        try:
            self._cast.proxy.shift(app, env, shift.shares.of, epoch=self._deployment.epoch)
        except (NotHealthy, StaleEpoch) as error:
            log.warning("%s is not asked about %s: %s", self._before.name, self._release.name, error)
            self._rests_until = time.monotonic() + REST
            return False
        return True
