"""That the disk of the data directory is nearly full, and that it is so no more, on record once each."""

from __future__ import annotations

from pathlib import Path

from shipway.state import facts, positions, room
from shipway.state.database import Connection, Database
from shipway.state.room import Room

POSITION = "little room"


def tell(database: Database, data: Path) -> None:
    """Puts on record, once, that there is little room, and that there is enough again."""
    now = room.left(data)
    with database.read() as conn:
        told = positions.get(conn, POSITION)
    if now.is_little and not told:
        database.note(lambda conn: _record(conn, "machine.little_room", now, told, 1))
    elif told and now.percent >= room.AGAIN:
        database.note(lambda conn: _record(conn, "machine.room_again", now, told, 0))


def _record(conn: Connection, kind: str, now: Room, seen: int, to: int) -> None:
    if positions.move(conn, POSITION, seen, to):
        facts.record(conn, kind, data={"free": now.free, "total": now.total, "says": now.says})
