"""A running server in this process, and ways to knock at its door."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

import jinja2
import uvicorn
from jinja2.bccache import Bucket
from starlette.applications import Starlette

from shipway.environments.secrets import Vault
from shipway.hosts.keeper.client import Keeper
from shipway.hosts.sandbox import probe
from shipway.releases.machine import Machine
from shipway.signals.errors.intake import Intake
from shipway.signals.errors.rates import Rates
from shipway.signals.errors.recording import Accepted, Recorder
from shipway.story.acts import Story
from shipway.story.cast import Cast
from shipway.traffic.proxy import Proxy
from shipway.web import app
from shipway.web.connections import Connection
from shipway.web.names import Names
from shipway.web.pages.typeset import STAYS
from web.scene import Scene

PAGES = "shipway.localhost"


@dataclass(frozen=True)
class Answer:
    """One answer, with header names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """As it reads: a space at which no line ends is one like any other."""
        return self.body.decode().replace(STAYS, " ")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Compiled(jinja2.BytecodeCache):
    """What the templates were made into: once for all servers of this process, which takes longer than a page."""

    def __init__(self) -> None:
        self._known: dict[str, CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._known.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key] = bucket.code


_COMPILED = _Compiled()


class _Server(uvicorn.Server):
    """Hangs up when it stops: by itself it leaves whoever is not done, and a connection only just made."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # they are told


@dataclass
class Site:
    """A running server: `ask` sends a request exactly as given, `get` and `post` as somebody who may."""

    scene: Scene
    app: Starlette
    port: int
    server: uvicorn.Server
    thread: threading.Thread
    cast: Cast
    intake: Intake

    @classmethod
    def start(
        cls, scene: Scene, port: int = 0, rates: Rates | None = None, public: str | None = None, times: int = 1
    ) -> Site:
        """Starts a server in a thread of this process; what is reported to it waits for `record`."""
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
        port = listening.getsockname()[1]
        told, intake = story(scene), Intake(scene.database, rates, times)
        web = app.create(scene.database, scene.places, told, intake, names=Names(port, public), proxy_port=8080)
        web.state.site.templates.bytecode_cache = _COMPILED
        server = _Server(
            uvicorn.Config(web, http=Connection, log_config=None, lifespan="off", proxy_headers=False)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive(), "the server ended before it answered"
        return cls(scene, web, port, server, thread, told.cast, intake)

    def stop(self) -> None:
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(20)

    def record(self, at_least: int = 0, patience: float = 20.0) -> list[Accepted]:
        """Records what was reported, once at least so many reports have come; what was accepted."""
        recorder = Recorder(self.scene.database, self.scene.places, Vault(self.scene.places), self.intake)
        reports = self.intake.take(timeout=0)
        while len(reports) < at_least:
            more = self.intake.take(timeout=patience)
            assert more, f"only {len(reports)} of {at_least} reports came"
            reports += more
        return recorder.record(reports)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            by_name = {"host": f"{PAGES}:{self.port}"}  # as a browser that was shown the pages
            connection.request(method, path, body=body, headers={**by_name, **(headers or {})})
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def bearer(self, who: str = "ada") -> dict[str, str]:
        return {"authorization": f"Bearer {self.scene.tokens[who]}"}

    def get(self, path: str, who: str = "ada", **headers: str) -> Answer:
        return self.ask("GET", path, {**self.bearer(who), **headers})

    def send(self, method: str, path: str, value: object = None, who: str = "ada") -> Answer:
        headers = {**self.bearer(who), "content-type": "application/json"}
        return self.ask(method, path, headers, json.dumps(value) if value is not None else None)

    @property
    def origin(self) -> str:
        return f"http://{PAGES}:{self.port}"

    def sign_in(self, who: str = "ada") -> dict[str, str]:
        """What a browser sends afterwards."""
        answer = self.ask(
            "POST",
            "/signin",
            {"origin": self.origin, "content-type": "application/x-www-form-urlencoded"},
            f"token={self.scene.tokens[who]}",
        )
        assert answer.status == 303, answer.text
        return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def story(scene: Scene, address: str = "") -> Story:
    """What acts on the record; where there is no keeper and no router, what needs them waits for ever."""
    machine = Machine(scene.database, scene.places, Keeper(scene.places), probe(), Vault(scene.places), address)
    return Story(Cast(machine, Proxy(scene.places, 8080)))
