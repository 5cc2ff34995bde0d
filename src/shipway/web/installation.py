"""The installation itself: its processes, what they use, what lies where, and whether it could tell somebody."""

from __future__ import annotations

import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import getpid
from pathlib import Path

from shipway import __version__
from shipway.config.places import Places
from shipway.environments.data import Kept, measured
from shipway.errors import KeeperGone
from shipway.hosts.keeper.client import Keeper
from shipway.incidents.channels import PING, SENTRY
from shipway.incidents.forward import Forwarding
from shipway.incidents.outbox import LATE
from shipway.signals.instances import memory_of
from shipway.state import channels, messages
from shipway.state.channels import Channel
from shipway.traffic.proxy import ROUTERS
from shipway.web.site import Site

PATIENCE = 0.5  # seconds for a keeper
MOST = 20_000  # files of one directory that are looked at


@dataclass(frozen=True)
class Part:
    """A process of the installation; `state` is running, backoff, exited, not known or absent, `memory` in bytes
    (PSS), `again_at` when one in backoff is started again (seconds since 1970).
    """

    name: str
    state: str
    pid: int | None
    memory: int | None
    since: float | None
    restarts: int
    again_at: float | None = None


@dataclass(frozen=True)
class Ping:
    """The service outside that hears that Shipway is well: whether there is one, and when it was told last."""

    channel: bool
    last: float | None


@dataclass(frozen=True)
class Installation:
    """`sizes` are of what lies in the data directory, `free` and `total` of its disk; `late` counts messages.
    `forwarding` is by whose channel reports of errors go on by."""

    version: str
    python: str
    pages: str
    public: str | None
    address: str
    proxy_port: int
    data: Path
    parts: Sequence[Part]
    sizes: Sequence[Kept]
    free: int
    total: int
    channels: Sequence[Channel]
    forwarding: Mapping[str, Forwarding]
    late: int
    ping: Ping


def look(site: Site) -> Installation:
    """How the installation is now. Measures its directories, of each at most MOST files."""
    usage = shutil.disk_usage(site.places.data)
    with site.database.read() as conn:
        known = channels.every(conn)
        late = len(messages.undelivered(conn, time.time() - LATE))
    return Installation(
        version=__version__,
        python=platform.python_version(),
        pages=site.pages,
        public=site.names.public,
        address=site.address,
        proxy_port=site.proxy_port,
        data=site.places.data,
        parts=_parts(site.places),
        sizes=sorted(measured(site.places.data, MOST), key=lambda one: one.size, reverse=True),
        free=usage.free,
        total=usage.total,
        channels=known,
        forwarding={
            one.whose: site.story.cast.forwarder.state(one.whose) for one in known if one.whose.startswith(SENTRY)
        },
        late=late,
        ping=Ping(any(one.whose == PING for one in known), _changed(site.places.pinged)),
    )


def _parts(places: Places) -> list[Part]:
    """This server, the keeper, and the routers that the keeper runs."""
    server = getpid()
    parts = [Part("server", "running", server, memory_of(server), _changed(places.server_file), 0)]
    keeper = Keeper(places, patience=PATIENCE)
    try:
        told = keeper.hello()
        states = {state.id: state for state in keeper.instances()}
    except KeeperGone:
        return [*parts, *(Part(name, "not known", None, None, None, 0) for name in ("keeper", *ROUTERS))]
    pid = int(told["pid"])
    parts.append(Part("keeper", "running", pid, memory_of(pid), float(told["started"]), 0))
    for name in ROUTERS:
        one = states.get(name)
        if one is None:
            parts.append(Part(name, "absent", None, None, None, 0))
        else:
            memory = None if one.pid is None else memory_of(one.pid)
            parts.append(Part(name, one.state, one.pid, memory, one.since, one.restarts, one.again_at))
    return parts


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
