"""The environments of an application as the record has them now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from shipway.rollbacks import choose
from shipway.state import deployments, holds, releases, stuck
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.holds import Hold
from shipway.state.releases import Release, Serving
from shipway.state.stuck import Stuck
from shipway.traffic import addresses
from shipway.web import taken
from shipway.web.commits import Commits
from shipway.web.taken import Taken


@dataclass(frozen=True)
class Coming:
    """A release on its way to an environment, by `deployment`; it has `share` of 100 requests."""

    deployment: Deployment
    release: Release
    share: int


@dataclass(frozen=True)
class Place:
    """An environment as the record has it: what serves, by which deployment, what keeps new things from it, and
    what is frozen there with its share; `taken` is what took the newest commit away, if it served, `coming` what
    is being deployed just now, and `back` where a rollback goes that names no release.
    """

    name: str
    url: str
    serving: Serving | None
    release: Release | None
    by: Deployment | None
    holds: Sequence[Hold]
    rolled_back: bool
    stuck: Stuck | None = None
    taken: Taken | None = None
    coming: Coming | None = None
    back: Release | None = None

    def held(self, now: float) -> Hold | None:
        """What keeps it as it is at this moment (in seconds since 1970), if anything does."""
        return next((hold for hold in self.holds if hold.until is None or hold.until > now), None)


def serving_now(conn: Connection) -> dict[str, dict[str, Serving]]:
    """What every environment serves, by application and environment."""
    found: dict[str, dict[str, Serving]] = {}
    for one in releases.all_serving(conn):
        found.setdefault(one.application, {})[one.environment] = one
    return found


def places(
    conn: Connection, application: str, names: Sequence[str], serving: Mapping[str, Serving], proxy_port: int
) -> list[Place]:
    """The environments called `names`, in that order."""
    going = {one.environment: one for one in deployments.running(conn) if one.application == application}
    return [
        _place(
            conn,
            application,
            name,
            serving.get(name),
            addresses.address(application, name, proxy_port),
            going.get(name),
        )
        for name in names
    ]


def without(conn: Connection, commits: Commits, place: Place, commit: str) -> Place:
    """The place, with what took the commit (a whole id) away from it, if anything did."""
    release = place.release
    if release is None or release.commit == commit:
        return place
    never = not releases.of_commit(conn, release.application, place.name, commit)  # as long as it is on its way
    if never or commits.contains(release.application, release.commit, commit):
        return place
    gone = taken.taken(conn, commits, release.application, commit, place.name)
    return replace(place, taken=gone, rolled_back=place.rolled_back or (gone is not None and gone.back))


def went_back(conn: Connection, by: Deployment, number: int) -> bool:
    """Whether this deployment was a rollback that left newer releases than r<number> behind; not one forward."""
    if by.kind != "rollback":
        return False
    return releases.recent(conn, by.application, by.environment, limit=1)[0].number > number


def _place(
    conn: Connection, application: str, name: str, now: Serving | None, url: str, going: Deployment | None
) -> Place:
    release = None if now is None else releases.get(conn, now.release)
    by = None if now is None else deployments.get(conn, now.deployment)
    return Place(
        name=name,
        url=url,
        serving=now,
        release=release,
        by=by,
        holds=holds.on(conn, application, name, ""),
        rolled_back=by is not None and release is not None and went_back(conn, by, release.number),
        stuck=None if now is None else stuck.now(conn, application, name),
        coming=None if going is None else _coming(conn, going),
        back=_back(conn, release),
    )


def _back(conn: Connection, release: Release | None) -> Release | None:
    """Nothing is before a first release, and that needs no question to the record."""
    if release is None or release.number == 1:
        return None
    with suppress(choose.NowhereToGo):
        return choose.target(conn, release.application, release.environment, None)
    return None


def _coming(conn: Connection, going: Deployment) -> Coming:
    shares = deployments.shares(conn, going)
    return Coming(going, releases.get(conn, going.release), shares[-1][1] if shares else 0)
