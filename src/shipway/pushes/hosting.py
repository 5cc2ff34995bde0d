"""Git over HTTP: `git http-backend` behind ASGI, both ways as a stream.

Memory stays flat however large the pack is: git reads as fast as the client sends, and is read as fast as the
client takes it. Only the two services of the smart protocol are there.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from shipway.config.places import Places
from shipway.pushes.git import environment

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_SERVICES = ("git-upload-pack", "git-receive-pack")
_PIECE = 64 * 1024  # bytes read at once
_PATIENCE = 2.0  # seconds for git to end, and to clean up after itself, before it is made to
_PROTOCOL = re.compile(r"version=[0-2]", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


async def serve_git(
    scope: MutableMapping[str, Any],
    receive: Receive,
    send: Send,
    *,
    repository: Path,
    user: str,
    places: Places,
) -> None:
    """Answers one request of a git client of `user`, who may read and push `repository`.

    When the client leaves, its git processes are ended; a push that was accepted by then stays accepted.
    """
    asked = _asked(scope)
    if asked is None:
        await _refuse(send)
        return
    process = await asyncio.create_subprocess_exec(
        *("git", "http-backend"),
        env=_environment(scope, asked, repository, user, places),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=_PIECE,
    )
    try:
        await _exchange(process, receive, send)
    finally:
        await asyncio.shield(_end(process))
        if asked == ("POST", "git-receive-pack"):
            await asyncio.shield(_tell_end(places, repository.stem))


def _asked(scope: MutableMapping[str, Any]) -> tuple[str, str] | None:
    """The method and service of a request for one of the three addresses of the smart protocol."""
    method, path = scope["method"], scope["path"]
    if method == "GET" and path.endswith("/info/refs"):
        services = parse_qs(scope["query_string"].decode("latin-1")).get("service", [])
        return (method, services[0]) if len(services) == 1 and services[0] in _SERVICES else None
    service = path.rpartition("/")[2]
    return (method, service) if method == "POST" and service in _SERVICES else None


def _environment(
    scope: MutableMapping[str, Any], asked: tuple[str, str], repository: Path, user: str, places: Places
) -> dict[str, str]:
    """The CGI variables; of what the client sent only what is known to be harmless (BARS 1.2)."""
    method, service = asked
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    values = environment() | {
        "GIT_PROJECT_ROOT": str(repository.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "REQUEST_METHOD": method,
        "PATH_INFO": f"/{repository.name}/" + (service if method == "POST" else "info/refs"),
        "QUERY_STRING": "" if method == "POST" else f"service={service}",
        "CONTENT_TYPE": f"application/x-{service}-request" if method == "POST" else "",
        "REMOTE_USER": user,
        "REMOTE_ADDR": "127.0.0.1",
        "SHIPWAY_SOCKET": str(places.socket),
        "SHIPWAY_APPLICATION": repository.stem,
    }
    if _NUMBER.fullmatch(length := headers.get("content-length", "")):
        values["CONTENT_LENGTH"] = length
    if headers.get("content-encoding") in ("gzip", "x-gzip"):
        values["HTTP_CONTENT_ENCODING"] = "gzip"
    if _PROTOCOL.fullmatch(protocol := headers.get("git-protocol", "")):
        values["GIT_PROTOCOL"] = protocol
    return values


async def _exchange(process: asyncio.subprocess.Process, receive: Receive, send: Send) -> None:
    """Carries the request in and the answer out, until git has answered or the client has left."""
    assert process.stdin is not None
    assert process.stdout is not None
    feeding = asyncio.create_task(_feed(receive, process.stdin))
    answering = asyncio.create_task(_answer(process.stdout, send))
    both = {feeding, answering}
    try:
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        await asyncio.wait(both)
    for task in done:
        task.result()


async def _feed(receive: Receive, git: asyncio.StreamWriter) -> None:
    """Passes the body to git; returns when the client has left, which may be long after its last byte."""
    reading = True
    while (message := await receive())["type"] == "http.request":
        if reading:
            reading = await _write(git, message.get("body", b""))
        if not message.get("more_body", False):
            git.close()
    git.close()


async def _write(git: asyncio.StreamWriter, piece: bytes) -> bool:
    """False when git has read all it wants: its answer says whether something was wrong."""
    try:
        git.write(piece)
        await git.drain()
    except ConnectionError:
        return False
    return True


async def _answer(git: asyncio.StreamReader, send: Send) -> None:
    """Passes on what git answers: lines of headers, an empty line, and the body as it comes."""
    status, headers = 200, []
    while line := (await git.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"status":
            status = int(value.split()[0])
        else:
            headers.append((name.lower(), value.strip()))
    if not headers:
        status, headers = 500, [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    while piece := await git.read(_PIECE):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    body = b"Only git's smart protocol is spoken here: use `git clone`, `git fetch` and `git push`.\n"
    await send({"type": "http.response.body", "body": body})


async def _end(process: asyncio.subprocess.Process) -> None:
    """Sees git end, with all that it started, hooks too.

    An answer or a cut request ends git by itself, and then it removes its quarantine, which after a signal it
    does not; a hook that shows a run to somebody who has left must be told.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PATIENCE)
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
    await process.wait()


async def _tell_end(places: Places, application: str) -> None:
    """Has the doorway settle what the hooks did not live to tell."""
    with suppress(OSError):
        _, writer = await asyncio.open_unix_connection(places.socket)
        writer.write(json.dumps({"hook": "ended", "application": application}).encode() + b"\n")
        writer.close()
        await writer.wait_closed()
