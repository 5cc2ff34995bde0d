"""Everything on record of one commit, read at one moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from shipway.state import artifacts, errors, facts, holds, messages, releases, runs, stuck
from shipway.state.artifacts import Artifact
from shipway.state.database import Connection
from shipway.state.errors import Error, Place
from shipway.state.facts import Fact
from shipway.state.messages import Message
from shipway.state.releases import Release
from shipway.state.stuck import Stuck
from shipway.web import by_now, journey, quarantines, trials, whereabouts
from shipway.web.by_now import ByNow
from shipway.web.commits import Commits
from shipway.web.journey import Journey
from shipway.web.life import mending
from shipway.web.life import way as ways
from shipway.web.life.mending import OnTop
from shipway.web.life.way import Way
from shipway.web.purposes import is_configuration
from shipway.web.quarantines import Quarantine
from shipway.web.trials import Trial
from shipway.web.whereabouts import SERVES, Whereabouts

MANY = 2000  # facts about one commit
PRINTED = ("release.printed", "commit.suspected")
"""What a release printed, as a fact of its own commit, and as one of another that it leads to."""
RUNS = 50  # of one commit, the newest


@dataclass(frozen=True)
class Suspected:
    """An error that the commit is suspected of; `release` is where it was new, `fact` where that was recorded."""

    error: Error
    place: Place
    release: Release | None
    fact: Fact | None


@dataclass(frozen=True)
class Record:
    """`journeys` are its runs and `told` the messages about it, both oldest first; `trials` are its releases by
    their ids; `moved` the facts, by run and environment, with which other runs took its requests; `by_now` has, by
    the ids of runs that a gate stopped, what is so where the gate is not what keeps it back any more. `mended`
    says, by the id of a run that failed or of an error, what is free of that by now; nothing new comes to the
    environments that are `frozen`.
    """

    application: str
    commit: str
    journeys: Sequence[Journey]
    by_now: Mapping[str, ByNow]
    facts: Sequence[Fact]
    artifact: Artifact | None
    trials: Mapping[str, Trial]
    moved: Mapping[tuple[str, str], Fact]
    held: Sequence[Quarantine]
    suspected: Sequence[Suspected]
    told: Sequence[Message]
    places: Sequence[Whereabouts]
    mended: Mapping[str, str]
    on_top: OnTop | None = None
    frozen: Collection[str] = ()

    @cached_property
    def printed(self) -> Sequence[Fact]:
        """The failures that a release printed and that lead to this commit, where no error it reported does."""
        known = {(one.place.environment, one.release.number) for one in self.suspected if one.release is not None}
        lead = (one for one in self.facts if one.kind in PRINTED and one.data.get("commit") == self.commit)
        return [one for one in lead if (one.environment, one.data.get("release")) not in known]

    @cached_property
    def way(self) -> Way | None:
        """That of the run that delivers it."""
        return ways.way(self.journeys)

    def stays_without(self, trial: Trial) -> bool:
        """Whether a release brought nothing but a new configuration, and the commit serves there by another."""
        release = trial.release
        given = (now for now in self.journeys if is_configuration(now.run))
        return any(release.id in now.releases for now in given) and any(
            place.environment == release.environment
            and place.state == SERVES
            and place.release is not None
            and place.release.commit == self.commit
            and place.release.id != release.id
            for place in self.places
        )

    def fact(
        self, kinds: Collection[str], *, run: str | None = None, environment: str | None = None
    ) -> Fact | None:
        """The newest of these facts about the commit, in a run or an environment if one is given."""
        for fact in reversed(self.facts):
            if fact.kind in kinds and run in (None, fact.run) and environment in (None, fact.environment):
                return fact
        return None


def read(conn: Connection, commits: Commits, application: str, commit: str, names: Sequence[str]) -> Record:
    """What is on record of a commit (a whole id) of an application with the environments `names`."""
    recorded = facts.after(conn, 0, application=application, commit=commit, limit=MANY)
    journeys = _journeys(conn, application, commit, recorded)
    went = {one.environment for each in journeys for one in each.deployments.values()}
    frozen = stuck.everywhere(conn, application, {*names, *went})
    judged, made = _trials(conn, journeys, frozen), artifacts.of_commit(conn, application, commit)
    held = _held(conn, judged, made, names)
    suspected = [_suspected(conn, *each) for each in errors.suspected_of(conn, application, commit)]
    return Record(
        application=application,
        commit=commit,
        journeys=journeys,
        by_now={each.run.id: so for each in journeys if (so := by_now.of(conn, commits, each.run)) is not None},
        facts=recorded,
        artifact=made,
        trials=judged,
        moved=_moved(conn, judged),
        held=held,
        suspected=suspected,
        told=list(reversed(messages.recent(conn, application=application, commit=commit))),
        places=whereabouts.where(conn, commits, application, commit, names, frozen),
        mended=_mended(conn, commits, commit, journeys, suspected),
        on_top=mending.on_top(conn, commits, application, commit) if held else None,
        frozen=[name for name in names if holds.frozen(conn, application, name)],
    )


def _journeys(conn: Connection, application: str, commit: str, recorded: Sequence[Fact]) -> list[Journey]:
    """Its runs, and those that brought it though they were begun for another: what serves when a configuration is
    deployed may be newer than what served when that was asked for. What such a run brought is the one's alone.
    """
    own = runs.recent(conn, application=application, commit=commit, limit=RUNS)
    known = {run.id for run in own}
    begun = {str(fact.run) for fact in recorded if fact.kind == "deployment.begun"} - known
    found = sorted([*own, *(runs.get(conn, run) for run in begun)], key=lambda run: run.id)
    return [one for run in found if (one := _of_it(journey.of(conn, run), commit)) is not None]


def _of_it(now: Journey, commit: str) -> Journey | None:
    """A journey with what it brought of the commit; nothing if that was of another alone."""
    its = {where: one for where, one in now.deployments.items() if one.commit == commit}
    return replace(now, deployments=its) if its or not now.deployments else None


def _mended(
    conn: Connection, commits: Commits, commit: str, journeys: Sequence[Journey], suspected: Sequence[Suspected]
) -> dict[str, str]:
    failed = [one for one in journeys if one.run.state == "failed" and one.blocked is None]
    found = mending.of_runs(conn, commits, failed)
    for error in {one.error.id: one.error for one in suspected if one.error.state == "open"}.values():
        places = [one.place for one in suspected if one.error.id == error.id]
        found[error.id] = mending.of_error(conn, commits, commit, error, places)
    return {about: says for about, says in found.items() if says}


def _trials(conn: Connection, journeys: Sequence[Journey], frozen: Mapping[str, Stuck | None]) -> dict[str, Trial]:
    made = {one.release: one.environment for each in journeys for one in each.deployments.values()}
    found = releases.those(conn, made)
    return {one: trials.read_beside(conn, found[one], frozen[where]) for one, where in made.items()}


def _moved(conn: Connection, judged: Mapping[str, Trial]) -> dict[tuple[str, str], Fact]:
    moved = {}
    for trial in judged.values():
        for move in trial.moves:
            where = trial.release.environment
            found = facts.after(
                conn, 0, runs=[move.run], environment=where, kinds=["deployment.switched", "deployment.try"]
            )
            if found:
                moved[move.run, where] = found[-1]
    return moved


def _held(
    conn: Connection, judged: Mapping[str, Trial], made: Artifact | None, names: Sequence[str]
) -> list[Quarantine]:
    """What keeps it from where: by its releases, and where it has none by its artifact."""
    things: dict[str, Artifact | Release] = {} if made is None else dict.fromkeys(names, made)
    things |= {trial.release.environment: trial.release for trial in judged.values()}
    found = [quarantines.over(conn, thing, environment) for environment, thing in things.items()]
    return [one for one in found if one is not None]


def _suspected(conn: Connection, error: Error, place: Place) -> Suspected:
    release = None if place.release is None else releases.get(conn, place.release)
    about = None if release is None else release.commit
    told = facts.last(conn, "error.suspected", error.application, environment=place.environment, commit=about)
    same = told if told is not None and told.data.get("error") == error.id else None
    return Suspected(error, place, release, same)
