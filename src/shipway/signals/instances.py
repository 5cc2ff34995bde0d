"""What instances use of their machine, by the processes that each of them consists of."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from shipway.hosts.keeper import processes
from shipway.hosts.keeper.spec import InstanceState
from shipway.state.instances import Name

EVERY = 5.0
MEMORY_EVERY = 30.0
TICKS = os.sysconf("SC_CLK_TCK")


class Keeper(Protocol):
    """Who knows what runs."""

    def instances(self, group: str | None = None) -> Sequence[InstanceState]: ...


@dataclass(frozen=True)
class Usage:
    """Of one instance (`topup.prod.r3.web.1`). `cpu` is in cores, over the seconds before; `cpu_seconds` since it
    was started last. `memory` is in bytes, pages shared by several processes divided among them (PSS).
    """

    instance: str
    state: Literal["running", "backoff", "exited"]
    since: float
    restarts: int
    cpu: float
    cpu_seconds: float
    memory: int

    @property
    def release(self) -> str:
        """`topup.prod.r3`"""
        return Name.read(self.instance).release

    @property
    def process(self) -> str:
        """`web`"""
        return Name.read(self.instance).process


class Instances:
    """The instances of every release, as of the last look; one thread looks, any may read `latest`.

    Memory is measured every MEMORY_EVERY seconds only: the kernel walks through all of it for that (some
    milliseconds for 100 MB). One that was just started is measured at once.
    """

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._at = self._weighed = -math.inf
        self.latest: Mapping[str, Usage] = {}

    def look(self) -> None:
        """Measures all of them. Raises KeeperGone."""
        states = [state for state in self._keeper.instances() if state.id.count(".") == 4]
        now, children = time.monotonic(), _children()
        weigh = now - self._weighed >= MEMORY_EVERY
        self.latest = {
            state.id: _usage(state, _tree(children, state.pid), self._before(state), now - self._at, weigh)
            for state in states
        }
        self._at, self._weighed = now, now if weigh else self._weighed

    def _before(self, state: InstanceState) -> Usage | None:
        """What this very one used at the last look."""
        before = self.latest.get(state.id)
        same = before is not None and (before.restarts, before.since) == (state.restarts, state.since)
        return before if same else None


def _children() -> Mapping[int, Sequence[int]]:
    found: dict[int, list[int]] = {}
    for process in processes.scan().values():
        found.setdefault(process.parent, []).append(process.pid)
    return found


def _tree(children: Mapping[int, Sequence[int]], root: int | None) -> Sequence[int]:
    """The keeper's process and all that descend from it: under bubblewrap nothing can leave it."""
    found = [] if root is None else [root]
    for pid in found:
        found += children.get(pid, ())
    return found


def _usage(state: InstanceState, pids: Sequence[int], before: Usage | None, passed: float, weigh: bool) -> Usage:
    seconds = round(sum(map(cpu_seconds, pids)), 2)
    used = 0.0 if before is None else max(0.0, round(seconds - before.cpu_seconds, 2))  # a sum has a last digit
    memory = before.memory if before is not None and not weigh else sum(map(memory_of, pids))
    return Usage(state.id, state.state, state.since, state.restarts, used / passed, seconds, memory)


def cpu_seconds(pid: int) -> float:
    """What a process has used, and those of its children that it has seen end; 0 for one that is gone.

    Asked of each process by itself: what bubblewrap's own figures say of its child is next to nothing.
    """
    text = _read(f"/proc/{pid}/stat")
    if not text:
        return 0.0
    fields = text[text.rindex(b")") + 2 :].split()
    return sum(map(int, fields[11:15])) / TICKS


def memory_of(pid: int) -> int:
    """Bytes of memory, shared pages in parts; 0 for a process that is gone."""
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:  # it ended, or became somebody else's
        return b""
