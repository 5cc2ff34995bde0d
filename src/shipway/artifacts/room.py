"""What a process of a release sees of its artifact: the unpacked tree, read-only, where it was built."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import shipway
from shipway.artifacts import fetch, shelf
from shipway.config.places import Places
from shipway.hosts.sandbox import Mount, Room, Tier, base_mounts
from shipway.pipelines import checkout
from shipway.pipelines import room as step_room

TREE = step_room.TREE


def tree_of(places: Places, tier: Tier, digest: str, release: str) -> Path:
    """The directory on disk that a release runs in: the artifact's own, which all its releases share.

    A tier that cannot put links into a read-only tree gets a copy for each release, made once.
    """
    kept = fetch.unpack(places, digest)
    return kept if tier.level >= 1 else _copy(places, digest, kept, release)


def run_room(places: Places, tree: Path) -> Room:
    """The room of a process that runs in `tree`; data and links to it are the caller's to add.

    The Python is the one that the artifact was built with, as recorded then: what the tree itself says of it
    could name any directory of this machine. Shipway's own programs are there for `static`.
    """
    return Room((*base_mounts(*_python(places, tree)), *_own(), Mount(tree, TREE)), cwd=TREE)


def run_env(tier: Tier, room: Room) -> dict[str, str]:
    """The variables that every process of a release has; its own may change them."""
    return {
        "PATH": step_room.path(tier, room),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",  # a log is followed while it is written
        "PYTHONDONTWRITEBYTECODE": "1",  # everything is compiled, and the tree is read-only
    }


def static_server() -> list[str]:
    """The command that serves the files of the tree on 127.0.0.1:$PORT."""
    return [sys.executable, "-I", "-m", "shipway.releases.static"]


def _python(places: Places, tree: Path) -> list[Path]:
    digest = tree.name if tree.parent == places.artifacts else tree.parent.name
    about = shelf.about(places, digest)
    return [Path(about["python"])] if about.get("python") else []


def _own() -> tuple[Mount, ...]:
    """Shipway's environment, and the directory it is imported from when that lies elsewhere."""
    found = {Path(sys.prefix), Path(shipway.__file__).parents[1]}
    return tuple(Mount(path, str(path)) for path in sorted(found) if not path.is_relative_to("/usr"))


def _copy(places: Places, digest: str, kept: Path, release: str) -> Path:
    copy = shelf.copies(places) / digest / release
    with shelf.locked(places, digest):
        if not copy.exists():
            beside = copy.with_name(f".{release}.new")
            checkout.remove(beside)
            shutil.copytree(kept, beside, symlinks=True)
            _let_owner_write(beside)
            beside.rename(copy)
    return copy


def _let_owner_write(tree: Path) -> None:
    for directory, _, files in os.walk(tree):
        for name in files:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode | 0o200)
