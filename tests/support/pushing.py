"""The story up to the engine: pushes become runs on record, and nothing is built, started or served."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shipway.environments.secrets import Vault
from shipway.hosts.keeper.client import Keeper
from shipway.hosts.sandbox import probe
from shipway.pushes.git import environment as git_environment
from shipway.releases.machine import Machine
from shipway.state import artifacts, deployments, releases, runs
from shipway.state.database import Database
from shipway.state.deployments import Deployment
from shipway.state.pushes import Push
from shipway.state.runs import Run
from shipway.story import Story, carry
from shipway.story.cast import Cast
from shipway.traffic.proxy import Proxy
from support.reconciling import reconcile_all
from support.workshop import NAME, Workshop, opened


def project(*environments: str | Mapping[str, object], **more: object) -> str:
    """A shipway.yml of a static site with these environments."""
    return json.dumps({"name": NAME, "build": "static", "environments": list(environments), **more})


@dataclass
class Pushing:
    """One application; its keeper and its router are not there."""

    workshop: Workshop
    cast: Cast

    @property
    def story(self) -> Story:
        return Story(self.cast)

    @property
    def database(self) -> Database:
        return self.cast.database

    def push(self, text: str, branch: str = "main", also: Mapping[str, str] | None = None) -> Run:
        """A commit with this shipway.yml, if any, and other files, on top of the branch, pushed; its run."""
        run = carry.pushed(self.cast, self.accepted(text, branch, also))
        assert run is not None
        return run

    def accepted(self, text: str, branch: str = "main", also: Mapping[str, str] | None = None) -> Push:
        """The same before its run is made."""
        repository = self.workshop.places.repository(NAME)
        lines = [f"commit refs/heads/{branch}", "committer Ada <ada@example.org> 1790000000 +0000", "data 1", "x"]
        known = subprocess.run(
            ["git", f"--git-dir={repository}", "rev-parse", "--verify", "-q", f"refs/heads/{branch}"],
            capture_output=True,
            text=True,
            check=False,
            env=git_environment(),
        ).stdout.strip()
        lines += [f"from {known}"] if known else []
        for path, content in {**({"shipway.yml": text} if text else {}), **(also or {})}.items():
            lines += [f"M 644 inline {path}", f"data {len(content.encode())}", content]
        subprocess.run(
            ["git", f"--git-dir={repository}", "fast-import", "--quiet"],
            input="\n".join([*lines, ""]),
            text=True,
            check=True,
            env=git_environment(),
        )
        (push,) = reconcile_all(self.database, self.workshop.places)
        return push

    def end(self, run: Run, state: str = "failed") -> None:
        with self.database.write() as conn:
            runs.end(conn, run, state)

    def green(self, run: Run) -> None:
        """What the run was to build is there."""
        with self.database.write() as conn:
            artifacts.create(
                conn,
                application=NAME,
                digest=run.commit.ljust(64, "0"),
                commit=run.commit,
                run=run.id,
                project=run.plan["project"],
                size=1,
            )

    def begin_deployment(self, run: Run, environment: str) -> Deployment:
        with self.database.write() as conn:
            release = releases.make(
                conn,
                application=NAME,
                environment=environment,
                digest=run.commit.ljust(64, "0"),
                commit=run.commit,
                configuration=0,
            )
            return deployments.begin(conn, run=run.id, release=release, kind="deploy", at_least=0)

    def serve(self, run: Run, environment: str) -> None:
        """The run's commit serves there."""
        begun = self.begin_deployment(run, environment)
        with self.database.write() as conn:
            release = releases.get(conn, begun.release)
            releases.serve(conn, release, deployment=begun.id, epoch=begun.epoch, warm_until=None)
            deployments.switched(conn, begun)
            deployments.end(conn, begun, "done")


@contextmanager
def a_pushing(directory: Path) -> Iterator[Pushing]:
    with opened(directory, probe()) as workshop:
        places = workshop.places
        machine = Machine(workshop.database, places, Keeper(places), workshop.tier, Vault(places))
        yield Pushing(workshop, Cast(machine, Proxy(places, 8080)))
