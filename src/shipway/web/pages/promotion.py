"""What serves in the environment before, and may be taken on to this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.pushes.git import GitFailed
from shipway.releases import gate
from shipway.state import artifacts, configurations, releases, runs, stuck
from shipway.state.artifacts import Artifact
from shipway.state.database import Connection
from shipway.state.releases import Release
from shipway.story import migrations
from shipway.story.cast import project_of
from shipway.story.migrations import MigrationWaits
from shipway.web import sentences, trials
from shipway.web.pages.release_lines import Line
from shipway.web.site import Site
from shipway.web.trials import Trial

AT_ONCE = "all requests at once, with the release before kept warm"
A_SHARE = "a share first, then more as it is judged good"
GIVEN_UP = ("undone", "gone back", "unknown")
"""The fates of a release that was taken away again."""


@dataclass(frozen=True)
class Promotion:
    """`release` serves in the environment `before`, since then; `closed` is why it may not come here now, with the
    `shape` of that state, `way` how its requests would move. `given_up` is what became of its commit here, where
    it was taken away: it may come again, and nobody should take it for new; `otherwise` where values or secrets
    were set since.
    """

    release: Release
    subject: str
    before: str
    since: float
    way: str
    closed: str
    shape: str
    given_up: str
    otherwise: bool


def promotion(
    site: Site, conn: Connection, application: str, names: Sequence[str], environment: str, serving: Line | None
) -> Promotion | None:
    """What could be promoted to `environment`: nothing where it, or something newer, serves already."""
    at = names.index(environment)
    before = None if at == 0 else releases.now_serving(conn, application, names[at - 1])
    if before is None:
        return None
    release = releases.get(conn, before.release)
    if serving is not None and site.commits.contains(application, serving.release.commit, release.commit):
        return None
    artifact = artifacts.of_release(conn, release)
    shape, closed = _closed(site, conn, artifact, environment)
    gone = _given_up(conn, release, environment)
    return Promotion(
        release=release,
        subject=site.commits.about(application, release.commit).subject,
        before=names[at - 1],
        since=before.since,
        way=way(conn, release, environment),
        closed=closed,
        shape=shape,
        given_up="" if gone is None else sentences.sentence(gone),
        otherwise=gone is not None and gone.release.configuration != _newest_values(conn, gone.release),
    )


def _given_up(conn: Connection, release: Release, environment: str) -> Trial | None:
    """The newest release here with the same commit, if it was given up."""
    here = releases.of_commit(conn, release.application, environment, release.commit)
    trial = trials.read(conn, here[0]) if here else None
    return trial if trial is not None and trial.fate in GIVEN_UP else None


def _newest_values(conn: Connection, release: Release) -> int:
    return configurations.newest(conn, release.application, release.environment).version


def _closed(site: Site, conn: Connection, artifact: Artifact, environment: str) -> tuple[str, str]:
    """How the way is closed, and why; both empty where it is open."""
    found = gate.quarantine_over(conn, artifact, environment)
    if found is not None:
        same = "" if found.same == "itself" else f"the same as {str(found.hold.commit)[:7]}, "
        return "quarantined", f"{same}quarantined in {environment}"
    try:
        gate.not_held(conn, artifact, environment)
    except gate.Frozen:
        return "frozen", f"{environment} is frozen"
    except gate.GateClosed as error:
        return "blocked", error.message
    newest = next(iter(runs.recent(conn, application=artifact.application, commit=artifact.commit, limit=1)), None)
    if newest is not None and not newest.over and environment in newest.deliver:
        return "running", f"run {newest.number} takes it there already"
    return _kept_away_by_data(site, conn, artifact, environment)


def _kept_away_by_data(site: Site, conn: Connection, artifact: Artifact, environment: str) -> tuple[str, str]:
    """As far as git can tell: where it cannot, whoever promotes it is told by the gate."""
    application, command = artifact.application, project_of(artifact).release
    left = stuck.now(conn, application, environment)
    if left is not None and site.commits.lacks(application, artifact.commit, left.release.commit):
        return "blocked", migrations.not_on_top(left, artifact.commit).message
    if command is not None:
        try:
            migrations.check_contract(site.story.cast, application, environment, command)
        except MigrationWaits as error:
            return "blocked", error.message
        except GitFailed:
            return "", ""
    return "", ""


def way(conn: Connection, release: Release, environment: str) -> str:
    """How requests move to a release of its artifact in an environment, as its `shipway.yml` says."""
    strategy = project_of(artifacts.of_release(conn, release)).strategy_in(environment)
    return A_SHARE if strategy == "canary" else AT_ONCE
