"""What the tiers without a mount namespace have in common: real paths, and links made on disk."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from shipway.hosts.sandbox.room import Room, lies_in
from shipway.hosts.sandbox.tree import BadLink

CONFINE = Path(__file__).with_name("confine.py")


def real_path(room: Room, target: str) -> str:
    """Where `target` really lies: below the source of its mount. A path that is real already stays so."""
    mount = room.mount_of(target)
    if mount is None:
        return target
    return str(mount.source / PurePosixPath(target).relative_to(mount.target))


def make_links(room: Room) -> None:
    """Puts the room's links into its tree, which is a copy of its own; raises BadLink."""
    for link, points in room.links.items():
        place = Path(real_path(room, link))
        trees = [mount.source for mount in room.mounts if lies_in(str(place), str(mount.source))]
        if not any(place.parent.resolve().is_relative_to(tree.resolve()) for tree in trees):
            raise BadLink(f"{link} leads out of its tree.")
        _link(place, Path(real_path(room, points)))


def _link(place: Path, points: Path) -> None:
    if place.is_symlink() and place.readlink() == points:
        return
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(points)


def confined(room: Room, argv: Sequence[str], *rules: str) -> list[str]:
    """`argv` through the small script that takes the capabilities, and by `rules` the files, from it."""
    cwd = real_path(room, room.cwd)
    return [
        *(sys.executable, "-I", "-S", str(CONFINE), f"cwd={cwd}", f"tmp={_temporary(room)}"),
        *(["dies"] if room.dies_with_parent else []),
        *rules,
        *("--", *argv),
    ]


def _temporary(room: Room) -> Path:
    """A directory for temporary files beside the command's tree, removed with what is around it."""
    tree = Path(real_path(room, room.cwd))
    mount = room.mount_of(room.cwd)
    tree = tree if mount is None else mount.source
    return tree.with_name(f"{tree.name}.tmp")
