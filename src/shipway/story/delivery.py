"""The phases of one deployment, in order of use; each first looks at what is done already.

prepare ─► release command ─► web started, healthy ─► a trial of each share ─► other processes ─► traffic ─► finish
              └── on any failure: undo, and what served goes on serving; or frozen with its share ─────┘
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from shipway.errors import NotHealthy
from shipway.project import Project
from shipway.releases import health, output, prepare
from shipway.releases.settings import ProcessSettings
from shipway.releases.targets import process
from shipway.releases.targets.process import Process, Surroundings
from shipway.signals.encoding import number_of
from shipway.state import artifacts, deployments, releases, stuck, verdicts
from shipway.state.database import BRIEFLY
from shipway.state.deployments import Deployment
from shipway.state.instances import Instance
from shipway.state.releases import Release, Serving
from shipway.state.stuck import Stuck
from shipway.story import condemn, migrations
from shipway.story.cast import Cast, project_of
from shipway.story.trial import LOOK, Trial, check_wanted
from shipway.traffic import strategies
from shipway.traffic.addresses import host
from shipway.traffic.plan import FEW, Judged, Plan, Shift, Takeover

BUSY_OVER = 10.0  # seconds over which it is counted how many requests come
SPARED = 60.0  # seconds for which requests are not given back to what is ill while what has them is not


@dataclass
class Delivery:
    """One deployment under way: what comes, what goes, and the phases between."""

    cast: Cast
    deployment: Deployment
    release: Release
    _moved: bool = False  # requests, away from the release

    def carry_out(self) -> None:
        """Brings the release up beside what serves, and then moves everything to it."""
        self._take_epoch()
        self._prepare()
        self._run_release_command()
        self._start_web()
        self._try_shares()
        self._swap_processes()
        self._move_traffic()
        self._finish()

    def take_traffic(self) -> None:
        """The same for a release whose web runs: traffic first, the other processes after it.

        When what runs does not answer after all, it is stopped, and brought up like any other, unless it has
        requests already. What serves by the record has its processes.
        """
        self._take_epoch()
        try:
            self._move_traffic()
        except NotHealthy:
            if self._frozen is not None and self._frozen.has(self.release.id):
                raise
            process.stop(self.cast.machine, self.release, self.epoch)
            self.carry_out()
            return
        if self._stays:
            return
        self._swap_processes()
        self._finish()

    def undo(self) -> None:
        """Takes away what this deployment started, its traffic first, and starts again what it stopped."""
        cast, before = self.cast, self.previous
        self.give_traffic_back()
        if self._stays:
            return
        keep_web = self._is_kept
        if (self._moved or self._shares) and not keep_web:
            cast.proxy.drained(self.release.name, self.project.traffic.drain)
        process.stop(cast.machine, self.release, self.epoch, only=self._others if keep_web else None)
        if not keep_web:
            cast.proxy.drop_cluster(self.release.name)
        if before is not None:
            Delivery(cast, self.deployment, before)._start(*self._old_processes)

    def keep_share(self, left: Stuck) -> None:
        """What its release has of the requests by the record stays, and what served by that has its processes."""
        app, env = self.release.application, self.release.environment
        if self.cast.proxy.serving(app, env) != left.of:
            self._give_back(left.of)
        if left.serves.id != self.release.id:
            process.stop(self.cast.machine, self.release, self.epoch, only=self._others)
            Delivery(self.cast, self.deployment, left.serves)._start(*self._old_processes)

    def give_traffic_back(self) -> None:
        """To what had it before, if the router or the record, or both, know of this release already: what served,
        or that and what was frozen beside it.
        """
        if self._frozen is not None:
            self._give_shares_back(self._frozen)
            return
        app, env = self.release.application, self.release.environment
        now, before = self._serving, self.previous
        if self.release.name in self.cast.proxy.serving(app, env):
            self._give_back({} if before is None else {before.name: 100})
            self._moved = True
        served = now is not None and now.release == self.release.id
        if not served and not self._shares[-1:] > [0]:
            return
        with self.cast.database.write(BRIEFLY) as conn:
            if now is not None and served and before is None:
                releases.serve_nothing(conn, now)
            elif served and before is not None:
                releases.serve(conn, before, deployment=self.deployment.id, epoch=self.epoch, warm_until=None)
            deployments.switched_back(conn, self.deployment)

    def _give_shares_back(self, left: Stuck) -> None:
        """What served alone does not know what was done to the data: it gets no more than it had."""
        app, env = self.release.application, self.release.environment
        shares = self.cast.proxy.serving(app, env)
        if self.release.name in shares and shares != left.of:
            self._give_back(left.of)
            self._moved = True
        if not self._shares[-1:] > [0]:
            return
        with self.cast.database.write(BRIEFLY) as conn:
            if deployments.has_entered(conn, self.deployment, "switched"):
                releases.serve(conn, left.serves, deployment=self.deployment.id, epoch=self.epoch, warm_until=None)
            deployments.switched_back(conn, self.deployment, left.of_numbers, left.deployment.id)

    def _give_back(self, shares: Mapping[str, int]) -> None:
        """To what had the requests before. While only that is ill they are spared it, for a minute at most: what
        was given up keeps none in the end. A rollback that fails leaves them where they are answered.
        """
        app, env = self.release.application, self.release.environment
        try:
            self.cast.proxy.shift(app, env, shares, epoch=self.epoch)
        except NotHealthy:
            if self.deployment.kind != "deploy":
                raise
            until = time.monotonic() + SPARED
            while self.is_before_out and self.is_well and time.monotonic() < until:
                time.sleep(LOOK)
            self.cast.proxy.shift(app, env, shares, epoch=self.epoch, healthy=False)

    def give_share_back(self) -> None:
        """While nothing can be recorded nothing is tried: what serves gets all requests, as the record has it.

        Where somebody goes back to a release that is just asked, that one gets them: it is decided already.
        """
        app, env, before = self.release.application, self.release.environment, self.previous
        serving = self.cast.proxy.serving(app, env)
        if before is None or serving.keys() != {self.release.name, before.name}:
            return
        good = self.release if self.deployment.kind == "rollback" else before
        with suppress(NotHealthy):  # then nobody gets more than before
            self.cast.proxy.shift(app, env, {good.name: 100}, epoch=self.epoch)

    @property
    def shares_now(self) -> dict[str, int]:
        """What the router gives to which release (by `r<number>`), of 100 requests."""
        shares = self.cast.proxy.serving(self.release.application, self.release.environment)
        return {f"r{number_of(name)}": share for name, share in shares.items()}

    @property
    def epoch(self) -> int:
        return self.deployment.epoch

    @cached_property
    def project(self) -> Project:
        """The project of the release's own commit: going back uses the processes of that time."""
        with self.cast.database.read() as conn:
            return project_of(artifacts.of_release(conn, self.release))

    @cached_property
    def previous(self) -> Release | None:
        """What served before this deployment moved the traffic, however far it has got."""
        now = self._serving
        before = None if now is None else now.warm if now.release == self.release.id else now.release
        if before is None:
            return None
        with self.cast.database.read() as conn:
            return releases.get(conn, before)

    @cached_property
    def _frozen(self) -> Stuck | None:
        """What was frozen there when this deployment began."""
        with self.cast.database.read() as conn:
            return stuck.before(conn, self.deployment)

    @property
    def _stays(self) -> bool:
        """Whether the release served by the record before: it is given requests that were with what is frozen."""
        return self._frozen is not None and self._frozen.serves.id == self.release.id

    @property
    def _is_kept(self) -> bool:
        """Whether its web runs on when this deployment is undone: it serves, is kept warm, or is frozen."""
        now = self._serving
        if now is not None and self.release.id in (now.release, now.warm):
            return True
        return self._frozen is not None and self._frozen.has(self.release.id)

    @cached_property
    def around(self) -> Surroundings:
        declared = declared_env(self.project, self.release.environment)
        return process.surroundings(self.cast.machine, self.release, self.project.data, declared)

    @property
    def _others(self) -> list[str]:
        """Its processes besides web."""
        return [name for name in self.project.processes if name != "web"]

    @property
    def _serving(self) -> Serving | None:
        with self.cast.database.read() as conn:
            return releases.now_serving(conn, self.release.application, self.release.environment)

    @property
    def _shares(self) -> list[int]:
        """Of 100 requests, which its release has had by this deployment, the last one last."""
        with self.cast.database.read() as conn:
            return [share for _, share in deployments.shares(conn, self.deployment)]

    def _take_epoch(self) -> None:
        self.cast.machine.keeper.take_epoch(process.group(self.release), self.epoch)

    def _prepare(self) -> None:
        self._enter("prepare")
        prepare.unpack(self.cast.machine, self.release)

    def _run_release_command(self) -> None:
        if self.project.release is not None:
            prepare.copy_data(self.cast.machine, self.deployment)
            self._enter("release")
            said = prepare.run_command(self.cast.machine, self.deployment, self.around, self.project.release)
            with self.cast.database.write(BRIEFLY) as conn:
                deployments.released(conn, self.deployment, said)

    def _start_web(self) -> None:
        self._enter("start")
        at = self.cast.proxy.clusters(self.release.application, self.release.environment)
        process.adopt(self.cast.machine, self.release, "web", at.get(self.release.name, ()))
        started = self._start("web")
        for share in self._shares[-1:]:  # it was interrupted, and what both depend on may be out since
            self._wait_while_both_are_out(share)
        make_reachable(self.cast, self.release, self.project, started, self._said)

    def _swap_processes(self) -> None:
        """The old ones are gone before the new start, unless these may overlap; the new ones must live."""
        others = {name: each for name, each in self.project.processes.items() if name != "web"}
        self._enter("processes")
        if self.previous is not None:
            process.stop(self.cast.machine, self.previous, self.epoch, only=self._must_go_first(others))
        if others:
            ended_before = health.restarts(self.cast.machine.keeper)
            started = self._start(*others)
            longest = max(each.grace for each in others.values())
            health.survive(self.cast.machine.keeper, started, self._said, longest, ended_before)

    def _must_go_first(self, others: dict[str, ProcessSettings]) -> list[str]:
        return [name for name in self._old_processes if name not in others or not others[name].overlap]

    @cached_property
    def _old_processes(self) -> list[str]:
        """The processes besides web of what served before."""
        if self.previous is None:
            return []
        old = Delivery(self.cast, self.deployment, self.previous).project
        return [name for name in old.processes if name != "web"]

    def _try_shares(self) -> None:
        """Gives the release every share but the last, and waits for the verdict on each before the next move."""
        shifts = self._plan.shifts
        if len(shifts) == 1 or self.previous is None:
            return
        trial = Trial(self.cast, self.deployment, self.release, self.previous)
        with self.cast.collector.closely(self.release.application, self.release.environment):
            for shift, following in pairwise(shifts):
                share = shift.shares.of[self.release.name]
                with self.cast.database.read() as conn:
                    check_wanted(self.cast, conn, self.deployment, self.release)
                self._shift(shift)
                self._try(share)
                if isinstance(following.condition, Judged) and not self._is_judged(share):
                    self._judge(trial, share, following.condition, following.shares.of[self.release.name])
                self._wait_while_both_are_out(share)

    def _try(self, share: int) -> None:
        """Records that a share is tried; one that stood when the deployment was interrupted is on record."""
        keeps = {"keeps": True} if self._keeps else {}
        with self.cast.database.write(BRIEFLY) as conn:
            if [of for _, of in deployments.shares(conn, self.deployment)][-1:] == [share]:
                deployments.enter_again(conn, self.deployment, "try")
            else:
                why = self._why_so_many(share)
                said = {"why": why} if why else {}
                deployments.enter(conn, self.deployment, "try", {"share": share, **said, **keeps})

    @cached_property
    def _keeps(self) -> bool:
        """Whether its release keeps a share with which it is bad, or cannot be judged, for what was done to the
        data. Asks git: never within a change of the record.
        """
        good = self.previous
        if good is None:
            return False
        with self.cast.database.read() as conn:
            return migrations.keeps_its_share(self.cast, conn, self.deployment, good) is not None

    def _why_so_many(self, share: int) -> str:
        """Why the first share is larger than the first that shipway.yml names; empty where it is not."""
        steps = self.project.traffic.steps
        if self._shares or not steps or share <= steps[0]:
            return ""
        return f"fewer than {FEW:g} requests a second come, and {steps[0]} % of them would say little"

    def _is_judged(self, share: int) -> bool:
        """Whether this deployment was interrupted after the verdict on the share."""
        with self.cast.database.read() as conn:
            return condemn.is_judged(conn, self.deployment, share)

    def _judge(self, trial: Trial, share: int, condition: Judged, following: int) -> None:
        """Raises what `Trial.hold` raises; any other verdict goes on record, and the next move may be made."""
        verdict = trial.hold(share, condition, following, keeps=self._keeps)
        with self.cast.database.write(BRIEFLY) as conn:
            condemn.judge(conn, self.deployment, share, verdict)

    def _move_traffic(self) -> None:
        self._enter("switch")
        self._shift(self._plan.shifts[-1])
        until = time.time() + self.project.traffic.warm
        with self.cast.database.write(BRIEFLY) as conn:
            releases.serve(conn, self.release, deployment=self.deployment.id, epoch=self.epoch, warm_until=until)
            deployments.switched(conn, self.deployment)

    @property
    def _plan(self) -> Plan:
        """How it takes over from what serves at this moment."""
        app, env, traffic = self.release.application, self.release.environment, self.project.traffic
        takeover = Takeover(
            self.cast.proxy.serving(app, env),
            self.release.name,
            before="" if self.previous is None else self.previous.name,
            rate=self._rate,
            steps=traffic.steps,
            hold=traffic.hold,
            deadline=traffic.deadline,
        )
        decided = self.deployment.kind != "deploy"  # a rollback is
        return strategies.plan("blue_green" if decided else self.project.strategy_in(env), takeover)

    @property
    def _rate(self) -> float:
        """Requests a second to the environment in the last seconds in which it was heard, whichever release
        answered: what serves may have taken over a moment ago. Where nothing was heard, as if enough came.
        """
        now, where = time.time(), (self.release.application, self.release.environment)
        readings = [
            [one for one in self.cast.collector.readings(name, now - BUSY_OVER, now) if one.heard and one.seconds]
            for name in self.cast.proxy.clusters(*where)
        ]
        requests = sum(one.tally.requests for of in readings for one in of)
        heard = max((sum(one.seconds for one in of) for of in readings), default=0.0)
        return requests / heard if heard else FEW

    def _shift(self, shift: Shift) -> None:
        app, env = self.release.application, self.release.environment
        sticky = self.project.traffic.sticky
        self.cast.proxy.shift(app, env, shift.shares.of, epoch=self.epoch, sticky=sticky)

    def _wait_while_both_are_out(self, share: int) -> None:
        """Before more requests go to it: for as long as a share may stand unjudged, also over a restart. Raises
        TakenBack when somebody asks for the release before.
        """
        left = self.project.traffic.deadline - max(0.0, time.time() - self._due_since(share))
        until = time.monotonic() + left
        while not self.is_well and self.is_before_out and time.monotonic() < until:
            with self.cast.database.read() as conn:
                check_wanted(self.cast, conn, self.deployment, self.release)
            time.sleep(LOOK)

    def _due_since(self, share: int) -> float:
        """Since when (seconds since 1970) the next share is due: since the verdict on this one. Before that it
        stands unjudged.
        """
        with self.cast.database.read() as conn:
            stood = [at for at, of in deployments.shares(conn, self.deployment) if of == share]
            judged = [one.at for one in verdicts.of_deployment(conn, self.deployment.id) if one.share == share]
        return (judged or stood)[-1]

    @property
    def is_before_out(self) -> bool:
        """Whether what serves beside it is known not to be healthy at this moment."""
        before = self.previous
        return before is not None and self.cast.proxy.is_well(before.name, directly=True) is False

    @property
    def is_well(self) -> bool:
        """Whether its own web is healthy at this moment."""
        return bool(self.cast.proxy.is_well(self.release.name, directly=True))

    def _finish(self) -> None:
        """The former release keeps only its web, warm; `tend` stops what is no longer needed at all."""
        self._enter("finish")
        if self.previous is not None:
            process.stop(self.cast.machine, self.previous, self.epoch, only=self._old_processes)

    def _start(self, *names: str) -> list[Instance]:
        """All are wanted before the first is started: what cannot be now, `tend` starts once it can."""
        meant = [Process(self.release, name, self.project.processes[name]) for name in names]
        for each in meant:
            process.want(self.cast.machine, each)
        return [
            instance
            for each in meant
            for instance in process.start(self.cast.machine, each, self.around, self.epoch)
        ]

    def _said(self, instance: Instance) -> str:
        """What it wrote since this deployment started it."""
        log = process.log_of(self.cast.machine, self.release, instance)
        return output.since(log, self.epoch, self.around.secrets)

    def _enter(self, phase: str, data: Mapping[str, int] | None = None) -> None:
        """In one transaction with the last look at whether a release that was tried is still wanted."""
        with self.cast.database.write(BRIEFLY) as conn:
            if phase == "processes":
                check_wanted(self.cast, conn, self.deployment, self.release)
            deployments.enter(conn, self.deployment, phase, data)


def make_reachable(
    cast: Cast, release: Release, project: Project, started: Sequence[Instance], said: health.Said
) -> None:
    """Lets the router know a web that was started, once all of it is healthy. Raises what `health.wait` does."""
    for instance in started:
        health.wait(
            cast.machine.keeper,
            instance,
            said,
            path=project.health.path,
            host=host(release.application, release.environment),
            timeout=project.health.timeout,
        )
    ports = [instance.port for instance in started if instance.port is not None]
    cast.proxy.ensure_cluster(release.name, ports, project.health.path)


def declared_env(project: Project, environment: str) -> dict[str, str]:
    """The variables that shipway.yml itself gives an environment."""
    return next((dict(each.env) for each in project.environments if each.name == environment), {})
