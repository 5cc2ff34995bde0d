"""The few programs every step finds first on its PATH: the Python of the project, and uv."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from shipway.config.places import Places


def own_python() -> Path:
    """The interpreter that Shipway's own environment was made from."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def uv() -> Path:
    """The uv that came with Shipway, or the one on the PATH."""
    beside = Path(sys.executable).with_name("uv")
    return beside if beside.exists() else Path(shutil.which("uv") or "/usr/bin/uv")


def directory(places: Places, python: Path) -> Path:
    """A directory of links named `python`, `python3` and `uv`, for this Python; made when there is none.

    Links and not the directories themselves: `python3` beside a `python3.12` may be another Python, and what
    else lies beside uv is Shipway's.
    """
    links = dict(_links(python))
    name = hashlib.sha256(repr(sorted(links.items())).encode()).hexdigest()[:16]
    tools = places.cache / "tools" / name
    if not tools.exists():
        beside = tools.with_name(f"{name}.{os.urandom(8).hex()}")
        beside.mkdir(parents=True)
        for link, points in links.items():
            (beside / link).symlink_to(points)
        try:
            beside.rename(tools)
        except OSError:  # somebody else made it at the same time
            shutil.rmtree(beside)
    return tools


def _links(python: Path) -> Iterator[tuple[str, Path]]:
    yield from ((name, python) for name in {"python", "python3", python.name})
    yield "uv", uv()
