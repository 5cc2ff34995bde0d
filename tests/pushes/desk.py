"""A person at a keyboard with git."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HEARING_CTRL_C = (
    "env",
    "--default-signal=INT",
)  # tests run in the background ignore it, and so would all they start


@dataclass
class Desk:
    """A work tree with a remote called `shipway`."""

    tree: Path

    @classmethod
    def at(cls, tree: Path, address: str) -> Desk:
        """A new work tree with one commit that is not pushed."""
        desk = cls(tree)
        tree.mkdir()
        desk.git("init", "--quiet", "--initial-branch=main")
        desk.git("remote", "add", "shipway", address)
        desk.commit("Begin", README="shop\n")
        return desk

    def git(self, *arguments: str, code: int | None = 0) -> str:
        """What git prints, both streams; `code` None takes any exit code but 0."""
        command = ["git", *arguments]
        done = subprocess.run(
            command,
            cwd=self.tree,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        said = done.stdout.decode(errors="replace")
        assert done.returncode != 0 if code is None else done.returncode == code, said
        return said

    def commit(self, message: str = "Change", **files: str) -> str:
        """A commit with these files (or none); its id."""
        for name, text in files.items():
            (self.tree / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def push(self, *arguments: str, code: int | None = 0) -> list[str]:
        """What the server said, line by line."""
        said = self.git("push", *(arguments or ("shipway", "main")), code=code)
        return [
            line.removeprefix("remote: ").rstrip() for line in said.splitlines() if line.startswith("remote: ")
        ]

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """A push that runs beside the test, in a process group of its own as under a shell."""
        return subprocess.Popen(
            [*HEARING_CTRL_C, "git", "push", *arguments],
            cwd=self.tree,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def press_ctrl_c(push: subprocess.Popen[bytes]) -> str:
    """What a terminal does; what the push had printed by then."""
    os.killpg(push.pid, signal.SIGINT)
    return push.communicate(timeout=20)[0].decode()
