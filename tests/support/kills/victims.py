"""Finding and killing a process by words that only it has: in its command, or in the environment it began with."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path


def killed_by(plan: Path) -> dict[str, str]:
    """The environment of a server that is killed where this file says: `sitecustomize` reads it there."""
    path = [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, path)), "KILLS_PLAN": str(plan)}


def kill(words: Sequence[str]) -> list[int]:
    """kill -9 of every process that has all of `words`, as an out-of-memory killer would; who is dead now."""
    return kill_all(find(words))


def kill_all(pids: Sequence[int]) -> list[int]:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for pid in pids:
        while not ended(pid):
            time.sleep(0.001)
    return list(pids)


def find(words: Sequence[str]) -> list[int]:
    """The living processes that have all of `words`; not the sandbox around one."""
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _has(entry, words)]


def ended(pid: int) -> bool:
    """Whether a process is gone, or only waits to be collected."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


def _has(process: Path, words: Sequence[str]) -> bool:
    try:
        command = (process / "cmdline").read_bytes()
        told = command + b"\0" + (process / "environ").read_bytes() + b"\0"
    except OSError:  # gone, or somebody else's
        return False
    sandbox = command.partition(b"\0")[0].endswith(b"bwrap")
    return not sandbox and all(word.encode() in told for word in words) and not ended(int(process.name))
