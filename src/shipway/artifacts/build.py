"""Building the artifact of a commit: in a checkout that no test ever touched, while the tests run.

1. A checkout of its own at <run>/build/<attempt>/app, seen by the commands at /app.
2. The phases that the kind of application asks for, each in a room of its own; all write one log.
3. What is there then is packed beside it, synced, and waits to be published.

The tree of a build is not synced: after a loss of power it may be torn, so an attempt belongs to the boot it
began in, and counts as lost in any other.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from shipway.artifacts import bytecode, candidate, pythons, shelf
from shipway.artifacts.contents import LeftOut, shipped
from shipway.artifacts.phases import Kind, Phase, Sources
from shipway.artifacts.settings import BuildSettings
from shipway.config.places import Places
from shipway.hosts import steps
from shipway.hosts.sandbox import Mount, Tier
from shipway.hosts.supervisor.claim import boot
from shipway.pipelines import checkout, machine
from shipway.pipelines.attempts import Attempts, Result, result
from shipway.pipelines.room import CACHE, Inside, room
from shipway.pipelines.run import ASKING
from shipway.pipelines.settings import BUILD
from shipway.pushes.git import Git
from shipway.state.database import Database
from shipway.state.runs import Run

TIMEOUT = 1800.0  # seconds, for each phase
_COMPILER = "/shipway/bytecode.py"


class Buildable(Protocol):
    """What can be built, such as a project: `data` are paths that stay out of its artifact."""

    @property
    def build(self) -> BuildSettings: ...

    @property
    def data(self) -> Sequence[str]: ...


def build(database: Database, places: Places, tier: Tier, *, run: Run, project: Buildable) -> str:
    """Builds and packs the run's commit; passed, failed, timed out, cancelled or lost.

    Recorded as the step `build`. Whoever calls this again after a crash gets what went on meanwhile.
    """
    attempts = Attempts(database, places, run, BUILD)
    return attempts.carry_out(lambda directory: _once(places, tier, run, project, attempts, directory))


def _once(places: Places, tier: Tier, run: Run, project: Buildable, attempts: Attempts, directory: Path) -> Result:
    home = candidate.directory(places, run.id) / directory.name
    if candidate.find(places, run.id) is not None:
        return Result("passed", 0)
    if not _is_of_this_boot(home):
        return Result("lost", excerpt="The machine went down in the middle of it.")
    tree = home / "app"
    checkout.check_out(places, run.application, run.commit, tree)
    python = pythons.find(project.build.python)
    builder = _Builder(places, tier, run, tree, python, attempts, directory)
    for phase in _phases(project, Sources(tree, python), home / "phases.json"):
        ended = builder.carry_out(phase)
        if ended.state != "passed":
            return ended
    _pack(places, run, project, tree, python)
    return Result("passed", 0)


def _phases(project: Buildable, sources: Sources, decided: Path) -> list[Phase]:
    """What is to be done: decided while the tree is as it was committed, and not again once it is built in."""
    if not decided.exists():
        phases = _kind(project.build.kind).phases(project.build, sources)
        shelf.write(decided, json.dumps([asdict(phase) for phase in phases]))
    return [Phase.of(value) for value in json.loads(decided.read_bytes())]


def _kind(name: str) -> Kind:
    return cast(Kind, import_module(f"shipway.artifacts.kinds.{name}"))


def _pack(places: Places, run: Run, project: Buildable, tree: Path, python: Path) -> None:
    candidate.pack(
        places,
        run.id,
        shipped(tree, project.build.root),
        left_out=LeftOut(project.data, project.build.exclude),
        mtime=Git(places.repository(run.application)).commit(run.commit).at,
        python=python if project.build.kind == "python" else None,
        unpacked=bool(run.deliver),
    )


def _is_of_this_boot(home: Path) -> bool:
    """Marks a new attempt; False for one that began before the machine was last started."""
    mark = home / "boot"
    if not home.exists():
        home.mkdir(mode=0o700, parents=True)
        mark.write_text(boot())
    return mark.exists() and mark.read_text() == boot()


@dataclass(frozen=True)
class _Builder:
    """Carries out the phases of one attempt."""

    places: Places
    tier: Tier
    run: Run
    tree: Path
    python: Path
    attempts: Attempts
    directory: Path

    def carry_out(self, phase: Phase) -> Result:
        """Runs a phase, and what is to be done instead when it failed.

        Where its packages come from did not answer, a second way of building would find no more of them.
        """
        ended = self._run(phase)
        if ended.state == "failed" and not ended.error and phase.otherwise is not None:
            return self.carry_out(phase.otherwise)
        return ended

    def _run(self, phase: Phase) -> Result:
        inside, directory = self._inside(phase), self.directory / phase.name
        _share_log(self.directory, directory)
        steps.start(
            directory,
            argv=["/bin/sh", "-ec", self._script(phase, inside)],
            room=inside.room,
            tier=self.tier,
            env=inside.env,
            timeout=TIMEOUT,
            secrets=machine.secrets(inside.env),
        )
        outcome = steps.wait(directory, ASKING, self.attempts.cancelled)
        return result(outcome, self.directory, TIMEOUT, network=True)

    def _inside(self, phase: Phase) -> Inside:
        shared = self.places.cache / "shared"
        return room(
            self.places,
            self.tier,
            self.run,
            tree=self.tree,
            python=self.python,
            network=True,
            cache=shared if phase.cache == "shared" else None,
            cwd=phase.cwd,
            more=(Mount(Path(bytecode.__file__), _COMPILER),),
        )

    def _script(self, phase: Phase, inside: Inside) -> str:
        if not phase.compiled:
            return phase.script
        words = [str(self.python), "-I", "-S", self.tier.inside(inside.room, _COMPILER), "."]
        if phase.cache == "shared":  # code of the application may have run in any other
            words.append(f"{self.tier.inside(inside.room, CACHE)}/bytecode")
        return f"{phase.script}\n{shlex.join(words)}"


def _share_log(attempt: Path, phase: Path) -> None:
    """All phases append to the log of the step, which is what people follow."""
    phase.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("log", "log.index", "log.commands"):
        (attempt / name).touch(mode=0o600)
        if not (phase / name).exists():
            os.link(attempt / name, phase / name)
