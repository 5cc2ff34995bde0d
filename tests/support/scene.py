"""The story without its server: a keeper, a router and a record, on which acts are called one by one.

A crash is an exception that nobody catches, raised where a fact is recorded; what was begun is left as it is,
and a new cast finds it. Real kills, of real processes, are in `support.crashing`.
"""

from __future__ import annotations

import http.client
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shipway.environments.secrets import Vault
from shipway.hosts.keeper.client import Keeper
from shipway.hosts.sandbox import probe
from shipway.releases.machine import Machine
from shipway.state import deployments, facts, holds, releases, runs, verdicts
from shipway.state.deployments import Deployment
from shipway.state.releases import Release
from shipway.state.runs import Run
from shipway.story import Story, conclude, deliver, perform
from shipway.story.cast import Cast
from shipway.traffic.proxy import Proxy
from support.installation import eventually
from support.ports import free_port
from support.shop import failing, shop
from support.workshop import NAME, Workshop, opened

PROJECT = """\
name: shop
processes:
  web: python3 web.py
  worker: {run: python3 worker.py, grace: 0 s}
release: 'echo "$SHIPWAY_COMMIT" >> "$DATA_DIR/released"'
health: {path: /health, timeout: 5 s}
traffic: {warm: 60 s, drain: 1 s}
environments: [prod]
"""
WEB_ONLY = """\
name: shop
processes: {web: python3 web.py}
health: {path: /health, timeout: 5 s}
traffic: {warm: 60 s, drain: 1 s}
environments: [prod]
"""
WORKS = WEB_ONLY.replace("web.py}", "web.py, worker: {run: python3 worker.py, grace: 0.3 s}}")
"""The same with a worker, which ends by itself when it is asked to."""


def canary(*steps: int, hold: str = "1 s", deadline: str = "2 s", project: str = WEB_ONLY) -> str:
    """The same project, whose releases are tried on these shares first."""
    tried = f"traffic: {{strategy: canary, steps: {list(steps)}, hold: {hold}, deadline: {deadline}, "
    return project.replace("traffic: {", tried)


class Crash(BaseException):
    """Nobody catches it."""


@dataclass
class Scene:
    """One machine with one application; `cast` is who plays in it until the next crash."""

    workshop: Workshop
    cast: Cast

    @property
    def story(self) -> Story:
        return Story(self.cast)

    def commit(
        self, version: str, *, sick_if: str = "", on_strike_if: str = "", fails: int = 0, **how: Any
    ) -> str:
        """A commit with an artifact, never deployed; a file in its data may make it ill, or its worker stop.

        It answers one of `fails` requests for its name with 500.
        """
        files = shop(version, **{"project": PROJECT, **how})
        if fails:
            files["web.py"] = failing(files["web.py"], fails)
        if sick_if:
            well = "200 if 'well' == \"well\" else 500"
            assert well in files["web.py"]
            files["web.py"] = files["web.py"].replace(well, f"500 if (DATA / {sick_if!r}).exists() else 200")
        if on_strike_if:
            files["worker.py"] += f"    if (beat.parent / {on_strike_if!r}).exists(): raise SystemExit(1)\n"
        return self.workshop.make(files).commit

    def ordered(self, commit: str) -> Run:
        """A run that deploys it to prod, begun."""
        return self.begun(self.story.deploy(NAME, "prod", commit, "ada"))

    def going_back(self) -> Run:
        """A run that goes back to the release before, begun."""
        return self.begun(self.story.roll_back(NAME, "prod", None, "ada"))

    def begun(self, run: Run) -> Run:
        with self.cast.database.write() as conn:
            runs.begin(conn, run, "test")
            return runs.get(conn, run.id)

    def deliver(self, run: Run) -> str:
        """What the engine does with it: its outcome."""
        return self.act(run, "deploy", environment="prod")

    def go_back(self, run: Run) -> str:
        return self.carry_out(run)

    def carry_out(self, run: Run) -> str:
        """The first thing its plan says, as the engine does it: its outcome."""
        (node, *_) = run.plan["nodes"]
        return self.act(run, node["action"], **node["arguments"])

    def act(self, run: Run, name: str, **arguments: str) -> str:
        return perform.actions(self.cast)[name](run.id, arguments, {})

    def serves(self, version: str, **how: Any) -> str:
        """A version that was delivered; its commit."""
        commit = self.commit(version, **how)
        assert self.deliver(self.ordered(commit)) == "passed"
        assert self.says() == version
        return commit

    @contextmanager
    def crashing(self, place: str) -> Iterator[None]:
        """The block ends where this fact is recorded, as `kind before` or `kind after`; a new cast comes on."""
        with pytest.raises(Crash), _raising(place):
            yield
        self.cast = Cast(self.cast.machine, self.cast.proxy)

    def deliver_as_read(self, now: Run, *, before: Run) -> str:
        """Delivers a run that was read before it came to what it is now."""
        assert now.over
        return deliver.deliver(self.cast, before, "prod")

    def facts(self, run: Run) -> list[str]:
        with self.cast.database.read() as conn:
            return [fact.kind for fact in facts.after(conn, 0, runs=[run.id])]

    def settle(self) -> None:
        """Ends what a test that failed has left open: the next one would wait for it."""
        with self.cast.database.write() as conn:
            for open_ in deployments.running(conn):
                runs.end(conn, runs.get(conn, open_.run), "failed", "its test is over")
        conclude.settle(self.cast)

    def every_fact(self) -> list[str]:
        with self.cast.database.read() as conn:
            return [fact.kind for fact in facts.after(conn, 0, limit=100_000)]

    def verdicts(self, run: Run) -> list[tuple[int, str]]:
        """Share and kind of what was judged because of its deployment to prod, in order."""
        with self.cast.database.read() as conn:
            found = verdicts.of_deployment(conn, self.deployment(run).id)
        return [(each.share, each.kind) for each in found]

    def quarantined(self, environment: str = "prod") -> list[str | None]:
        """The commits that may not be deployed there."""
        with self.cast.database.read() as conn:
            return [hold.commit for hold in holds.quarantined(conn, NAME, environment)]

    def shares(self) -> dict[str, int]:
        """What the router gives to which release, by its short name."""
        shares = self.cast.proxy.serving(NAME, "prod")
        return {name.rpartition(".")[2]: share for name, share in shares.items()}

    def serving(self) -> Release:
        with self.cast.database.read() as conn:
            now = releases.now_serving(conn, NAME, "prod")
            assert now is not None
            return releases.get(conn, now.release)

    def deployment(self, run: Run) -> Deployment:
        with self.cast.database.read() as conn:
            (found,) = deployments.all_of_run(conn, run.id)
        return found

    def says(self, path: str = "/") -> str:
        with closing(http.client.HTTPConnection("127.0.0.1", self.cast.proxy.port, timeout=60)) as connection:
            connection.request("GET", path, headers={"Host": f"{NAME}.localhost"})
            return connection.getresponse().read().decode()

    @property
    def data(self) -> Path:
        return self.cast.machine.places.environment(NAME, "prod") / "data"

    def released(self) -> list[str]:
        """The commits whose release command ran, each time it did."""
        file = self.data / "released"
        return file.read_text().split() if file.exists() else []

    def works(self, version: str) -> bool:
        """Whether the worker of this version works, and no other."""
        beat = self.data / "worker"
        beat.unlink(missing_ok=True)
        said = eventually(lambda: beat.exists() and beat.read_text(), "a worker works")  # it may be just writing
        return bool(said == version)

    def instances(self) -> list[str]:
        """What the keeper runs of the application."""
        return [state.id for state in self.cast.machine.keeper.instances(f"{NAME}.prod")]

    def kill(self, instance: str) -> None:
        """kill -9 of what the keeper started for it."""
        (pid,) = [state.pid for state in self.cast.machine.keeper.instances() if state.id == instance]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def restarts(self, instance: str) -> int:
        (state,) = [state for state in self.cast.machine.keeper.instances() if state.id == instance]
        return state.restarts if state.state == "running" else 0


_raise_at: list[str] = []


@contextmanager
def _raising(place: str) -> Iterator[None]:
    _hooked()
    _raise_at.append(place)
    try:
        yield
    finally:
        _raise_at.clear()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _raise_at and event == "shipway.fact" and " ".join(arguments) in _raise_at:
        _raise_at.clear()
        raise Crash(" ".join(arguments))


def _once(act: Callable[[], None]) -> Callable[[], None]:
    done: list[None] = []

    def once() -> None:
        if not done:
            done.append(act())

    return once


_hooked = _once(lambda: sys.addaudithook(_hook))
"""An audit hook cannot be taken away again, so there is one at most."""


@contextmanager
def a_scene(home: Path) -> Iterator[Scene]:
    with opened(home, probe()) as workshop:
        keeper = Keeper(workshop.places)
        keeper.start()
        try:
            proxy = Proxy(workshop.places, free_port())
            proxy.start(keeper)
            machine = Machine(workshop.database, workshop.places, keeper, workshop.tier, Vault(workshop.places))
            yield Scene(workshop, Cast(machine, proxy))
        finally:
            keeper.quit(stop_instances=True)
