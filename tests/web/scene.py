"""An installation with a past: applications, pushes, runs and releases, told through the record's own functions.

Tests stand on it, and whoever wants to look at the pages with something on them.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from unittest.mock import patch

from shipway.config.places import Places
from shipway.environments.secrets import Vault
from shipway.incidents.suspects import Suspicion
from shipway.pushes import access, repositories
from shipway.pushes.git import environment as git_environment
from shipway.signals.errors.intake import Intake
from shipway.signals.errors.recording import Recorder
from shipway.signals.questions import results
from shipway.signals.questions.answer import State
from shipway.signals.questions.results import Line
from shipway.state import (
    applications,
    artifacts,
    configurations,
    decisions,
    deployments,
    error_keys,
    errors,
    facts,
    instances,
    pushes,
    releases,
    runs,
)
from shipway.state.artifacts import Artifact
from shipway.state.database import Connection, Database, open_database
from shipway.state.decisions import Decision
from shipway.state.deployments import Deployment
from shipway.state.errors import Error
from shipway.state.pushes import NOTHING, Update
from shipway.state.runs import Run
from shipway.story.plan import SERVING
from support.records import open_record

ENVIRONMENTS = ("dev", "test", "prod")
STEPS = {"install": (), "lint": ("install",), "test": ("install",)}
LENGTHS = {"install": 3.4, "lint": 1.1, "test": 12.3, "build": 9.7}
FILE = json.dumps(
    {
        "name": "any",
        "build": "static",
        "steps": {name: {"run": "true", "needs": needs} for name, needs in STEPS.items()},
        "environments": ENVIRONMENTS,
    }
)
AUTHORS = {"ada": "Ada Okafor", "ben": "Ben Weber", "cho": "Cho Tanaka"}


@dataclass
class Scene:
    """The record at `places`, with people who may call: `tokens` by name."""

    places: Places
    database: Database
    tokens: dict[str, str] = field(default_factory=dict)
    heads: dict[tuple[str, str], str] = field(default_factory=dict)
    real: float = field(default_factory=time.time)
    now: float = field(default_factory=time.time)

    @classmethod
    def empty(cls, directory: Path) -> Scene:
        """Nothing but an owner, Ada, and a user, Ben."""
        places = Places.of(directory / "data", {"HOME": str(directory), "XDG_RUNTIME_DIR": str(directory)})
        places.create()
        scene = cls(places, open_record(places.database))
        scene.tokens["ada"] = access.create(scene.database, "ada", role="owner")
        scene.tokens["ben"] = access.create(scene.database, "ben")
        return scene

    @classmethod
    def at(cls, directory: Path) -> Scene:
        """The record that another process keeps there, told by nobody."""
        places = Places.of(directory / "data", {"HOME": str(directory), "XDG_RUNTIME_DIR": str(directory)})
        return cls(places, open_database(places.database))

    def application(self, name: str) -> None:
        with self.database.write() as conn:
            applications.create(conn, name, "main", "ada")
        repositories.create(self.places, name)

    def commit(
        self, application: str, subject: str, who: str = "ada", branch: str = "main", merges: str = ""
    ) -> str:
        """A commit on top of the branch, made without a work tree; its id."""
        person = f"{AUTHORS[who]} <{who}@example.org> {self.now:.0f} +0000"
        before = self.heads.get((application, branch), self.heads.get((application, "main")))
        given = [f"commit refs/heads/{branch}", "mark :1", f"author {person}", f"committer {person}"]
        given += [
            f"data {len(subject.encode())}",
            subject,
            *([f"from {before}"] if before else []),
            *([f"merge {merges}"] if merges else []),
            "M 644 inline shipway.yml",
            f"data {len(FILE)}",
            FILE,
            "get-mark :1",
            "",
        ]
        made = subprocess.run(
            ["git", f"--git-dir={self.places.repository(application)}", "fast-import", "--quiet"],
            input="\n".join(given),
            capture_output=True,
            text=True,
            check=True,
            env=git_environment(),
        ).stdout.strip()
        self.heads[application, branch] = made
        return made

    def push(
        self,
        application: str,
        subject: str,
        *,
        who: str = "ada",
        branch: str = "main",
        deliver: Sequence[str] = ENVIRONMENTS,
        steps: dict[str, tuple[str, ...]] | None = None,
        commit: str | None = None,
        before: str = NOTHING,
        readable: bool = True,
    ) -> Run:
        """A pushed commit with its run, queued; one that is in the repository already if it is named. With a
        shipway.yml that is not `readable` nothing is planned."""
        commit = commit or self.commit(application, subject, who, branch)
        with self.database.write() as conn:
            push = pushes.record(conn, application, Update(f"refs/heads/{branch}", before, commit), who=who)
            return runs.create(
                conn,
                application=application,
                push=push.id,
                branch=branch,
                commit=commit,
                who=who,
                purpose="push",
                deliver=list(deliver),
                plan=plan(STEPS if steps is None else steps, deliver, application) if readable else {"nodes": []},
            )

    def begin(self, run: Run, tier: str = "bubblewrap") -> None:
        with self.database.write() as conn:
            runs.begin(conn, run, tier)

    def step(
        self, run: Run, name: str, state: str = "passed", *, log: str = "", excerpt: str = "", attempt: int = 1
    ) -> None:
        """A step of the run, under way when `state` is running."""
        needs = [node["needs"] for node in run.plan["nodes"] if node["id"] in (name, f"step:{name}")]
        with self.database.write() as conn:
            runs.begin_step(
                conn, run, name, attempt, needs=[need.removeprefix("step:") for need in needs[0]] if needs else []
            )
        self.log(run, name, log or f"$ {name}\nall is well\n", attempt)
        if state != "running":
            self.end_step(run, name, state, excerpt=excerpt, attempt=attempt)

    def end_step(self, run: Run, name: str, state: str, *, excerpt: str = "", attempt: int = 1) -> None:
        self.now += LENGTHS.get(name, 2.0)
        with self.database.write() as conn:
            began = next(s.started for s in runs.steps_of(conn, run.id) if (s.name, s.attempt) == (name, attempt))
            runs.end_step(
                conn,
                run,
                name,
                attempt,
                state,
                exit_code=0 if state == "passed" else 1,
                excerpt=excerpt,
                ended=(began or 0.0) + LENGTHS.get(name, 2.0),
            )

    def asks(
        self,
        application: str,
        name: str,
        state: State,
        says: str,
        *,
        since: float,
        wanted: str | None = None,
        release: str | None = None,
    ) -> None:
        """A probe of prod, or an invariant, that was answered just now, which is believed for hours."""
        line = Line(name, "command", f"./{name}", wanted, release, f"{application}.prod.r1", 3600.0)
        line.state, line.says, line.since, line.at = state, says, since, self.real
        lines = [*results.read(self.places, application, "prod"), line]
        results.write(self.places, application, "prod", lines)

    def log(self, run: Run, name: str, text: str, attempt: int = 1) -> None:
        """Adds to the log of a step."""
        directory = self.places.step(run.id, name, attempt)
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / "log").open("ab") as file:
            file.write(text.encode())

    def green(self, run: Run, traffic: Mapping[str, object] | None = None, **declared: object) -> Artifact:
        """Every step passes, the build too, and the artifact is published."""
        self.begin(run)
        for name in [*STEPS, "build"]:
            self.step(run, name)
        return self.artifact(run, traffic, **declared)

    def artifact(self, run: Run, traffic: Mapping[str, object] | None = None, **declared: object) -> Artifact:
        """`declared` is what else its shipway.yml says."""
        with self.database.write() as conn:
            return artifacts.create(
                conn,
                application=run.application,
                digest=run.commit.ljust(64, "0"),
                commit=run.commit,
                run=run.id,
                project={**project(), **({"traffic": dict(traffic)} if traffic else {}), **declared},
                size=18_200_000,
            )

    def artifact_of(self, conn: Connection, application: str, environment: str, number: int) -> Artifact:
        """What the release r<number> is made of."""
        release = releases.numbered(conn, application, environment, number)
        assert release is not None
        return artifacts.of_release(conn, release)

    def artifact_of_commit(self, run: Run) -> Artifact:
        with self.database.read() as conn:
            artifact = artifacts.of_commit(conn, run.application, run.commit)
        assert artifact is not None
        return artifact

    def deploy(
        self, run: Run, environment: str, *, kind: str = "deploy", digest: str = "", web: int = 2
    ) -> Deployment:
        """The run's commit (or the artifact with `digest`) serves in the environment."""
        begun = self.begin_deployment(run, environment, kind=kind, digest=digest)
        with self.database.write() as conn:
            self.now += 1.3
            release = releases.get(conn, begun.release)
            for process, position in [*(("web", at) for at in range(web)), ("worker", 0)]:
                port = 20000 + release.number * 10 + position if process == "web" else None
                name = f"{release.name}.{process}.{position}"
                instances.want(conn, id=name, release=release.id, process=process, position=position, port=port)
            releases.serve(conn, release, deployment=begun.id, epoch=begun.epoch, warm_until=begun.started + 600)
            deployments.switched(conn, begun)
            deployments.end(conn, begun, "done")
        return begun

    def begin_deployment(
        self, run: Run, environment: str, *, kind: str = "deploy", digest: str = ""
    ) -> Deployment:
        with self.database.write() as conn:
            artifact = (
                artifacts.get(conn, run.application, digest, run.commit)
                if digest
                else artifacts.of_commit(conn, run.application, run.commit)
            )
            assert artifact is not None
            release = releases.make(
                conn,
                application=run.application,
                environment=environment,
                digest=artifact.digest,
                commit=artifact.commit,
                configuration=configurations.newest(conn, run.application, environment).version,
            )
            return deployments.begin(conn, run=run.id, release=release, kind=kind, at_least=0)

    def fail_deployment(self, deployment: Deployment, reason: str, excerpt: str = "") -> None:
        with self.database.write() as conn:
            deployments.end(conn, deployment, "failed", reason, excerpt)

    def end(self, run: Run, state: str = "passed", reason: str = "") -> None:
        with self.database.write() as conn:
            runs.end(conn, run, state, reason)

    def deliver(self, run: Run, environments: Sequence[str] = ENVIRONMENTS) -> Artifact:
        """The whole way of a good commit."""
        artifact = self.green(run)
        for name in environments:
            self.deploy(run, name)
        self.end(run)
        return artifact

    def roll_back(self, application: str, environment: str, to: Artifact, who: str = "ben", why: str = "") -> Run:
        run = self.begin_rollback(application, environment, to, who)
        if why:
            self._because(run, environment, to, why)
        self.deploy(run, environment, kind="rollback", digest=to.digest)
        self.end(run)
        return run

    def _because(self, run: Run, environment: str, to: Artifact, why: str) -> None:
        with self.database.write() as conn:
            now = releases.now_serving(conn, run.application, environment)
            old = releases.of_commit(conn, run.application, environment, to.commit)[0]
            assert now is not None
            decision = Decision(run.who, why, old.number, None, environment)
            decisions.record(conn, decision, run, old, [releases.get(conn, now.release)])

    def begin_rollback(self, application: str, environment: str, to: Artifact, who: str = "ben") -> Run:
        return self._asked(application, environment, to, who, "rollback", node("rollback", "roll_back"))

    def begin_deploy(self, application: str, environment: str, artifact: Artifact, who: str = "ada") -> Run:
        """Somebody deploys what was built before, with the newest configuration."""
        return self._asked(application, environment, artifact, who, "deploy", node("deploy", "deploy"))

    def begin_configuration(self, application: str, environment: str, artifact: Artifact, who: str = "ada") -> Run:
        """What serves is deployed once more, because somebody set something."""
        act = node("deploy", "deploy", environment=environment, what=SERVING)
        return self._asked(application, environment, artifact, who, "deploy", act)

    def deploy_again(self, application: str, environment: str, artifact: Artifact, who: str = "ada") -> Run:
        run = self.begin_deploy(application, environment, artifact, who)
        self.deploy(run, environment, digest=artifact.digest)
        self.end(run)
        return run

    def _asked(
        self, application: str, environment: str, what: Artifact, who: str, purpose: str, node: dict[str, object]
    ) -> Run:
        with self.database.write() as conn:
            run = runs.create(
                conn,
                application=application,
                push=None,
                branch="main",
                commit=what.commit,
                who=who,
                purpose=purpose,
                deliver=[environment],
                plan={"nodes": [node]},
            )
        self.begin(run)
        return run

    def configure(self, application: str, environment: str, values: dict[str, str], secrets: list[str]) -> None:
        with self.database.write() as conn:
            configurations.add(
                conn,
                application,
                environment,
                values=values,
                secrets=Vault(self.places).seal(application, environment, dict.fromkeys(secrets, "a long one")),
                secret_names=secrets,
                who="ada",
                what="set " + ", ".join([*values, *secrets]),
            )

    def report(self, application: str, told: Mapping[str, object], environment: str = "prod") -> Error:
        """An error that a process there reported with its SDK."""
        intake = Intake(self.database)
        with self.database.write() as conn:
            known = error_keys.current(conn, application, environment)
        intake.offer(known, json.dumps(told).encode())
        Recorder(self.database, self.places, Vault(self.places), intake).record(intake.take(timeout=0))
        with self.database.read() as conn:
            return errors.recent(conn, application)[0]

    def suspect(self, error: Error, suspicion: Suspicion) -> None:
        """Somebody looked at the error, in every environment."""
        with self.database.write() as conn:
            for place in errors.places(conn, error.id):
                errors.suspect(conn, error, place, asdict(suspicion))

    def remark(self, run: Run, kind: str, **about: str) -> None:
        with self.database.write() as conn:
            environment = about.pop("environment", None)
            facts.record(
                conn,
                kind,
                application=run.application,
                run=run.id,
                environment=environment,
                commit=run.commit,
                data=about,
            )

    @contextmanager
    def history(self) -> Iterator[None]:
        """Inside, the clock stands still unless `until` sets it or a step takes its time."""
        with patch("time.time", lambda: self.now):
            yield

    def until(self, seconds_ago: float) -> None:
        """What is told next happened that long before now."""
        self.now = self.real - seconds_ago


def node(id: str, action: str, needs: Sequence[str] = (), **arguments: str) -> dict[str, object]:
    return {"id": id, "action": action, "needs": list(needs), "arguments": arguments, "always": False}


def plan(steps: dict[str, tuple[str, ...]], deliver: Sequence[str], application: str = "any") -> dict[str, object]:
    """What the engine would be given: steps, the build beside them, deployments one after the other."""
    nodes = [node("checkout", "check_out")]
    nodes += [
        node(f"step:{name}", "step", ["checkout", *(f"step:{need}" for need in needs)], step=name)
        for name, needs in steps.items()
    ]
    nodes.append(node("build", "build"))
    nodes.append(node("publish", "publish", [str(one["id"]) for one in nodes]))
    before = "publish"
    for name in deliver:
        nodes.append(node(f"deploy:{name}", "deploy", [before], environment=name))
        before = f"deploy:{name}"
    return {"project": {**project(), "name": application}, "nodes": nodes}


def project() -> dict[str, object]:
    """What its shipway.yml says of an application, as far as anybody here asks."""
    return {"name": "any", "environments": [{"name": name} for name in ENVIRONMENTS]}
