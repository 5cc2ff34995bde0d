"""What a quarantine means for a release or an artifact now: read and said in one place, for all who show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.releases import gate
from shipway.state import artifacts, facts, holds
from shipway.state.artifacts import Artifact
from shipway.state.database import Connection
from shipway.state.holds import Hold
from shipway.state.releases import Release


@dataclass(frozen=True)
class Quarantine:
    """`hold` is on the commit, or on another one that brings the same; `mended_by` is the commit that ended it,
    `branch` takes the held one back while it is in force, `take_back` is what is typed for that, and `says` is a
    clause about it all. `in_force`: nothing brings it there; `unready` is a sentence about why there is no branch.
    """

    environment: str
    hold: Hold
    in_force: bool
    mended_by: str
    branch: str
    take_back: str
    says: str
    unready: str = ""


def over(conn: Connection, thing: Artifact | Release, environment: str) -> Quarantine | None:
    """The quarantine that keeps it from an environment, or else the newest one of its commit, which has ended."""
    found = gate.quarantine_over(conn, thing, environment)
    if found is None:
        return _ended(conn, thing, environment)
    says = gate.stays(found, thing, environment)
    branch = _branch(conn, found.hold)
    way = holds.take_back(conn, thing.application, branch) if branch else ""
    unready = "" if branch else gate.take_back(conn, thing.application, str(found.hold.commit))
    return Quarantine(environment, found.hold, True, "", branch, way, says, unready)


def of_commit(conn: Connection, application: str, commit: str, environment: str) -> Quarantine | None:
    """The same for a commit, if it has an artifact."""
    artifact = artifacts.of_commit(conn, application, commit)
    return None if artifact is None else over(conn, artifact, environment)


def holding(conn: Connection, application: str, commit: str, environments: Sequence[str]) -> list[str]:
    """Those of the environments that a quarantine keeps a commit from now, if it has an artifact."""
    any_ = {hold.environment for hold in holds.quarantines_in(conn, application)}
    names = [name for name in environments if name in any_]
    artifact = artifacts.of_commit(conn, application, commit) if names else None
    if artifact is None:
        return []
    return [name for name in names if gate.quarantine_over(conn, artifact, name) is not None]


def _ended(conn: Connection, thing: Artifact | Release, environment: str) -> Quarantine | None:
    hold = holds.quarantine_of(conn, thing.application, environment, thing.commit)
    if hold is None:
        return None
    kinds = ("commit.fixed", "commit.cleared")
    app, commit = thing.application, thing.commit
    ends = facts.after(conn, 0, application=app, environment=environment, commit=commit, kinds=kinds)
    if not ends:
        return Quarantine(environment, hold, False, "", "", "", "its quarantine was lifted")
    by, short = str(ends[-1].data.get("by", "")), commit[:7]
    mended = f"{by[:7]} has mended {short}, and ended its quarantine"
    cleared = f"{ends[-1].who} gave {short} all requests as it is, which ended its quarantine"
    return Quarantine(environment, hold, False, by, "", "", mended if by else cleared)


def _branch(conn: Connection, hold: Hold) -> str:
    """One for all environments: it is made where the commit was first judged bad."""
    ready = facts.last(conn, "revert.ready", hold.application, commit=hold.commit)
    return "" if ready is None else str(ready.data["branch"])
