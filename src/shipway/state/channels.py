"""Channels: by which addresses people are told; the addresses themselves are encrypted."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from shipway.state import facts, ids
from shipway.state.tables import channels


@dataclass(frozen=True)
class Channel:
    """`service` is what people call its kind; `sealed` its URL, encrypted; `private`: it may lead inside."""

    id: str
    whose: str
    service: str
    sealed: bytes
    private: bool
    who: str
    created: float


def add(
    conn: Connection, *, whose: str, service: str, seal: Callable[[str], bytes], private: bool, who: str
) -> Channel:
    """Records a channel, after those its person has already; `seal` encrypts its URL for the id that it gets."""
    id = ids.new(conn, channels)
    channel = Channel(id, whose, service, seal(id), private, who, time.time())
    conn.execute(insert(channels).values(vars(channel)))
    data = {"channel": channel.id, "whose": channel.whose, "service": channel.service}
    facts.record(conn, "channel.added", who=channel.who, data=data)
    return channel


def replace(conn: Connection, channel: Channel, *, private: bool, who: str) -> Channel:
    """Records that a channel was added again, and whether it may lead inside now; its id and place stay."""
    conn.execute(update(channels).where(channels.c.id == channel.id).values(private=private, who=who))
    data = {"channel": channel.id, "whose": channel.whose, "service": channel.service}
    facts.record(conn, "channel.added", who=who, data=data)
    return dataclasses.replace(channel, private=private, who=who)


def find(conn: Connection, channel: str) -> Channel | None:
    """The channel with this id."""
    row = conn.execute(select(channels).where(channels.c.id == channel)).mappings().one_or_none()
    return None if row is None else Channel(**row)


def every(conn: Connection) -> list[Channel]:
    """All channels, by whose they are and then in the order in which they were added."""
    query = select(channels).order_by(channels.c.whose, channels.c.id)
    return [Channel(**row) for row in conn.execute(query).mappings()]


def of(conn: Connection, whose: Collection[str]) -> list[Channel]:
    """The channels of these, in the order in which they were added."""
    query = select(channels).where(channels.c.whose.in_(whose)).order_by(channels.c.id)
    return [Channel(**row) for row in conn.execute(query).mappings()]


def remove(conn: Connection, channel: Channel, who: str) -> None:
    """Takes a channel away, with its URL."""
    if conn.execute(delete(channels).where(channels.c.id == channel.id)).rowcount:
        data = {"channel": channel.id, "whose": channel.whose, "service": channel.service}
        facts.record(conn, "channel.removed", who=who, data=data)
