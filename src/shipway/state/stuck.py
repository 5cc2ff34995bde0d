"""A bad release that is frozen: it keeps its share of the requests, because what it did to the data stays."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.state import deployments, facts, releases
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.releases import Release

FACT = "release.stuck"
EVERYTHING = 100
FAR = 50  # deployments without a request, back to the one that has them
MOVES = ("deployment.try", "deployment.asked", "deployment.answered", "deployment.switched")


@dataclass(frozen=True)
class Stuck:
    """`release` was brought by `deployment`, was judged bad, and keeps `share` of 100 requests since `since`
    (seconds since 1970); `before` has the others. What r<by> did to the data cannot be taken back.
    """

    deployment: Deployment
    release: Release
    before: Release | None
    share: int
    since: float
    by: int

    @property
    def state(self) -> str:
        """`frozen at 50 %`."""
        return f"frozen at {self.share} %"

    @property
    def title(self) -> str:
        """`r6 is frozen at 50 %`."""
        return f"r{self.release.number} is {self.state}"

    @property
    def shares(self) -> str:
        """`r6 has half of the requests, r2 the other half`."""
        mine = f"r{self.release.number} has"
        if self.share == EVERYTHING or self.before is None:
            return f"{mine} all requests"
        rest = EVERYTHING - self.share
        if self.share == rest:
            return f"{mine} half of the requests, r{self.before.number} the other half"
        return f"{mine} {self.share} % of the requests, r{self.before.number} the other {rest} %"

    @property
    def cause(self) -> str:
        """`its data change cannot be taken back`; whose it is, if it came before."""
        whose = "its data change" if self.by == self.release.number else f"the data change of r{self.by}"
        return f"{whose} cannot be taken back"

    @property
    def way_out(self) -> str:
        """`you decide: a fix pushed on top of c0ffee1 goes through`."""
        return f"you decide: a fix pushed on top of {self.release.commit[:7]} goes through"

    @property
    def says(self) -> str:
        """All of it, without a full stop."""
        return f"{self.title}: {self.shares}; {self.cause}; {self.way_out}"


def now(conn: Connection, application: str, environment: str) -> Stuck | None:
    """What is frozen in an environment, until another deployment has moved requests there."""
    for deployment in deployments.recent(conn, application, environment, FAR):
        recorded = _recorded(conn, deployment)
        if any(fact.kind == FACT for fact in recorded):
            return _stuck(conn, deployment, recorded)
        if recorded:
            return None
    return None


def of_deployment(conn: Connection, deployment: Deployment) -> Stuck | None:
    """What it left frozen, whatever came after it; None where it did not."""
    recorded = _recorded(conn, deployment)
    return _stuck(conn, deployment, recorded) if any(fact.kind == FACT for fact in recorded) else None


def _recorded(conn: Connection, deployment: Deployment) -> list[Fact]:
    return facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment, kinds=[*MOVES, FACT])


def _stuck(conn: Connection, deployment: Deployment, recorded: list[Fact]) -> Stuck:
    told = next(fact for fact in recorded if fact.kind == FACT)
    release, before = releases.get(conn, deployment.release), deployments.done_before(conn, deployment)
    had = [fact for fact in recorded if fact.kind in MOVES and fact.id < told.id]
    return Stuck(
        deployment,
        release,
        None if before is None else releases.get(conn, before.release),
        int(had[-1].data.get("share", EVERYTHING)) if had else EVERYTHING,
        told.at,
        int(told.data.get("by", release.number)),
    )
