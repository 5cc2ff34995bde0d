"""An installation without a server, in which commits are made, their steps run and their artifacts built."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shipway.artifacts import build, candidate, publish
from shipway.config.places import Places
from shipway.hosts.sandbox import Tier
from shipway.pipelines import checkout, plan
from shipway.pipelines import run as pipeline
from shipway.project import Project
from shipway.pushes import repositories
from shipway.pushes.git import environment as git_environment
from shipway.state import applications, runs
from shipway.state.artifacts import Artifact
from shipway.state.database import Database
from shipway.state.runs import Run, Step
from support.records import open_record

NAME = "shop"
STATIC = {"shipway.yml": "name: shop\nbuild: static\n", "index.html": "<h1>Shop</h1>\n"}
"""The smallest application: its build runs nothing."""

TESTS = Path(__file__).parents[1]
SERVER = """
import sys
from pathlib import Path
from shipway.hosts.sandbox import probe
from shipway.state import runs
from support.workshop import opened
with opened(Path(sys.argv[1]), probe()) as workshop:
    with workshop.database.read() as conn:
        run = runs.get(conn, sys.argv[2])
    getattr(workshop, sys.argv[3])(run, *sys.argv[4:])
"""

Files = Mapping[str, str | bytes | Path | None]
"""By path: text, bytes, where a link points, or None for a file that goes."""


@dataclass
class Workshop:
    """One application, its repository, and the places and record around it."""

    directory: Path
    places: Places
    database: Database
    tier: Tier

    def commit(
        self,
        files: Files = STATIC,
        *,
        executable: tuple[str, ...] = (),
        submodules: Mapping[str, str] | None = None,
    ) -> str:
        """Adds a commit with these changes to the repository; its id. `submodules` are commits by their path."""
        work = self.directory / "work"
        if not work.exists():
            self._git("init", "-q", str(work), cwd=self.directory)
        for name, content in files.items():
            _write(work / name, content)
        for name in executable:
            (work / name).chmod(0o755)
        self._git("add", "-A", "-f", cwd=work)
        for path, commit in (submodules or {}).items():
            self._git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}", cwd=work)
        self._git("commit", "-q", "--allow-empty", "-m", "Change the shop", cwd=work)
        self._git("push", "-q", str(self.places.repository(NAME)), "HEAD:refs/heads/main", cwd=work)
        return self._git("rev-parse", "HEAD", cwd=work).strip()

    def reset(self, commit: str) -> None:
        """The next commit comes after this one."""
        self._git("reset", "-q", "--hard", commit, cwd=self.directory / "work")

    def tag(self, name: str) -> None:
        work = self.directory / "work"
        self._git("tag", name, cwd=work)
        self._git("push", "-q", str(self.places.repository(NAME)), name, cwd=work)

    def queue(
        self,
        commit: str,
        project: str = STATIC["shipway.yml"],
        *,
        deliver: tuple[str, ...] = ("dev",),
        branch: str = "main",
    ) -> Run:
        """A run of this commit, begun, as the story plans it."""
        parsed = Project.parse(project)
        nodes = [
            {"id": f"step:{step.name}", "action": "step", "arguments": {"step": step.name}}
            for step in plan.compile(parsed)
        ]
        nodes.append({"id": "build", "action": "build", "arguments": {}})
        with self.database.write() as conn:
            run = runs.create(
                conn,
                application=NAME,
                push=None,
                branch=branch,
                commit=commit,
                who="ada",
                purpose="push",
                deliver=deliver,
                plan={"project": parsed.model_dump(mode="json"), "nodes": nodes},
            )
            runs.begin(conn, run, self.tier.name)
            return runs.get(conn, run.id)

    def step(self, run: Run, name: str, *, secrets: tuple[str, ...] = ()) -> str:
        """Runs one step of the run in its tree."""
        checkout.check_out(self.places, NAME, run.commit, self.tree(run))
        project = Project.model_validate(run.plan["project"])
        planned = next(each for each in plan.compile(project) if each.name == name)
        return pipeline.run_step(self.database, self.places, self.tier, run=run, step=planned, secrets=secrets)

    def run_line(self, line: str, *, files: Files = STATIC, network: bool = False) -> str:
        """Runs `line` as the only step of a new commit, which must pass; its log."""
        run = self.queue(self.commit(files), one_step(line, network=network))
        outcome, log = self.step(run, "only"), self.log(run, "only")
        assert outcome == "passed", log
        return log

    def build(self, run: Run) -> str:
        project = Project.model_validate(run.plan["project"])
        return build.build(self.database, self.places, self.tier, run=run, project=project)

    def publish(self, run: Run) -> Artifact:
        return publish.publish(self.database, self.places, run=publish.green(self.database, run.id))

    def make(self, files: Files = STATIC, **how: tuple[str, ...]) -> Artifact:
        """Commits, builds and publishes; a project's own steps are not run."""
        text = files["shipway.yml"]
        assert isinstance(text, str)
        return self.built(self.commit(files, **how), text)

    def built(self, commit: str, project: str) -> Artifact:
        """Builds and publishes a commit that is there."""
        run = self.queue(commit, project)
        assert self.build(run) == "passed", self.log(run, "build")
        return self.publish(run)

    def elsewhere(self, run: Run, verb: str, *words: str) -> subprocess.Popen[bytes]:
        """The same as calling `verb` here, in a server of its own that a test may kill."""
        path = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
        command = [sys.executable, "-c", SERVER, str(self.directory), run.id, verb, *words]
        return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})

    def tree(self, run: Run) -> Path:
        return self.places.run(run.id) / "tree"

    def packed(self, run: Run) -> Path:
        return candidate.packed_in(self.places, run.id)

    def log(self, run: Run, step: str, attempt: int = 1) -> str:
        """What the step said, without its own command, with which a log begins; a build tells several."""
        log = self.places.step(run.id, step, attempt) / "log"
        text = log.read_text() if log.exists() else ""
        return text if step == "build" else re.sub(r"\A\$ .*\n(> .*\n)*", "", text)

    def steps(self, run: Run) -> list[Step]:
        with self.database.read() as conn:
            return runs.steps_of(conn, run.id)

    def _git(self, *words: str, cwd: Path) -> str:
        name = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
        committer = {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org"}
        settings = git_environment({"protocol.file.allow": "always", "init.defaultBranch": "main"})
        done = subprocess.run(
            ["git", *words],
            cwd=cwd,
            env={**settings, **name, **committer, "GIT_ALLOW_PROTOCOL": "file"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def opened(directory: Path, tier: Tier) -> Iterator[Workshop]:
    """A workshop in `directory`, with an application and an empty repository."""
    places = Places.of(
        directory / "data", {"HOME": str(directory), "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"]}
    )
    places.create()
    database = open_record(places.database)
    with database.write() as conn:
        applications.create(conn, NAME, "main", "ada")
    repository = repositories.create(places, NAME)
    for hook in (repository / "hooks").iterdir():
        hook.unlink()  # they ask a server, and there is none
    yield Workshop(directory, places, database, tier)
    database.close()


def one_step(line: str, **settings: object) -> str:
    """A project of one step."""
    return json.dumps({"name": NAME, "build": "static", "steps": {"only": {"run": line, **settings}}})


def _write(path: Path, content: str | bytes | Path | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if isinstance(content, Path):
        path.symlink_to(content)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.write_text(content)
