"""Who takes part in the story."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from shipway.incidents.forward import Forwarder
from shipway.project import Project
from shipway.releases.machine import Machine
from shipway.signals.collect import Collector
from shipway.signals.series.meters import Meters
from shipway.signals.verdict import Verdict
from shipway.state import deployments
from shipway.state.artifacts import Artifact
from shipway.state.database import Database
from shipway.state.runs import Run
from shipway.traffic.proxy import Proxy


@dataclass(frozen=True)
class Cast:
    """The machine, its router, what is collected of both, what applications measure themselves, what goes on to an
    outside Sentry, and one lock for each environment: deployments to one never run side by side.

    `so_far` is what the judge says at this moment, by application and environment: the id of the deployment whose
    release it looks at, and the verdict. After a restart there is none until it has looked again.

    `unrecorded` is who took back what a deployment tries, by its id, where that could not be recorded yet.
    """

    machine: Machine
    proxy: Proxy
    collector: Collector = field(init=False)
    meters: Meters = field(init=False)
    forwarder: Forwarder = field(init=False)
    so_far: dict[tuple[str, str], tuple[str, Verdict]] = field(default_factory=dict)
    unrecorded: dict[str, str] = field(default_factory=dict)
    _locks: WeakValueDictionary[tuple[str, str], threading.Lock] = field(default_factory=WeakValueDictionary)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        collector = Collector(self.machine.places, self.proxy, self.machine.keeper)
        object.__setattr__(self, "collector", collector)
        object.__setattr__(self, "meters", Meters(self.machine.places))
        forwarder = Forwarder(self.machine.database, self.machine.places, self.machine.vault)
        object.__setattr__(self, "forwarder", forwarder)

    @property
    def database(self) -> Database:
        return self.machine.database

    @contextmanager
    def alone(self, application: str, environment: str) -> Iterator[None]:
        """Waits until nobody else changes this environment."""
        with self._guard:
            lock = self._locks.setdefault((application, environment), threading.Lock())
        with lock:
            yield

    @contextmanager
    def alone_if_free(self, application: str, environment: str) -> Iterator[bool]:
        """Whether nobody else changes this environment now; nobody does while the block lasts, then."""
        with self._guard:
            lock = self._locks.setdefault((application, environment), threading.Lock())
        free = lock.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                lock.release()

    @contextmanager
    def in_turn(self, run: str, application: str, environment: str) -> Iterator[None]:
        """The same, once no deployment of another run is open there: one that was interrupted goes first.

        Its run ends it when the engine goes on with it, or `settle` does when the run is over.
        """
        while True:
            with self.alone(application, environment):
                with self.database.read() as conn:
                    open_ = deployments.running_in(conn, application, environment)
                if open_ is None or open_.run == run:
                    yield
                    return
            time.sleep(0.1)

    def highest_epoch(self, application: str, environment: str) -> int:
        """The newest deployment that the keeper or the router has seen: the record may be an older copy."""
        seen = self.machine.keeper.highest_epoch(f"{application}.{environment}")
        return max(seen, self.proxy.epoch(application, environment))

    def busy(self, application: str, environment: str) -> bool:
        """Whether somebody changes this environment now."""
        with self._guard:
            lock = self._locks.get((application, environment))
        return lock is not None and lock.locked()


def project_of(source: Run | Artifact) -> Project:
    """The project as it was read for a commit, from the run or the artifact that carries it."""
    value = source.plan["project"] if isinstance(source, Run) else source.project
    return Project.model_validate(value)
