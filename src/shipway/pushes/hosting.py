"""Git over HTTP: `git http-backend` behind ASGI, both ways as a stream.

Memory stays flat however large the pack is: git reads as fast as the client sends, and is read as fast as the
client takes it. Only the two services of the smart protocol are there.

The answer begins once the request is whole, although git says its first line at once: nginx passes on nothing
more of a request whose answer has begun (`ngx_http_upstream_send_request_handler`, unless `preserve_output`), and
the push would stand still.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
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
_EARLY = 4 * 1024 * 1024  # bytes of an early answer that are kept; warnings about some fifty thousand objects
IDLE = 600.0
"""Seconds in which a client that owes a piece of its request, or must take one of the answer, moves no byte."""

_PROTOCOL = re.compile(r"version=[0-2]", re.ASCII)


async def serve_git(
    scope: MutableMapping[str, Any],
    receive: Receive,
    send: Send,
    *,
    repository: Path,
    user: str,
    places: Places,
    idle: float = IDLE,
) -> None:
    """Answers one request of a git client of `user`, who may read and push `repository`.

    When the client leaves, its git processes are ended; a push that was accepted by then stays accepted. A client
    that moves no byte for `idle` seconds, though it is its turn, has left too: raises TimeoutError, and the
    connection is to be cut. While git works or shows a run, nobody waits for the client.
    """
    asked = _asked(scope)
    if asked is None:
        await _refuse(send)
        return
    application = repository.stem
    if asked == ("GET", "git-receive-pack"):
        await _until_settled(places, application)
    process = await asyncio.create_subprocess_exec(
        *("git", "http-backend"),
        env=_environment(scope, asked, repository, user, places),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        limit=_PIECE,
    )
    try:
        await _exchange(process, receive, send, idle)
    finally:
        await asyncio.shield(_end(process))
        if asked == ("POST", "git-receive-pack"):
            await asyncio.shield(_tell_end(places, application))


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
    """The CGI variables; of what the client sent only what is known to be harmless (BARS 1.2).

    The length of the request is not among them: git ends with what it is given then. Told a length, `http-backend`
    of git 2.39 goes on reading for ever when the server dies before it has passed so much.
    """
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
    if headers.get("content-encoding") in ("gzip", "x-gzip"):
        values["HTTP_CONTENT_ENCODING"] = "gzip"
    if _PROTOCOL.fullmatch(protocol := headers.get("git-protocol", "")):
        values["GIT_PROTOCOL"] = protocol
    return values


async def _exchange(process: asyncio.subprocess.Process, receive: Receive, send: Send, idle: float) -> None:
    """Carries the request in and the answer out, until git has answered or the client has left."""
    assert process.stdin is not None
    assert process.stdout is not None
    whole = asyncio.Event()
    await _until_one_ends(
        _feed(receive, process.stdin, whole, idle),
        _answer(process.stdout, send, whole, idle),
    )


async def _until_one_ends(*several: Coroutine[Any, Any, object]) -> None:
    """Does all of them until one is done, and ends the others; what the one raises comes out."""
    tasks = {asyncio.create_task(one) for one in several}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()


async def _feed(receive: Receive, git: asyncio.StreamWriter, whole: asyncio.Event, idle: float) -> None:
    """Passes the body to git; returns when the client has left, which may be long after its last byte."""
    try:
        there = await _pass_in(receive, git, idle)
    finally:
        git.close()  # git cleans up after a request that was cut off by itself
    if there:
        whole.set()
        while (await receive())["type"] == "http.request":
            pass


async def _pass_in(receive: Receive, git: asyncio.StreamWriter, idle: float) -> bool:
    """Whether the client was there to the last byte of its request."""
    reading = more = True
    while more:
        async with asyncio.timeout(idle):
            message = await receive()
        if message["type"] != "http.request":
            return False
        reading = reading and await _write(git, message.get("body", b""))
        more = message.get("more_body", False)
    return True


async def _write(git: asyncio.StreamWriter, piece: bytes) -> bool:
    """False when git has read all it wants: its answer says whether something was wrong."""
    try:
        git.write(piece)
        await git.drain()
    except ConnectionError:
        return False
    return True


async def _answer(git: asyncio.StreamReader, send: Send, whole: asyncio.Event, idle: float) -> None:
    """Passes on what git answers: lines of headers, an empty line, and the body as it comes."""
    start = await _start(git)
    early = bytearray()
    await _until_one_ends(whole.wait(), _listen(git, early, whole))
    for message in (start, _piece(bytes(early))):
        await _patiently(send, message, idle)
    while piece := await git.read(_PIECE):
        await _patiently(send, _piece(piece), idle)
    await _patiently(send, {"type": "http.response.body", "body": b""}, idle)


async def _start(git: asyncio.StreamReader) -> Message:
    status, headers = 200, []
    while line := (await git.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"status":
            status = int(value.split()[0])
        else:
            headers.append((name.lower(), value.strip()))
    if not headers:
        status, headers = 500, [(b"content-type", b"text/plain; charset=utf-8")]
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _listen(git: asyncio.StreamReader, early: bytearray, whole: asyncio.Event) -> None:
    """Keeps what git says while the request still comes; returns when that is more than can be kept."""
    while len(early) < _EARLY and (piece := await git.read(_PIECE)):
        early += piece
    if len(early) < _EARLY:
        await whole.wait()


def _piece(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _patiently(send: Send, message: Message, idle: float) -> None:
    async with asyncio.timeout(idle):
        await send(message)


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


async def _until_settled(places: Places, application: str) -> None:
    """Has whoever is about to push told where the refs stand once the push under way has moved them.

    A client says from where its push moves a ref, and git refuses what has moved since it was told.
    """
    with suppress(OSError):
        reader, writer = await asyncio.open_unix_connection(places.socket)
        writer.write(json.dumps({"hook": "asking", "application": application}).encode() + b"\n")
        await reader.readline()
        writer.close()
        await writer.wait_closed()


async def _tell_end(places: Places, application: str) -> None:
    """Has the doorway settle what the hooks did not live to tell."""
    with suppress(OSError):
        _, writer = await asyncio.open_unix_connection(places.socket)
        writer.write(json.dumps({"hook": "ended", "application": application}).encode() + b"\n")
        writer.close()
        await writer.wait_closed()
