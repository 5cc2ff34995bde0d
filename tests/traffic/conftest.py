"""A real router, and small real applications behind it."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shipway.config.places import Places
from shipway.hosts.keeper.client import Keeper
from shipway.traffic import patience
from shipway.traffic.envoy.router import Router
from shipway.traffic.proxy import ROUTERS, Proxy
from support import ports

APPLICATION = Path(__file__).with_name("application.py")


class Said(http.client.HTTPResponse):
    """An answer, read to its end."""

    said: str


@dataclass
class Town:
    """The routers of one installation, and the applications of this test."""

    places: Places
    keeper: Keeper
    proxy: Proxy
    running: ExitStack
    applications: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def open(self, name: str, *, port: int = 0, delay: float = 0.0, health: int = 200) -> int:
        """Starts an application that says `name`; returns its port."""
        port = port or ports.free_port()
        command = [sys.executable, "-I", "-S", str(APPLICATION), name, str(port), str(delay), str(health)]
        process = self.applications[port] = subprocess.Popen(command, cwd=self.places.data)
        self.running.callback(_end, process)
        return port

    def stop(self, port: int) -> None:
        """Asks an application to end; returns when it has."""
        self.applications[port].terminate()
        self.applications[port].wait()

    def kill(self, port: int) -> None:
        self.applications[port].kill()
        self.applications[port].wait()

    def release(self, app: str, env: str, number: int, *, instances: int = 1) -> list[int]:
        """A release whose instances say its cluster's name, healthy but without traffic; returns their ports."""
        name = f"{app}.{env}.r{number}"
        ports = [self.open(name) for _ in range(instances)]
        self.proxy.ensure_cluster(name, ports, "/health")
        return ports

    def router_pids(self) -> list[int]:
        """Both, by name; waits for one that the keeper is starting again."""
        found: list[int] = []

        def both() -> bool:
            found[:] = [state.pid for state in self.keeper.instances("router") if state.pid is not None]
            return len(found) == 2

        assert patience.until(both, 60), "one of the routers did not come back"
        return found

    def routers(self) -> list[Router]:
        """Both, to be asked themselves."""
        place = self.places.router_socket
        return [Router(name, self.places.proxy, place(name), self.proxy.port) for name in ROUTERS]

    def in_flight(self, cluster: str) -> int:
        """Requests a release is answering at this moment; an open websocket is one."""
        return self.proxy.counters(cluster).get("upstream_rq_active", 0)

    def get(self, host: str, path: str = "/", **headers: str) -> Said:
        """An answer of the router."""
        return ask(self.proxy.port, host, path, **headers)


def ask(port: int, host: str, path: str = "/", **headers: str) -> Said:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.response_class = Said
    try:
        connection.request("GET", path, headers={"Host": host, **headers})
        answer = connection.getresponse()
        assert isinstance(answer, Said)
        answer.said = answer.read().decode()
        return answer
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One for all tests of a file: each uses applications of its own name."""
    with a_town(tmp_path_factory.mktemp("town") / "data") as town:
        town.proxy.start(town.keeper)
        yield town


@contextmanager
def a_town(data: Path) -> Iterator[Town]:
    places = Places.of(data)
    places.create()
    keeper = Keeper(places)
    keeper.start()
    with ExitStack() as running:
        running.callback(keeper.quit, stop_instances=True)
        yield Town(places, keeper, Proxy(places, ports.free_port()), running)


@pytest.fixture
def free_port() -> int:
    return ports.free_port()


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits for something to be so."""

    def wait(done: Callable[[], bool], within: float = 60.0) -> None:
        assert patience.until(done, within), "it did not happen in time"

    return wait


@pytest.fixture
def second_town(tmp_path: Path) -> Iterator[Town]:
    """Another installation, whose router is not started yet."""
    with a_town(tmp_path / "second") as town:
        yield town


@pytest.fixture
def third_town(tmp_path: Path) -> Iterator[Town]:
    """And another one."""
    with a_town(tmp_path / "third") as town:
        yield town


@pytest.fixture
def served(town: Town) -> Town:
    """An application whose first release serves; the next one is number 2."""
    if not town.proxy.serving("app", "prod"):
        town.release("app", "prod", 1)
        town.proxy.shift("app", "prod", {"app.prod.r1": 100}, epoch=1)
    return town
