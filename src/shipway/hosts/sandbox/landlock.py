"""The tier where namespaces are not allowed: Landlock lets a command open the room's files and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.hosts.sandbox.outside import confined, make_links, real_path
from shipway.hosts.sandbox.room import Room


@dataclass(frozen=True)
class Landlock:
    """Linux 5.13 and later, no rights needed. It does not hide processes, nor limit the network."""

    why_not_better: str = ""
    name: str = "landlock"
    level: int = 0

    @property
    def says(self) -> str:
        return (
            "Held by Landlock: it can open no files but its own, but sees the names of other processes and "
            f"has the machine's network. {self.why_not_better}"
        ).strip()

    def inside(self, room: Room, target: str) -> str:
        return real_path(room, target)

    def prepare(self, room: Room) -> None:
        make_links(room)

    def command(self, room: Room, argv: Sequence[str]) -> list[str]:
        rules = [f"{'write' if mount.writable else 'read'}={mount.source}" for mount in room.mounts]
        return confined(room, argv, *rules)
