"""What took a commit away from an environment in which it served."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from shipway.incidents.letter import shortened
from shipway.state import decisions, deployments, releases, runs
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.web.commits import Commits

SHIPWAY = "shipway"
ROOM = 80  # characters of a reason, where few words are to do
FAR = 200  # deployments of an environment that were done, the newest


@dataclass(frozen=True)
class Taken:
    """`last` brought what had the commit and served, and `by` the first `release` without it after that, because
    of `run`; `now` serves. `back`: they went back to an older release, and `why` is the reason, if one was given.
    """

    last: Deployment
    by: Deployment
    release: Release
    run: Run
    back: bool
    now: Release
    why: str = ""

    @property
    def says(self) -> str:
        """`ben rolled prod back to r1, 6b47d2c: “it greets wrongly”`, and what serves now if that is another
        release.
        """
        return f"{self._took}{self._serves}{_because(self.why)}"

    @property
    def brief(self) -> str:
        """The same with no more of a long reason than its beginning."""
        return f"{self._took}{self._serves}{_because(shortened(self.why, ROOM))}"

    @property
    def _took(self) -> str:
        what = self.release.commit[:7]
        if self.back:
            return f"{self.run.who} rolled {self.by.environment} back to r{self.release.number}, {what}"
        return f"{self.run.who} deployed {what} after it"

    @property
    def _serves(self) -> str:
        return "" if self.now.id == self.release.id else f", and r{self.now.number} serves now"

    @property
    def cause(self) -> str:
        """The same without its numbers."""
        if self.back:
            return f"{self.run.who} rolled it back{_because(shortened(self.why, ROOM))}"
        return f"{self.run.who} deployed {self.release.commit[:7]} after it"

    def is_because_of(self, judged: Deployment) -> bool:
        """Whether it was taken away, or did not come back, because what `judged` brought was judged bad."""
        if judged.epoch > self.by.epoch:
            return True
        return judged.id == self.last.id and self.back and self.run.who == SHIPWAY


def _because(why: str) -> str:
    return f": “{why}”" if why else ""


def taken(conn: Connection, commits: Commits, application: str, commit: str, environment: str) -> Taken | None:
    """What took the commit (a whole id) from where it served; None while it serves, and if it never did."""
    return everywhere(conn, commits, application, commit, [environment]).get(environment)


def everywhere(
    conn: Connection, commits: Commits, application: str, commit: str, environments: Collection[str]
) -> dict[str, Taken]:
    """The same for each of these environments in which anything did, by their names: one question to git."""
    done = {name: deployments.last_done(conn, application, name, FAR) for name in environments}
    having = commits.containing(application, commit, {of for each in done.values() for _, of in each})
    found = {}
    for name, each in done.items():
        at = next((place for place, (_, of) in enumerate(each) if of in having), 0)
        if at:
            found[name] = _by(conn, *(each[place][0] for place in (at, at - 1, 0)))
    return found


def _by(conn: Connection, *ids: str) -> Taken:
    last, by, now = (deployments.get(conn, one) for one in ids)
    old, release = releases.get(conn, last.release), releases.get(conn, by.release)
    decided = decisions.of_run(conn, by.run) if by.kind == "rollback" else None
    return Taken(
        last=last,
        by=by,
        release=release,
        run=runs.get(conn, by.run),
        back=by.kind == "rollback" and release.number < old.number,
        now=releases.get(conn, now.release),
        why="" if decided is None else decided.why,
    )
