"""What serves in the environment before, and may be taken on to this one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.releases import gate
from shipway.state import artifacts, releases
from shipway.state.artifacts import Artifact
from shipway.state.database import Connection
from shipway.state.releases import Release
from shipway.story.cast import project_of
from shipway.web.pages.release_lines import Line
from shipway.web.site import Site

WAYS = {
    "all_at_once": "all requests at once",
    "blue_green": "all requests at once, with the release before kept warm",
}


@dataclass(frozen=True)
class Promotion:
    """`release` serves in the environment `before`, since then; `closed` is why it may not come here now, with the
    `shape` of that state, `way` how its requests would move."""

    release: Release
    subject: str
    before: str
    since: float
    way: str
    closed: str
    shape: str


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
    shape, closed = _closed(conn, artifact, environment)
    return Promotion(
        release=release,
        subject=site.commits.about(application, release.commit).subject,
        before=names[at - 1],
        since=before.since,
        way=way(conn, release),
        closed=closed,
        shape=shape,
    )


def _closed(conn: Connection, artifact: Artifact, environment: str) -> tuple[str, str]:
    """How the gate is closed, and why; both empty where no hold closes it."""
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
    return "", ""


def way(conn: Connection, release: Release) -> str:
    """How requests move to a release of its artifact, as its `shipway.yml` says."""
    traffic = project_of(artifacts.of_release(conn, release)).traffic
    return WAYS.get(traffic.strategy, "a share first, then more as it is judged good")
