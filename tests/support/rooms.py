"""A room to try things in, and steps run in it."""

from __future__ import annotations

import atexit
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shipway.hosts import steps
from shipway.hosts.sandbox import Mount, Room, Tier, base_mounts, probe
from shipway.hosts.sandbox.outside import CONFINE
from shipway.hosts.steps import Outcome

ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
NOBODY = 65534
HELD = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("bubblewrap", "landlock")]
LESSER = [HELD[1], "plain"]


@cache
def tier_of(name: str = "") -> Tier:
    """The tier of this name, or the best that works here; probed once."""
    return probe({"SHIPWAY_SANDBOX": name})


def room_of(tree: Path, **how: Any) -> Room:
    """`tree` writable at /app, and what every room has."""
    return Room((*base_mounts(), Mount(tree, "/app", writable=True)), cwd="/app", **how)


def may_be_read_by_anybody(path: Path) -> bool:
    """Whether the directories above allow it, as those of a private home do not."""
    return all(above.stat().st_mode & 0o001 for above in path.resolve().parents)


def run(tier: Tier, room: Room, script: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a shell script in the room, without a supervisor; also as another user."""
    ids: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    command = tier.command(room, ["/bin/sh", "-c", script])
    if user is not None and command[0] == sys.executable:
        command = [
            _anybodys_python(),
            *(_anybodys(word) if word == str(CONFINE) else word for word in command[1:]),
        ]
    return subprocess.run(
        command,
        env=ENV, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False, **ids,
    )  # fmt: skip


def _anybodys_python() -> str:
    return sys.executable if may_be_read_by_anybody(Path(sys.executable)) else "/usr/bin/python3"


@cache
def _anybodys(script: str) -> str:
    """The script where every user may read it: a checkout may lie in a private home."""
    if may_be_read_by_anybody(Path(script)):
        return script
    directory = Path(tempfile.mkdtemp(prefix="shipway-readable-"))
    atexit.register(shutil.rmtree, directory)
    directory.chmod(0o755)
    shutil.copyfile(script, directory / "script.py")
    return str(directory / "script.py")


@dataclass
class Workplace:
    """Steps by number, each in a directory of its own, all in one tree."""

    directory: Path
    tier: Tier
    network: bool = False
    begun: list[Path] = field(default_factory=list)

    @property
    def tree(self) -> Path:
        (self.directory / "tree").mkdir(exist_ok=True)
        return self.directory / "tree"

    def start(
        self, script: str, *, timeout: float = 60, secrets: Sequence[str] = (), again: bool = False, **env: str
    ) -> Path:
        """Starts a shell script as the next step, or once more in the directory of the last."""
        if not again:
            self.begun.append(self.directory / "steps" / str(len(self.begun) + 1))
        steps.start(
            self.begun[-1],
            argv=["/bin/sh", "-c", script],
            room=room_of(self.tree, network=self.network),
            tier=self.tier,
            env={**ENV, **env},
            timeout=timeout,
            secrets=secrets,
        )
        return self.begun[-1]

    def run(self, script: str, **how: Any) -> tuple[Outcome, str]:
        """Starts it and waits; the outcome and the log."""
        directory = self.start(script, **how)
        return steps.wait(directory), (directory / "log").read_text(errors="replace")


def await_supervisor(directory: Path, patience: float = 30.0) -> None:
    """Until the one that ran the step is gone; fails when it is not after `patience` seconds."""
    with steps.supervisor_of(directory) as supervisor:
        if supervisor is not None:
            assert select.select([supervisor], [], [], patience)[0], "its supervisor never ends"


def kill_supervisor(directory: Path) -> None:
    """With SIGKILL, as the kernel does when memory runs out."""
    with steps.supervisor_of(directory) as supervisor:
        assert supervisor is not None
        signal.pidfd_send_signal(supervisor, signal.SIGKILL)
