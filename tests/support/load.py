"""Clients that never try a request again, so that each one the router loses is counted.

Four kinds of people at once: some ask on one connection as fast as they may ("keep"), some think between two
requests ("think"), some open a connection for each request ("fresh"), and some take seconds to send a body
("slow"). A request has failed unless a whole answer with an expected status came back.

    with Load(port, "topup.localhost", slow_path="/echo") as load:
        ...  # switch releases
    assert load.failures == []
    assert load.requests > 1000
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Container, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

PATIENCE = 30.0


@dataclass(frozen=True)
class Answer:
    """One whole response; header names are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"


@dataclass(frozen=True)
class Failure:
    """A request that was lost: when it began (unix seconds), which kind of client, and what came instead."""

    at: float
    kind: str
    what: str

    @property
    def refused(self) -> bool:
        """Nobody listened: nothing was sent, and nobody was holding anything."""
        return self.what.startswith(ConnectionRefusedError.__name__)


@dataclass(frozen=True)
class Sample:
    """A request that was answered: when it began (unix seconds) and how long it took, in seconds."""

    at: float
    kind: str
    took: float


class Broken(Exception):
    """Something came back that is not a whole answer."""


async def read(reader: asyncio.StreamReader) -> Answer:
    """One response from a connection; Broken when it ends early or makes no sense."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return Answer(int(first.split()[1]), headers, await _body(reader, headers))
    except asyncio.IncompleteReadError as error:
        raise Broken(f"closed after {len(error.partial)} bytes") from error


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        parts = []
        while size := int(await reader.readuntil(b"\r\n"), 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        await reader.readexactly(2)
        return b"".join(parts)
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    return await reader.read()


@dataclass
class Load:
    """Load on one host behind 127.0.0.1:`port`, from a thread of its own, while the `with` block runs.

    `keep`, `think`, `fresh` and `slow` are how many clients of each kind there are; `pause` is how long the
    fast ones wait between requests, `slow_for` how long a body takes, both in seconds. `names` picks from an
    answer what is counted in `seen`, for example which release gave it.
    """

    port: int
    host: str
    path: str = "/"
    slow_path: str = "/"
    keep: int = 6
    think: int = 12
    fresh: int = 3
    slow: int = 4
    pause: float = 0.01
    slow_for: float = 1.5
    expected: Container[int] = (200,)
    names: Callable[[Answer], str] = lambda answer: str(answer.status)
    samples: list[Sample] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def __enter__(self) -> Load:
        """They have begun to ask: on a busy machine that may take a while."""
        self._thread.start()
        deadline = time.monotonic() + 2 * PATIENCE
        while not self.requests and time.monotonic() < deadline:
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Every request that has begun is finished and counted."""
        self._stop.set()
        self._thread.join()

    @property
    def requests(self) -> int:
        return len(self.samples) + len(self.failures)

    def percentile(
        self, share: float, *, kind: str = "keep", since: float = 0.0, until: float = float("inf")
    ) -> float:
        """The latency, in seconds, that `share` (0 to 1) of the answered requests of a kind stay below."""
        took = sorted(s.took for s in self.samples if s.kind == kind and since <= s.at < until)
        return took[min(len(took) - 1, int(len(took) * share))]

    async def _run(self) -> None:
        clients: list[Coroutine[Any, Any, None]] = [self._reuse("keep", self.pause) for _ in range(self.keep)]
        clients += [self._reuse("think", None) for _ in range(self.think)]
        clients += [self._once_each() for _ in range(self.fresh)]
        clients += [self._slow_posts() for _ in range(self.slow)]
        await asyncio.gather(*clients)

    async def _reuse(self, kind: str, pause: float | None) -> None:
        """One connection, for as long as the other side lets it live."""
        connection: _Connection | None = None
        while not self._stop.is_set():
            connection = await self._ask(kind, connection, self._get(), keep=True)
            await asyncio.sleep(pause if pause is not None else random.uniform(0.02, 0.2))
        await _close(connection)

    async def _once_each(self) -> None:
        while not self._stop.is_set():
            await self._ask("fresh", None, self._get("Connection: close\r\n"), keep=False)
            await asyncio.sleep(self.pause)

    async def _slow_posts(self) -> None:
        pieces = 10
        head = f"POST {self.slow_path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: {pieces}\r\n\r\n"
        while not self._stop.is_set():
            await self._ask("slow", None, head.encode(), keep=False, then=b"x" * pieces)

    def _get(self, more: str = "") -> bytes:
        return f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\n{more}\r\n".encode()

    async def _ask(
        self, kind: str, connection: _Connection | None, head: bytes, *, keep: bool, then: bytes = b""
    ) -> _Connection | None:
        """One request, counted once; returns the connection if the next one may use it."""
        at, begun = time.time(), time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = connection = connection or await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(head)
                for byte in then:
                    await asyncio.sleep(self.slow_for / len(then))
                    writer.write(bytes([byte]))
                answer = await read(reader)
        except (OSError, Broken, TimeoutError, ValueError) as error:
            self.failures.append(Failure(at, kind, f"{type(error).__name__}: {error}"))
            await _close(connection)
            return None
        took = time.perf_counter() - begun
        if answer.status in self.expected:
            self.samples.append(Sample(at, kind, took))
            self.seen[self.names(answer)] += 1
        else:
            self.failures.append(Failure(at, kind, f"{answer.status}: {answer.body[:200]!r}"))
        if keep and not answer.closes:
            return connection
        await _close(connection)
        return None


_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _close(connection: _Connection | None) -> None:
    if connection is None:
        return
    connection[1].close()
    with suppress(OSError):  # it may be gone already
        await connection[1].wait_closed()
