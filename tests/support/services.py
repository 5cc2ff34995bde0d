"""Stand-ins for the services that people are told by, over real HTTP and TLS, under the services' own names.

One server is the services and the proxy on the way to them: whoever asks it to connect to a name is answered by
that name itself, with a certificate that was made for it.
"""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from support.answering import server_context

SLACK, TEAMS = "hooks.slack.com", "prod-1.westeurope.logic.azure.com"
PAGER, TWILIO = "events.pagerduty.com", "api.twilio.com"
SMS = 1600  # characters
TOO_LONG = {"code": 21617, "message": f"The concatenated message body exceeds the {SMS} character limit"}
ROOM = {"room_id": "!kitchen:example.org", "servers": ["example.org"]}
LOGIN = {"access_token": "a-token", "user_id": "@shipway:example.org", "home_server": "example.org"}


@dataclass(frozen=True)
class Asked:
    """One request; `host` is the name by which the service was reached."""

    host: str
    method: str
    path: str
    body: Any


@dataclass
class Services:
    """`refuses` is the status with which everything is answered, if any."""

    port: int = 0
    bundle: Path = Path()
    refuses: int = 0
    asked: list[Asked] = field(default_factory=list)
    contexts: Mapping[str, ssl.SSLContext] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """What leads a program here, whatever it means to reach but this machine."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self.port}",
            "NO_PROXY": "127.0.0.1",
            "REQUESTS_CA_BUNDLE": str(self.bundle),
        }

    @property
    def urls(self) -> dict[str, str]:
        """How an owner writes each of them."""
        here = f"127.0.0.1:{self.port}"
        return {
            "ntfy": f"ntfy://{here}/kitchen",
            "Matrix": f"matrix://shipway:correct-horse@{here}/!kitchen:example.org",
            "Slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7Q/#kitchen",
            "Power Automate / Workflows (for MSTeams)": f"workflows://{TEAMS}/e2f6a1/s1gn4tur3",
            "Pager Duty": "pagerduty://s1gn4tur3@correct-horse",
            "Twilio": "twilio://AC0f1e2d3c4b5a69788796a5b4c3d2e1f0:s1gn4tur3@15005550006/15005550009",
        }

    def notify(self, host: str, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Takes a request in; the answer."""
        told = json.loads(body) if body.startswith(b"{") else body.decode(errors="replace")
        told = dict(parse_qsl(told)) if host == TWILIO else told
        self.asked.append(Asked(host, method, path, told))
        if self.refuses:
            return self.refuses, {"error": "not now"}
        if host == TWILIO:
            return (400, TOO_LONG) if len(told["Body"]) > SMS else (201, {"status": "queued"})
        if "/login" in path:
            return 200, {"flows": [{"type": "m.login.password"}]} if method == "GET" else LOGIN
        return {SLACK: (200, "ok"), TEAMS: (202, ""), PAGER: (202, {"status": "success"})}.get(host, (200, ROOM))

    @property
    def messages(self) -> list[str]:
        """What was said to somebody, as it was sent; the rest is how one signs in."""
        said = [one for one in self.asked if one.method in ("POST", "PUT")]
        aside = ("/login", "/join/", "/logout")
        return [json.dumps(one.body) for one in said if not any(word in one.path for word in aside)]


@contextmanager
def services(directory: Path) -> Iterator[Services]:
    made = Services()
    made.contexts = {
        name: server_context(directory, timedelta(days=30), name) for name in (SLACK, TEAMS, PAGER, TWILIO)
    }
    made.bundle = directory / "bundle.pem"
    made.bundle.write_text("".join((directory / f"{name}.pem").read_text() for name in made.contexts))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        name = ""

        def do_CONNECT(self) -> None:
            """From here on it is the service that was asked for."""
            self.name = self.path.rpartition(":")[0]
            self.send_response(200)
            self.end_headers()
            self.wfile.flush()
            self.connection = made.contexts[self.name].wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
            self.close_connection = False

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, answer = made.notify(self.name, self.command, self.path, body)
            told = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_POST = do_PUT = do_GET

        def log_message(self, *_words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
