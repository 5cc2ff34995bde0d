"""A release that is frozen: it is bad, or came to nothing, and keeps its share of the requests all the same,
because what it did to the data stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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
BACK = "deployment.switched_back"
ENDED = ("done", "unknown")  # as one that left its release frozen may have, by what was recorded then


@dataclass(frozen=True)
class Stuck:
    """`release` was brought by `deployment`, and keeps `share` of 100 requests since `since` (seconds since 1970);
    `before` has the others. What r<by> did to the data cannot be taken back.

    It was judged bad; or else `why` is a sentence that says why it could not have all requests, and `error` the id
    of that.
    """

    deployment: Deployment
    release: Release
    before: Release | None
    share: int
    since: float
    by: int
    why: str = ""
    error: str = ""

    @property
    def serves(self) -> Release:
        """Which of the two serves by the record: the frozen one if it had all requests once."""
        return self.release if self.deployment.switched is not None or self.before is None else self.before

    @property
    def both(self) -> list[Release]:
        """The releases that share the requests, or the one that has them all; the frozen one first."""
        return [self.release] if self.share == EVERYTHING or self.before is None else [self.release, self.before]

    @property
    def of(self) -> Mapping[str, int]:
        """What each of them has of 100 requests, by its name."""
        shares = (self.share, EVERYTHING - self.share) if len(self.both) > 1 else (EVERYTHING,)
        return {one.name: share for one, share in zip(self.both, shares, strict=True)}

    @property
    def of_numbers(self) -> Mapping[str, int]:
        """The same by what people call them, `r6`."""
        return {name.rpartition(".")[2]: share for name, share in self.of.items()}

    def has(self, release: str) -> bool:
        """Whether the release with this id is one of them."""
        return release in [one.id for one in self.both]

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
    def ways(self) -> str:
        """What gives one of them all requests, as commands."""
        verb = f"`shipway rollback --env {self.release.environment} --to r{{}} --why REASON`"
        whole = f"{verb.format(self.release.number)} gives it all requests as it is"
        found = [] if self.share == EVERYTHING else [whole]
        if self.before is not None:
            other, number = verb.format(f"{self.before.number} --past r{self.by}"), self.before.number
            found.append(f"{other} gives r{number} all of them, if it works with the data as it is now")
        return "; ".join(found)

    @property
    def says(self) -> str:
        """All of it, without a full stop."""
        return f"{self.title}: {self.shares}; {self.cause}; {self.way_out}"


def now(conn: Connection, application: str, environment: str) -> Stuck | None:
    """What is frozen in an environment, until another deployment has moved requests there.

    One that has given them back to what was frozen has moved none.
    """
    return _newest(conn, deployments.newest_first(conn, application, environment, FAR))


def before(conn: Connection, deployment: Deployment) -> Stuck | None:
    """What was frozen in its environment when a deployment began: it comes back when that one is undone."""
    recent = deployments.newest_first(conn, deployment.application, deployment.environment, FAR)
    return _newest(conn, (one for one in recent if one.epoch < deployment.epoch))


def everywhere(conn: Connection, application: str, environments: Iterable[str]) -> dict[str, Stuck | None]:
    """What is frozen in each of these environments, by their names."""
    return {name: now(conn, application, name) for name in environments}


def of_deployment(conn: Connection, deployment: Deployment) -> Stuck | None:
    """What it left frozen, whatever came after it; None where it did not."""
    recorded = _recorded(conn, deployment)
    return _stuck(conn, deployment, recorded) if any(fact.kind == FACT for fact in recorded) else None


def was_left(conn: Connection, deployment: Deployment) -> bool:
    """Whether it left its release frozen, however long that lasted. Older records end such a one as unknown."""
    if deployment.state in ENDED:
        return any(fact.kind == FACT for fact in _recorded(conn, deployment))
    return deployment.state == "stuck"


def left_among(conn: Connection, those: Collection[Deployment]) -> set[str]:
    """The deployments of which that is so, by their ids."""
    told = {(fact.run, fact.environment) for fact in facts.of_runs(conn, [one.run for one in those], FACT)}
    return {
        one.id
        for one in those
        if one.state == "stuck" or (one.state in ENDED and (one.run, one.environment) in told)
    }


def _newest(conn: Connection, recent: Iterable[Deployment]) -> Stuck | None:
    for deployment in recent:
        recorded = _recorded(conn, deployment)
        if any(fact.kind == FACT for fact in recorded):
            return _stuck(conn, deployment, recorded)
        back = recorded[-1].data if recorded and recorded[-1].kind == BACK else {}
        if back.get("frozen"):
            return of_deployment(conn, deployments.get(conn, str(back["frozen"])))
        if recorded:  # before that was recorded, what served had all requests then
            return None
    return None


def _recorded(conn: Connection, deployment: Deployment) -> list[Fact]:
    kinds = [*MOVES, BACK, FACT]
    return facts.after(conn, 0, runs=[deployment.run], environment=deployment.environment, kinds=kinds)


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
        str(told.data.get("why", "")),
        str(told.data.get("error", "")),
    )
