"""What a machine may lack when somebody goes back: an index of packages, and a record that can be written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sqlalchemy import Connection, event

from support.scene import Scene
from support.shop import shop
from support.wheels import wheel


@contextmanager
def index(directory: Path, *packages: str) -> Iterator[int]:
    """A package index of this machine; its port."""
    for name in packages:
        place = directory / "simple" / name
        place.mkdir(parents=True)
        file = f"{name}-1.0-py3-none-any.whl"
        (place / file).write_bytes(wheel(name, {f"{name}.py": f"NAME = {name!r}\n"}))
        (place / "index.html").write_text(f'<a href="{file}">{file}</a>')
    handler = partial(SimpleHTTPRequestHandler, directory=str(directory))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def needing(package: str, port: int, says: str, project: str) -> dict[str, str]:
    """An application that needs a package of an index to say anything."""
    files = shop(says, project=project)
    files["requirements.txt"] = f"--index-url http://127.0.0.1:{port}/simple/\n{package}==1.0\n"
    files["web.py"] = f"import {package}\n{files['web.py']}"
    return files


def _close(conn: Connection) -> None:
    conn.exec_driver_sql("pragma query_only = on")


@contextmanager
def nothing_can_be_recorded(scene: Scene, *, yet: bool = False) -> Iterator[Callable[[], None]]:
    """The record may only be read, or from the moment on at which what is yielded is called."""
    engine = scene.cast.database._engine
    closed: list[bool] = []

    def shut() -> None:
        if not closed:
            closed.append(True)
            event.listen(engine, "begin", _close)

    if not yet:
        shut()
    try:
        yield shut
    finally:
        if closed:
            event.remove(engine, "begin", _close)
        engine.dispose()
