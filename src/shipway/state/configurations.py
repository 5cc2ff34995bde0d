"""Configurations: the values and the encrypted secrets of an environment, a new version with every change."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from types import MappingProxyType

from sqlalchemy import Connection, insert, select

from shipway.state import facts
from shipway.state.tables import configurations

FAR = 100  # versions that are looked back at for who set something
AT_ONCE, MOST = 100, 5000  # changes that are read together, and that are looked back at for where a secret was set
NOTHING: Mapping[str, int] = MappingProxyType({})


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
    """The names of what two versions set otherwise, by name. Of a secret that both have it is known from where it
    was set between them, and from whether that was to what it had been before: no value is looked at.
    """
    low, high = min(old, new), max(old, new)
    before, after = (get(conn, application, environment, version) for version in (old, new))
    told = _named(conn, application, environment, low, high)
    both = set(before.secret_names) & set(after.secret_names)
    anew = {name: first for name in both if (first := _first(told, name, high)) is not None}
    back = {name: first for name, first in anew.items() if first <= low}
    same = {name for name, first in back.items() if first_set(conn, application, environment, name, low) == first}
    return sorted(_otherwise(before, after) | (anew.keys() - same))


def first_set(conn: Connection, application: str, environment: str, name: str, version: int) -> int:
    """The version that first had a secret as a version has it, as far as that is on record."""
    return next((first for _, first in set_in(conn, application, environment, name, version)), version)


def set_in(
    conn: Connection, application: str, environment: str, name: str, version: int
) -> Iterator[tuple[int, int]]:
    """The versions up to this one that were made to set something or to take it away, newest first, each with the
    version that first had it so.
    """
    for made, names in _changes(conn, application, environment, version):
        if name in names:
            yield made, names[name]


def setters(conn: Connection, application: str, environment: str, old: int, new: int) -> dict[str, str]:
    """What a version sets otherwise than an older one, by name, each with who set it so last."""
    names, found = differing(conn, application, environment, old, new), dict[str, str]()
    told = _named(conn, application, environment, old, new)
    after = get(conn, application, environment, new)
    who = after.who
    while after.version > old and len(found) < len(names):
        before = get(conn, application, environment, after.version - 1)
        then = _otherwise(before, after) | set(told.get(after.version, ()))
        found |= {name: after.who for name in names if name in then and name not in found}
        after = before
    return {name: found.get(name, who) for name in names}


def named_since(conn: Connection, application: str, environment: str, at: float) -> set[str]:
    """The names of what was set or taken away by the change that was the newest at a moment, and after it."""
    those = (configurations.c.application == application, configurations.c.environment == environment)
    query = select(configurations.c.version).where(*those, configurations.c.created <= at)
    first = conn.execute(query.order_by(configurations.c.version.desc()).limit(1)).scalar() or 1
    last = newest(conn, application, environment).version
    return {name for names in _named(conn, application, environment, first - 1, last).values() for name in names}


def set_back(
    conn: Connection, application: str, environment: str, names: Collection[str], old: int, new: int
) -> dict[str, str]:
    """Which of these a version has as it was before somebody set it as it is in an older one, and who that was."""
    after, now = (get(conn, application, environment, version) for version in (old, new))
    found, left = dict[str, str](), set(names)
    low = max(0, old - FAR)
    told = _named(conn, application, environment, low, new) if left & set(after.secret_names) else {}
    back = {name for each in told.values() for name, first in each.items() if first <= low and name in left}
    told[low] = {name: first_set(conn, application, environment, name, low) for name in back}
    for version in range(old - 1, low - 1, -1):
        before = get(conn, application, environment, version)
        set_then = (_otherwise(before, after) | _secrets_anew(told, before, after)) & left
        still = _otherwise(before, now) | _secrets_anew(told, before, now)
        found |= dict.fromkeys(set_then - still, after.who)
        left, after = left - set_then, before
        if not left:
            break
    return found


def _otherwise(before: Configuration, after: Configuration) -> set[str]:
    """The names of values that are not the same, and of secrets that only one of two has."""
    named = {*before.values, *after.values}
    found = {name for name in named if before.values.get(name) != after.values.get(name)}
    return found | (set(before.secret_names) ^ set(after.secret_names))


def _secrets_anew(told: Mapping[int, Mapping[str, int]], before: Configuration, after: Configuration) -> set[str]:
    """The names of secrets that both have, and not as they were."""
    both = set(before.secret_names) & set(after.secret_names)
    return {name for name in both if _first(told, name, before.version) != _first(told, name, after.version)}


def _first(told: Mapping[int, Mapping[str, int]], name: str, version: int) -> int | None:
    """Which version first had a secret as a version has it; None where it was not set in any that is told of."""
    last = max((each for each, names in told.items() if each <= version and name in names), default=None)
    return None if last is None else told[last][name]


def _named(
    conn: Connection, application: str, environment: str, old: int, new: int
) -> dict[int, Mapping[str, int]]:
    """Which names each version after an older one was made to set, up to a newer one, each with the version that
    first had it so: a secret may have been set back.
    """
    return dict(takewhile(lambda one: one[0] > old, _changes(conn, application, environment, new)))


def _changes(
    conn: Connection, application: str, environment: str, version: int
) -> Iterator[tuple[int, Mapping[str, int]]]:
    """The same of each version up to this one, the newest first, read as far as somebody asks."""
    before: int | None = None
    kinds = ["configuration.changed"]
    for _ in range(MOST // AT_ONCE):
        told = facts.newest_of(conn, kinds, application, AT_ONCE, environment=environment, before=before)
        for one in told:
            made = int(one.data["version"])
            if made <= version:
                as_in = one.data.get("as_in", {})
                yield made, {name: as_in.get(name, made) for name in one.data.get("names", ())}
        if len(told) < AT_ONCE:
            return
        before = told[-1].id


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
    as_in: Mapping[str, int] = NOTHING,
) -> Configuration:
    """Appends a version; `what` says in words what changed, without any secret's value, and `names` of which. A
    secret that is as it was before is `as_in` the version that had it so first.
    """
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
        data={
            "version": version,
            "what": what,
            "names": sorted(names),
            **({"as_in": dict(as_in)} if as_in else {}),
        },
    )
    return get(conn, application, environment, version)
