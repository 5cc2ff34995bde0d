"""What should run, runs. Looks at what is, not at what was once ordered."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from shipway.durable.engine import Engine
from shipway.durable.plan import Plan
from shipway.errors import ShipwayError
from shipway.pushes.reconcile import reconcile
from shipway.releases.targets import process
from shipway.releases.targets.process import Process
from shipway.signals.encoding import number_of
from shipway.state import applications, artifacts, deployments, instances, pushes, releases, runs, stuck
from shipway.state.ballast import Ballast
from shipway.state.database import Connection
from shipway.state.instances import Instance, Name
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run
from shipway.story import at_once, carry, go_back
from shipway.story.cast import Cast, project_of
from shipway.story.delivery import declared_env
from shipway.traffic.desired import owner

NO_ROOM = 1 << 20
"""Bytes; with fewer free, the room kept back gone too, a rollback gives the requests back before anything else."""

log = logging.getLogger(__name__)


def begin_runs(cast: Cast, engine: Engine, most: int) -> None:
    """Starts queued runs, oldest first, while fewer than `most` are under way; acts of people do not wait."""
    with cast.database.read() as conn:
        active = sum(run.purpose == "push" for run in runs.in_state(conn, "running"))
        queued = runs.in_state(conn, "queued")
    for run in queued:
        if run.purpose == "push":
            if active >= most:
                continue
            active += 1
        _requests_first(cast, run)
        with cast.database.write() as conn:
            begun = runs.begin(conn, run, cast.machine.tier.name)
        if begun:
            Ballast(cast.machine.places.data).keep()  # a full disk would keep it from the engine for a minute
            engine.submit(run.id, Plan.from_dict(run.plan))


def _requests_first(cast: Cast, run: Run) -> None:
    """Of a rollback on a disk without any room: the record may have some, and the engine none for a long time."""
    if run.purpose != "rollback" or shutil.disk_usage(cast.machine.places.data).free >= NO_ROOM:
        return
    (way,) = (
        go_back.way_of(node.arguments) for node in Plan.from_dict(run.plan).nodes if node.action == "roll_back"
    )
    with cast.database.read() as conn:
        release = releases.get(conn, way.release)
        now = releases.now_serving(conn, release.application, release.environment)
    if now is not None and way.frozen is None and way.instead_of in (None, now.release):
        with logged(f"{release.name} could not be given the requests"):
            go_back.check_way(cast, run, release, way)
            with cast.database.read() as conn:
                go_back.check_holds(conn, release)
            at_once.requests_back(cast, release)


def compare_with_engine(cast: Cast, engine: Engine) -> None:
    """Runs that should be under way, and for the engine are not, are submitted again under their ids."""
    known = engine.unfinished()
    with cast.database.read() as conn:
        running = runs.in_state(conn, "running")
    for run in running:
        if run.id not in known and not _ended_since(cast, run):
            log.warning("run %s was not under way in the engine; it is submitted again", run.id)
            engine.submit_again(run.id, Plan.from_dict(run.plan))


def compare_with_pushes(cast: Cast) -> None:
    """Refs that moved are pushes, and accepted pushes get their run: a crash between any two loses nothing.

    A repository that is broken stands in the way of no other.
    """
    with cast.database.read() as conn:
        names = [application.name for application in applications.every(conn)]
    for name in names:
        with logged(f"the pushes of {name} cannot be compared"):
            reconcile(cast.database, cast.machine.places, name)
    with cast.database.read() as conn:
        waiting = pushes.without_run(conn)
    for push in waiting:
        with logged(f"push {push.id} of {push.application} has no run yet"):
            carry.pushed(cast, push)


def restore(cast: Cast) -> None:
    """Starts every wanted instance of what serves or is kept warm and the keeper does not have, as after a reboot.

    Where a deployment is under way, only its web: all else is the deployment's to start and to stop.
    """
    there = {state.id for state in cast.machine.keeper.instances()}
    with cast.database.read() as conn:
        missing = [instance for instance in instances.wanted(conn) if instance.id not in there]
    webs = {instance.release for instance in missing if instance.process == "web"}
    for release in releases_of(cast, missing):
        if under_way(cast, release):
            started = _start_again(cast, release, only="web")
        else:
            with cast.alone(release.application, release.environment):
                started = _start_again(cast, release)
        if started and release.id in webs:
            _record_start(cast, release)
    _restore_unrecorded(cast)


def _restore_unrecorded(cast: Cast) -> None:
    """The same of what was given requests while nothing could be recorded (`at_once`)."""
    with cast.database.read() as conn:
        recorded = {Name.read(instance.id).release for instance in instances.wanted(conn)}
        unrecorded = [named(conn, name) for name in cast.proxy.served() if name not in recorded]
    for release in filter(None, unrecorded):
        if not under_way(cast, release):
            app, env = release.application, release.environment
            with logged(f"{release.name} could not be started again"), cast.alone(app, env):
                if not process.is_up(cast.machine, release, "web"):
                    at_once.bring_up(cast, release, cast.highest_epoch(app, env))


def named(conn: Connection, name: str) -> Release | None:
    """The release that the routers know by this name."""
    application, environment = owner(name).split(".")
    return releases.numbered(conn, application, environment, number_of(name))


def under_way(cast: Cast, where: Release | Serving) -> bool:
    """Whether a deployment to this environment is carried out now, or was interrupted and will go on."""
    if cast.busy(where.application, where.environment):
        return True
    with cast.database.read() as conn:
        return deployments.running_in(conn, where.application, where.environment) is not None


def is_needed(cast: Cast, release: Release) -> bool:
    """Whether it serves, is kept warm or is frozen, by the record or by what the router does."""
    with cast.database.read() as conn:
        now = releases.now_serving(conn, release.application, release.environment)
        comes_back = _comes_back(conn, release)
    if comes_back or (now is not None and release.id in (now.release, now.warm)):
        return True
    return release.name in cast.proxy.serving(release.application, release.environment)


def _comes_back(conn: Connection, release: Release) -> bool:
    """Whether it was frozen, and gets its share again when the deployment under way is undone."""
    moving = deployments.running_in(conn, release.application, release.environment)
    left = None if moving is None else stuck.before(conn, moving)
    return left is not None and left.has(release.id)


def _record_start(cast: Cast, release: Release) -> None:
    """With what serves there and with what is tried: neither is to blame for it (`cold`)."""
    with cast.database.write() as conn:
        now = releases.now_serving(conn, release.application, release.environment)
        going = deployments.running_in(conn, release.application, release.environment)
        serving = None if now is None else deployments.get(conn, now.deployment)
        for deployment in filter(None, (serving, going)):
            deployments.started_anew(conn, deployment, release.name)


def _start_again(cast: Cast, release: Release, *, only: str | None = None) -> bool:
    """Whether something was started."""
    with cast.database.read() as conn:
        project = project_of(artifacts.of_release(conn, release))
        wanted = instances.of_release(conn, release.id)
    if not wanted or not is_needed(cast, release):
        return False
    epoch = cast.machine.keeper.highest_epoch(process.group(release))
    names = [name for name in dict.fromkeys(instance.process for instance in wanted) if only in (None, name)]
    declared = declared_env(project, release.environment)
    with logged(f"{release.name} could not be started again"):
        around = process.surroundings(cast.machine, release, project.data, declared)
        for name in names:
            process.start(cast.machine, Process(release, name, project.processes[name]), around, epoch)
        _tell_router(cast, release, wanted)
        return True
    return False


def _tell_router(cast: Cast, release: Release, wanted: Iterable[Instance]) -> None:
    with cast.database.read() as conn:
        fresh = [instances.get(conn, instance.id) for instance in wanted]
    ports = [instance.port for instance in fresh if instance.port is not None]
    if release.name in cast.proxy.clusters(release.application, release.environment):
        cast.proxy.endpoints(release.name, ports)


@contextmanager
def logged(what: str) -> Iterator[None]:
    """What goes wrong with one, defects too, is tried again soon, and keeps nobody from looking at the next."""
    try:
        yield
    except ShipwayError as error:
        log.warning("%s: %s", what, error)
    except Exception:
        log.exception("%s: a defect", what)


def releases_of(cast: Cast, found: Iterable[Instance]) -> list[Release]:
    """The releases that these instances belong to."""
    with cast.database.read() as conn:
        return [releases.get(conn, name) for name in dict.fromkeys(instance.release for instance in found)]


def _ended_since(cast: Cast, run: Run) -> bool:
    """Whether the run has ended since it was read: its last act and its end are two moments."""
    with cast.database.read() as conn:
        return runs.get(conn, run.id).over
