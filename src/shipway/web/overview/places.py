"""The environments of an application as the record has them now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shipway.rollbacks import choose
from shipway.state import decisions, deployments, holds, releases, runs, stuck
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.holds import Hold
from shipway.state.releases import Release, Serving
from shipway.state.runs import Run
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
    is being deployed just now, `why` the reason for which it was rolled back, and `back` where a rollback goes
    that names no release. `apart`: the newest commit never came here and is not delivered here, so that nothing
    which happens here is about it.
    """

    name: str
    url: str
    serving: Serving | None
    release: Release | None
    by: Deployment | None
    holds: Sequence[Hold]
    rolled_back: bool = False
    why: str = ""
    stuck: Stuck | None = None
    taken: Taken | None = None
    coming: Coming | None = None
    back: Release | None = None
    apart: bool = False

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
) -> dict[str, Place]:
    """The environments called `names`, by them."""
    if not names:
        return {}
    going = {one.environment: one for one in deployments.running(conn) if one.application == application}
    serves = {name: serving[name] for name in names if name in serving}
    made = releases.those(conn, [one.release for one in serves.values()])
    by = deployments.those(conn, [one.deployment for one in serves.values()])
    held = holds.on_every_commit(conn, application)
    read = {}
    for name in names:
        now = serves.get(name)
        place = Place(
            name=name,
            url=addresses.address(application, name, proxy_port),
            serving=now,
            release=None if now is None else made[now.release],
            by=None if now is None else by[now.deployment],
            holds=[hold for hold in held if hold.environment in (None, name)],
        )
        read[name] = _as_it_is(conn, place, going.get(name))
    return read


def without(conn: Connection, commits: Commits, place: Place, run: Run) -> Place:
    """The place, with what took the commit of a run away from it, if anything did."""
    release, commit = place.release, run.commit
    if release is None:
        return place
    if release.commit == commit:
        return replace(place, rolled_back=place.rolled_back and _left_one_of(conn, place, release, run))
    never = not releases.of_commit(conn, release.application, place.name, commit)  # as long as it is on its way
    bound = place.name in run.deliver
    if (never and bound) or commits.contains(release.application, release.commit, commit):
        return place
    if never:
        return replace(place, apart=True, rolled_back=False)
    gone = taken.taken(conn, commits, release.application, commit, place.name)
    return replace(place, taken=gone, rolled_back=place.rolled_back or (gone is not None and gone.back))


def _left_one_of(conn: Connection, place: Place, release: Release, run: Run) -> bool:
    """Whether the way back left a newer release of the run's own commit and branch behind, such as one with
    another configuration; of any other it brought the commit back.
    """
    if place.by is None or runs.get(conn, place.by.run).branch != run.branch:
        return False
    of_it = releases.of_commit(conn, release.application, place.name, release.commit)
    return any(each.number > release.number for each in of_it)


def went_back(conn: Connection, by: Deployment, number: int) -> bool:
    """Whether this deployment was a rollback that left newer releases than r<number> behind; not one forward."""
    if by.kind != "rollback":
        return False
    return releases.recent(conn, by.application, by.environment, limit=1)[0].number > number


def _as_it_is(conn: Connection, place: Place, going: Deployment | None) -> Place:
    """The place with what is to be asked about what serves there, and about what comes."""
    coming = None if going is None else _coming(conn, going)
    if place.release is None or place.by is None:
        return replace(place, coming=coming)
    back = went_back(conn, place.by, place.release.number)
    decided = decisions.of_run(conn, place.by.run) if back else None
    return replace(
        place,
        rolled_back=back,
        why="" if decided is None else decided.why,
        stuck=stuck.now(conn, place.release.application, place.name),
        coming=coming,
        back=choose.before(conn, place.release, place.by),
    )


def _coming(conn: Connection, going: Deployment) -> Coming:
    shares = deployments.shares(conn, going)
    return Coming(going, releases.get(conn, going.release), shares[-1][1] if shares else 0)
