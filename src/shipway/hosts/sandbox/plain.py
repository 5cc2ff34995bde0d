"""The tier of last resort: nothing is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.hosts.sandbox.outside import confined, make_links, real_path
from shipway.hosts.sandbox.room import Room


@dataclass(frozen=True)
class Plain:
    """Runs a command where it lies, with everything its user may do except root's capabilities."""

    why_not_better: str = ""
    name: str = "plain"
    level: int = -1

    @property
    def says(self) -> str:
        return f"Not held: it can read and change whatever this user can. {self.why_not_better}".strip()

    def inside(self, room: Room, target: str) -> str:
        return real_path(room, target)

    def prepare(self, room: Room) -> None:
        make_links(room)

    def command(self, room: Room, argv: Sequence[str]) -> list[str]:
        return confined(room, argv)
