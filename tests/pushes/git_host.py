"""A server that takes pushes, in a process of its own, which a test may kill."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from shipway.config.places import Places
from shipway.pushes import repositories
from shipway.pushes.git import Git
from shipway.state import applications, pushes
from shipway.state.database import Database
from shipway.state.pushes import Push
from support.ports import free_port

SERVER = Path(__file__).with_name("git_server.py")
KILLED_AT = """\
import os, sys
def die_at(event, args, at=tuple(os.environ["DIE_AT"].split())):
    if event == "shipway.fact" and args == at:
        os.kill(os.getpid(), 9)
sys.addaudithook(die_at)
"""


@dataclass
class Host:
    """The server in a process of its own, which a test may kill; and its record, to look at."""

    places: Places
    database: Database
    token: str
    application: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def repository(self) -> Path:
        return self.places.repository(self.application)

    @property
    def git(self) -> Git:
        return Git(self.repository)

    @property
    def address(self) -> str:
        return f"http://ada:{self.token}@127.0.0.1:{self.port}/{self.application}"

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"ada:{self.token}".encode()).decode()}

    def create(self) -> None:
        """Makes the application and its repository."""
        with self.database.write() as conn:
            applications.create(conn, self.application, "main", "ada")
        repositories.create(self.places, self.application)

    def start(self, die_at: str = "") -> None:
        """Starts the server; with `die_at` ("<fact> before" or "<fact> after") it kills itself there."""
        environment = dict(os.environ)
        if die_at:
            scripts = self.places.data / "scripts"
            scripts.mkdir(exist_ok=True)
            (scripts / "sitecustomize.py").write_text(KILLED_AT)
            environment |= {"PYTHONPATH": str(scripts), "DIE_AT": die_at}
        command = [sys.executable, str(SERVER), str(self.places.data), str(self.port)]
        self.process = subprocess.Popen(command, env=environment)
        wait_for(self.answers)

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the server ended before it answered"
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(20)
            self.process = None

    def gone(self) -> None:
        """Waits for a server that kills itself."""
        assert self.process is not None
        assert self.process.wait(20) == -signal.SIGKILL
        self.process = None

    def accepted(self, ref: str | None = None) -> list[Push]:
        """The accepted pushes, oldest first."""
        with self.database.read() as conn:
            return pushes.recent(conn, self.application, ref=ref)[::-1]

    def offered(self) -> list[Push]:
        with self.database.read() as conn:
            return pushes.offered(conn, self.application)

    def carried(self) -> list[str]:
        """The ids of pushes of which the next stage was told, in that order."""
        file = self.places.data / f"{self.application}.carried"
        return file.read_text().split() if file.exists() else []

    def hold_runs(self) -> None:
        (self.places.data / f"{self.application}.hold").touch()

    def watching_ended(self) -> bool:
        return (self.places.data / f"{self.application}.watched").exists()


def wait_for(holds: Callable[[], bool], timeout: float = 20) -> None:
    """Returns when `holds()` does."""
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)
