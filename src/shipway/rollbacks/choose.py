"""Which release a rollback goes to."""

from __future__ import annotations

from itertools import islice

from shipway.errors import UserError
from shipway.releases import gate
from shipway.state import deployments, releases, verdicts
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release

NAMED = 20  # releases that are named where one is asked for that has never served


class NowhereToGo(UserError):
    """There is no release to go back to, or the one that was named is not it."""

    id = "rollbacks.nowhere_to_go"
    status = 409


def target(conn: Connection, application: str, environment: str, to: int | None) -> Release:
    """The release called r<to>; without a number, what served before the one that serves now.

    Only a release that has served is a place to go back to, and one that is quarantined or was judged bad is none.
    After a rollback the next one goes further back.
    """
    now = releases.now_serving(conn, application, environment)
    if now is None:
        raise NowhereToGo(f"{environment} serves nothing yet, so there is nothing to roll back.")
    serving = releases.get(conn, now.release)
    if to is not None:
        return _named(conn, serving, to)
    earlier = before(conn, serving, deployments.get(conn, now.deployment))
    if earlier is None:
        raise NowhereToGo(
            f"{environment} serves its first release, r{serving.number}; there is none before it."
            if serving.number == 1
            else f"{environment} serves r{serving.number}, and no release before it may serve.",
            hint="shipway runs, then shipway deploy COMMIT takes another commit there.",
        )
    return earlier


def before(conn: Connection, serving: Release, by: Deployment) -> Release | None:
    """What served before what serves since the deployment `by`, and may again; None where nothing may."""
    below = None if by.kind == "deploy" else serving.number
    served = releases.that_served(conn, serving, below)
    return next((release for release in served if _may_serve_again(conn, release)), None)


def _may_serve_again(conn: Connection, release: Release) -> bool:
    """Also once its quarantine is over, what was judged bad is no place to go back to unless somebody names it."""
    bad = verdicts.is_bad(conn, release.id)
    return not bad and gate.quarantine_over(conn, release, release.environment) is None


def _named(conn: Connection, serving: Release, to: int) -> Release:
    if to == serving.number:
        raise NowhereToGo(f"r{to} is what {serving.environment} serves.")
    named = releases.numbered(conn, serving.application, serving.environment, to)
    if named is not None and deployments.has_served(conn, named.id):
        return named
    others = _others(conn, serving)
    if named is None:
        raise NowhereToGo(f"r{to} has never served in {serving.environment}.", hint=others)
    raise _no_place(conn, named, others)


def _others(conn: Connection, serving: Release) -> str:
    """Which there are to go back to, the newest first, and what serves; nothing where there is none."""
    (newest,) = releases.recent(conn, serving.application, serving.environment, 1)
    served = releases.that_served(conn, serving, newest.number + 1)
    ways = (f"r{one.number}" for one in served if _may_serve_again(conn, one))
    names = ", ".join(islice(ways, NAMED))
    return f"These have served, and may again: {names}. r{serving.number} serves now." if names else ""


def _no_place(conn: Connection, release: Release, others: str) -> NowhereToGo:
    """What there was of a release that has never had all requests, and what holds it."""
    held = gate.quarantine_over(conn, release, release.environment)
    said = f"r{release.number} {_got_to(conn, release)}."
    if held is None:
        return NowhereToGo(said, hint=others)
    return NowhereToGo(
        f"{said} {gate.stays(held, release, release.environment)}.",
        hint=f"{others} {gate.way_out(conn, held)}".strip(),
    )


def _got_to(conn: Connection, release: Release) -> str:
    made = deployments.of_release(conn, release.id)
    had = [share for one in made for _, share in deployments.shares(conn, one)]
    most, where = max(had, default=0), release.environment
    if made and not made[0].over:
        return f"is on its way to {where}, and does not have all requests yet"
    if not most:
        return f"has never served in {where}"
    if verdicts.is_bad(conn, release.id):
        return f"had up to {most} % of the requests to {where}, and was judged bad"
    return f"had up to {most} % of the requests to {where}, and was taken back before it had them all"
