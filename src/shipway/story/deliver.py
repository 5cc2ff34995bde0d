"""One environment: an artifact becomes the release that serves there, and nothing else changes.

    gate ─► the phases of delivery ─► done, or undone

A deployment that was interrupted goes on where it was.
"""

from __future__ import annotations

from shipway.durable.engine import PASSED, SKIPPED
from shipway.errors import DeploymentStopped
from shipway.releases import gate
from shipway.state import artifacts, configurations, deployments, facts, releases
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.story import migrations
from shipway.story.cast import Cast, project_of
from shipway.story.conclude import conclude, over
from shipway.story.delivery import Delivery

OVERTAKEN = "overtaken"


def deliver(cast: Cast, run: Run, environment: str, *, again: bool = False) -> str:
    """Makes the run's artifact serve in `environment`; its outcome. Raises ShipwayError when it stopped.

    With `again` it is the artifact that serves there already, whichever that is by then.
    """
    with cast.in_turn(run.id, run.application, environment):
        try:
            deployment, release = _begin(cast, run, environment, again=again)
        except gate.NotWanted:
            return SKIPPED
        except gate.Overtaken as error:
            return overtaken(cast, run, environment, error)
        if deployment is None:
            unneeded(cast, run, release)
            return PASSED
        if deployment.over:
            return over(cast, deployment)
        return conclude(cast, Delivery(cast, deployment, release))


def overtaken(cast: Cast, run: Run, environment: str, error: gate.Overtaken) -> str:
    """Records that something else was quicker; the outcome that says so."""
    _fact(cast, run, environment, "deployment.overtaken", error.message)
    return OVERTAKEN


def unneeded(cast: Cast, run: Run, release: Release) -> None:
    """Records that a run found its release serving already."""
    _fact(cast, run, release.environment, "deployment.unneeded", f"r{release.number} serves already")


def _begin(cast: Cast, run: Run, environment: str, *, again: bool) -> tuple[Deployment | None, Release]:
    """The deployment of this run, new or interrupted; None when the release serves already."""
    project = project_of(run)
    order = project.order
    if project.release is not None:
        migrations.check_contract(cast, run.application, environment, project.release)
    _check_on_top(cast, run, environment, again=again)
    seen = cast.highest_epoch(run.application, environment)
    with cast.database.write() as conn:
        begun = deployments.of_run(conn, run.id, environment)
        if begun is not None:
            return begun, releases.get(conn, begun.release)
        gate.still_wanted(conn, run)
        now = releases.now_serving(conn, run.application, environment)
        serving = None if now is None else artifacts.of_release(conn, releases.get(conn, now.release))
        artifact = serving if again and serving else artifacts.of_commit(conn, run.application, run.commit)
        if artifact is None:
            raise DeploymentStopped(
                f"There is no artifact of {run.commit[:7]} any more.",
                hint=f"git push shipway {run.commit[:7]}:refs/heads/again builds it anew; then deploy it.",
            )
        gate.check(conn, run, artifact, environment, order, project.rehearsing)
        release = releases.make(
            conn,
            application=run.application,
            environment=environment,
            digest=artifact.digest,
            commit=artifact.commit,
            configuration=configurations.newest(conn, run.application, environment).version,
        )
        if now is not None and now.release == release.id:
            return None, release
        return deployments.begin(conn, run=run.id, release=release, kind="deploy", at_least=seen), release


def _check_on_top(cast: Cast, run: Run, environment: str, *, again: bool) -> None:
    """Raises NotOnTop; one that was begun goes on."""
    with cast.database.read() as conn:
        now = releases.now_serving(conn, run.application, environment)
        begun = deployments.of_run(conn, run.id, environment)
        commit = releases.get(conn, now.release).commit if again and now is not None else run.commit
    if begun is None:
        migrations.check_on_top(cast, run.application, environment, commit)


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
