"""Whether anything has changed since all was well: a look at a few files and one question to the keeper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from shipway.traffic.envoy.router import GROUP, Keeper, Router

Marks = Sequence[tuple[Any, ...]]


class Glance:
    """At the files in `directory`, at where routers answer, and at their processes."""

    def __init__(self, directory: Path, routers: Sequence[Router]) -> None:
        self._directory = directory
        self._routers = routers
        self._sockets: Sequence[Path] = ()
        self._well: tuple[Marks, ...] = ()

    def is_as_before(self, keeper: Keeper) -> bool:
        return bool(self._well) and self._well == (self.files(), self._doors(), _processes(keeper))

    def remember(self, files: Marks, keeper: Keeper) -> None:
        """All was well with `files` as they were then, and is with everything else now."""
        self._sockets = [router.socket for router in self._routers]
        self._well = (files, self._doors(), _processes(keeper))

    def files(self) -> Marks:
        return _marks(self._directory.glob("[!.]*.json"))

    def _doors(self) -> Marks:
        return _marks(self._sockets)


def _marks(paths: Iterable[Path]) -> Marks:
    return sorted(mark for path in paths if (mark := _mark(path)) is not None)


def _mark(path: Path) -> tuple[Any, ...] | None:
    """What becomes another when somebody replaces, writes or removes a file."""
    try:
        is_now = path.stat()
    except FileNotFoundError:
        return None
    return path.name, is_now.st_ino, is_now.st_mtime_ns, is_now.st_size


def _processes(keeper: Keeper) -> Marks:
    return [(state.id, state.pid, state.state) for state in keeper.instances(GROUP)]
