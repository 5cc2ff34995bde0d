"""Requests back to the release before while nothing can be recorded: traffic first, the record when it can be."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from shipway.errors import CannotRecord
from shipway.releases import output, prepare
from shipway.releases.targets import process
from shipway.releases.targets.process import Process
from shipway.state import artifacts, releases
from shipway.state.instances import Instance
from shipway.state.releases import Release
from shipway.story.cast import Cast, project_of
from shipway.story.delivery import declared_env, make_reachable


class OnlyRequests(CannotRecord):
    """The release before has all requests again, and nothing else could be done yet."""

    id = "rollbacks.only_requests"
    default_hint = "Make room on the disk, or let it be written again; then ask for the rollback once more."


class RestWaits(OnlyRequests):
    """The release before has all requests again, and the rest waits for another process that locks the record."""

    id = "rollbacks.rest_waits"
    default_hint = "Let that process finish, or end it; then ask once more. `shipway rollback` does so by itself."


def requests_back(cast: Cast, to: Release) -> bool:
    """Gives a release all requests, one that is not kept warm once it runs; whether it has them.

    By the newest epoch that was seen, so that any later deployment takes them over. Raises what `Proxy.shift`
    raises, and where it cannot be started what tells why.
    """
    app, env = to.application, to.environment
    with cast.alone_if_free(app, env) as free:
        with cast.database.read() as conn:
            now = releases.now_serving(conn, app, env)
        if not free or now is None:
            return False
        if cast.proxy.serving(app, env) != {to.name: 100}:
            epoch = cast.highest_epoch(app, env)
            if to.name not in cast.proxy.clusters(app, env) or not process.is_up(cast.machine, to, "web"):
                bring_up(cast, to, epoch)
            cast.proxy.shift(app, env, {to.name: 100}, epoch=epoch)
        return True


def bring_up(cast: Cast, release: Release, epoch: int) -> None:
    """Starts a release unrecorded, its web alone: its `release:` command, which has run once, and its other
    processes wait for the rollback that is recorded. What does not get healthy is stopped, unless some of it ran
    before: no record would say that it runs.
    """
    machine = cast.machine
    with cast.database.read() as conn:
        project = project_of(artifacts.of_release(conn, release))
    prepare.unpack(machine, release)
    around = process.surroundings(machine, release, project.data, declared_env(project, release.environment))

    def said(instance: Instance) -> str:
        return output.since(process.log_of(machine, release, instance), epoch, around.secrets)

    with ExitStack() as undo:
        if not process.is_up(machine, release, "web"):
            undo.callback(_stop, cast, release, epoch)
        web = Process(release, "web", project.processes["web"])
        started = process.start_unrecorded(machine, web, around, epoch)
        make_reachable(cast, release, project, started, said)
        undo.pop_all()


def _stop(cast: Cast, release: Release, epoch: int) -> None:
    with suppress(CannotRecord):
        process.stop(cast.machine, release, epoch)
