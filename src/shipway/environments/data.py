"""What an environment keeps between releases: one directory, copied consistently before a release changes it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from shipway.config.places import Places
from shipway.errors import DeploymentStopped, DiskFull, is_full

INSIDE = "/data"
"""Where a process finds the directory (DATA_DIR), whatever the release."""

COPIES_KEPT = 5
LOCKED_FOR = 60.0  # seconds
NO_ROOM = "Make room on the disk that holds Shipway's data; `shipway retry` does the run again."

_SQLITE = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm", "-journal")


class DataNotCopied(DeploymentStopped):
    """The data of an environment could not be copied, so nothing may change it."""

    id = "environments.data_not_copied"
    default_hint = "Nothing was changed. Look at the data directory and at the free space, then deploy again."


class DataLocked(DataNotCopied):
    """The application that serves holds a database locked all the time."""

    id = "environments.data_locked"
    default_hint = "Use SQLite without an exclusive lock (`pragma locking_mode`), and end transactions."


def directory(places: Places, application: str, environment: str, paths: Sequence[str]) -> Path:
    """The data directory, with a place made for each of the project's data `paths`.

    A path with a suffix, such as `db.sqlite3`, is a file, which the application makes itself; any other is a
    directory.
    """
    return with_places(places.environment(application, environment) / "data", paths)


def with_places(root: Path, paths: Sequence[str]) -> Path:
    """The same of a data directory, or of a copy of one, that lies at `root`."""
    root.mkdir(parents=True, exist_ok=True)
    for path in paths:
        place = root / path
        (place.parent if _is_file(path) else place).mkdir(parents=True, exist_ok=True)
    return root


def links(tree: str, paths: Sequence[str], inside: str = INSIDE) -> dict[str, str]:
    """Where each data path of the application's tree really lies: path in the tree -> path in the directory."""
    return {f"{tree}/{path.rstrip('/')}": f"{inside}/{path.rstrip('/')}" for path in paths}


def copy(places: Places, application: str, environment: str, name: str) -> Path:
    """Copies the data directory as `name`; a copy of that name that is there already is left as it is.

    A SQLite database is copied as one consistent state of it (its own backup), even while it is written to.
    Only the newest five copies are kept; the data itself is never pruned.
    """
    backups = places.environment(application, environment) / "backups"
    target = backups / name
    if target.exists():
        return target
    scratch = backups / f".{name}.part"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    copy_into(places, application, environment, scratch)
    scratch.rename(target)
    _sync(backups)
    for old in sorted(path for path in backups.iterdir() if not path.name.startswith("."))[:-COPIES_KEPT]:
        shutil.rmtree(old)
    return target


@dataclass(frozen=True)
class Kept:
    """One thing in a data directory, or one copy of all of it; `size` in bytes, of `whole` or at least of a part.

    A directory's name ends with `/`. `at` is when it was changed last, or copied.
    """

    name: str
    size: int
    whole: bool
    at: float


def kept(places: Places, application: str, environment: str, most: int) -> list[Kept]:
    """What is in the data directory, by name; `most` files of each thing are looked at."""
    root = places.environment(application, environment) / "data"
    return sorted(measured(root, most), key=lambda one: one.name)


def copies(places: Places, application: str, environment: str, most: int) -> list[Kept]:
    """The copies that were made before a release changed the data, the newest first."""
    backups = places.environment(application, environment) / "backups"
    return sorted(measured(backups, most), key=lambda one: one.at, reverse=True)


def measured(root: Path, most: int) -> Iterator[Kept]:
    """What lies in a directory, unless its name begins with a dot; `most` files of each thing are looked at."""
    try:
        entries = [entry for entry in os.scandir(root) if not entry.name.startswith(".")]
    except OSError:  # nothing was ever kept here
        return
    for entry in entries:
        inside = entry.is_dir(follow_symlinks=False)
        size, whole = _size(entry.path, most) if inside else (entry.stat(follow_symlinks=False).st_size, True)
        at = entry.stat(follow_symlinks=False).st_mtime
        yield Kept(f"{entry.name}/" if inside else entry.name, size, whole, at)


def _size(directory: str, most: int) -> tuple[int, bool]:
    """The bytes of the files in a directory, and whether there were not more of them than `most`."""
    size, seen = 0, 0
    for place, _directories, files in os.walk(directory):
        for name in files:
            if seen == most:
                return size, False
            seen += 1
            with contextlib.suppress(OSError):  # it was deleted while we looked
                size += os.lstat(os.path.join(place, name)).st_size
    return size, True


def check_room(places: Places, application: str, environment: str, target: Path, spare: int) -> None:
    """Raises DiskFull when a copy of the data directory in `target` would leave less than `spare` bytes free."""
    size, _ = _size(str(places.environment(application, environment) / "data"), sys.maxsize)
    free = shutil.disk_usage(target).free
    if free < size + spare:
        raise DiskFull(
            f"The data of {environment} are {_mib(size)}, and the disk that a copy of them would be made on has "
            f"{_mib(free)} free, of which {_mib(spare)} are kept.",
            hint=NO_ROOM,
        )


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.0f} MiB"


def copy_into(places: Places, application: str, environment: str, target: Path) -> None:
    """Copies the data directory, each database in one state of it, into the empty directory `target`.

    Raises DataNotCopied, or DiskFull, and may leave a part of it.
    """
    source = places.environment(application, environment) / "data"
    if not source.exists():
        return
    try:
        _copy_tree(source, target)
    except OSError as error:
        if is_full(error):
            raise _no_room(f"the data of {environment}") from error
        raise DataNotCopied(f"The data of {environment} could not be copied: {error}.") from error


def _no_room(what: str) -> DiskFull:
    return DiskFull(f"There is no room left on the disk for a copy of {what}.", hint=NO_ROOM)


def _copy_tree(source: Path, target: Path) -> None:
    for entry in sorted(source.iterdir()):
        place = target / entry.name
        if entry.is_symlink():
            place.symlink_to(entry.readlink())
        elif entry.is_dir():
            place.mkdir()
            _copy_tree(entry, place)
        elif entry.is_file() and not _belongs_to_database(entry):
            _copy_file(entry, place)


def _copy_file(source: Path, target: Path) -> None:
    if _beginning(source) == _SQLITE:
        _copy_database(source, target)
        shutil.copystat(source, target)
    else:
        shutil.copy2(source, target)


def _copy_database(source: Path, target: Path) -> None:
    """One state of it in one step; a database that stays locked is waited for, but not for ever."""
    deadline = time.monotonic() + LOCKED_FOR

    def give_up(_status: int, _left: int, _pages: int) -> None:
        if time.monotonic() > deadline:
            raise DataLocked(f"{source.name} was locked for {LOCKED_FOR:.0f} s, so it could not be copied.")

    try:
        with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(target)) as backup:
            original.backup(backup, progress=give_up)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            raise _no_room(source.name) from error
        raise DataNotCopied(f"{source.name} could not be copied: {error}.") from error


def _belongs_to_database(path: Path) -> bool:
    """Whether this is the journal of a SQLite database beside it: its content is part of that one's copy."""
    for ending in _BESIDE:
        if path.name.endswith(ending):
            database = path.with_name(path.name.removesuffix(ending))
            return database.is_file() and _beginning(database) in (_SQLITE, b"")
    return False


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_SQLITE))


def _is_file(path: str) -> bool:
    return not path.endswith("/") and Path(path).suffix != ""


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
