"""The tier to have: namespaces by bubblewrap, as root and as an ordinary user."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from shipway.hosts.sandbox.room import Mount, Room
from shipway.hosts.sandbox.tree import linked_tree, links_below

NAMESPACES = ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
HOME = "/tmp/home"
TEMPORARY_BYTES = 2 << 30  # /tmp is memory: without a limit it may take half of the machine's

# Root without any capability still owns the files of /proc/sys: by core_pattern it would have the machine run
# a program of its choice. bubblewrap 0.8 covers only what access(2) calls writable, which those are not.
READ_ONLY = ("/proc", "/")


@dataclass(frozen=True)
class Bubblewrap:
    """Own user, pid, ipc and mount namespaces, no capabilities, nothing visible but the room's mounts.

    `recent` says that this bubblewrap (0.8 and later) can also forbid further namespaces and limit /tmp.
    """

    binary: Path
    recent: bool = True
    name: str = "bubblewrap"
    level: int = 1
    says: str = "Held by bubblewrap in namespaces of its own: it sees nothing of this machine but its room."

    def inside(self, room: Room, target: str) -> str:
        return target

    def prepare(self, room: Room) -> None:
        """Nothing: bubblewrap builds the room each time, in memory."""

    def command(self, room: Room, argv: Sequence[str]) -> list[str]:
        return [
            str(self.binary),
            *NAMESPACES,
            *(["--disable-userns"] if self.recent else []),
            *([] if room.network else ["--unshare-net"]),
            *(["--die-with-parent"] if room.dies_with_parent else []),
            *("--cap-drop", "ALL", "--new-session", "--proc", "/proc", "--dev", "/dev"),
            *self._temporary("/tmp"),
            *self._temporary("/var/tmp"),  # no link to /tmp: what a room shows may lie below it
            *("--dir", HOME, "--setenv", "HOME", HOME),
            *_mounts(room),
            *(word for place in READ_ONLY for word in ("--remount-ro", place)),
            *("--chdir", room.cwd, "--", *argv),
        ]

    def _temporary(self, directory: str) -> list[str]:
        return [*(["--size", str(TEMPORARY_BYTES)] if self.recent else []), "--tmpfs", directory]


def _mounts(room: Room) -> Iterator[str]:
    """Parents first, so that a mount below another one is not hidden by it."""
    rebuilt = []
    for mount in sorted(room.mounts, key=lambda mount: len(PurePosixPath(mount.target).parts)):
        below = links_below(room, mount)
        if below and not mount.writable:
            yield from linked_tree(mount, below)
            rebuilt.append(mount.target)
        else:
            yield from _mount(mount)
            yield from (word for link, points in below.items() for word in ("--symlink", points, link))
    for target in rebuilt:
        yield from ("--remount-ro", target)


def _mount(mount: Mount) -> tuple[str, ...]:
    if _is_system_link(mount):
        return "--symlink", str(mount.source.readlink()), mount.target
    return "--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target


def _is_system_link(mount: Mount) -> bool:
    """/bin, /lib and the like, which on merged systems are links into /usr and must stay so."""
    return mount.target == str(mount.source) and mount.source.parent == Path("/") and mount.source.is_symlink()
