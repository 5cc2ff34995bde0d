"""The logs of an environment's instances, as they lie in its directory."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"r(?P<release>\d{1,9})\.(?P<process>.+?)\.(?P<position>\d{1,9})(?:\.(?P<kind>[a-z]+))?")


@dataclass(frozen=True)
class Source:
    """One log. `name` is `r12.web.1`, with `.otlp` (or another kind) behind it if it is not what was printed.

    `path` is the file that grows; those before it have a number behind its name.
    """

    name: str
    path: str
    release: int
    process: str
    instance: str
    kind: str = ""

    def numbers(self) -> list[int]:
        """Of the files that were it before, the oldest first."""
        folder, name = Path(self.path).parent, Path(self.path).name
        found = (path.name.removeprefix(f"{name}.") for path in folder.glob(f"{name}.*"))
        return sorted(int(number) for number in found if number.isdecimal())

    def before(self, number: int) -> str:
        """The file with this number. (An earlier version wrote one, without zeros.)"""
        path = f"{self.path}.{number:06d}"
        return path if number > 1 or os.path.exists(path) else f"{self.path}.{number}"


def sources(folder: Path, application: str, environment: str) -> list[Source]:
    """Every log of the environment that something is left of, by name."""
    before = f"{application}.{environment}."
    names = {_log_of(path.name) for path in folder.glob(f"{before}*.log*")}
    found = (
        source(folder / name, name.removeprefix(before).removesuffix(".log")) for name in sorted(names) if name
    )
    return [one for one in found if one is not None]


def source(path: Path | str, name: str) -> Source | None:
    """The log at `path`, if its name is one of an instance."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    instance = f"{found['process']}.{found['position']}"
    return Source(name, str(path), int(found["release"]), found["process"], instance, found["kind"] or "")


def _log_of(name: str) -> str:
    """The log that a file is, or was, the end of; empty if it is something else."""
    log, dot, rest = name.rpartition(".log")
    return f"{log}.log" if dot and (not rest or rest[1:].isdecimal()) else ""
