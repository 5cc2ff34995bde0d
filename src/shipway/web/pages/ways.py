"""The ways back and forward among the releases of an environment, each with what it moves."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.errors import UserError
from shipway.rollbacks import choose
from shipway.state import deployments, releases
from shipway.state.database import Connection
from shipway.state.releases import Release
from shipway.web import differences
from shipway.web.pages import release_lines
from shipway.web.pages.release_lines import Line, Now
from shipway.web.site import Site


@dataclass(frozen=True)
class Way:
    """To the release `to`, from what serves; `warm`: its web still runs. `coming` says what becomes of the
    configuration, `closed` why it cannot be gone, as things are; empty where it can.
    """

    to: Release
    subject: str
    serving: Release
    warm: bool
    coming: str
    closed: str

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
    """To the release of this line, after a rollback."""
    return None if now is None or line is None else _way(site, conn, now, line.release)


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
    )


def _closed(site: Site, conn: Connection, to: Release) -> str:
    try:
        site.story.way_back(conn, to.application, to.environment, to.number)
    except UserError as error:
        return error.message
    return ""
