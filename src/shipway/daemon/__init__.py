"""The server process: the keeper and the router, the record, the engine, the watchers and the web.

Everything it knows is on record, so it may be killed at any moment: the next one goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import NoReturn

from shipway.config.places import Places
from shipway.daemon import memory
from shipway.errors import OwnerError, ShipwayError
from shipway.hosts.keeper.client import Keeper
from shipway.traffic.proxy import Proxy


class AlreadyRunning(OwnerError):
    """Another server uses this data directory."""

    id = "daemon.already_running"
    default_hint = "`shipway down` stops it; `shipway up --data DIRECTORY` starts one beside it."


class PortTaken(OwnerError):
    """Something else listens on the port."""

    id = "daemon.port_taken"


def serve(
    places: Places,
    *,
    port: int,
    proxy_port: int,
    public: str | None,
    reports: int = 1,
    behind_tls: bool = False,
    ready: Callable[[], None],
    over: Callable[[str], None],
) -> NoReturn:
    """Runs the server until it is told to stop (SIGTERM, SIGINT), and ends the process then. Applications go on.

    `public` is the address of the proxy that brings its pages to other machines, if there is one; `reports` is
    how many times as much as by itself an application may report. `behind_tls`: a proxy passes requests on to the
    applications, and says whether it was asked over TLS. `ready` is called when it answers, `over` when it has
    stopped, with the name of the signal.

    Raises AlreadyRunning or PortTaken before anything is changed.
    """
    memory.spare()
    places.create()
    with _only_one(places), _listening(port) as listener:
        keeper, proxy = Keeper(places), Proxy(places, proxy_port, behind_tls=behind_tls)
        with _started(keeper, proxy) as router:
            with memory.loading():
                from shipway.daemon import server  # noqa: PLC0415 - a second of imports, while the router comes up
                from shipway.web.names import Names  # noqa: PLC0415

            opening = server.Opening(listener, Names(port, public), proxy_port, reports, behind_tls, ready, over)
            server.run(places, keeper, proxy, router, opening)


@contextlib.contextmanager
def _started(keeper: Keeper, proxy: Proxy) -> Iterator[Future[None]]:
    """Starts the keeper and the routers beside what follows, which does not return: a server ends its process. One
    that could not be started takes them along where nothing serves behind them: nobody else would end them.
    """

    def start() -> None:
        keeper.start()
        proxy.start(keeper)

    threads = ThreadPoolExecutor(1, thread_name_prefix="router")
    router = threads.submit(start)
    threads.shutdown(wait=False)
    try:
        yield router
    finally:
        wait([router])
        with contextlib.suppress(ShipwayError):  # what went wrong first is what is told
            keeper.hello()  # at once where there is none
            if proxy.end_idle(keeper):
                keeper.quit()


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
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
