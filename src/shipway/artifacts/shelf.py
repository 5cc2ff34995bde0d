"""Where artifacts lie on this machine: `<digest>.tar`, and `<digest>/`, the same unpacked."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shipway.config.places import Places


def archive(places: Places, digest: str) -> Path:
    """The archive of an artifact."""
    return places.artifacts / f"{digest}.tar"


def tree(places: Places, digest: str) -> Path:
    """What the archive holds, unpacked."""
    return places.artifacts / digest


def proof(places: Places, digest: str) -> Path:
    """Names the boot in which `tree` was unpacked."""
    return places.artifacts / f"{digest}.unpacked"


def copies(places: Places) -> Path:
    """Trees of single releases, for tiers that need them: `<digest>/<release>/`."""
    return places.data / "trees"


def about(places: Places, digest: str) -> Mapping[str, Any]:
    """What was known of an artifact when it was built: `python`, the interpreter it runs with, or null."""
    try:
        found: Mapping[str, Any] = json.loads(_about(places, digest).read_bytes())
    except FileNotFoundError:
        return {}
    return found


def write_about(places: Places, digest: str, about: Mapping[str, Any]) -> None:
    """Keeps what `about` tells, whole or not at all."""
    write(_about(places, digest), json.dumps(dict(about)))


def write(path: Path, text: str) -> None:
    """Puts a synced file in its place at once."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    sync(path.parent)


def sync(directory: Path) -> None:
    """Makes the names in a directory survive a loss of power."""
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _about(places: Places, digest: str) -> Path:
    return places.artifacts / f"{digest}.json"


@contextmanager
def locked(places: Places, digest: str) -> Iterator[None]:
    """Waits until nobody else, thread or process, publishes, unpacks or prunes this artifact.

    Sixteen locks for all artifacts: a lock's file may not be deleted, so it must not be one for each.
    """
    places.artifacts.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(places.artifacts / f".lock-{digest[0]}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
