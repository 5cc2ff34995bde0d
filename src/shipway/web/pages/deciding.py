"""What a person can decide at an environment's page, where nothing can go back by itself."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.state import stuck
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.state.stuck import EVERYTHING, Stuck
from shipway.story import migrations
from shipway.web import differences
from shipway.web.site import Site
from shipway.web.trials import Trial

CHANGED = "its data change cannot be taken back"


@dataclass(frozen=True)
class Choice:
    """`release` gets the `share` of 100 requests that `other` has; past what r<past> did to the data, if any.
    `coming` says what becomes of the configuration.
    """

    release: Release
    other: Release
    share: int
    past: int | None
    subject: str
    coming: str


@dataclass(frozen=True)
class Deciding:
    """What there is to choose, and why nothing can simply go back, if so."""

    choices: list[Choice]
    refused: str = ""


def deciding(
    site: Site, conn: Connection, left: Stuck | None, moving: Deployment | None, tried: Trial | None
) -> Deciding:
    """Between the two where one is frozen; the one before, while one is on trial that cannot be taken back."""
    if left is not None:
        return Deciding(_between(site, conn, left), left.cause)
    if moving is None or tried is None or tried.before is None:
        return Deciding([])
    try:
        migrations.check_take_back(site.story.cast, conn, moving, tried.before)
    except migrations.NoWayBack as error:
        if stuck.before(conn, moving) is not None:
            return Deciding([], CHANGED)
        back = _choice(site, conn, tried.before, tried.release, tried.share, error.by)
        return Deciding([back], CHANGED)
    return Deciding([])


def _between(site: Site, conn: Connection, left: Stuck) -> list[Choice]:
    if left.before is None:
        return []
    back = _choice(site, conn, left.before, left.release, left.share, left.by)
    if left.share == EVERYTHING:
        return [back]
    return [_choice(site, conn, left.release, left.before, EVERYTHING - left.share, None), back]


def _choice(
    site: Site, conn: Connection, release: Release, other: Release, share: int, past: int | None
) -> Choice:
    subject = site.commits.about(release.application, release.commit).subject
    changed = differences.configuration(site, conn, other, release)
    return Choice(release, other, share, past, subject, differences.coming_along(release, changed))
