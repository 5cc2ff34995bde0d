"""What a migration leaves behind it: which releases still work with the data as it is now.

Checked against what runs and what was done, not against what was planned: a migration counts from the moment its
command was begun.
"""

from __future__ import annotations

from collections.abc import Iterator

from shipway.errors import UserError
from shipway.pushes.git import Git
from shipway.releases import gate
from shipway.releases.settings import ReleaseSettings
from shipway.state import deployments, releases, stuck
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.state.stuck import Stuck
from shipway.story.cast import Cast


class MigrationWaits(UserError):
    """A contract may not run while code that needs what it takes away still does."""

    id = "releases.migration_waits"
    status = 409


class NoWayBack(UserError):
    """The data was changed so that the release to go back to does not work with it."""

    id = "rollbacks.no_way_back"
    status = 409
    default_hint = "Mend it forward: push a commit on top. The copy of the data from before is in backups/."

    def __init__(self, message: str, *, by: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.by = by


def check_contract(cast: Cast, application: str, environment: str, settings: ReleaseSettings) -> None:
    """Raises MigrationWaits when a release command takes away what something that runs there may need.

    Asks git: never within a change of the record.
    """
    if settings.migration != "contract":
        return
    with cast.database.read() as conn:
        now = releases.now_serving(conn, application, environment)
        running = [] if now is None else [releases.get(conn, name) for name in (now.release, now.warm) if name]
    for runs in running:
        if not _knows(cast, runs, settings):
            raise MigrationWaits(
                f"r{runs.number} ({runs.commit[:7]}) still runs and may need what the release command takes away.",
                hint="Deploy the code that no longer needs it first and name that commit as `since:`; when the "
                "release before it is no longer kept warm, deploy this one again.",
            )


def check_on_top(cast: Cast, application: str, environment: str, commit: str) -> None:
    """Raises NotOnTop where a release is frozen that this commit does not come after.

    Asks git: never within a change of the record.
    """
    with cast.database.read() as conn:
        left = stuck.now(conn, application, environment)
    if left is not None and not is_on_top(cast, left, commit):
        raise not_on_top(left, commit)


def not_on_top(left: Stuck, commit: str) -> gate.NotOnTop:
    """Why a commit that does not come after what is frozen may not go there."""
    return gate.NotOnTop(
        f"{commit[:7]} is not on top of {left.release.commit[:7]}, and {left.title}: {left.cause}.",
        hint=f"Push it on top of {left.release.commit[:7]}: then it goes through.",
    )


def is_on_top(cast: Cast, left: Stuck, commit: str) -> bool:
    """Whether a commit comes after the one that is frozen, or is it."""
    return Git(cast.machine.places.repository(left.release.application)).is_ancestor(left.release.commit, commit)


def check_take_back(
    cast: Cast, conn: Connection, tried: Deployment, good: Release, *, past: int | None = None
) -> None:
    """Raises NoWayBack when what is tried on a share of the requests has changed the data so that those which had
    them before do not work with it. What was frozen before it stays as it was.
    """
    error = keeps_its_share(cast, conn, tried, good, past=past)
    if error is not None:
        release = releases.get(conn, tried.release)
        raise _goes_on(error, release, good, deployments.shares(conn, tried)[-1][1])


def keeps_its_share(
    cast: Cast, conn: Connection, tried: Deployment, good: Release, *, past: int | None = None
) -> NoWayBack | None:
    """Why what a deployment tries on a share of the requests keeps that, if so: those which had them before do not
    work with the data. Not because of what was frozen before it: that has its share again.
    """
    try:
        check_way_back(cast, conn, good, past=past)
    except NoWayBack as error:
        own = error.by == releases.get(conn, tried.release).number
        return error if own or stuck.before(conn, tried) is None else None
    return None


def _goes_on(error: NoWayBack, release: Release, good: Release, share: int) -> NoWayBack:
    return NoWayBack(
        f"r{release.number} is on trial with {share} % of the requests, and cannot be taken back: {error.message} "
        "Its trial goes on, and if it is judged bad, or cannot be judged, it is frozen with its share.",
        by=error.by,
        hint=f"A fix pushed on top of {release.commit[:7]} comes next. If r{good.number} works with the data all "
        f"the same: `shipway rollback --env {release.environment} --to r{good.number} --past r{error.by} "
        "--why REASON`.",
    )


def check_way_back(cast: Cast, conn: Connection, to: Release, *, past: int | None = None) -> None:
    """Raises NoWayBack when a migration has run since `to` served that it does not work with.

    Not where the newest such one is of r<past>: somebody has said that it may go back past that.
    """
    obstacle = next(_obstacles(cast, conn, to), None)
    if obstacle is not None and obstacle.by != past:
        raise obstacle


def _obstacles(cast: Cast, conn: Connection, to: Release) -> Iterator[NoWayBack]:
    known = set()  # a contract stands in shipway.yml until somebody takes it out: in each release after its own
    for deployment, command in deployments.narrowing_since(conn, to):
        settings = ReleaseSettings.model_validate(command)
        contract = settings.migration == "contract"
        if (contract and settings.since in known) or not deployments.has_entered(conn, deployment, "release"):
            continue
        if contract and _knows(cast, to, settings):
            known.add(settings.since)
            continue
        by = releases.get(conn, deployment.release).number
        did = f"took away what r{to.number} may need" if contract else "changed the data irreversibly"
        yield NoWayBack(f"r{by} {did}, so r{to.number} cannot have all requests again.", by=by)


def _knows(cast: Cast, release: Release, settings: ReleaseSettings) -> bool:
    """Whether the code of a release no longer needs what a contract takes away."""
    git = Git(cast.machine.places.repository(release.application))
    since = None if settings.since is None else git.resolve(settings.since)
    return since is not None and git.is_ancestor(since, release.commit)
