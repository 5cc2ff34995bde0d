"""What the rest of Shipway says to the keeper."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from shipway.config.places import Places
from shipway.errors import (
    CannotStart,
    InstanceDiffers,
    InstanceStopping,
    KeeperGone,
    KeeperRefused,
    ShipwayError,
    StaleEpoch,
)
from shipway.hosts.keeper.conversation import pid_of_peer, uid_of_peer
from shipway.hosts.keeper.holder import Holder
from shipway.hosts.keeper.spec import InstanceSpec, InstanceState
from shipway.hosts.keeper.version import version

__all__ = ["InstanceSpec", "InstanceState", "Keeper"]

PROGRAM = Path(__file__).with_name("process.py")
HELD = 75
ERRORS: dict[str, type[ShipwayError]] = {
    "stale_epoch": StaleEpoch,
    "differs": InstanceDiffers,
    "stopping": InstanceStopping,
    "cannot_start": CannotStart,
}


class Keeper:
    """The keeper of an installation. Every call is one short connection, so threads may share this.

    A call waits `patience` seconds for a keeper that is gone or being replaced, then raises KeeperGone; all
    calls may be repeated. An `epoch` below the highest its group has seen raises StaleEpoch, a higher one is
    remembered. `program` is the keeper's process.py.
    """

    def __init__(self, places: Places, *, program: Path = PROGRAM, patience: float = 10.0) -> None:
        self._places = places
        self._program = program
        self._patience = patience
        self._started: str | None = None

    def start(self) -> None:
        """A keeper of this version answers afterwards. One of another version is replaced, one that does
        not answer for `patience` seconds is killed; neither ends an instance. Raises KeeperGone."""
        if self._started is not None and self._version() == self._started:
            return  # without reading its files each time: this is asked every second
        wanted = self._started = version(self._program.parent)
        began = time.monotonic()
        while (found := self._version()) != wanted:
            silent = time.monotonic() - began
            if silent > self._patience + 20.0:
                raise KeeperGone(f"the keeper does not come up ({self._last_words()})")
            if found is not None:
                self._leave()
            elif silent > self._patience:
                self._holder().kill()
            self._launch()

    def hello(self) -> dict[str, Any]:
        """`pid`, `version` and when it `started` (unix seconds). Does not wait for a keeper that is gone."""
        return dict(self._ask("hello", timeout=min(5.0, self._patience)))

    def ensure(self, spec: InstanceSpec, *, group: str, epoch: int) -> dict[str, Any]:
        """The instance with this id runs; started when it does not, left alone when it does. Its state.

        Raises CannotStart when the program cannot be started at all, InstanceDiffers when one with this id
        runs with another specification (stop it first), InstanceStopping while it is being stopped.
        """
        return dict(self._call("ensure", spec=spec.as_dict(), group=group, epoch=epoch))

    def stop(self, id: str, *, group: str, epoch: int, grace: float) -> None:
        """Sends the stop signal to the application, kills what is left of it after `grace` seconds, and
        forgets it; returns when nothing of it runs. An instance nobody knows is stopped already."""
        self._call("stop", timeout=grace + 30.0, id=id, group=group, epoch=epoch, grace=grace)

    def instances(self, group: str | None = None) -> list[InstanceState]:
        """What it keeps, of one group or of all, by id."""
        return [InstanceState.from_dict(state) for state in self._call("instances", group=group)]

    def listens(self, id: str, port: int) -> bool:
        """Whether an answer from 127.0.0.1:`port` comes from this instance and cannot come from another."""
        return bool(self._call("listens", id=id, port=port))

    def highest_epoch(self, group: str) -> int:
        """The highest epoch this group has seen, 0 when none."""
        return int(self._call("highest_epoch", group=group))

    def take_epoch(self, group: str, epoch: int) -> None:
        """From now on everything older is refused, also after a loss of power."""
        self._call("take_epoch", group=group, epoch=epoch)

    def quit(self, stop_instances: bool = False) -> None:
        """Ends the keeper; its instances go on, or are stopped too (killed after five seconds)."""
        if stop_instances:
            self.start()  # what a dead keeper left behind has to be taken over to be stopped
        try:
            self._ask("quit", timeout=60.0, stop_instances=stop_instances)
        except KeeperGone:
            if stop_instances:
                raise

    def _call(self, op: str, *, timeout: float = 10.0, **request: Any) -> Any:
        """Asks, and again while the keeper is being replaced or started anew."""
        _reached(op, "before")
        began = time.monotonic()
        while True:
            try:
                answer = self._ask(op, timeout=timeout, **request)
            except KeeperGone:
                if time.monotonic() - began > self._patience:
                    raise
                time.sleep(0.05)
            else:
                _reached(op, "after")
                return answer

    def _ask(self, op: str, *, timeout: float, **request: Any) -> Any:
        line = json.dumps({"op": op, **request}).encode() + b"\n"
        try:
            answer = json.loads(_exchange(self._socket(), line, timeout, until_gone=op == "quit"))
        except (OSError, ValueError) as problem:
            raise KeeperGone(f"the keeper does not answer: {problem or type(problem).__name__}") from None
        if answer["ok"]:
            return answer["result"]
        raise ERRORS.get(answer["error"], KeeperRefused)(answer["message"])

    def _leave(self) -> None:
        with contextlib.suppress(KeeperGone):  # somebody else replaced it first
            self._ask("quit", timeout=10.0)

    def _version(self) -> str | None:
        try:
            return str(self.hello()["version"])
        except KeeperGone:
            return None

    def _launch(self) -> None:
        """Starts the process; it returns when the keeper answers, or when another one holds the lock."""
        command = [sys.executable, "-I", "-S", *map(str, (self._program, self._runtime(), self._places.data))]
        env = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode not in (0, HELD):
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise KeeperGone(f"the keeper cannot be started: {''.join(said) or self._last_words()}")

    def _socket(self) -> Path:
        return self._runtime() / self._places.keeper_socket.name

    def _runtime(self) -> Path:
        """Where the running keeper lives: where it was started first, even if XDG_RUNTIME_DIR is another
        now (a shell over ssh has one, cron has none)."""
        runtime = self._holder().runtime
        return runtime if runtime is not None and runtime.is_dir() else self._places.runtime

    def _holder(self) -> Holder:
        return Holder.of(self._places.keeper / "lock")

    def _last_words(self) -> str:
        log = self._places.keeper / "keeper.log"
        lines = log.read_text(errors="replace").splitlines()[-1:] if log.exists() else []
        return "".join(lines) or f"{log} is empty"


def _reached(op: str, moment: str) -> None:
    """Names the moments before and after something is asked of the keeper, as places where a crash is tried
    (BARS R2): it takes effect outside the record, so no fact does."""
    sys.audit("shipway.keeper", op, moment)


def _exchange(path: Path, line: bytes, timeout: float, *, until_gone: bool) -> bytes:
    """One line there, one back; `until_gone` waits for the process at the other side to end as well."""
    deadline = time.monotonic() + timeout
    answer = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, contextlib.ExitStack() as opened:
        connection.settimeout(timeout)
        connection.connect(str(path))
        if uid_of_peer(connection) != os.getuid():
            raise ConnectionError(f"{path} is another user's")
        process = _process(pid_of_peer(connection), opened) if until_gone else None
        connection.sendall(line)
        while until_gone or not answer.endswith(b"\n"):
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            received = connection.recv(65536)
            if not received:
                break
            answer += received
        if process is not None:
            select.select([process], [], [], max(0.0, deadline - time.monotonic()))
    if not answer.endswith(b"\n"):
        raise ConnectionError("it went away before it answered")
    return answer


def _process(pid: int, opened: contextlib.ExitStack) -> int | None:
    """A descriptor of it (pidfd) that can be read once it has ended, closed with `opened`; None if it has."""
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return None
    opened.callback(os.close, process)
    return process
