"""Large packs, chunked and compressed bodies, clients that leave (BARS 1.2, R22)."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import os
import select
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

import leftovers
from pushes.desk import Desk
from pushes.git_host import Host, wait_for
from shipway.pushes.hosting import Message, serve_git

MIB = 1024 * 1024


def ask(
    host: Host, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=20)
    connection.request(method, f"/{host.application}{path}", body, {**host.authorization, **(headers or {})})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    return answer.status, said


def memory(host: Host) -> int:
    """The most memory that the server process has used, in bytes."""
    assert host.process is not None
    status = Path(f"/proc/{host.process.pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def test_a_large_push_and_clone_leave_the_servers_memory_flat(host: Host, desk: Desk, tmp_path: Path) -> None:
    desk.push()
    desk.git("config", "core.compression", "0")
    (desk.tree / "large").write_bytes(os.urandom(32 * MIB))
    commit = desk.commit("large")
    before = memory(host)
    desk.push()
    desk.git("clone", "--quiet", host.address, str(tmp_path / "clone"))
    assert memory(host) - before < 16 * MIB
    assert Desk(tmp_path / "clone").git("rev-parse", "HEAD").strip() == commit


def test_a_chunked_body_is_taken(host: Host, desk: Desk) -> None:
    (desk.tree / "large").write_bytes(os.urandom(2 * MIB))
    commit = desk.commit("large")
    desk.git("config", "http.postBuffer", "65536")
    desk.push()
    assert host.git.resolve("main") == commit


def test_a_compressed_body_is_taken(host: Host, desk: Desk) -> None:
    desk.push()
    commit = desk.git("rev-parse", "main").strip()
    body = gzip.compress(f"0032want {commit}\n00000009done\n".encode())
    headers = {"Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"}
    status, said = ask(host, "POST", "/git-upload-pack", body, headers)
    assert status == 200
    assert said.startswith(b"0008NAK\nPACK")


def test_fetching_speaks_the_newest_protocol(host: Host, desk: Desk) -> None:
    headers = {"Git-Protocol": "version=2"}
    assert b"version 2" in ask(host, "GET", "/info/refs?service=git-upload-pack", headers=headers)[1]
    headers = {"Git-Protocol": "version=2;--upload-pack=touch PWN"}
    assert b"version 2" not in ask(host, "GET", "/info/refs?service=git-upload-pack", headers=headers)[1]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/info/refs"),
        ("GET", "/info/refs?service=git-upload-archive"),
        ("GET", "/info/refs?service=git-upload-pack&service=git-receive-pack"),
        ("GET", "/info/refs?service=--help"),
        ("GET", "/HEAD"),
        ("GET", "/config"),
        ("GET", "/objects/info/packs"),
        ("GET", "/git-upload-pack"),
        ("POST", "/git-upload-archive"),
        ("POST", "/info/refs?service=git-upload-pack"),
        ("HEAD", "/info/refs?service=git-upload-pack"),
    ],
)
def test_only_the_smart_protocol_is_there(host: Host, desk: Desk, method: str, path: str) -> None:
    desk.push()
    assert ask(host, method, path)[0] == 403


def test_what_is_no_request_of_git_gets_an_answer(host: Host, desk: Desk) -> None:
    assert ask(host, "POST", "/git-receive-pack", b"nonsense")[0] in (200, 400, 500)
    assert (
        ask(host, "POST", "/git-receive-pack", gzip.compress(b"nonsense"), {"Content-Encoding": "gzip"})[0] < 600
    )
    assert desk.push()[-1].startswith("accepted main")


def asked_to_push(desk: Desk, old: str, new: str) -> bytes:
    """What git would send to move `main`, pack included."""
    command = f"{old} {new} refs/heads/main\0report-status\n"
    pack = ("git", "pack-objects", "--revs", "--stdout", "--quiet")
    made = subprocess.run(pack, cwd=desk.tree, input=f"{new}\n^{old}\n".encode(), capture_output=True, check=True)
    return f"{len(command) + 4:04x}{command}0000".encode() + made.stdout


def test_a_proxy_that_stops_sending_once_it_is_answered_brings_the_whole_push(host: Host, desk: Desk) -> None:
    """As nginx does, buffering or not."""
    desk.push()
    old = desk.git("rev-parse", "main").strip()
    desk.git("config", "core.compression", "0")
    (desk.tree / "large").write_bytes(os.urandom(16 * MIB))
    commit = desk.commit("large")
    body = asked_to_push(desk, old, commit)
    lines = {**host.authorization, "Host": "x", "Connection": "close", "Content-Length": str(len(body))}
    head = f"POST /{host.application}/git-receive-pack HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", host.port), timeout=20) as proxy:
        proxy.sendall(head.encode() + b"\r\n")
        for at in range(0, len(body), 65536):
            assert not select.select([proxy], [], [], 0)[0], f"answered after {at} of {len(body)} bytes"
            proxy.sendall(body[at : at + 65536])
        answer = b"".join(iter(lambda: proxy.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"ok refs/heads/main" in answer
    assert host.git.resolve("main") == commit


def test_a_push_refused_at_its_beginning_is_told_why_at_its_end(host: Host, desk: Desk) -> None:
    """Nobody is cut off with most of the pack in hand, which would hide the reason."""
    desk.push()
    old = desk.git("rev-parse", "main").strip()
    command = f"{old} {'1' * 40} refs/heads/main\0report-status\n"
    body = f"{len(command) + 4:04x}{command}0000".encode() + b"no pack " * (2 * MIB)
    status, said = ask(host, "POST", "/git-receive-pack", body, {"Connection": "close"})
    assert status == 200
    assert b"ng refs/heads/main" in said
    assert host.git.resolve("main") == old


async def stand_still(host: Host, service: str, body: bytes, whole: bool) -> BaseException | None:
    """How serving ends for a client that sends this and moves no byte more, in either direction."""
    sent = asyncio.Event()

    async def receive() -> Message:
        if sent.is_set():
            await asyncio.Event().wait()
        sent.set()
        return {"type": "http.request", "body": body, "more_body": not whole}

    async def send(_message: Message) -> None:
        await asyncio.Event().wait()

    scope = {"method": "POST", "path": f"/{service}", "query_string": b"", "headers": []}
    serving = asyncio.create_task(
        serve_git(scope, receive, send, repository=host.repository, user="ada", places=host.places, idle=0.1)
    )
    await asyncio.wait({serving}, timeout=30)
    assert serving.done(), "git still waits for somebody who stands still"
    return serving.exception()


@pytest.mark.parametrize("service", ["git-receive-pack", "git-upload-pack"])
def test_a_client_that_stands_still_is_left_and_leaves_nothing(host: Host, desk: Desk, service: str) -> None:
    desk.push()
    old = desk.git("rev-parse", "main").strip()
    begun = f"{old} {'1' * 40} refs/heads/main\0report-status\n"
    offer = f"{len(begun) + 4:04x}{begun}0000".encode() + b"PACK\0\0\0\2\0\0\0\1"
    wanted = f"0032want {old}\n00000009done\n".encode()
    whole = service == "git-upload-pack"  # and then it takes no answer
    ended = asyncio.run(stand_still(host, service, wanted if whole else offer, whole))
    assert isinstance(ended, TimeoutError)
    wait_for(lambda: not leftovers.left([host.repository]))  # the server itself looks in, for a moment
    assert list((host.repository / "objects").glob("tmp_objdir-*")) == []


def test_a_client_that_leaves_in_the_middle_of_its_pack_leaves_nothing(host: Host, desk: Desk) -> None:
    desk.push()
    old = desk.git("rev-parse", "main").strip()
    command = f"{old} {'1' * 40} refs/heads/main\0report-status\n"
    body = f"{len(command) + 4:04x}{command}0000".encode() + b"PACK\0\0\0\2\0\0\0\1"
    with socket.create_connection(("127.0.0.1", host.port)) as client:
        head = f"POST /{host.application}/git-receive-pack HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in host.authorization.items())
        client.sendall(head.encode() + b"\r\n" + f"{len(body):x}\r\n".encode() + body + b"\r\n")
        wait_for(lambda: bool(leftovers.left([host.repository])))
    wait_for(lambda: not leftovers.left([host.repository]))
    assert list((host.repository / "objects").glob("tmp_objdir-*")) == []
    assert host.git.resolve("main") == old
    assert len(host.accepted()) == 1
