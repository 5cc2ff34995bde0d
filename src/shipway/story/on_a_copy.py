"""One release after the other on a copy of an environment's data: its web, healthy, with its questions answered.

Only `web` runs: a worker would do to the outside once more what it did in the environment itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from shipway.environments import data
from shipway.pipelines import checkout
from shipway.project import Project
from shipway.releases import apart, gate, prepare
from shipway.releases.apart import NotWell
from shipway.releases.targets import process
from shipway.releases.targets.process import Surroundings
from shipway.signals import probes
from shipway.signals.questions.names import Names
from shipway.signals.questions.place import Place
from shipway.signals.questions.question import Question, questions
from shipway.state import releases, runs
from shipway.state.artifacts import Artifact
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.story.cast import Cast, project_of
from shipway.story.delivery import declared_env
from shipway.traffic.addresses import host

PAUSE = 0.2  # seconds between two times a question is asked that had no good answer


@dataclass(frozen=True)
class Part:
    """Whose turn it is on the copy, and who that is in words; `migrates`: with its release command."""

    artifact: Artifact
    words: str
    migrates: bool = False


@contextmanager
def place(cast: Cast, run: Run) -> Iterator[Path]:
    """An empty directory for the rehearsal of a run; nothing of it is left afterwards."""
    directory = cast.machine.places.rehearsals / run.id
    clear(cast, directory)
    try:
        for part in (directory / "data", directory / "steps"):
            part.mkdir(mode=0o700, parents=True)
        yield directory
    finally:
        clear(cast, directory)


def clear(cast: Cast, directory: Path) -> None:
    """Ends what runs in the directory of a rehearsal, frees its ports and deletes it, with the copy."""
    apart.end(directory / "steps")
    apart.release_ports(cast.machine, owner(directory))
    checkout.remove(directory)


def owner(directory: Path) -> str:
    """How the names begin under which its ports are taken."""
    return f"rehearsal {directory.name} "


@dataclass(frozen=True)
class Copy:
    """A copy of the data in `place`, and the release that serves with the data it is a copy of."""

    cast: Cast
    run: Run
    release: Release
    place: Path

    def play(self, number: int, part: Part) -> None:
        """Raises DeploymentStopped, with what the application wrote, when this release does not work here."""
        machine, project = self.cast.machine, project_of(part.artifact)
        release = self._as_here(part.artifact)
        prepare.unpack(machine, release)
        around = self._around(release, project)
        steps = self.place / "steps"
        if part.migrates and project.release is not None:
            apart.run_command(machine, around, project.release, steps / f"{number}-release", self._over)
        self.check_wanted()
        name = f"{owner(self.place)}{number}"
        with apart.running(machine, around, project.processes["web"].run, steps / f"{number}-web", name) as web:
            apart.be_healthy(
                web,
                path=project.health.path,
                host=host(release.application, release.environment),
                timeout=project.health.timeout,
                stopping=self._over,
            )
            self._ask(project, around, web[0])

    def check_wanted(self) -> None:
        """Raises NotWanted when the run was cancelled meanwhile."""
        with self.cast.database.read() as conn:
            gate.still_wanted(conn, self.run)

    def _over(self) -> bool:
        with self.cast.database.read() as conn:
            return runs.get(conn, self.run.id).over

    def _as_here(self, artifact: Artifact) -> Release:
        """The release of an artifact in this environment, with its configuration; made up if there is none."""
        with self.cast.database.read() as conn:
            made = releases.of_commit(conn, artifact.application, self.release.environment, artifact.commit)
        same = next((each for each in made if each.digest == artifact.digest), self.release)
        now = self.release.configuration
        return replace(same, digest=artifact.digest, commit=artifact.commit, configuration=now)

    def _around(self, release: Release, project: Project) -> Surroundings:
        kept = data.with_places(self.place / "data", project.data)
        declared = declared_env(project, release.environment)
        return process.surroundings_with(kept, self.cast.machine, release, project.data, declared)

    def _ask(self, project: Project, around: Surroundings, port: int) -> None:
        """Raises NotWell when a probe or an invariant has no good answer within the time that health has."""
        found = questions(project.probes, project.invariants, self.release.environment)
        place = Place(
            host=host(self.release.application, self.release.environment),
            ports={"web": port},
            names=Names(self.cast.machine.places.reachable),
            around=lambda: around,
            tier=self.cast.machine.tier,
            scratch=self.place / "steps",
            stopping=self._over,
        )
        asyncio.run(_ask([each for each in found if of_release(each)], place, project.health.timeout, self._over))


def of_release(question: Question) -> bool:
    """Whether it can be asked of a copy: anything else is about the environment as it is reached."""
    return question.kind == "command" or question.of.startswith("/")


async def _ask(
    found: Sequence[Question], place: Place, patience: float, stopping: Callable[[], bool] = lambda: False
) -> None:
    """Asks one after the other, again while there is no good answer."""
    for question in found:
        deadline = time.monotonic() + patience
        while (answer := await probes.ask(question, place)).state != "passed":
            if time.monotonic() > deadline or stopping():
                what = "the invariant" if question.wanted is not None else "the probe"
                raise NotWell(f"{what} {question.name} {_says(answer.state)}: {answer.says}.")
            await asyncio.sleep(PAUSE)


def _says(state: str) -> str:
    return "failed" if state == "failed" else f"is {state}"
