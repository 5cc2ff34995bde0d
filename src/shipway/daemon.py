"""The server process: opens the record, and starts the keeper, the router, the engine, the watchers and the web.

Everything it knows is on record, so it may be killed at any moment: the next one goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import pwd
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import uvicorn

from shipway import __version__
from shipway.artifacts import prune
from shipway.config.places import Places
from shipway.durable.engine import Engine
from shipway.environments.secrets import Vault
from shipway.errors import OwnerError, ShipwayError
from shipway.hosts import sandbox
from shipway.hosts.keeper.client import Keeper
from shipway.pushes import access, credentials
from shipway.pushes.doorway import Doorway
from shipway.pushes.reconcile import reconcile_all
from shipway.releases.machine import Machine
from shipway.state import pushes, runs
from shipway.state.database import Database, open_database
from shipway.state.pushes import Push
from shipway.story import Story, carry, tend
from shipway.story.cast import Cast
from shipway.traffic.proxy import Proxy
from shipway.web import app, narration

log = logging.getLogger(__name__)

RUNS_AT_ONCE = max(2, os.cpu_count() or 2)
KEPT_PLANS = 7 * 24 * 3600.0  # seconds after which the engine forgets a plan; the record keeps the run


class AlreadyRunning(OwnerError):
    """Another server uses this data directory."""

    id = "daemon.already_running"
    default_hint = "`shipway down` stops it; `shipway up --data DIRECTORY` starts one beside it."


class PortTaken(OwnerError):
    """Something else listens on the port."""

    id = "daemon.port_taken"


def serve(places: Places, *, port: int, proxy_port: int, ready: Callable[[], None] = lambda: None) -> None:
    """Runs the server until it is told to stop (SIGTERM, SIGINT). Applications go on without it.

    Raises AlreadyRunning or PortTaken before anything is changed.
    """
    places.create()
    with _only_one(places), _listening(port) as listener:
        database = open_database(places.database)
        _keep_owner_token(places, database, f"http://127.0.0.1:{port}")
        cast = _cast(places, database, proxy_port)
        engine = Engine(places.engine_database, carry.actions(cast))
        engine.start()
        try:
            asyncio.run(_serve(cast, engine, listener, port, proxy_port, ready))
        finally:
            engine.stop()
            database.close()


def _keep_owner_token(places: Places, database: Database, address: str) -> None:
    """Gives the person who runs this server a token, unless theirs is good."""
    known = credentials.token(places.credentials, address)
    if known is None or access.verify(database, known) is None:
        made = access.create(database, pwd.getpwuid(os.getuid()).pw_name, role="owner")
        credentials.keep(places.credentials, address, made)


def _cast(places: Places, database: Database, proxy_port: int) -> Cast:
    keeper = Keeper(places)
    keeper.start()
    proxy = Proxy(places, proxy_port)
    proxy.start(keeper)
    machine = Machine(database, places, keeper, sandbox.probe(), Vault(places))
    return Cast(machine, proxy)


async def _serve(
    cast: Cast, engine: Engine, listener: socket.socket, port: int, proxy_port: int, ready: Callable[[], None]
) -> None:
    database, places = cast.database, cast.machine.places
    for push in await asyncio.to_thread(reconcile_all, database, places):
        await asyncio.to_thread(carry.pushed, cast, push)
    doorway = Doorway(
        database,
        places,
        check=lambda application, _ref, new, quarantine: carry.check(cast, application, new, quarantine),
        watch=lambda ids, detach: _watch(database, ids, detach, proxy_port),
        carry=lambda accepted: _carry(cast, accepted),
        delivered=lambda application: carry.delivered_branches(cast, application),
    )
    await doorway.open()
    web = app.create(database, places, Story(cast), port=port, proxy_port=proxy_port)
    server = uvicorn.Server(
        uvicorn.Config(web, log_level="warning", access_log=False, timeout_graceful_shutdown=2, lifespan="off")
    )
    watchers = Watchers(cast, engine)
    watchers.start()
    _announce(places, port, proxy_port)
    ready()
    try:
        await server.serve(sockets=[listener])
    finally:
        watchers.stop()
        places.server_file.unlink(missing_ok=True)
        await doorway.close()


class Watchers:
    """Threads that compare what is with what should be: runs on every change, the rest each second or minute."""

    def __init__(self, cast: Cast, engine: Engine) -> None:
        self._cast = cast
        self._engine = engine
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._begin_runs, daemon=True, name="begin-runs"),
            threading.Thread(target=self._every, args=(1.0, self._tend), daemon=True, name="tend"),
            threading.Thread(target=self._every, args=(60.0, self._compare), daemon=True, name="compare"),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=3)

    def _begin_runs(self) -> None:
        seen = -1
        while not self._stopping.is_set():
            seen = self._cast.database.wait(seen, timeout=1.0)
            self._guarded(lambda: tend.begin_runs(self._cast, self._engine, RUNS_AT_ONCE))

    def _every(self, seconds: float, act: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            self._guarded(act)
            self._stopping.wait(seconds)

    def _tend(self) -> None:
        self._cast.machine.keeper.start()
        self._cast.proxy.start(self._cast.machine.keeper)
        tend.restore(self._cast)
        tend.retire(self._cast)

    def _compare(self) -> None:
        tend.compare_with_pushes(self._cast)
        tend.compare_with_engine(self._cast, self._engine)
        prune.prune(self._cast.database, self._cast.machine.places)
        self._engine.prune(KEPT_PLANS)

    def _guarded(self, act: Callable[[], None]) -> None:
        """A watcher outlives what it meets: it looks again soon, and the server's log has the reason."""
        try:
            act()
        except ShipwayError as error:
            log.warning("%s", error)
        except Exception:
            log.exception("a watcher met a defect")


def _carry(cast: Cast, accepted: Sequence[Push]) -> None:
    for push in accepted:
        carry.pushed(cast, push)


async def _watch(database: Database, ids: Sequence[str], detach: bool, proxy_port: int) -> AsyncIterator[str]:
    """What a push shows: the runs of its refs, live unless it detached."""
    found = []
    for push_id in ids:
        run = await asyncio.to_thread(_run_of, database, push_id)
        if run is not None:
            found.append(run)
    if detach:
        for run in found:
            yield f"run {run.number} is on its way; `shipway runs {run.number}` shows it"
    elif found:
        async for line in narration.watch(database, [run.id for run in found], proxy_port):
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


def _announce(places: Places, port: int, proxy_port: int) -> None:
    told = {
        "pid": os.getpid(),
        "port": port,
        "proxy_port": proxy_port,
        "started": time.time(),
        "version": __version__,
    }
    scratch = places.server_file.with_suffix(".new")
    scratch.write_text(json.dumps(told))
    scratch.replace(places.server_file)


@contextlib.contextmanager
def _only_one(places: Places) -> Iterator[None]:
    """Holds the data directory for this process; the lock goes with it, however it ends."""
    with Path(places.data / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"A Shipway server already uses {places.data}.") from None
        yield


@contextlib.contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise PortTaken(
            f"Port {port} of 127.0.0.1 cannot be listened on: {error.strerror}.",
            hint="`shipway up --port` takes another.",
        ) from error
    with contextlib.closing(listener):
        listener.listen(128)
        yield listener
