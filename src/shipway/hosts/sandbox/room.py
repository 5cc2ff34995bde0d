"""What one command may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol


@dataclass(frozen=True)
class Mount:
    """A file or directory of this machine, and the path by which the command sees it."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Room:
    """Everything one command may see; the rest of the machine is invisible to it.

    `links` are paths inside the room (`/app/db.sqlite3`) that point to other paths inside it
    (`/data/db.sqlite3`). Without `network` there is loopback only, where the tier can do that.
    `dies_with_parent` is for steps, never for instances, which outlive whoever started them.
    """

    mounts: tuple[Mount, ...]
    links: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    network: bool = True
    dies_with_parent: bool = False

    def mount_of(self, target: str) -> Mount | None:
        """The mount through which `target` is seen: the deepest one above it."""
        above = [mount for mount in self.mounts if lies_in(target, mount.target)]
        return max(above, key=lambda mount: len(PurePosixPath(mount.target).parts), default=None)


class Tier(Protocol):
    """A way to hold a command in its room: bubblewrap, and lesser ones where that does not work."""

    @property
    def name(self) -> str:
        """bubblewrap, landlock or plain."""

    @property
    def level(self) -> int:
        """1: sees nothing else; 0: reads and writes nothing else; -1: not held at all."""

    @property
    def says(self) -> str:
        """One sentence for the page of a run: what holds the command, and why nothing better does."""

    def inside(self, room: Room, target: str) -> str:
        """The path by which the command sees `target`."""

    def prepare(self, room: Room) -> None:
        """Makes what the room needs on disk; called once before commands run in it."""

    def command(self, room: Room, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` in the room; its environment is the one it is started with."""


def lies_in(path: str, directory: str) -> bool:
    """Whether `path` is `directory` or below it."""
    return PurePosixPath(path).is_relative_to(directory)
