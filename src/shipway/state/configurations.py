"""Configurations: the values and the encrypted secrets of an environment, a new version with every change."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from shipway.state import facts
from shipway.state.tables import configurations


@dataclass(frozen=True)
class Configuration:
    """Version 0 is the empty one that every environment begins with. `secrets` is encrypted."""

    application: str
    environment: str
    version: int
    values: Mapping[str, str]
    secrets: bytes
    secret_names: Sequence[str]
    who: str
    created: float


def newest(conn: Connection, application: str, environment: str) -> Configuration:
    """The newest version; version 0, empty, when nothing was ever set."""
    query = (
        select(configurations)
        .where(configurations.c.application == application, configurations.c.environment == environment)
        .order_by(configurations.c.version.desc())
        .limit(1)
    )
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        return Configuration(application, environment, 0, {}, b"", (), "", 0.0)
    return Configuration(**row)


def environments(conn: Connection, application: str) -> list[str]:
    """The environments for which something was ever set, by name."""
    query = select(configurations.c.environment).where(configurations.c.application == application).distinct()
    return list(conn.execute(query.order_by(configurations.c.environment)).scalars())


def get(conn: Connection, application: str, environment: str, version: int) -> Configuration:
    """One version; version 0 is the empty one."""
    if version == 0:
        return Configuration(application, environment, 0, {}, b"", (), "", 0.0)
    query = select(configurations).where(
        configurations.c.application == application,
        configurations.c.environment == environment,
        configurations.c.version == version,
    )
    return Configuration(**conn.execute(query).mappings().one())


def differing(conn: Connection, application: str, environment: str, old: int, new: int) -> list[str]:
    """The names of what two versions set otherwise, by name. Of a secret that both have it is said where it was
    set anew between them: its values are not compared.
    """
    before, after = (get(conn, application, environment, version) for version in (old, new))
    named = {*before.values, *after.values}
    found = {name for name in named if before.values.get(name) != after.values.get(name)}
    found |= set(before.secret_names) ^ set(after.secret_names)
    since = newest(conn, application, environment).version - min(old, new)  # one fact for each version
    told = facts.newest_of(conn, ["configuration.changed"], application, since, environment=environment)
    between = [one.data for one in told if min(old, new) < int(one.data["version"]) <= max(old, new)]
    both = set(before.secret_names) & set(after.secret_names)
    return sorted(found | (both & {name for one in between for name in one.get("names", ())}))


def add(
    conn: Connection,
    application: str,
    environment: str,
    *,
    values: Mapping[str, str],
    secrets: bytes,
    secret_names: Sequence[str],
    who: str,
    what: str,
    names: Collection[str] = (),
) -> Configuration:
    """Appends a version; `what` says in words what changed, without any secret's value, and `names` of which."""
    version = newest(conn, application, environment).version + 1
    conn.execute(
        insert(configurations).values(
            application=application,
            environment=environment,
            version=version,
            values=dict(values),
            secrets=secrets,
            secret_names=list(secret_names),
            who=who,
            created=time.time(),
        )
    )
    facts.record(
        conn,
        "configuration.changed",
        application=application,
        environment=environment,
        who=who,
        data={"version": version, "what": what, "names": sorted(names)},
    )
    return get(conn, application, environment, version)
