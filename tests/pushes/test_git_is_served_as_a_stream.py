"""Large packs, chunked and compressed bodies, clients that leave (BARS 1.2, R22)."""

from __future__ import annotations

import base64
import gzip
import http.client
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

import leftovers
from pushes.desk import Desk
from pushes.git_host import Host, wait_for

MIB = 1024 * 1024


def ask(
    host: Host, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=20)
    connection.request(method, f"/{host.application}{path}", body, {**authorization(host), **(headers or {})})
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    return answer.status, said


def authorization(host: Host) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"ada:{host.token}".encode()).decode()}


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


def test_a_client_that_leaves_in_the_middle_of_its_pack_leaves_nothing(host: Host, desk: Desk) -> None:
    desk.push()
    old = desk.git("rev-parse", "main").strip()
    command = f"{old} {'1' * 40} refs/heads/main\0report-status\n"
    body = f"{len(command) + 4:04x}{command}0000".encode() + b"PACK\0\0\0\2\0\0\0\1"
    with socket.create_connection(("127.0.0.1", host.port)) as client:
        head = f"POST /{host.application}/git-receive-pack HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in authorization(host).items())
        client.sendall(head.encode() + b"\r\n" + f"{len(body):x}\r\n".encode() + body + b"\r\n")
        wait_for(lambda: bool(leftovers.left([host.repository])))
    wait_for(lambda: not leftovers.left([host.repository]))
    assert list((host.repository / "objects").glob("tmp_objdir-*")) == []
    assert host.git.resolve("main") == old
    assert len(host.accepted()) == 1
