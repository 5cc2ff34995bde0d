"""What speaks for and against a release on trial: readings of both releases, restarts, and requests of our own.

Readings are on the disk, so a trial that is begun anew, after a restart of Shipway say, hears all of them again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from shipway.errors import KeeperGone
from shipway.project import Project
from shipway.releases.targets import process
from shipway.signals.asking import Question, Round
from shipway.signals.judge import Check
from shipway.signals.judge import Reading as Interval
from shipway.signals.questions import question, results
from shipway.signals.reading import Reading
from shipway.state import artifacts, deployments, facts, instances
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.story.beneath import Shaken
from shipway.story.cast import Cast, project_of
from shipway.story.cold import Cold, cold
from shipway.story.probed import Probed
from shipway.traffic.addresses import host
from shipway.traffic.tally import Tally

PAST = 600.0  # seconds before a trial from which it is known how the release before does
SILENT = 5.0  # seconds without any reading after which nothing is known
FEW = 1.0  # requests a second to the new release below which we make some
LATELY = 5.0  # seconds over which that is counted, and between which and now an interval is news and not history
PAUSE = 1.0  # seconds between two rounds of them
CHANGES = 500  # changes of probes and invariants that are looked at, newest first
RECORDED = 1.0  # seconds within which a share that the routers were given is on record


class Evidence:
    """What was seen since the last call of `news`, interval by interval."""

    def __init__(self, cast: Cast, deployment: Deployment, release: Release, before: Release) -> None:
        self._cast = cast
        self._deployment = deployment
        self._release = release
        self._before = before
        self._seen = deployment.started - PAST
        self._heard_at = time.monotonic()
        self._lately: deque[tuple[float, float, int]] = deque()
        self._asked = 0.0
        self._round: Round | None = None
        self._both = True
        self._restarts: tuple[int, int] | None = None
        with cast.database.read() as conn:
            self.shaken = Shaken(before, release, deployments.entered(conn, deployment, "release"))

    def news(self) -> Iterator[Interval]:
        """The intervals that came since, oldest first; the newest brings what instances and own requests show.

        Where Shipway itself has just started what serves, there are none.
        """
        shares, cold, readings = self._shares(), self._cold(), list(self._readings())
        out = self._out()
        intervals = [
            replace(self._interval(at, old, new, shares), old_out=at in out)
            for at, old, new in readings
            if at not in cold
        ]
        if time.time() in cold:
            self._heard_at, self._round = time.monotonic(), None
        elif readings:
            self._heard_at = time.monotonic()
        elif time.monotonic() - self._heard_at > SILENT:
            silence, self._heard_at = time.monotonic() - self._heard_at, time.monotonic()
            intervals = [Interval(silence, _share_at(time.time(), shares), heard=False)]
        if intervals and intervals[-1].share > 0 and time.time() - self._seen < LATELY:
            intervals[-1] = self._with_live(intervals[-1], shares, cold)
        yield from intervals

    def _readings(self) -> Iterator[tuple[float, Reading | None, Reading | None]]:
        """What both releases did, by the moment at which it was read."""
        collector = self._cast.collector
        old = {reading.at: reading for reading in collector.readings(self._before.name, self._seen)}
        new = {reading.at: reading for reading in collector.readings(self._release.name, self._seen)}
        for at in sorted({*old, *new}):
            self._seen = at
            yield at, old.get(at), new.get(at)

    def _shares(self) -> Sequence[tuple[float, int]]:
        """Since when the new release has had which share of 100 requests, oldest first."""
        with self._cast.database.read() as conn:
            return deployments.shares(conn, self._deployment)

    def _interval(
        self, at: float, old: Reading | None, new: Reading | None, shares: Sequence[tuple[float, int]]
    ) -> Interval:
        share = _share_at(at, shares)
        serving = [reading for reading, serves in ((old, share < 1), (new, share > 0)) if serves]
        known = [reading for reading in serving if reading is not None]
        interval = Interval(
            seconds=max((reading.seconds for reading in known), default=0.0),
            share=share,
            old=old.tally if old is not None and share < 1 else Tally(),
            new=new.tally if new is not None and share > 0 else Tally(),
            new_waiting=new.in_flight if new is not None and share > 0 else 0,
            heard=len(known) == len(serving) and all(reading.heard for reading in known),
            most=self._most(at, shares),
        )
        self.shaken.see(at, interval.old, interval.new)
        self._lately.append((at, interval.seconds, interval.new.requests))
        while self._lately[0][0] < at - LATELY:
            self._lately.popleft()
        return interval

    def _most(self, at: float, shares: Sequence[tuple[float, int]]) -> float:
        """The share that it may have had already. A visitor who stays with it may well bring all requests."""
        return 1.0 if self._project.traffic.sticky else _share_at(at + RECORDED, shares)

    def _cold(self) -> Cold:
        with self._cast.database.read() as conn:
            return cold(conn, self._deployment, self._project.health.timeout)

    def _out(self) -> Cold:
        """When the release before, kept warm, was not healthy either."""
        with self._cast.database.read() as conn:
            return Cold(deployments.times_out(conn, self._deployment))

    def _with_live(self, interval: Interval, shares: Sequence[tuple[float, int]], cold: Cold) -> Interval:
        """The interval with what can only be seen at this moment."""
        last, self._restarts = self._restarts, self._count_restarts()
        old, new = self._restarts or (0, 0)
        old_before, new_before = last or (old, new)
        return replace(
            interval,
            old_restarts=max(old - old_before, 0),
            new_restarts=max(new - new_before, 0),
            new_instances=max(len(self._ports(self._release)), 1),
            checks=(
                *self._probed.checks(self._whether_it_served(shares), cold),
                *self._quiet(shares, cold),
                *self._own_requests(alone=interval.share >= 1),
            ),
        )

    def _quiet(self, shares: Sequence[tuple[float, int]], cold: Cold) -> Iterator[Check]:
        """Probes and invariants from which no answer comes while it serves."""
        now, serves = time.time(), self._whether_it_served(shares)
        if serves(now) and now not in cold:
            yield from self._probed.quiet(now, began=next(since for since, share in shares if share > 0))

    def _whether_it_served(self, shares: Sequence[tuple[float, int]]) -> Callable[[float], bool | None]:
        """None from the beginning of the next deployment on: it may break what the environment is asked about."""
        with self._cast.database.read() as conn:
            newer = deployments.next_began(conn, self._deployment)
        return lambda at: _share_at(at, shares) > 0 if newer is None or at < newer else None

    def _count_restarts(self) -> tuple[int, int] | None:
        """Of both releases; as before where the keeper does not answer, for the readings are to be heard."""
        try:
            return self._restarts_of(self._before), self._restarts_of(self._release)
        except KeeperGone:
            return self._restarts

    def _restarts_of(self, release: Release) -> int:
        states = self._cast.machine.keeper.instances(process.group(release))
        return sum(state.restarts for state in states if state.id.startswith(f"{release.name}."))

    def _own_requests(self, *, alone: bool) -> Iterator[Check]:
        """What a round of them has met; a new one begins where few people come.

        However many instances a release has, what they say at one moment is one answer. Both releases get them,
        but one without requests only at first, and after the new one failed: it is to be heard whether the old
        one does no better, and not to be kept busy.
        """
        if self._round is not None:
            if not self._round.over:
                return
            answers: dict[tuple[str, bool], bool] = {}
            for question, good in self._round.answers():
                answers[question.path, question.new] = good and answers.get((question.path, question.new), True)
            self._round, self._both = None, not all(answers.values())
            yield from (
                Check(f"GET {path} asked by the judge", good, new) for (path, new), good in answers.items()
            )
        came, over = sum(count for _, _, count in self._lately), sum(length for _, length, _ in self._lately)
        if came < FEW * over and time.monotonic() - self._asked > PAUSE:
            self._asked, self._round = time.monotonic(), Round(self._questions(both=self._both or not alone))

    def _questions(self, *, both: bool) -> list[Question]:
        releases = [(self._release, True)]
        if both:
            releases.insert(0, (self._before, False))
        project, name = self._project, host(self._release.application, self._release.environment)
        return [
            Question(port, name, path, new)
            for path in dict.fromkeys([project.health.path, *project.traffic.requests])
            for release, new in releases
            for port in self._ports(release)
        ]

    @cached_property
    def _probed(self) -> Probed:
        since = self._deployment.started - PAST
        ours, theirs = self._asked_by(self._release), self._asked_by(self._before)
        asked = {each.name: each for each in (*ours, *(one for one in theirs if one.whole))}
        new = question.new_names(ours, theirs)
        dead = self._not_known_before() - new
        places = self._cast.machine.places
        return Probed(places, self._release, self._before, since, new, list(asked.values()), dead)

    def _not_known_before(self) -> set[str]:
        """The names of what was asked of the environment, or of the release before, and was not known when the
        deployment began, for what that does may be why it is not: by the record, which one answer does not change.
        """
        with self._cast.database.read() as conn:
            app, env = self._release.application, self._release.environment
            told = facts.newest_of(conn, results.TOLD, app, CHANGES, environment=env)
        newest: dict[str, str] = {}
        for fact in told:
            if fact.at <= self._deployment.started and fact.data["release"] in (None, self._before.number):
                newest.setdefault(fact.data["probe"], fact.kind)
        return {name for name, kind in newest.items() if kind == "probe.unknown"}

    def _asked_by(self, release: Release) -> list[question.Question]:
        """What a release has asked, in this environment."""
        with self._cast.database.read() as conn:
            project = project_of(artifacts.of_release(conn, release))
        return question.questions(project.probes, project.invariants, release.environment)

    def _ports(self, release: Release) -> list[int]:
        with self._cast.database.read() as conn:
            return [each.port for each in instances.of_release(conn, release.id) if each.port is not None]

    @cached_property
    def _project(self) -> Project:
        with self._cast.database.read() as conn:
            return project_of(artifacts.of_release(conn, self._release))


def _share_at(at: float, shares: Sequence[tuple[float, int]]) -> float:
    """The share from 0 to 1 of a moment."""
    return next((share / 100 for since, share in reversed(shares) if since < at), 0.0)
