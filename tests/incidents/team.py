"""A team and its application: Ada owns the installation and writes, Ben writes, Cho pushes what others wrote."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from shipway.config.places import Places
from shipway.environments.secrets import Vault
from shipway.incidents import channels
from shipway.incidents.answers import Answers
from shipway.incidents.outbox import Outbox
from shipway.incidents.suspects import Suspicion
from shipway.incidents.tell import Teller
from shipway.pushes import repositories
from shipway.pushes.git import environment as git_environment
from shipway.state import (
    applications,
    artifacts,
    deployments,
    facts,
    holds,
    messages,
    pushes,
    releases,
    runs,
    suspicions,
)
from shipway.state import channels as recorded
from shipway.state.database import Database
from shipway.state.messages import Message
from shipway.state.pushes import NOTHING, Update
from shipway.state.runs import Run
from support.installation import eventually
from support.records import open_record

NAMES = {"ada": "Ada Okafor", "ben": "Ben Weber", "cho": "Cho Tanaka"}
ENVIRONMENTS = ("dev", "test", "prod")
APP = "shop"
SERVICES = {"mailto": "E-mail", "json": "JSON"}
"""What people call the services of `support.receivers`, by the scheme of their URLs."""


def _outbox(places: Places, database: Database, vault: Vault) -> Outbox:
    return Outbox(database, vault, places.name, Answers(places.answers))


def look_until_killed(places: Places) -> None:
    """What a process of its own does with the record and an outbox."""
    outbox = _outbox(places, open_record(places.database), Vault(places))
    while True:
        outbox.look()
        time.sleep(0.1)


@dataclass
class Team:
    """The record, told through its own functions; `later` moves the clock of who sends."""

    places: Places
    database: Database
    vault: Vault
    teller: Teller
    outbox: Outbox
    head: str = ""
    later: float = 0.0
    _clock: float = field(default_factory=time.time)

    @classmethod
    def at(cls, directory: Path) -> Team:
        places = Places.of(directory / "data", {"HOME": str(directory), "XDG_RUNTIME_DIR": str(directory)})
        places.create()
        database, vault = open_record(places.database), Vault(places)
        teller = Teller(database, places, "http://127.0.0.1:8440")
        team = cls(places, database, vault, teller, _outbox(places, database, vault))
        team.outbox.clock = lambda: time.time() + team.later
        with database.write() as conn:
            applications.create(conn, APP, "main", "ada")
        repositories.create(places, APP)
        return team

    def close(self) -> None:
        self.outbox.close()
        self.database.close()

    def another_outbox(self) -> Outbox:
        """Of another process, as far as the record and the couriers' answers can tell."""
        return _outbox(self.places, self.database, self.vault)

    def commit(
        self,
        who: str = "ada",
        files: Mapping[str, str] | None = None,
        *,
        subject: str = "Change the shop",
        on: str | None = None,
        merges: str = "",
        email: str = "",
    ) -> str:
        """A commit on top of the newest one, or of `on`; its id. It becomes the newest."""
        self._clock += 1
        person = f"{NAMES[who]} <{email or f'{who}@example.org'}> {self._clock:.0f} +0000"
        given = [
            "commit refs/heads/main",
            "mark :1",
            f"author {person}",
            "committer Robot <robot@example.org> 1 +0000",
        ]
        given += [f"data {len(subject.encode())}", subject]
        before = self.head if on is None else on
        given += [f"from {before}"] * bool(before) + [f"merge {merges}"] * bool(merges)
        for path, text in (files or {"web.py": f"{self._clock}\n"}).items():
            given += [f"M 100644 inline {path}", f"data {len(text.encode())}", text]
        told = self._git("fast-import", "--quiet", "--force", stdin="\n".join([*given, "", "get-mark :1", ""]))
        self.head = told.strip()
        return self.head

    def push(self, commit: str, old: str = NOTHING, who: str = "cho", **plan: Any) -> Run:
        """A push of a commit with its run, begun."""
        with self.database.write() as conn:
            push = pushes.record(conn, APP, Update("refs/heads/main", old, commit), who=who)
            return self._begun(conn, commit, who, "push", push.id, plan)

    def ask(self, commit: str, who: str = "cho", purpose: str = "deploy") -> Run:
        """A run that somebody asked for, begun."""
        with self.database.write() as conn:
            return self._begun(conn, commit, who, purpose, None, {})

    def step(self, run: Run, name: str = "test", state: str = "failed", excerpt: str = "", **how: Any) -> None:
        """With what the story finds of it, by default that nobody is suspected."""
        attempt, suspicion = how.pop("attempt", 1), how.pop("suspicion", Suspicion("Nothing is known."))
        with self.database.write() as conn:
            runs.begin_step(conn, run, name, attempt)
            code = 0 if state == "passed" else 1
            runs.end_step(conn, run, name, attempt, state, exit_code=code, excerpt=excerpt, **how)
            for failure in suspicions.waiting(conn):
                suspicions.settle(conn, failure, None if how.get("actor") else asdict(suspicion))

    def fail(self, run: Run, reason: str = "test failed") -> None:
        with self.database.write() as conn:
            runs.end(conn, run, "failed", reason)

    def fail_step(self, run: Run, name: str = "test", excerpt: str = "", **how: Any) -> None:
        """A step and with it the run."""
        self.step(run, name, excerpt=excerpt, **how)
        self.fail(run, f"{name} failed")

    def stop(self, run: Run, at: str, error: str, message: str, actor: str, hint: str = "") -> None:
        """What the story records when it meets an error, and the end of the run."""
        data = {"at": at, "id": error, "message": message, "hint": hint, "actor": actor}
        self.fact("run.stopped", run=run.id, commit=run.commit, data=data)
        self.fail(run, message)

    def deploy(
        self, run: Run, environment: str = "prod", *, kind: str = "deploy", ending: str = "done", **how: str
    ) -> str:
        """A deployment of the run, which ends unless it is running; the release's id."""
        with self.database.write() as conn:
            project: dict[str, Any] = {"environments": [{"name": name} for name in ENVIRONMENTS]}
            project["traffic"] = {"judge": bool(how.pop("judged", "")), "warm": 600.0}
            common = {"application": APP, "digest": run.commit.ljust(64, "0"), "commit": run.commit}
            artifacts.create(conn, **common, run=run.id, project=project, size=1)
            newest = releases.recent(conn, APP, environment, 1)
            version = len(newest) and newest[0].configuration + 1 if how.pop("configured", "") else 0
            version = int(how.pop("at", version))
            release = releases.make(conn, **common, environment=environment, configuration=version)
            begun = deployments.begin(conn, run=run.id, release=release, kind=kind, at_least=0)
            if ending == "done":
                releases.serve(conn, release, deployment=begun.id, epoch=begun.epoch, warm_until=time.time() + 600)
                deployments.switched(conn, begun)
            if ending != "running":
                deployments.end(conn, begun, ending, how.get("reason", ""), how.get("excerpt", ""))
        return release.id

    def deployment(self, run: Run, environment: str = "prod") -> str:
        """The newest deployment of a run to an environment."""
        with self.database.read() as conn:
            every = deployments.all_of_run(conn, run.id)
        return [each.id for each in every if each.environment == environment][-1]

    def deliver(self, commit: str, old: str = NOTHING) -> Run:
        """A good push: it serves everywhere."""
        run = self.push(commit, old)
        for name in ENVIRONMENTS:
            self.deploy(run, name)
        with self.database.write() as conn:
            runs.end(conn, run, "passed")
        return run

    def fact(self, kind: str, **about: Any) -> None:
        with self.database.write() as conn:
            facts.record(conn, kind, application=APP, **about)

    def quarantine(self, commit: str, environment: str = "prod") -> None:
        """What the rollbacks stage records."""
        with self.database.write() as conn:
            holds.quarantine(conn, APP, environment, commit, why="bad", run="")

    def tell(self) -> list[Message]:
        """Makes messages of what happened; all there are, oldest first."""
        self.teller.look()
        with self.database.read() as conn:
            return list(reversed(messages.recent(conn, limit=500)))

    def send(self) -> None:
        """Sends all that is due, and waits until nothing is on its way."""
        while self._due():
            self.outbox.look()
            eventually(lambda: not self.outbox._busy.total(), "nothing is on its way", 60)

    def _due(self) -> bool:
        now = self.outbox.clock()
        with self.database.read() as conn:
            return any(self.outbox._free(message, now) for message in messages.waiting(conn, now))

    def channel(self, whose: str, url: str) -> str:
        """Records a channel to one of `support.receivers`, which nobody has to look at first; its id."""
        service = SERVICES[url.partition("://")[0]]
        with self.database.write() as conn:
            return recorded.add(
                conn, whose=whose, service=service, seal=partial(self._sealed, url), private=True, who="ada"
            ).id

    def add_channel(self, whose: str, url: str, *, private: bool = True) -> str:
        """Adds a channel as an owner does: a courier reads its URL, which may be refused; its id."""
        return channels.add(self.database, self.vault, whose, url, private=private, who="ada").id

    def _sealed(self, url: str, channel: str) -> bytes:
        return self.vault.seal(channels.SEALED, channel, {"url": url})

    def query(self, sql: str) -> Sequence[Any]:
        with self.database.read() as conn:
            return conn.exec_driver_sql(sql).all()

    def _begun(
        self, conn: Any, commit: str, who: str, purpose: str, push: str | None, plan: dict[str, Any]
    ) -> Run:
        run = runs.create(
            conn,
            application=APP,
            push=push,
            branch="main",
            commit=commit,
            who=who,
            purpose=purpose,
            deliver=ENVIRONMENTS,
            plan={"nodes": [{}], "project": {"steps": {}}, **plan},
        )
        runs.begin(conn, run, "plain")
        return runs.get(conn, run.id)

    def _git(self, *words: str, stdin: str = "") -> str:
        command = ["git", f"--git-dir={self.places.repository(APP)}", *words]
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, check=True, env=git_environment()
        )
        return done.stdout
