"""A keeper of one's own, applications to give it, and looks at what became of them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shipway.config.places import Places
from shipway.hosts.keeper import processes
from shipway.hosts.keeper.client import InstanceSpec, InstanceState, Keeper
from shipway.hosts.sandbox import Mount, Room, Tier, base_mounts

APPLICATION = Path(__file__).parent.parent / "hosts" / "keeper" / "application.py"
GROUP = "shop.prod"
PYTHON = str(Path(sys.executable).resolve())  # in every room there is a Python, but not this environment


def eventually(holds: Callable[[], Any], what: str, patience: float = 90.0) -> Any:
    """Waits until `holds()` is true and returns it."""
    deadline = time.monotonic() + patience
    while not (found := holds()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)
    return found


@dataclass
class House:
    """A keeper, the tier its instances are held by (None: no sandbox at all), and what a test wants to know."""

    places: Places
    keeper: Keeper
    tier: Tier | None = None
    eventually: Callable[..., Any] = field(default=eventually, repr=False)

    def spec(self, name: str, *words: str, restart: Any = "always", **env: str) -> InstanceSpec:
        """The application of `application.py`, told what to do by `words`."""
        argv = [PYTHON, str(APPLICATION), *words]
        if self.tier is not None:
            room = Room((*base_mounts(), Mount(APPLICATION.parent, str(APPLICATION.parent))), cwd="/tmp")
            argv = self.tier.command(room, argv)
        log = self.places.instance_log("shop", "prod", name)
        return InstanceSpec(name, argv, {"PATH": os.defpath, **env}, None, str(log), restart)

    def ensure(self, name: str, *words: str, **how: Any) -> InstanceState:
        self.keeper.ensure(self.spec(name, *words, **how), group=GROUP, epoch=1)
        return self.state(name)

    def up(self, name: str, *words: str, **how: Any) -> InstanceState:
        """Started, and its application says so."""
        self.ensure(name, *words, **how)
        self.eventually(lambda: "up" in self.log(name) or self.state(name).restarts > 1, f"{name} is up")
        assert "up" in self.log(name), self.log(name)
        return self.state(name)

    def stop(self, name: str, grace: float = 20.0) -> None:
        self.keeper.stop(name, group=GROUP, epoch=1, grace=grace)

    def state(self, name: str) -> InstanceState:
        return next(state for state in self.keeper.instances(GROUP) if state.id == name)

    def log(self, name: str) -> str:
        log = self.places.instance_log("shop", "prod", name)
        return log.read_text() if log.exists() else ""

    def keeper_log(self) -> str:
        return (self.places.keeper / "keeper.log").read_text()

    def processes(self, name: str) -> set[int]:
        """Everything alive that was started for an instance of this house, wherever it went."""
        lock = (self.places.keeper / "lock").stat()
        mark = f"{name}@{lock.st_dev:x}.{lock.st_ino:x}"
        found = processes.scan().values()
        return {p.pid for p in found if p.state != "Z" and processes.mark_of(p.pid) == mark}

    def command(self, pid: int) -> str:
        process = processes.look(pid)
        return "" if process is None else process.name

    def kill_keeper(self) -> None:
        pid = self.keeper.hello()["pid"]
        os.kill(pid, signal.SIGKILL)
        self.eventually(lambda: gone(pid), "the keeper is dead")


def gone(pid: int | None) -> bool:
    """True when no living process has this number."""
    process = processes.look(pid or 0)
    return process is None or process.state == "Z"
