"""A shop under load in which something is killed at a named place, again and again; `checking` judges."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.installation import Done, Installation, Repository, eventually
from support.kills import victims
from support.kills.places import Place
from support.load import Load
from support.shop import shop

SETTLED = 60.0  # seconds after a crash in which every run ends or goes on (BARS R2)

PROJECT = """\
name: shop
steps:
  test: python3 check.py
processes:
  web: python3 web.py
  worker: {run: python3 worker.py, grace: 0 s}
release: 'echo "$SHIPWAY_COMMIT" >> "$DATA_DIR/released"'
data: [counter.txt]
health: {path: /health, timeout: 10 s}
traffic: {warm: 60 s, drain: 2 s}
environments: [prod]
"""

LEAVES_A_TRACE = {
    "check": "import pathlib, time\npathlib.Path('here').touch()\ntime.sleep(0.7)\n",
    "project": PROJECT.replace('/released"', '/released"; sleep 0.7'),
}
ILL = {"health": "unwell", "project": PROJECT.replace("timeout: 10 s", "timeout: 0.5 s")}
PASSED = ("passed", "")


@dataclass
class Kill:
    """Who was killed, and when they were dead: on a busy machine up to 0.7 s after they were looked for;
    `pids` is empty when the place was never passed or nobody was there to kill."""

    at: float = 0.0
    pids: list[int] = field(default_factory=list)


@dataclass
class Crash:
    """Something was killed while a version was on its way. `old` and `new` are what may be served during it,
    `right` what has to be at the end; `ending` is the state of the run and words of its reason.
    """

    place: Place
    victim: str
    old: str
    new: str
    right: str
    run: str
    ending: tuple[str, str]
    load: Load
    kill: Kill
    shown: Done


@dataclass
class House:
    """One installation with one shop in it, and as many crashes as one likes, one after the other."""

    installation: Installation
    repository: Repository
    plan: Path
    commits: dict[str, str] = field(default_factory=dict)
    version: str = "1"

    @classmethod
    def at(cls, home: Path) -> House:
        """One that is still empty."""
        plan = home / "plan.json"
        made = Installation(home, victims.killed_by(plan))
        return cls(made, made.repository("shop"), plan)

    def open(self) -> None:
        """Starts it, and delivers the shop in its first version."""
        self.installation.up()
        self.repository.write(shop("1", project=PROJECT, check="pass\n"))
        self.repository.commit("Open the shop")
        self.repository.init()
        self.commits["1"] = self.repository.deliver("Open the shop for real")

    def push(self, place: Place, victim: str, *, ending: tuple[str, str] = PASSED, **files: str) -> Crash:
        """Pushes the next version, kills `victim` at `place`, and restarts what an init system would."""
        traces = LEAVES_A_TRACE if place.seen else {}
        old, new = self.version, self.next({**traces, **files})
        commit = self.commits[new]

        def accepted() -> bool:
            return bool(self.query("select 1 from pushes where new = ? and state = 'accepted'", commit))

        def ask() -> Done:
            return self.repository.git("push", "shipway", "main")

        load, kill, shown = self._crash(place, victim, ask, accepted)
        if ending == PASSED:
            self.version = new
        ((run,),) = self.query('select id from runs where "commit" = ?', commit)
        return Crash(place, victim, old, new, self.version, run, ending, load, kill, shown)

    def renew(self) -> None:
        """Delivers the next version in peace. Its instance was never killed, so the keeper, which waits longer the
        oftener one ends within a minute, starts it again at once."""
        self.version = self.next({})
        assert self.repository.push().code == 0

    def go_back(self, place: Place, victim: str) -> Crash:
        """Delivers the next version in peace; then goes back to the one before, and that is disturbed."""
        old, new = self.version, self.next({})
        self.repository.push()
        self.version = new
        before = self._newest_rollback()

        def ask() -> Done:
            return self.repository.shipway("rollback", "--env", "prod")

        load, kill, shown = self._crash(place, victim, ask, lambda: self._newest_rollback() != before)
        self.version = old
        return Crash(place, victim, old, new, old, self._newest_rollback(), PASSED, load, kill, shown)

    def next(self, files: dict[str, str]) -> str:
        """Commits the next version."""
        new = str(len(self.commits) + 1)
        made = shop(new, **{"project": PROJECT, "check": "pass\n", **files})
        self.commits[new] = self.repository.commit(f"Become version {new}", made)
        return new

    def _crash(
        self, place: Place, victim: str, act: Callable[[], Done], accepted: Callable[[], bool]
    ) -> tuple[Load, Kill, Done]:
        """Does what a person does, again if nothing of it was accepted, while something is killed."""
        self.wait_for_quiet()
        load = self.load()
        with load:
            ordered = self._order(place, self.words(victim))
            shown = act()
            kill = ordered.wait()
            eventually(lambda: all(map(victims.ended, kill.pids)), "who was killed is dead")
            self.restart()
            if not accepted():
                assert act().code == 0
            self.wait_for_quiet()
            time.sleep(0.3)
        return load, kill, shown

    def load(self) -> Load:
        return Load(
            self.installation.proxy_port,
            "shop.localhost",
            keep=2,
            think=3,
            fresh=1,
            slow=1,
            pause=0.03,
            slow_for=0.6,
            names=lambda answer: answer.body.decode(),
        )

    def words(self, victim: str) -> list[str]:
        """What only the victim has in its command or its environment; nothing for the server itself."""
        data = str(self.installation.places.data)
        lock = (self.installation.places.keeper / "lock").stat()
        mark = f"@{lock.st_dev:x}.{lock.st_ino:x}"
        newest = self.commits[str(len(self.commits))]
        return {
            "server": [],
            "keeper": ["keeper/process.py", data],
            "router": ["router-1.bootstrap.json", data],
            "instance": ["web.py", mark, f"SHIPWAY_COMMIT={self.commits[self.version]}"],
            "newcomer": ["web.py", mark, f"SHIPWAY_COMMIT={newest}"],
            "supervisor of a step": ["supervisor/__main__.py", f"{data}/runs/"],
            "supervisor of the release command": ["supervisor/__main__.py", f"{data}/environments/"],
        }[victim]

    def _order(self, place: Place, words: Sequence[str]) -> Order | Watch:
        return Watch(self, place, words) if place.seen else Order(self.plan, place, words)

    def restart(self) -> None:
        """Only the server has to be started by somebody; everything else has to come back by itself."""
        server = self.installation.server
        if server is None or victims.ended(server):
            self.installation.up()

    def _newest_rollback(self) -> str:
        found = self.query("select id from runs where purpose = 'rollback' order by number desc limit 1")
        return str(found[0][0]) if found else ""

    def wait_for_quiet(self) -> None:
        """Nothing is under way, and what need not run any more does not."""
        began = time.time()
        eventually(lambda: not self.under_way(), "everything under way ends", SETTLED + 30)
        assert time.time() - began < SETTLED, f"it took {time.time() - began:.0f} s"
        eventually(lambda: not self.differences(), "what runs is what should run", SETTLED)

    def under_way(self) -> list[tuple[Any, ...]]:
        states = {
            "pushes": "state = 'offered'",
            "runs": "state in ('queued', 'running')",
            "steps": "state = 'running'",
            "deployments": "state = 'running'",
        }
        asked = [f"select * from {table} where {state}" for table, state in states.items()]
        return [row for sql in asked for row in self.query(sql)]

    def differences(self) -> list[str]:
        """Between what should run and what runs."""
        wanted = {row[0] for row in self.query("select id from instances where wanted")}
        kept = {}
        for path in self.installation.places.instances.glob("shop.*.json"):
            with suppress(FileNotFoundError):  # it was stopped while we looked
                kept[path.stem] = json.loads(path.read_text())["state"]
        serving = self.query("select release, warm from serving where environment = 'prod'")
        needed = {row[0] for row in self.query("select id from instances where release in (?, ?)", *serving[0])}
        found = [f"{each} is wanted and not kept" for each in wanted - kept.keys()]
        found += [f"{each} is kept and not wanted" for each in kept.keys() - wanted]
        found += [f"{each} is {state}" for each, state in kept.items() if state != "running"]
        return found + [f"{each} is of no use" for each in wanted - needed]

    def released(self) -> list[str]:
        """The commits whose release command ran, each time it did."""
        return (self.installation.places.environment("shop", "prod") / "data" / "released").read_text().split()

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.installation.query(sql, *values)

    def evidence(self, crash: Crash) -> str:
        """What a person would look at."""
        facts = self.query("select id, kind, data from facts order by id desc limit 40")
        runs = self.query("select number, state, reason from runs order by id desc limit 3")
        failed = [f"{each.at - crash.kill.at:+.2f} s {each.kind} {each.what}" for each in crash.load.failures[:20]]
        return "\n".join(
            [
                f"{crash.victim} at {crash.place}, killed {crash.kill.pids}: {crash.old} -> {crash.new}",
                *map(str, runs),
                *(f"{place} {kind} {str(data)[:160]}" for place, kind, data in reversed(facts)),
                f"seen: {dict(crash.load.seen)}",
                *failed,
                crash.shown.out[-1500:],
                self.installation.server_log()[-3000:],
                (self.installation.places.keeper / "keeper.log").read_text()[-1500:],
            ]
        )


class Order:
    """A kill that the server carries out itself, in the middle of what it does."""

    def __init__(self, plan: Path, place: Place, words: Sequence[str]) -> None:
        self._id = uuid.uuid4().hex
        self._plan = plan
        value = {"id": self._id, "place": place.name, "nth": place.nth, "words": list(words)}
        draft = plan.with_suffix(".new")
        draft.write_text(json.dumps(value))
        draft.rename(plan)

    def wait(self) -> Kill:
        """Who was killed, once it has happened; nobody when the place is not passed within ten seconds."""
        note = self._plan.with_name(f"{self._plan.name}.{self._id}")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                told = json.loads(note.read_text())
                return Kill(told["at"], told["victims"])
            except (FileNotFoundError, ValueError):
                time.sleep(0.02)
        self._plan.unlink(missing_ok=True)
        return Kill()


class Watch:
    """A kill from outside, as soon as a command of the application has left its trace."""

    def __init__(self, house: House, place: Place, words: Sequence[str]) -> None:
        places = house.installation.places
        self._released = places.environment("shop", "prod") / "data" / "released"
        self._runs = places.data / "runs"
        self._before = self._traces(place)
        self._kill = Kill()
        server = house.installation.server
        self._thread = threading.Thread(target=self._look, args=(place, words, server), name="watch")
        self._thread.start()

    def wait(self) -> Kill:
        self._thread.join()
        return self._kill

    def _look(self, place: Place, words: Sequence[str], server: int) -> None:
        deadline = time.monotonic() + 30
        while self._traces(place) == self._before and time.monotonic() < deadline:
            time.sleep(0.01)
        killed = victims.kill(words) if words else victims.kill_all([server])
        self._kill = Kill(time.time(), killed)

    def _traces(self, place: Place) -> object:
        if place.stage == "step":
            return sorted(self._runs.glob("*/tree/here"))
        return self._released.read_bytes() if self._released.exists() else b""
