"""The heavy half of the server: record, engine, watchers, hooks and web, around one cast."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

import uvicorn

from shipway import __version__
from shipway.config.places import Places
from shipway.daemon.watchers import Watchers
from shipway.durable.engine import Engine
from shipway.environments.secrets import Vault
from shipway.hosts import sandbox
from shipway.hosts.keeper.client import Keeper
from shipway.pushes import access, credentials, processes, repositories
from shipway.pushes.doorway import Doorway
from shipway.releases.machine import Machine
from shipway.signals.errors.intake import Intake
from shipway.state import pushes, runs
from shipway.state.database import Database, open_database
from shipway.state.pushes import Push
from shipway.story import Story, carry, order, perform, tend
from shipway.story.cast import Cast
from shipway.traffic.files import replace
from shipway.traffic.proxy import Proxy
from shipway.web import app, narration
from shipway.web.commits import Commits
from shipway.web.connections import Connection
from shipway.web.names import Names


@dataclass(frozen=True)
class Opening:
    """Where a server answers, how many times as much as by itself an application may report, whether a proxy
    passes requests on to applications, and what is called when it answers (`ready`) or has stopped (`over`, with
    the name of the signal that asked for it).
    """

    listener: socket.socket
    names: Names
    proxy_port: int
    reports: int
    behind_tls: bool
    ready: Callable[[], None]
    over: Callable[[str], None]


def run(places: Places, keeper: Keeper, proxy: Proxy, router: Future[None], opening: Opening) -> NoReturn:
    """Serves until it is told to stop; `router` is done when keeper and router are up.

    Ends the process: what is under way is not waited for, the next start goes on with it, as after
    a crash.
    """
    database = open_database(places.database)
    address = f"http://127.0.0.1:{opening.names.port}"
    _keep_owner_token(places, database, address)
    cast = Cast(Machine(database, places, keeper, sandbox.probe(), Vault(places), address), proxy)
    engine = Engine(places.engine_database, perform.actions(cast))
    router.result()
    engine.start()
    asyncio.run(_serve(cast, engine, opening))


async def _serve(cast: Cast, engine: Engine, opening: Opening) -> NoReturn:
    database, places, proxy_port = cast.database, cast.machine.places, opening.proxy_port
    await asyncio.to_thread(repositories.create_all, database, places)
    await asyncio.to_thread(tend.compare_with_pushes, cast)  # before the next push can come in
    intake = Intake(database, times=opening.reports)
    web = app.create(database, places, Story(cast), intake, names=opening.names, proxy_port=proxy_port)
    commits: Commits = web.state.site.commits
    doorway = Doorway(
        database,
        places,
        check=lambda application, _ref, new, quarantine: carry.check(cast, application, new, quarantine),
        watch=lambda ids, detach: _watch(cast, commits, ids, detach, proxy_port),
        carry=lambda accepted: _carry(cast, accepted),
        delivered=lambda application: order.delivered_branches(cast, application),
    )
    await doorway.open()
    config = uvicorn.Config(
        web,
        http=Connection,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        lifespan="off",
        proxy_headers=False,  # what a proxy says counts under one name alone (`web/names.py`)
    )
    server = _Server(config, doorway)
    watchers = Watchers(cast, engine, intake, opening.names.links)
    watchers.start()
    for asked in (signal.SIGTERM, signal.SIGINT):  # before it can be found; uvicorn raises them again
        signal.signal(asked, server.handle_exit)
    _announce(places, opening)
    opening.ready()
    threading.Thread(target=app.read_ahead, args=(web,), daemon=True, name="read-ahead").start()
    try:
        await server.serve(sockets=[opening.listener])
    finally:
        watchers.stop()
        places.server_file.unlink(missing_ok=True)
        await doorway.close()
    database.close()
    opening.over(server.asked_by)
    sys.stdout.flush()
    os._exit(0)


class _Server(uvicorn.Server):
    """Tells those who watch their push before it stops; by itself it would cut them off. `asked_by` is the name of
    the signal that asked it to.
    """

    def __init__(self, config: uvicorn.Config, doorway: Doorway) -> None:
        super().__init__(config)
        self._doorway = doorway
        self.asked_by = ""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.asked_by = signal.Signals(sig).name
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._doorway.close()
        await super().shutdown(sockets)


def _keep_owner_token(places: Places, database: Database, address: str) -> None:
    """Gives the person who runs this server a token, unless theirs is good."""
    known = credentials.token(places.credentials, address)
    if known is None or access.verify(database, known) is None:
        made = access.create(database, pwd.getpwuid(os.getuid()).pw_name, role="owner")
        credentials.keep(places.credentials, address, made)


def _carry(cast: Cast, accepted: Sequence[Push]) -> None:
    for push in accepted:
        carry.pushed(cast, push)


async def _watch(
    cast: Cast, commits: Commits, ids: Sequence[str], detach: bool, proxy_port: int
) -> AsyncIterator[str]:
    """What a push shows: the runs of its refs, live unless it detached."""
    found = []
    for push_id in ids:
        run = await asyncio.to_thread(_run_of, cast.database, push_id)
        if run is not None:
            found.append(run)
    if detach:
        for run in found:
            yield f"run {run.number} is on its way; `shipway runs {run.number}` shows it"
    elif found:
        these, places = [run.id for run in found], cast.machine.places
        async for line in narration.watch(cast.database, commits, places, these, proxy_port, cast.so_far):
            yield line


def _run_of(database: Database, push_id: str) -> runs.Run | None:
    """The run of a push; it is recorded just after the push, so a short wait is enough."""
    deadline = time.monotonic() + 10
    while True:
        with database.read() as conn:
            run = runs.of_push(conn, push_id)
            push = pushes.get(conn, push_id)
        if run is not None or push.deletes or push.branch is None or time.monotonic() > deadline:
            return run
        time.sleep(0.02)


def _announce(places: Places, opening: Opening) -> None:
    names = opening.names
    ports = {
        "port": names.port,
        "proxy_port": opening.proxy_port,
        "public": names.public,
        "reports": opening.reports,
        "behind_tls": opening.behind_tls,
    }
    told = {
        "pid": os.getpid(),
        "process": processes.identity(os.getpid()),
        **ports,
        "pages": names.pages,
        "started": time.time(),
        "version": __version__,
    }
    replace(places.ports_file, json.dumps(ports))
    replace(places.server_file, json.dumps(told))
