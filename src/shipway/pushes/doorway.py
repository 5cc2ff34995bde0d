"""The unix socket at which git's hooks knock: each connection is one hook of one push.

What it says is one line of JSON (see `hook`); `visitor` is what answers it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from shipway.config.places import Places
from shipway.errors import ShipwayError
from shipway.pushes import processes, telling
from shipway.pushes.receive import Arrival, Check, Refused, accept, offer
from shipway.pushes.reconcile import reconcile
from shipway.pushes.repositories import tidy
from shipway.pushes.visitor import Visitor
from shipway.state import applications
from shipway.state.database import Database
from shipway.state.pushes import Push, Update

Watch = Callable[[Sequence[str], bool], AsyncIterator[str]]
Carry = Callable[[Sequence[Push]], None]
Delivered = Callable[[str], Mapping[str, Sequence[str]]]

_LONGEST_MESSAGE = 64 * 1024 * 1024  # bytes; a push of a hundred thousand refs has 20 MiB
_DETACH = {"detach", "shipway.detach"}
_PATIENCE = 10.0  # seconds that somebody who asks where the refs stand waits for a push that is about to move them
_STOPPING = "Shipway is stopping; the run goes on when it is up again."


class Doorway:
    """Answers the hooks until it is closed.

    `check(application, ref, new, quarantine)` returns what is wrong with the commit a branch would move to.
    `carry(pushes)` is told once they are accepted, in a worker thread; after a crash perhaps a second time.
    `watch(push ids, detach)` yields the lines that the push shows; it is closed when nobody looks any more.
    `delivered(application)` has the environments of each branch that goes to one; by default the default branch.
    """

    def __init__(
        self,
        database: Database,
        places: Places,
        *,
        check: Check,
        watch: Watch,
        carry: Carry,
        delivered: Delivered | None = None,
    ) -> None:
        self._database = database
        self._places = places
        self._check = check
        self._watch = watch
        self._carry = carry
        self._delivered = delivered or self._default_branch
        self._stopping = asyncio.Event()
        self._tidying = asyncio.Lock()
        self._answering: set[asyncio.Task[None]] = set()
        self._moving: dict[str, str] = {}

    async def open(self) -> None:
        """Listens; from now on pushes can be accepted."""
        path = self._places.socket
        self._server = await asyncio.start_unix_server(self._connected, path, limit=_LONGEST_MESSAGE)
        path.chmod(0o600)

    async def close(self) -> None:
        """Stops listening and ends the watching; what is being recorded is recorded. Once is enough."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._server.close()
        self._places.socket.unlink(missing_ok=True)
        if self._answering:
            await asyncio.wait(self._answering)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering = asyncio.create_task(self._answer(reader, Visitor(reader, writer)))
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)

    async def _answer(self, reader: asyncio.StreamReader, visitor: Visitor) -> None:
        try:
            told = json.loads(await reader.readline())
            match told["hook"]:
                case "pre-receive":
                    await visitor.end(await self._offered(_arrival(told), visitor))
                case "post-receive":
                    await self._accepted(_arrival(told), not _DETACH.isdisjoint(told["options"]), visitor)
                    await visitor.end(0)
                case "ended":
                    await self._ended(told["application"])
                case "asking":
                    await self._settled(told["application"])
                    await visitor.end(0)
        except (ConnectionError, ProcessLookupError, FileNotFoundError):
            return  # the push is no more; `ended` or the next comparison settles what it left
        finally:
            await visitor.close()

    async def _offered(self, arrival: Arrival, visitor: Visitor) -> int:
        """The verdict on an offer: 0 lets git move the refs, and until they have moved others wait to be told."""
        self._moving[arrival.process] = arrival.application
        moves = False
        try:
            verdict = await self._judged(arrival, visitor)
            moves = verdict == 0
            return verdict
        finally:
            if not moves:
                self._moving.pop(arrival.process, None)

    async def _judged(self, arrival: Arrival, visitor: Visitor) -> int:
        try:
            await asyncio.to_thread(self._offer, arrival)
        except Refused as refused:
            await visitor.say("Shipway refused this push; nothing of it was accepted.", *refused.problems)
            return 1
        except ShipwayError as error:
            await visitor.say("Shipway could not take this push; nothing of it was accepted.", str(error))
            return 1
        return 0

    def _offer(self, arrival: Arrival) -> None:
        repository = self._places.repository(arrival.application)
        delivered = self._delivered(arrival.application)
        settled = offer(self._database, repository, arrival, delivered=delivered, check=self._check)
        self._carry_on(settled)

    async def _accepted(self, arrival: Arrival, detach: bool, visitor: Visitor) -> None:
        """Records first; the visitor may have left."""
        accepted = await asyncio.to_thread(self._accept, arrival)
        self._moving.pop(arrival.process, None)
        await visitor.say(*telling.lines(accepted))
        moved = [push.id for push in accepted if push.branch is not None and not push.deletes]
        if moved:
            await self._show(moved, detach, visitor)
        await visitor.say(f"accepted {telling.summary(accepted)}")

    def _accept(self, arrival: Arrival) -> list[Push]:
        accepted = accept(self._database, self._places.repository(arrival.application), arrival)
        self._carry_on(accepted)
        return accepted

    async def _ended(self, application: str) -> None:
        """Settles what the hooks did not live to tell, and tidies up: nobody waits for this."""
        await asyncio.to_thread(self._settle, application)
        async with self._tidying:
            await asyncio.to_thread(tidy, self._places.repository(application))

    async def _settled(self, application: str) -> None:
        """Returns once no push to an application is about to move its refs, or after some seconds."""
        deadline = time.monotonic() + _PATIENCE
        while self._is_moving(application) and time.monotonic() < deadline and not self._stopping.is_set():
            await asyncio.sleep(0.02)

    def _is_moving(self, application: str) -> bool:
        self._moving = {process: name for process, name in self._moving.items() if processes.lives(process)}
        return application in self._moving.values()

    def _settle(self, application: str) -> None:
        self._carry_on(reconcile(self._database, self._places, application))

    def _carry_on(self, accepted: Sequence[Push]) -> None:
        if accepted:
            self._carry(accepted)

    async def _show(self, moved: Sequence[str], detach: bool, visitor: Visitor) -> None:
        """Passes on what there is to see, until it ends, the visitor leaves or the server stops."""
        showing = asyncio.create_task(self._pass_on(moved, detach, visitor))
        left = asyncio.create_task(visitor.left())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({showing, left, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (showing, left, stopping):
                task.cancel()
            await asyncio.wait({showing, left, stopping})
        if not showing.cancelled():
            showing.result()
        elif self._stopping.is_set():
            await visitor.say(_STOPPING)

    async def _pass_on(self, moved: Sequence[str], detach: bool, visitor: Visitor) -> None:
        lines = self._watch(moved, detach)
        async for line in lines:
            await visitor.say(line)

    def _default_branch(self, application: str) -> Mapping[str, Sequence[str]]:
        with self._database.read() as conn:
            return {applications.get(conn, application).default_branch: ["prod"]}


def _arrival(told: dict[str, Any]) -> Arrival:
    return Arrival(
        application=told["application"],
        who=told["who"],
        process=processes.identity(told["process"]),
        updates=[Update(ref, old, new) for old, new, ref in told["updates"]],
        quarantine=told["quarantine"],
    )
