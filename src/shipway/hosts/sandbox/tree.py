"""A read-only tree with links in it that the tree on disk does not have."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from shipway.errors import UserError
from shipway.hosts.sandbox.room import Mount, Room, lies_in


class BadLink(UserError):
    """A path that should lead to the data leads somewhere else already."""

    id = "hosts.bad_link"
    default_hint = "Name a path under `data:` whose directories are real ones in the repository."


def links_below(room: Room, mount: Mount) -> Mapping[str, str]:
    """The room's links that lie in this mount and in none below it."""
    return {link: points for link, points in room.links.items() if room.mount_of(link) == mount}


def linked_tree(mount: Mount, links: Mapping[str, str]) -> Iterator[str]:
    """bubblewrap's words for `mount` with `links` in it: a directory in memory holding what the tree holds.

    Binding the single files that the links lead to would not do: SQLite resolves a link, and puts its
    journal beside the real file, which a bind in a read-only directory would not let it.
    """
    yield from ("--tmpfs", mount.target)
    yield from _children(mount.source, mount.target, links)
    for link, points in links.items():
        yield from ("--symlink", points, link)


def _children(source: Path, target: str, links: Mapping[str, str]) -> Iterator[str]:
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        inside = f"{target}/{entry.name}"
        if inside in links:
            continue
        if any(lies_in(link, inside) for link in links):
            if not entry.is_dir(follow_symlinks=False):
                raise BadLink(f"{inside} is not a directory of the artifact, so no data can lie below it.")
            yield from ("--dir", inside)
            yield from _children(Path(entry.path), inside, links)
        elif entry.is_symlink():  # never bound: binding follows it, and it may lead out of the room
            yield from ("--symlink", os.readlink(entry.path), inside)
        else:
            yield from ("--ro-bind", entry.path, inside)
