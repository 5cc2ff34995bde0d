"""What should run, runs; what need not, stops. Looks at what is, not at what was once ordered."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from shipway.durable.engine import Engine
from shipway.durable.plan import Plan
from shipway.errors import ShipwayError
from shipway.pushes.reconcile import reconcile_all
from shipway.releases.targets import process
from shipway.state import artifacts, instances, pushes, releases, runs
from shipway.state.instances import Instance
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run
from shipway.story import carry
from shipway.story.cast import Cast, project_of
from shipway.story.deliver import declared_env

log = logging.getLogger(__name__)


def begin_runs(cast: Cast, engine: Engine, at_once: int) -> None:
    """Starts queued runs, oldest first, while fewer than `at_once` are under way; acts of people do not wait."""
    with cast.database.read() as conn:
        under_way = sum(run.purpose == "push" for run in runs.in_state(conn, "running"))
        queued = runs.in_state(conn, "queued")
    for run in queued:
        if run.purpose == "push":
            if under_way >= at_once:
                continue
            under_way += 1
        with cast.database.write() as conn:
            begun = runs.begin(conn, run, cast.machine.tier.name)
        if begun:
            engine.submit(run.id, Plan.from_dict(run.plan))


def compare_with_engine(cast: Cast, engine: Engine) -> None:
    """Runs that should be under way and that the engine does not know are submitted again under their ids."""
    known = engine.unfinished()
    with cast.database.read() as conn:
        running = runs.in_state(conn, "running")
    for run in running:
        if run.id not in known and not _ended_since(cast, run):
            log.warning("run %s was not known to the engine; it is submitted again", run.id)
            engine.submit(run.id, Plan.from_dict(run.plan))


def compare_with_pushes(cast: Cast) -> None:
    """Refs that moved are pushes, and accepted pushes get their run: a crash between any two loses nothing."""
    reconcile_all(cast.database, cast.machine.places)
    with cast.database.read() as conn:
        waiting = pushes.without_run(conn)
    for push in waiting:
        carry.pushed(cast, push)


def restore(cast: Cast) -> None:
    """Starts every wanted instance that the keeper does not have, as after a reboot."""
    there = {state.id for state in cast.machine.keeper.instances()}
    with cast.database.read() as conn:
        missing = [instance for instance in instances.wanted(conn) if instance.id not in there]
    for release in _releases_of(cast, missing):
        with cast.alone(release.application, release.environment):
            _start_again(cast, release)


def retire(cast: Cast) -> None:
    """Stops the instances of releases that neither serve nor are kept warm, drained first; one look."""
    now = time.time()
    with cast.database.read() as conn:
        everything = {(each.application, each.environment): each for each in releases.all_serving(conn)}
        wanted = instances.wanted(conn)
    for serving in everything.values():
        if serving.warm is not None and (serving.warm_until or 0) <= now:
            _cool(cast, serving)
    for release in _releases_of(cast, wanted):
        where = (release.application, release.environment)
        if not cast.busy(*where):
            _retire_unless_needed(cast, release)


def _cool(cast: Cast, serving: Serving) -> None:
    if not cast.busy(serving.application, serving.environment):
        with cast.alone(serving.application, serving.environment), cast.database.write() as conn:
            releases.cool(conn, serving)


def _retire_unless_needed(cast: Cast, release: Release) -> None:
    with cast.alone(release.application, release.environment):
        with cast.database.read() as conn:
            now = releases.now_serving(conn, release.application, release.environment)
        if now is not None and release.id in (now.release, now.warm):
            return
        with cast.database.read() as conn:
            drain = project_of(artifacts.of_release(conn, release)).traffic.drain
        cast.proxy.drained(release.name, drain)
        process.stop(cast.machine, release, cast.machine.keeper.highest_epoch(process.group(release)))
        cast.proxy.drop_cluster(release.name)


def _start_again(cast: Cast, release: Release) -> None:
    with cast.database.read() as conn:
        project = project_of(artifacts.of_release(conn, release))
        wanted = instances.of_release(conn, release.id)
    epoch = cast.machine.keeper.highest_epoch(process.group(release))
    around = process.surroundings(cast.machine, release, project.data, declared_env(project, release.environment))
    try:
        for name in dict.fromkeys(instance.process for instance in wanted):
            process.start(cast.machine, release, name, project.processes[name], around, epoch)
    except ShipwayError:
        log.exception("%s could not be started again", release.name)
        return
    _tell_router(cast, release, wanted)


def _tell_router(cast: Cast, release: Release, wanted: Iterable[Instance]) -> None:
    with cast.database.read() as conn:
        fresh = [instances.get(conn, instance.id) for instance in wanted]
    ports = [instance.port for instance in fresh if instance.port is not None]
    if release.name in cast.proxy.clusters(release.application, release.environment):
        cast.proxy.endpoints(release.name, ports)


def _releases_of(cast: Cast, found: Iterable[Instance]) -> list[Release]:
    with cast.database.read() as conn:
        return [releases.get(conn, name) for name in dict.fromkeys(instance.release for instance in found)]


def _ended_since(cast: Cast, run: Run) -> bool:
    """Whether the run has ended since it was read: its last act and its end are two moments."""
    with cast.database.read() as conn:
        return runs.get(conn, run.id).over
