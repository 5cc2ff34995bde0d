"""The ways back and forward among the releases of an environment, each with what it moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shipway.errors import UserError
from shipway.rollbacks import choose
from shipway.state import decisions, deployments, releases, runs, verdicts
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.story import beneath
from shipway.web import differences
from shipway.web.pages import release_lines
from shipway.web.pages.release_lines import Line, Now
from shipway.web.site import Site
from shipway.web.words import ago

FAR = 100  # deployments after one, of which one took its place


@dataclass(frozen=True)
class Way:
    """To the release `to`, from what serves; `warm`: its web still runs. `coming` says what becomes of the
    configuration, `closed` why it cannot be gone, as things are; empty where it can. `left` says who left it, and
    why, where the way is forward to it again; `fails` that `to` failed since the release command of what serves.
    """

    to: Release
    subject: str
    serving: Release
    warm: bool
    coming: str
    closed: str
    left: str = ""
    fails: str = ""

    @property
    def forward(self) -> bool:
        return self.to.number > self.serving.number


def back(site: Site, conn: Connection, now: Now | None) -> Way | None:
    """Where a rollback goes that names no release, however old that one is; None where there is none."""
    if now is None:
        return None
    here = now.serving
    try:
        to = choose.target(conn, here.application, here.environment, None)
    except choose.NowhereToGo:
        return None
    return _way(site, conn, now, to)


def forward(site: Site, conn: Connection, now: Now | None, line: Line | None) -> Way | None:
    """To the release of this line, after a person rolled back; None where it did not do well."""
    served = [] if line is None else _done(conn, line.release)
    if now is None or line is None or not served or verdicts.is_condemned(conn, served[0]):
        return None
    by = next((one for one in deployments.after(conn, served[0], FAR) if one.state == "done"), now.by)
    return replace(_way(site, conn, now, line.release), left=_left(conn, by))


def _done(conn: Connection, release: Release) -> list[Deployment]:
    return [one for one in deployments.of_release(conn, release.id) if one.state == "done"]


def _left(conn: Connection, by: Deployment) -> str:
    """Who took its requests away, when, and what for."""
    decided = decisions.of_run(conn, by.run)
    why = ", and gave no reason" if decided is None else f": “{decided.why}”"
    return f"{runs.get(conn, by.run).who} left it {ago(by.switched or by.started)}{why}"


def to_release(site: Site, conn: Connection, release: Release) -> Way | None:
    """To this release, if it has served before and does not now."""
    now = release_lines.now(conn, release.application, release.environment)
    if now is None or now.serving.release == release.id or not deployments.has_served(conn, release.id):
        return None
    return _way(site, conn, now, release)


def _way(site: Site, conn: Connection, now: Now, to: Release) -> Way:
    serving = releases.get(conn, now.serving.release)
    return Way(
        to,
        site.commits.about(to.application, to.commit).subject,
        serving,
        to.id == now.serving.warm,
        differences.coming_along(to, differences.configuration(site, conn, serving, to)),
        _closed(site, conn, to),
        fails=beneath.fails_since(conn, to, serving),
    )


def _closed(site: Site, conn: Connection, to: Release) -> str:
    try:
        site.story.way_back(conn, to.application, to.environment, to.number)
    except UserError as error:
        return error.message
    return ""
