"""What a build consists of, as values: commands that run one after the other in rooms of their own."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from shipway.artifacts.settings import BuildSettings

Cache = Literal["shared", "application"]
Command = str | Sequence[str]
"""A line that a person wrote for `sh`, or words of ours."""


@dataclass(frozen=True)
class Phase:
    """Commands in one room, in the directory `cwd` of the tree; `otherwise` is done instead when they fail.

    `cache` says which cache they may write: "shared" only where no code of the application runs, because every
    application's builds read it (BARS S21). `compiled` has all Python of `cwd` compiled at the end. `because`
    tells in the log why the phase is there.
    """

    name: str
    commands: tuple[Command, ...]
    cwd: str = "."
    cache: Cache = "application"
    compiled: bool = False
    otherwise: Phase | None = None
    because: str = ""

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Phase:
        """The phase that `dataclasses.asdict` made this of, also after JSON."""
        otherwise = None if value["otherwise"] is None else cls.of(value["otherwise"])
        return cls(**{**value, "commands": tuple(value["commands"]), "otherwise": otherwise})

    @property
    def script(self) -> str:
        """One script for `sh -e`; every command is told before it runs."""
        told = [f"printf '%s\\n' {shlex.quote(self.because)}"] if self.because else []
        return "\n".join([*told, *(_said_and_done(command) for command in self.commands)])


@dataclass(frozen=True)
class Sources:
    """What a kind may know of the checkout: its directory on disk, and the Python it is built for."""

    tree: Path
    python: Path

    def has(self, path: str) -> bool:
        """Whether the checkout itself has this file: through a link it could be any file (BARS S28)."""
        found = self.tree / path
        return found.is_file() and found.resolve() == self.tree.resolve() / path


class Kind(Protocol):
    """A module of `kinds`, found by the name in `build.kind`."""

    def phases(self, settings: BuildSettings, sources: Sources) -> tuple[Phase, ...]:
        """What is to be done, in this order; nothing when the tree is shipped as it is."""


def _said_and_done(command: Command) -> str:
    line = command if isinstance(command, str) else shlex.join(command)
    return f"printf '%s\\n' {shlex.quote('$ ' + line)}\n{line}"
