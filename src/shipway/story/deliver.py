"""One environment: an artifact becomes the release that serves there, and nothing else changes.

    gate ─► prepare ─► release command ─► web started, healthy ─► other processes ─► traffic ─► finish
                  └──────────── on any failure: undo, and what served goes on serving ───────┘

Every phase first looks at what is done, so a deployment that was interrupted goes on where it was.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property

from shipway.durable.engine import PASSED
from shipway.errors import DeploymentStopped, OutcomeUnknown, ShipwayError, StaleEpoch, TransientError
from shipway.project import Project
from shipway.releases import gate, health, prepare
from shipway.releases.settings import ProcessSettings
from shipway.releases.targets import process
from shipway.releases.targets.process import Surroundings
from shipway.state import artifacts, configurations, deployments, facts, releases
from shipway.state.deployments import Deployment
from shipway.state.instances import Instance
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run
from shipway.story.cast import Cast, project_of
from shipway.traffic import shift, strategies
from shipway.traffic.addresses import host

OVERTAKEN = "overtaken"


def deliver(cast: Cast, run: Run, environment: str) -> str:
    """Makes the run's artifact serve in `environment`; its outcome. Raises ShipwayError when it stopped."""
    with cast.alone(run.application, environment):
        try:
            deployment, release = _begin(cast, run, environment)
        except gate.Overtaken as error:
            _fact(cast, run, environment, "deployment.overtaken", error.message)
            return OVERTAKEN
        if deployment is None:
            _fact(cast, run, environment, "deployment.unneeded", f"r{release.number} serves already")
            return PASSED
        if deployment.over:
            return PASSED if deployment.state == "done" else f"failed: {deployment.reason}"
        return conclude(cast, deployment, Delivery(cast, deployment, release))


def conclude(cast: Cast, deployment: Deployment, delivery: Delivery, *, warm: bool = False) -> str:
    """Carries a delivery out and records how it ended; on failure undoes it and raises."""
    try:
        delivery.return_to_warm() if warm else delivery.carry_out()
    except TransientError:
        raise
    except StaleEpoch as error:  # somebody newer is in charge: touch nothing
        _end(cast, deployment, "failed", error)
        raise
    except OutcomeUnknown as error:
        _end(cast, deployment, "unknown", error)
        raise
    except ShipwayError as error:
        delivery.undo()
        _end(cast, deployment, "failed", error)
        raise
    with cast.database.write() as conn:
        deployments.end(conn, deployment, "done")
    return PASSED


@dataclass
class Delivery:
    """One deployment under way: what comes, what goes, and the phases between."""

    cast: Cast
    deployment: Deployment
    release: Release

    def carry_out(self) -> None:
        """Brings the release up beside what serves, and then moves everything to it."""
        self._take_epoch()
        self._prepare()
        self._run_release_command()
        self._start_web()
        self._swap_processes()
        self._move_traffic()
        self._finish()

    def return_to_warm(self) -> None:
        """Goes back to a release whose web still runs: traffic first, the other processes after it."""
        self._take_epoch()
        self._move_traffic()
        self._swap_processes()
        self._finish()

    def undo(self) -> None:
        """Takes away what this deployment started and starts again what it stopped."""
        self._enter("undo")
        cast, now = self.cast, self._serving
        keep_web = now is not None and self.release.id in (now.release, now.warm)
        others = [name for name in self.project.processes if name != "web"]
        process.stop(cast.machine, self.release, self.epoch, only=others if keep_web else None)
        if not keep_web:
            cast.proxy.drop_cluster(self.release.name)
        if self.previous is not None:
            Delivery(cast, self.deployment, self.previous)._start(*self._old_processes)

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
    def around(self) -> Surroundings:
        declared = declared_env(self.project, self.release.environment)
        return process.surroundings(self.cast.machine, self.release, self.project.data, declared)

    @property
    def _serving(self) -> Serving | None:
        with self.cast.database.read() as conn:
            return releases.now_serving(conn, self.release.application, self.release.environment)

    def _take_epoch(self) -> None:
        self.cast.machine.keeper.take_epoch(process.group(self.release), self.epoch)

    def _prepare(self) -> None:
        self._enter("prepare")
        prepare.unpack(self.cast.machine, self.release)

    def _run_release_command(self) -> None:
        if self.project.release is not None:
            self._enter("release")
            prepare.run_command(self.cast.machine, self.deployment, self.around, self.project.release)

    def _start_web(self) -> None:
        self._enter("start")
        settings = self.project.health
        started = self._start("web")
        for instance in started:
            health.wait(
                self.cast.machine.keeper,
                instance,
                path=settings.path,
                host=host(self.release.application, self.release.environment),
                timeout=settings.timeout,
            )
        ports = [instance.port for instance in started if instance.port is not None]
        self.cast.proxy.ensure_cluster(self.release.name, ports, settings.path)

    def _swap_processes(self) -> None:
        """The old ones are gone before the new start, unless these may overlap; the new ones must live."""
        others = {name: each for name, each in self.project.processes.items() if name != "web"}
        self._enter("processes")
        if self.previous is not None:
            process.stop(self.cast.machine, self.previous, self.epoch, only=self._must_go_first(others))
        if others:
            started = self._start(*others)
            longest = max(each.grace for each in others.values())
            health.survive(self.cast.machine.keeper, started, longest)

    def _must_go_first(self, others: dict[str, ProcessSettings]) -> list[str]:
        return [name for name in self._old_processes if name not in others or not others[name].overlap]

    @cached_property
    def _old_processes(self) -> list[str]:
        """The processes besides web of what served before."""
        if self.previous is None:
            return []
        old = Delivery(self.cast, self.deployment, self.previous).project
        return [name for name in old.processes if name != "web"]

    def _move_traffic(self) -> None:
        app, env = self.release.application, self.release.environment
        self._enter("switch")
        plan = strategies.plan(self.project.traffic.strategy, self.cast.proxy.serving(app, env), self.release.name)
        shift.carry_out(plan, self.cast.proxy, app, env, epoch=self.epoch)
        warm = self.project.traffic.warm
        with self.cast.database.write() as conn:
            releases.serve(
                conn,
                self.release,
                deployment=self.deployment.id,
                epoch=self.epoch,
                warm_until=time.time() + warm,
            )
            deployments.switched(conn, self.deployment)

    def _finish(self) -> None:
        """The former release keeps only its web, warm; `tend` stops what is no longer needed at all."""
        self._enter("finish")
        if self.previous is not None:
            process.stop(self.cast.machine, self.previous, self.epoch, only=self._old_processes)

    def _start(self, *names: str) -> list[Instance]:
        return [
            instance
            for name in names
            for instance in process.start(
                self.cast.machine, self.release, name, self.project.processes[name], self.around, self.epoch
            )
        ]

    def _enter(self, phase: str) -> None:
        with self.cast.database.write() as conn:
            deployments.enter(conn, self.deployment, phase)


def declared_env(project: Project, environment: str) -> dict[str, str]:
    """The variables that shipway.yml itself gives an environment."""
    return next((dict(each.env) for each in project.environments if each.name == environment), {})


def _begin(cast: Cast, run: Run, environment: str) -> tuple[Deployment | None, Release]:
    """The deployment of this run, new or interrupted; None when the release serves already."""
    project = project_of(run)
    order = [each.name for each in project.environments]
    seen = cast.machine.keeper.highest_epoch(f"{run.application}.{environment}")
    with cast.database.write() as conn:
        begun = deployments.of_run(conn, run.id, environment)
        if begun is not None:
            return begun, releases.get(conn, begun.release)
        artifact = artifacts.of_commit(conn, run.application, run.commit)
        if artifact is None:
            raise DeploymentStopped(f"There is no artifact of {run.commit[:7]} any more: push it again.")
        gate.check(conn, run, artifact, environment, order)
        release = releases.make(
            conn,
            application=run.application,
            environment=environment,
            digest=artifact.digest,
            commit=artifact.commit,
            configuration=configurations.newest(conn, run.application, environment).version,
        )
        now = releases.now_serving(conn, run.application, environment)
        if now is not None and now.release == release.id:
            return None, release
        return deployments.begin(conn, run=run.id, release=release, kind="deploy", at_least=seen), release


def _end(cast: Cast, deployment: Deployment, state: str, error: ShipwayError) -> None:
    excerpt = error.excerpt if isinstance(error, DeploymentStopped) else ""
    reason = f"{error.message} {error.hint}".strip() if state == "unknown" else error.message
    with cast.database.write() as conn:
        deployments.end(conn, deployment, state, reason, excerpt)


def _fact(cast: Cast, run: Run, environment: str, kind: str, why: str) -> None:
    with cast.database.write() as conn:
        facts.record(
            conn,
            kind,
            application=run.application,
            run=run.id,
            environment=environment,
            commit=run.commit,
            data={"reason": why},
        )
