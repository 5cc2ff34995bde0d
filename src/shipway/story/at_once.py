"""Requests back to the release before while nothing can be recorded: traffic first, the record when it can be."""

from __future__ import annotations

from shipway.errors import CannotRecord
from shipway.state import releases
from shipway.state.releases import Release
from shipway.story.cast import Cast


class OnlyRequests(CannotRecord):
    """The release before has all requests again, and nothing else could be done yet."""

    id = "rollbacks.only_requests"
    default_hint = "Make room on the disk, or let it be written again; then ask for the rollback once more."


class RestWaits(OnlyRequests):
    """The release before has all requests again, and the rest waits for another process that locks the record."""

    id = "rollbacks.rest_waits"
    default_hint = "Let that process finish, or end it; then ask once more. `shipway rollback` does so by itself."


def requests_back(cast: Cast, to: Release) -> bool:
    """Gives a release that is kept warm all requests; whether it could be.

    By the epoch of what serves, so that any later deployment takes them over. Raises what `Proxy.shift` raises.
    """
    app, env = to.application, to.environment
    with cast.alone_if_free(app, env) as free, cast.database.read() as conn:
        now = releases.now_serving(conn, app, env)
        if not free or now is None or now.warm != to.id:
            return False
        if cast.proxy.serving(app, env) != {to.name: 100}:
            cast.proxy.shift(app, env, {to.name: 100}, epoch=now.epoch)
        return True
