"""Asks of every environment, again and again, what its shipway.yml wants asked.

    a path, a command       of the release that serves, and while one is on trial of the one before as well;
                            of one that is only kept warm no more, until what serves fails what it passed
    an URL, host:port       of the environment as a whole, once
    an invariant            of the environment as a whole, by the release before: the question stays the same

Each is asked by itself, in its own time limit. Results go to a small file; what has changed goes on record.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from shipway.errors import ShipwayError
from shipway.project import Project
from shipway.releases.targets import process
from shipway.releases.targets.process import Surroundings
from shipway.signals import probes
from shipway.signals.questions import results
from shipway.signals.questions.answer import Answer
from shipway.signals.questions.aside import aside
from shipway.signals.questions.names import Names
from shipway.signals.questions.place import Place
from shipway.signals.questions.question import Question, questions
from shipway.signals.questions.results import Line
from shipway.state import artifacts, facts, instances, releases
from shipway.state.database import Connection
from shipway.state.releases import Release
from shipway.story.cast import Cast, project_of
from shipway.story.delivery import declared_env
from shipway.story.standing import Standing, standing
from shipway.traffic import addresses

log = logging.getLogger(__name__)

LOOK = 0.25  # seconds between two looks at what is due
AT_ONCE, OF_ONE = 16, 4  # questions that are asked at the same time: in all, and of one application
CHANGED_BY = "shipway"
NO_MORE = "it is asked no more"

Environment = tuple[str, str]
Key = tuple[str, str, str, str]
"""Application, environment, the question's name, and the release it is asked of."""


@dataclass
class Asked:
    """A question under way or at rest. `closely`: a release is on trial."""

    question: Question
    release: Release
    ports: Mapping[str, int]
    line: Line
    closely: bool = False
    due: float = 0.0
    task: asyncio.Task[None] | None = None

    @property
    def environment(self) -> Environment:
        return self.release.application, self.release.environment

    def rest(self) -> float:
        """Seconds until it is asked again."""
        if not self.closely and not self.line.unsure:
            return self.question.every
        return self.question.rests_closely(self.line.took)


@dataclass
class Probing:
    """Everything that is asked; `run` is for one thread."""

    cast: Cast
    _asked: dict[Key, Asked] = field(default_factory=dict)
    _known: dict[str, Project] = field(default_factory=dict)
    _around: dict[str, Surroundings] = field(default_factory=dict)
    _changed: set[Environment] = field(default_factory=set)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, stopping: threading.Event, note: Callable[[], None]) -> None:
        """Until `stopping` is set; calls `note` before each look. One that fails is logged, and the next comes."""
        self._stopping, self._note = stopping, note
        asyncio.run(self._run())

    async def _run(self) -> None:
        self._names = Names(self.cast.machine.places.reachable)
        self._all = asyncio.Semaphore(AT_ONCE)
        self._of_one: dict[str, asyncio.Semaphore] = {}
        self._changed |= set(results.environments(self.cast.machine.places))
        await aside(self._clear)
        while not self._stopping.is_set():
            self._note()
            try:
                self._settle(*await aside(self._look))
                self._ask_what_is_due()
                await aside(self._write)
            except (ShipwayError, OSError) as error:
                log.warning("probes: %s", error)
            await asyncio.sleep(LOOK)

    # --- what is to be asked

    def _look(self) -> tuple[list[Standing], dict[str, dict[str, int]]]:
        """What stands where, and the ports of each release's web by its instances."""
        with self.cast.database.read() as conn:
            found = list(standing(conn))
            ports = {}
            for release in (release for each in found for release in each.all):
                running = instances.of_release(conn, release.id)
                named = {f"{one.process}.{one.position}": one.port for one in running if one.process == "web"}
                ports[release.id] = {name: port for name, port in named.items() if port is not None}
                if release.id not in self._known:
                    self._known[release.id] = project_of(artifacts.of_release(conn, release))
        return found, ports

    def _settle(self, found: Sequence[Standing], ports: Mapping[str, Mapping[str, int]]) -> None:
        """Keeps what was asked before, begins with what is new, and leaves what does not run any more."""
        before, self._asked = self._asked, {}
        for each in found:
            for release, question in self.wanted(each):
                whose = "" if question.whole else release.name
                key = (release.application, release.environment, question.name, whose)
                known = before.get(key)
                if known is None or known.question != question:
                    known = self._begin(question, release)
                known.release, known.ports, known.line.by = release, ports[release.id], release.name
                known.closely = each.before is not None
                known.line.rests = self._rests(each, release, question, before)
                known.due = min(known.due, time.monotonic() + known.rest())
                self._asked[key] = known
        here = {release.id for each in found for release in each.all}
        self._known = {name: project for name, project in self._known.items() if name in here}
        self._around = {name: around for name, around in self._around.items() if name in here}
        self._changed |= {asked.environment for key, asked in before.items() if key not in self._asked}

    def _rests(self, each: Standing, release: Release, question: Question, known: Mapping[Key, Asked]) -> bool:
        """Whether it is asked of a release without requests, and nobody needs to know: both pass it."""
        if question.whole or each.shared or release is not each.before:
            return False
        key = (release.application, release.environment, question.name)
        both = [known.get((*key, one.name)) for one in each.all]
        return all(one is not None and one.line.state == one.line.told == "passed" for one in both)

    def wanted(self, each: Standing) -> Iterator[tuple[Release, Question]]:
        """What is asked of whom. Of the environment as a whole the release before asks, if it has the question."""
        told: set[str] = set()
        for release in each.all:
            project = self._known[release.id]
            for question in questions(project.probes, project.invariants, release.environment):
                if not question.whole:
                    yield release, question
                elif question.name not in told:
                    told.add(question.name)
                    yield release, question

    def _begin(self, question: Question, release: Release) -> Asked:
        """What an earlier server wrote down is known still."""
        line = Line.of_question(question, by=release.name)
        for old in results.read(self.cast.machine.places, release.application, release.environment):
            if old.asks == line.asks:
                line = old
        return Asked(question, release, {}, line)

    # --- asking

    def _ask_what_is_due(self) -> None:
        for asked in self._asked.values():
            resting = asked.line.rests or not (asked.task is None or asked.task.done())
            if not resting and asked.due <= time.monotonic():
                asked.due = float("inf")
                asked.task = asyncio.create_task(self._ask(asked))

    async def _ask(self, asked: Asked) -> None:
        of_one = self._of_one.setdefault(asked.release.application, asyncio.Semaphore(OF_ONE))
        try:
            async with of_one, self._all:
                at, began, tried = time.time(), time.monotonic(), asked.closely
                answer = await probes.ask(asked.question, self._place(asked))
                change = asked.line.hear(answer, at, time.monotonic() - began, tried=tried)
            self._changed.add(asked.environment)
            if change is not None:
                await aside(lambda: self._record(asked, change))
        except Exception:  # a defect of ours: it has to be seen, and the question is not passed because of it
            log.exception("the probe %s of %s.%s met a defect", asked.question.name, *asked.environment)
            asked.line.hear(Answer("not known", "Shipway itself failed: see the server's log"), time.time(), 0.0)
        finally:
            asked.due = time.monotonic() + asked.rest()

    def _place(self, asked: Asked) -> Place:
        application, environment = asked.environment
        machine = self.cast.machine
        return Place(
            host=addresses.host(application, environment),
            ports=asked.ports,
            names=self._names,
            around=self._surroundings(asked.release),
            tier=machine.tier,
            scratch=self._scratch,
            stopping=self._stopping.is_set,
        )

    def _surroundings(self, release: Release) -> Callable[[], Surroundings]:
        project = self._known[release.id]

        def made() -> Surroundings:
            if release.id not in self._around:
                declared = declared_env(project, release.environment)
                around = process.surroundings(self.cast.machine, release, project.data, declared)
                self._around[release.id] = around
            return self._around[release.id]

        return made

    # --- telling

    def _record(self, asked: Asked, change: str) -> None:
        with self.cast.database.write() as conn:
            _fact(conn, asked.line, asked.release, change, asked.question.expects)

    def _close(self, environment: Environment, gone: Sequence[Line]) -> None:
        """Records that nobody will hear whether these recover: their release does not run, or asks no more."""
        with self.cast.database.write() as conn:
            for line in gone:
                release = releases.numbered(conn, *environment, int(line.by.rpartition(".r")[2]))
                if release is not None:
                    _fact(conn, replace(line, says=NO_MORE), release, "ended")

    def _write(self) -> None:
        """The lines of every environment in which anything has changed, in the order in which they are asked."""
        changed, self._changed = self._changed, set()
        lines = {place: [one.line for one in some] for place, some in groupby(self._asked.values(), _environment)}
        for application, environment in changed:
            now = lines.get((application, environment), [])
            asked = {line.asks for line in now}
            known = results.read(self.cast.machine.places, application, environment)
            gone = [line for line in known if line.told != "passed" and line.asks not in asked]
            if gone:
                self._close((application, environment), gone)
            results.write(self.cast.machine.places, application, environment, now)

    @property
    def _scratch(self) -> Path:
        return self.cast.machine.places.data / "probing"

    def _clear(self) -> None:
        """What a killed server has left; a command of it ends by itself, at its time limit."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(mode=0o700)


def _fact(conn: Connection, line: Line, release: Release, change: str, expects: str = "") -> None:
    facts.record(
        conn,
        f"probe.{change}",
        application=release.application,
        environment=release.environment,
        commit=release.commit,
        who=CHANGED_BY,
        data={
            "probe": line.name,
            "kind": line.kind,
            "invariant": line.wanted is not None,
            "release": None if line.release is None else release.number,
            "of": line.of,
            "says": line.says,
            "number": line.number,
            "wanted": line.wanted,
            "expects": expects,
            "since": line.since,
            "tried": line.tried,
        },
    )


def _environment(asked: Asked) -> Environment:
    return asked.environment
