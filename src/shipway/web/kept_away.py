"""What a freeze kept away from an environment, and does not come by itself once that is over."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.releases.gate import Frozen
from shipway.state import facts, holds, releases
from shipway.state.database import Connection
from shipway.state.holds import Hold
from shipway.web.commits import Commits

MOST = 20  # stopped commits that are compared, the last ones


def newest(
    conn: Connection, commits: Commits, application: str, environment: str, thawed: Sequence[Hold]
) -> str | None:
    """The newest of the commits that these freezes stopped, or those that they replaced, unless it is in what
    serves there now.
    """
    began = min((holds.frozen_since(conn, hold) for hold in thawed), default=None)
    if began is None:
        return None
    about = {"application": application, "environment": environment}
    stops = facts.after(conn, 0, **about, kinds=["run.stopped"], limit=None)
    stopped = [str(one.commit) for one in stops if one.at >= began and one.data.get("id") == Frozen.id]
    if not stopped:
        return None
    found = stopped[-1]
    for other in stopped[-MOST:]:
        found = other if commits.contains(application, other, found) else found
    return None if _has_come_so_far(conn, commits, application, environment, found) else found


def _has_come_so_far(conn: Connection, commits: Commits, application: str, environment: str, commit: str) -> bool:
    """Whether what serves there now has it."""
    now = releases.now_serving(conn, application, environment)
    return now is not None and commits.contains(application, releases.get(conn, now.release).commit, commit)
