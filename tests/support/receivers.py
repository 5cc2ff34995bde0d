"""What messages are sent to: a mail server and a web server of this machine, with all their moods."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope

from shipway.state.channels import Channel
from support.installation import eventually
from support.ports import free_port

MAIL = Channel("mail", "ada@example.org", "E-mail", b"", private=False, who="ada", created=0.0)
"""A channel that is said to have taken something, with no server behind it."""


def words(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


class _MailServer(Controller):
    """Hangs up when it stops: by itself it leaves a connection open that has only just been made."""

    def factory(self) -> SMTP:
        self._met = [*getattr(self, "_met", []), super().factory()]
        return self._met[-1]

    def stop(self, no_assert: bool = False) -> None:
        self.loop.call_soon_threadsafe(self._hang_up)
        super().stop(no_assert)

    def _hang_up(self) -> None:
        for met in self._met:
            if met.transport is not None:
                met.transport.abort()


@dataclass
class Mailbox:
    """A mail server; `refuses` is what it answers instead of taking a mail."""

    port: int = field(default_factory=free_port)
    mails: list[EmailMessage] = field(default_factory=list)
    refuses: str = ""
    _server: _MailServer | None = None

    def url(self, to: str = "ada@example.org", password: str = "") -> str:
        user = f"shipway:{password}@" if password else ""
        return f"mailto://{user}127.0.0.1:{self.port}?from=shipway@example.org&to={to}&mode=insecure"

    def open(self) -> None:
        self._server = _MailServer(self, hostname="127.0.0.1", port=self.port)
        self._server.start()

    def close(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self.refuses:
            return self.refuses
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    def wait(self, count: int = 1) -> list[EmailMessage]:
        eventually(lambda: len(self.mails) >= count, f"{count} mails arrive", 30)
        return list(self.mails)


@dataclass
class Hook:
    """A web server that notes what it is sent; it answers with `status`, once `awake` or `slow` seconds later."""

    status: int = 200
    awake: threading.Event = field(default_factory=threading.Event)
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    port: int = 0
    slow: float | None = None

    def url(self, path: str = "/hook") -> str:
        return f"json://127.0.0.1:{self.port}{path}"

    def answer(self, method: str, path: str, body: bytes) -> int:
        self.calls.append(f"{method} {path}")
        self.raw.append(body)
        if body.startswith(b"{"):
            self.bodies.append(json.loads(body))
        self.awake.wait(self.slow)
        return self.status


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    made.open()
    try:
        yield made
    finally:
        made.close()


@contextmanager
def hook(made: Hook | None = None) -> Iterator[Hook]:
    """One that answers; one that was there before and is given comes back where it was."""
    made = made or Hook()
    made.awake.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = made.answer(self.command, self.path, body)
            try:
                self.send_response(status)
                for name, value in made.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except BrokenPipeError:
                pass  # whoever asked did not wait for the answer

        do_POST = do_GET

        def log_message(self, *_words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", made.port), Handler)
    server.block_on_close = False
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        made.awake.set()
        server.shutdown()
        thread.join()
        server.server_close()
