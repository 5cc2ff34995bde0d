"""A Shipway of one's own for a test: started by its command line, used as people use it, and taken down whole."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shipway.config.places import Places
from support.ports import free_port

SHIPWAY = str(Path(sys.executable).with_name("shipway"))
PATIENCE = 90.0


@dataclass
class Done:
    """What a command printed, both streams in one, and its exit code."""

    code: int
    out: str


@dataclass
class Installation:
    """`env` is what every command of it is started with; nothing of the person who runs the tests is used."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.port, self.proxy_port = free_port(), free_port()
        self.env = {
            **os.environ,
            "SHIPWAY_DATA": str(self.home / "data"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            **self.env,
        }
        self.places = Places.of(env=self.env)

    def up(self, *words: str) -> None:
        done = self.shipway("up", "-d", "--port", str(self.port), "--proxy-port", str(self.proxy_port), *words)
        assert done.code == 0, done.out + self.server_log()

    def down(self, *words: str) -> None:
        done = self.shipway("down", *words)
        assert done.code == 0, done.out

    def take_down(self) -> None:
        """Everything, whatever state it is in."""
        self.kill_server()
        self.shipway("down", "--all")

    def repository(self, name: str) -> Repository:
        """A new repository on a branch called main."""
        path = self.home / name
        path.mkdir()
        made = Repository(self, name, path)
        made.git("init", "--quiet", "--initial-branch", "main")
        return made

    def shipway(self, *words: str, cwd: Path | None = None, stdin: str = "") -> Done:
        return run([SHIPWAY, *words], cwd=cwd or self.home, env=self.env, stdin=stdin)

    def json(self, *words: str, cwd: Path | None = None) -> Any:
        done = self.shipway(*words, "--json", cwd=cwd)
        assert done.out.startswith(("{", "[")), done.out
        return json.loads(done.out)

    def get(
        self, application: str, path: str = "/", environment: str = "prod", method: str = "GET"
    ) -> tuple[int, str]:
        """What an environment answers through the router."""
        name = application if environment == "prod" else f"{application}--{environment}"
        with closing(http.client.HTTPConnection("127.0.0.1", self.proxy_port, timeout=60)) as connection:
            connection.request(method, path, headers={"Host": f"{name}.localhost"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def says(self, application: str, path: str = "/", environment: str = "prod") -> str:
        """The text of a good answer."""
        status, text = self.get(application, path, environment)
        assert status == 200, f"{status}: {text}"
        return text

    @property
    def server(self) -> int | None:
        """The server's process."""
        try:
            return int(json.loads(self.places.server_file.read_text())["pid"])
        except (FileNotFoundError, ValueError):
            return None

    def kill_server(self) -> None:
        """kill -9, as an out-of-memory killer would."""
        pid = self.server
        if pid is not None and Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)
            eventually(lambda: ended(pid), "the server is dead")

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Reads the record past Shipway."""
        with closing(sqlite3.connect(self.places.database, timeout=30)) as connection:
            return connection.execute(sql, values).fetchall()

    def facts(self, like: str = "%") -> list[str]:
        return [row[0] for row in self.query("select kind from facts where kind like ? order by id", like)]

    def server_log(self) -> str:
        log = self.places.data / "server.log"
        return log.read_text(errors="replace") if log.exists() else ""


@dataclass
class Repository:
    """A person's checkout."""

    installation: Installation
    name: str
    path: Path

    def git(self, *words: str) -> Done:
        return run(["git", *words], cwd=self.path, env=self.installation.env)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def commit(self, subject: str, files: dict[str, str] | None = None) -> str:
        """Commits everything; the commit."""
        self.write(files or {})
        self.git("add", "--all")
        done = self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        assert done.code == 0, done.out
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD").out.strip()

    def init(self, *words: str) -> Done:
        done = self.shipway("init", *words)
        assert done.code == 0, done.out
        return done

    def push(self, *words: str) -> Done:
        """git push shipway main, with what it showed."""
        done = self.git("push", *(words or ("shipway", "main")))
        assert done.code == 0, done.out
        return done

    def deliver(self, subject: str, files: dict[str, str] | None = None, environment: str = "prod") -> str:
        """Commits, pushes, and sees it serve; the commit."""
        commit = self.commit(subject, files)
        shown = self.push().out
        done = self.shipway("wait", commit, "--env", environment, "--timeout", str(PATIENCE))
        assert done.code == 0, f"{done.out}\n{shown}\n{self.installation.server_log()}"
        return commit

    def shipway(self, *words: str, stdin: str = "") -> Done:
        return self.installation.shipway(*words, cwd=self.path, stdin=stdin)

    def json(self, *words: str) -> Any:
        return self.installation.json(*words, cwd=self.path)


def run(command: list[str], *, cwd: Path, env: dict[str, str], stdin: str = "") -> Done:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=PATIENCE * 2,
        check=False,
    )
    return Done(done.returncode, done.stdout)


def eventually(holds: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Waits until `holds()` is true; what it returned."""
    deadline = time.monotonic() + patience
    while not (found := holds()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)
    return found


def ended(pid: int) -> bool:
    """Whether a process is gone, or only waits to be collected."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
