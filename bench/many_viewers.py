"""What a server grows by while 500 follow one live log, 100 of whom never read (BARS R14).

A real server in a process of its own; the log grows by a quarter of a megabyte a second, and the readers check
every byte. Baseline: what a queue of a mebibyte for each viewer would hold. Prints one JSON line; bars: 64 MiB,
every reader every byte, who never reads cut off. `many_viewers.py 500 100 60`: viewers, of these stalled, seconds.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import select
import socket
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from shipway.state.runs import Run
from web.scene import Scene
from web.serving import Process, serving

RATE = 250_000  # bytes a second
LINE = b"%08d a line of a log as it may be, with some words in it and some more to come\n"


def main() -> None:
    viewers, stalled, seconds = (int(given) for given in (sys.argv[1:] or ["500", "100", "60"]))
    with tempfile.TemporaryDirectory() as home:
        scene, run = begun(Path(home))
        with serving(Path(home)) as server:
            print(json.dumps(asyncio.run(measure(scene, run, server, viewers, stalled, seconds))))
        scene.database.close()


def begun(home: Path) -> tuple[Scene, Run]:
    scene = Scene.empty(home)
    scene.application("topup")
    run = scene.push("topup", "One")
    scene.begin(run)
    scene.step(run, "test", "running", log="begin\n")
    return scene, run


async def measure(
    scene: Scene, run: Run, server: Process, viewers: int, stalled: int, seconds: int
) -> dict[str, object]:
    token, port = scene.tokens["ada"], server.port
    await first(port, token)  # what the first answer of all takes is not counted
    before = peak = server.memory()
    idle = [never_reading(port, token) for _ in range(stalled)]
    begun = [await asked(port, token) for _ in range(viewers - stalled)]
    following = [asyncio.create_task(follow(reader)) for reader, _ in begun]
    connected = server.memory()
    log = scene.places.step(run.id, "test", 1) / "log"
    digest, size, began = hashlib.sha256(b"begin\n"), 6, time.monotonic()
    cut_after = None
    while (passed := time.monotonic() - began) < seconds:
        due = int(RATE * passed) - size
        piece = b"".join(LINE % number for number in range(max(0, due) // len(LINE % 0)))
        with log.open("ab") as file:
            file.write(piece)
        digest.update(piece)
        size += len(piece)
        peak = max(peak, server.memory())
        if cut_after is None and all(map(ended, idle)):
            cut_after = passed
        await asyncio.sleep(0.2)
    scene.end_step(run, "test", "passed")
    found = await asyncio.gather(*following)
    peak = max(peak, server.memory())
    for _, writer in begun:
        writer.transport.abort()
    grown = (peak - before) / 1024
    return {
        "viewers": viewers,
        "stalled": stalled,
        "log_mb": round(size / 1e6, 1),
        "every_byte": sum(1 for each in found if each == (digest.hexdigest(), size)),
        "cut_off_after_s": None if cut_after is None else round(cut_after, 1),
        "grown_mib": round(grown, 1),
        "grown_by_connections_mib": round((connected - before) / 1024, 1),
        "queues_mib": viewers,
        "ratio": round(viewers / grown, 1),
    }


async def first(port: int, token: str) -> None:
    reader, writer = await asked(port, token)
    await reader.read(100)
    writer.transport.abort()
    await asyncio.sleep(1)


async def asked(port: int, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
    writer.write(question(port, token))
    return reader, writer


def never_reading(port: int, token: str) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.sendall(question(port, token))
    return connection


def question(port: int, token: str) -> bytes:
    path = "/api/v1/runs/topup:1/log?step=test&follow=1"
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n\r\n".encode()


async def follow(reader: asyncio.StreamReader) -> tuple[str, int]:
    """Reads a chunked answer to its end: the digest of its body, and its size."""
    digest, size = hashlib.sha256(), 0
    await reader.readuntil(b"\r\n\r\n")
    while length := int(await reader.readline(), 16):
        digest.update(await reader.readexactly(length))
        size += length
        await reader.readexactly(2)
    return digest.hexdigest(), size


def ended(connection: socket.socket) -> bool:
    watcher = select.poll()
    watcher.register(connection, select.POLLHUP | select.POLLERR | select.POLLRDHUP)
    return bool(watcher.poll(0))


if __name__ == "__main__":
    main()
