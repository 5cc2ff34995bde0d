"""A server with nothing in it but pushes: run as a program, `python git_server.py <data> <port>`.

What the later stages would do is small here: a commit with a file called `broken` is refused, a file
`<application>.hold` in the data directory keeps its runs going, and what is carried on is written to
`<application>.carried`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn

from shipway.config.places import Places
from shipway.pushes import access, repositories
from shipway.pushes.doorway import Doorway
from shipway.pushes.git import Git
from shipway.pushes.hosting import serve_git
from shipway.pushes.reconcile import reconcile
from shipway.state import applications, pushes
from shipway.state.database import open_database
from shipway.state.pushes import Push


class Server:
    def __init__(self, data: Path, port: int) -> None:
        self.places = Places.of(data)
        self.database = open_database(self.places.database)
        self.port = port
        self.doorway = Doorway(self.database, self.places, check=self.check, watch=self.watch, carry=self.carry)

    def check(self, application: str, ref: str, new: str, quarantine: Mapping[str, str]) -> list[str]:
        git = Git(self.places.repository(application), quarantine=quarantine)
        return [f"{ref}: broken at {new[:7]}"] if git.read(new, "broken") is not None else []

    def carry(self, accepted: Sequence[Push]) -> None:
        for push in accepted:
            with self.file(push, "carried").open("a") as file:
                file.write(f"{push.id}\n")

    async def watch(self, accepted: Sequence[str], detach: bool) -> AsyncIterator[str]:
        with self.database.read() as conn:
            push = pushes.get(conn, accepted[0])
        yield f"runs: {len(accepted)}"
        yield "a line \x1b[2Jthat would clear the screen"
        if detach:
            return
        try:
            while self.file(push, "hold").exists():
                await asyncio.sleep(0.02)
        finally:
            self.file(push, "watched").touch()
        yield "outcome: passed"

    def file(self, push: Push, name: str) -> Path:
        return self.places.data / f"{push.application}.{name}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        headers = dict(scope["headers"])
        token = access.token_in(headers.get(b"authorization", b"").decode())
        known = None if token is None else access.verify(self.database, token)
        if known is None:
            await unknown(send)
            return
        repository = self.places.repository(scope["path"].split("/")[1])
        await serve_git(scope, receive, send, repository=repository, user=known.who, places=self.places)

    async def live(self, receive: Any, send: Any) -> None:
        await receive()
        repositories.create_all(self.database, self.places)
        with self.database.read() as conn:
            names = [application.name for application in applications.every(conn)]
        for name in names:
            self.carry(reconcile(self.database, self.places, name))
        await self.doorway.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.doorway.close()
        self.database.close()
        await send({"type": "lifespan.shutdown.complete"})


async def unknown(send: Any) -> None:
    headers = [(b"www-authenticate", b'Basic realm="shipway"')]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": b"who are you?\n"})


class Stoppable(uvicorn.Server):
    """As the daemon must: the watching ends first, else uvicorn would wait for it."""

    async def shutdown(self, sockets: Any = None) -> None:
        await self.config.app.doorway.close()  # type: ignore[union-attr]
        await super().shutdown(sockets)


if __name__ == "__main__":
    server = Server(Path(sys.argv[1]), int(sys.argv[2]))
    Stoppable(uvicorn.Config(server, port=server.port, log_level="warning", lifespan="on")).run()
