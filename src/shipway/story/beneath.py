"""Whether a release began to fail because the data was changed beneath it: by the release command of a newer one.

    r4 serves well ─► r5's release command begins ─► r4 has an error that is new, though nobody changed r4

Checked against what was begun, not against what was declared: an expand is one only as far as its author knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shipway.incidents.letter import lasting
from shipway.state import artifacts, deployments, releases
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.story.cast import project_of

FAR = 50  # deployments after the one that brought a release
ONE_OF = 10


@dataclass(frozen=True)
class Beneath:
    """The release `command` of `by` was begun beneath `old`; it is `new` where that one has another. `old` had
    served well for `well` seconds by then, and for another `since` with the data as it was left, until it failed.
    """

    old: Release
    by: Release
    command: str
    new: bool
    well: float
    since: float

    @property
    def fits(self) -> bool:
        """Whether it is hardly chance that it failed after the command and not before: what was wrong with it from
        the beginning on would show as soon as that in at most one of ten releases.
        """
        return ONE_OF * self.since < self.well + self.since

    @property
    def says(self) -> str:
        """Why it is that, without a full stop."""
        old, by = f"r{self.old.number}", f"r{self.by.number}"
        return (
            f"{by}'s release command had run when {old}, which served well for {lasting(self.well)}, began to fail"
        )

    @property
    def undecided(self) -> str:
        """Why it may be that, and may not."""
        old, by = f"r{self.old.number}", f"r{self.by.number}"
        return (
            f"{by}'s release command had begun before {old} first reported it. Whether it is that cannot be told: "
            f"{old} had not served for long enough before."
        )


def changed(conn: Connection, old: Release, failed: float) -> Beneath | None:
    """What changed the data beneath a release that had requests then, before it first `failed` (seconds since
    1970).
    """
    every = [one for one in deployments.of_release(conn, old.id) if one.started <= failed]
    if not every:
        return None
    newest, first = every[0], every[-1]
    later = deployments.recent(conn, old.application, old.environment, FAR)
    for deployment, began in _begun(conn, [one for one in later if one.epoch > first.epoch], old):
        if began > failed:
            continue
        came_back = newest.epoch > deployment.epoch
        if not came_back and not _had_requests(conn, newest, deployment):
            continue
        by = releases.get(conn, deployment.release)
        command, before = _command(conn, by), _command(conn, old)
        served = next((at for at, share in deployments.shares(conn, first) if share), began)
        again = max(began, newest.switched or newest.started) if came_back else began
        return Beneath(old, by, command, command != before, max(began - served, 0.0), max(failed - again, 0.0))
    return None


def first_after(conn: Connection, deployment: Deployment) -> float | None:
    """When (seconds since 1970) the first release command of a newer release was begun after a deployment; None
    before.
    """
    later = list(deployments.after(conn, deployment, FAR))
    return next((began for _, began in _begun(conn, later, releases.get(conn, deployment.release))), None)


def _begun(conn: Connection, later: Sequence[Deployment], old: Release) -> Iterator[tuple[Deployment, float]]:
    """Those of other releases whose release command was begun, each with when."""
    for one in later:
        began = None if one.release == old.id else deployments.entered(conn, one, "release")
        if began is not None:
            yield one, began


def _had_requests(conn: Connection, newest: Deployment, deployment: Deployment) -> bool:
    """Whether what a deployment had brought served, or was frozen with a share, when another one began."""
    before = deployments.done_before(conn, deployment)
    return newest.state == "stuck" or (before is not None and before.release == newest.release)


def _command(conn: Connection, release: Release) -> str:
    settings = project_of(artifacts.of_release(conn, release)).release
    return "" if settings is None else settings.run
