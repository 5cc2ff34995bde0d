"""Instances: the running copies that releases should have on this machine, and the ports they were given."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from shipway.state import ports
from shipway.state.tables import instances


@dataclass(frozen=True)
class Name:
    """What an instance is called, `topup.prod.r3.web.1`: by the name of its release, `topup.prod.r3`, and as its
    people call it there, `web.1`. Unique on a machine.
    """

    release: str
    process: str
    position: int

    @classmethod
    def read(cls, name: str) -> Name:
        release, process, position = name.rsplit(".", 2)
        return cls(release, process, int(position))

    @property
    def short(self) -> str:
        return f"{self.process}.{self.position}"

    def __str__(self) -> str:
        return f"{self.release}.{self.short}"


@dataclass(frozen=True)
class Instance:
    """`id` is its `Name` as text; `wanted` is what should be."""

    id: str
    release: str
    process: str
    position: int
    port: int | None
    wanted: bool
    created: float


def want(conn: Connection, *, id: str, release: str, process: str, position: int, port: int | None) -> Instance:
    """Records that this instance should run; one that was stopped is wanted again, on the port given now."""
    existing = find(conn, id)
    if existing is None:
        conn.execute(
            insert(instances).values(
                id=id, release=release, process=process, position=position, port=port, created=time.time()
            )
        )
    else:
        conn.execute(update(instances).where(instances.c.id == id).values(wanted=True, port=port))
    return get(conn, id)


def find(conn: Connection, id: str) -> Instance | None:
    row = conn.execute(select(instances).where(instances.c.id == id)).mappings().one_or_none()
    return None if row is None else Instance(**row)


def get(conn: Connection, id: str) -> Instance:
    """The instance with this id, which must exist."""
    return Instance(**conn.execute(select(instances).where(instances.c.id == id)).mappings().one())


def of_release(conn: Connection, release: str, *, wanted_only: bool = True) -> list[Instance]:
    """The instances of a release, those that should run unless told otherwise."""
    query = select(instances).where(instances.c.release == release)
    if wanted_only:
        query = query.where(instances.c.wanted)
    return [Instance(**row) for row in conn.execute(query.order_by(instances.c.id)).mappings()]


def wanted(conn: Connection) -> list[Instance]:
    """Every instance that should run."""
    query = select(instances).where(instances.c.wanted).order_by(instances.c.id)
    return [Instance(**row) for row in conn.execute(query).mappings()]


def unwant(conn: Connection, id: str) -> None:
    """Records that this instance, which has stopped, should not run any longer; its port rests from now on."""
    port = get(conn, id).port
    conn.execute(update(instances).where(instances.c.id == id).values(wanted=False, port=None))
    if port is not None:
        ports.release(conn, port)
