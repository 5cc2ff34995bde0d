"""What the record says of every application, read once and kept until a fact about it is recorded.

Reading one takes some thirty questions to the record; with fifty applications that is half a second. So a board
keeps what it read, and asks which applications the facts since then tell of (docs/concepts/web.md).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from shipway.config.places import Places
from shipway.incidents import failing
from shipway.incidents.failing import Failing
from shipway.state import applications, facts, messages, runs
from shipway.state.applications import Application
from shipway.state.database import Connection
from shipway.state.deployments import Deployment
from shipway.state.facts import Fact
from shipway.state.messages import Message
from shipway.state.releases import Serving
from shipway.state.runs import Run
from shipway.story import order
from shipway.web import journey, quarantines
from shipway.web.commits import Author, Commits
from shipway.web.journey import Journey
from shipway.web.overview.places import Place, places, serving_now, without

MANY = 5000  # facts since the last look, after which all is read anew
LATELY = 50  # commits whose authors are asked for, as many as there are pushes
BRANCHES = 8  # of which what was read is kept at most


@dataclass(frozen=True)
class Standing:
    """An application as the record has it: `head` is the newest push of the branch that was asked for.

    `read` are the places as they are whichever commit that is: nothing was taken away from them.
    `pushed` are the branches and people of its newest pushes, `wrote` the authors of its newest commits,
    `deployed` those of what people deployed, `back` the run of a rollback that is in force, `quarantined` where
    the head is, `bad` the bad verdicts on it by whatever run, oldest first, and `told` who heard of it. `failing`
    is what is asked of its environments and fails, as somebody was told.
    """

    application: Application
    team: str | None
    places: Sequence[Place]
    read: Sequence[Place]
    serving: Mapping[str, Serving]
    head: Journey | None
    subject: str
    pushed: Sequence[tuple[str, str]]
    wrote: Sequence[Author]
    deployed: Sequence[tuple[str, str]]
    back: Run | None
    quarantined: Sequence[str]
    bad: Sequence[Fact]
    told: Sequence[Message]
    failing: Sequence[Failing]

    @property
    def name(self) -> str:
        return self.application.name

    @property
    def own(self) -> Sequence[Place]:
        """The places whose state is a matter of it: of the default branch all of them, of another branch those
        that its newest commit came to or is delivered to."""
        if self.head is None or self.head.run.branch == self.application.default_branch:
            return self.places
        return [place for place in self.places if not place.apart]

    @property
    def branches(self) -> list[str]:
        return list(dict.fromkeys(branch for branch, _ in (*self.pushed, *self.deployed)))

    @property
    def people(self) -> list[str]:
        """Who pushed to it, by the names of their tokens, and whoever else wrote its commits."""
        pushed = list(dict.fromkeys(who for _, who in self.pushed))
        return list(dict.fromkeys([*pushed, *(name for name, called in self.wrote if called not in pushed)]))

    def is_of(self, person: str) -> bool:
        """Whether somebody who is called so pushed to it or wrote its commits lately."""
        return person in self.people or any(person in author for author in self.wrote)


@dataclass
class _Kept:
    """What was read, and the last fact that was on record then."""

    fact: int = -1
    standings: dict[str, Standing] = field(default_factory=dict)


class Board:
    """The standings of all applications. Safe to share by threads."""

    def __init__(self, installation: Places, commits: Commits, proxy_port: int) -> None:
        self._installation = installation
        self._commits = commits
        self._proxy_port = proxy_port
        self._lock = threading.Lock()
        self._kept: OrderedDict[str | None, _Kept] = OrderedDict()

    def standings(self, conn: Connection, branch: str | None = None) -> list[Standing]:
        """All applications by name, each with the newest push of `branch`; without one, of its default branch."""
        with self._lock:
            kept = self._kept.setdefault(branch, _Kept())
            self._kept.move_to_end(branch)
            while len(self._kept) > BRANCHES:
                self._kept.popitem(last=False)
            newest = facts.newest(conn)
            if newest >= kept.fact:  # whoever looks at an older record is shown what a newer one said
                if newest - kept.fact > MANY:
                    kept.standings = {}
                self._refresh(conn, kept, branch)
                kept.fact = newest
            return list(kept.standings.values())

    def _refresh(self, conn: Connection, kept: _Kept, branch: str | None) -> None:
        touched = facts.touched(conn, kept.fact) if kept.standings else {}
        serving = serving_now(conn)
        fresh: dict[str, Standing] = {}
        for application in applications.every(conn):
            name = application.name
            known, serves = kept.standings.get(name), serving.get(name, {})
            if known is None or name in touched or known.serving != serves:
                still = {} if known is None else _still(known, serves, touched.get(name, ()))
                known = self._read(conn, application, serves, branch, still)
            fresh[name] = known
        kept.standings = fresh

    def _read(
        self,
        conn: Connection,
        application: Application,
        serving: Mapping[str, Serving],
        branch: str | None,
        still: Mapping[str, Place],
    ) -> Standing:
        name = application.name
        project = order.default_project(conn, self._installation, name)
        names = order.environments_of(conn, name, project, serving)
        new = places(conn, name, [one for one in names if one not in still], serving, self._proxy_port)
        found = {**still, **new}
        read = here = [found[one] for one in names]
        run = runs.newest_push(conn, name, branch or application.default_branch)
        if run is not None:
            here = [without(conn, self._commits, place, run) for place in here]
        back = next((_back(place) for place in here if place.rolled_back), None)
        return Standing(
            application=application,
            team=None if project is None else project.team,
            places=here,
            read=read,
            serving=dict(serving),
            head=None if run is None else journey.of(conn, run),
            subject="" if run is None else self._commits.about(name, run.commit).subject,
            pushed=runs.lately(conn, name),
            wrote=() if run is None else self._commits.authors(name, run.commit, LATELY),
            deployed=runs.lately(conn, name, "deploy"),
            back=None if back is None else runs.get(conn, back.run),
            quarantined=[] if run is None else quarantines.holding(conn, name, run.commit, names),
            bad=[] if run is None else _judged_bad(conn, run),
            told=[] if run is None else messages.recent(conn, application=name, commit=run.commit, limit=5),
            failing=failing.now(conn, name),
        )


def _still(known: Standing, serving: Mapping[str, Serving], touched: Collection[str]) -> dict[str, Place]:
    """The places that are as they were: no fact names them, and what serves is the same."""
    return {
        place.name: place
        for place in known.read
        if place.name not in touched and place.serving == serving.get(place.name)
    }


def _back(place: Place) -> Deployment | None:
    return place.by if place.taken is None else place.taken.by


def _judged_bad(conn: Connection, run: Run) -> list[Fact]:
    return facts.after(conn, 0, application=run.application, commit=run.commit, kinds=["verdict.bad"])
