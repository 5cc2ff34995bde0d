"""Unpacking an archive so that nothing of it lands outside, whatever it holds.

Hand-made around `tarfile`'s reading of headers, because its extraction, filter included, can be led out of the
directory (CVE-2025-4517; cpython #155999). Here every entry is placed relative to an open directory, no link is
ever followed, and there is nothing but directories, files and symbolic links.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tarfile
from pathlib import Path
from typing import IO, cast

from shipway.artifacts.archive import CHUNK, MOST_ENTRIES, Damaged
from shipway.errors import DiskFull, is_full

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def unpack(archive: Path, digest: str, into: Path) -> None:
    """Places the archive's entries in the empty directory `into`; its files may be read and executed only.

    Its directories are ordinary ones: what lies in others is hard to delete, for a person too. Raises Damaged when
    the archive is not the one called `digest`, or DiskFull; what was placed by then is the caller's to remove.
    """
    with archive.open("rb", buffering=0) as file:
        source = _Source(file)
        try:
            with _reader(source) as tar, _Tree(into) as tree:
                for number, member in enumerate(tar):
                    tree.place(member, tar, number)
            source.drain()
        except (tarfile.TarError, OSError, ValueError, EOFError) as error:
            if isinstance(error, OSError) and is_full(error):
                raise DiskFull(f"There is no room to unpack artifact {digest[:12]}.") from error
            raise Damaged(f"artifact {digest[:12]} cannot be read: {error}") from error
    if source.hash.hexdigest() != digest:
        raise Damaged(f"artifact {digest[:12]} is not what was published under that name")


class _Source:
    """Where the archive comes from, hashed on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.hash = hashlib.sha256()

    def read(self, size: int = CHUNK) -> bytes:
        data = self._file.read(size)
        self.hash.update(data)
        return data

    def drain(self) -> None:
        while self.read():
            pass


def _reader(source: _Source) -> tarfile.TarFile:
    return tarfile.open(
        fileobj=cast(IO[bytes], source),
        mode="r|",
        encoding="utf-8",
        errors="surrogateescape",
        bufsize=CHUNK,
    )


class _Tree:
    """A directory in which entries are placed; no name, link or order of entries leads out of it."""

    def __init__(self, root: Path) -> None:
        self._names: list[str] = []
        self._open = [os.open(root, DIRECTORY)]

    def __enter__(self) -> _Tree:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._open:
            os.close(descriptor)

    def place(self, member: tarfile.TarInfo, tar: tarfile.TarFile, number: int) -> None:
        """Creates one entry; ValueError when it is of no kind that `pack` writes."""
        *above, name = member.name.split("/")
        if number >= MOST_ENTRIES or any(part in ("", ".", "..") for part in (*above, name)):
            raise ValueError("it holds what no archive of Shipway's holds")
        self._go_to(above)
        if member.isdir():
            os.mkdir(name, 0o755, dir_fd=self._open[-1])
        elif member.issym():
            os.symlink(member.linkname, name, dir_fd=self._open[-1])
        elif member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.sparse and member.size >= 0:
            self._write(name, member, tar)
        else:
            raise ValueError("it holds what no archive of Shipway's holds")

    def _go_to(self, directories: list[str]) -> None:
        while self._names != directories[: len(self._names)]:
            os.close(self._open.pop())
            self._names.pop()
        for name in directories[len(self._names) :]:
            self._open.append(os.open(name, DIRECTORY, dir_fd=self._open[-1]))
            self._names.append(name)

    def _write(self, name: str, member: tarfile.TarInfo, tar: tarfile.TarFile) -> None:
        content = tar.extractfile(member)
        if content is None:
            raise OSError(errno.EINVAL, "no content", name)
        with open(os.open(name, NEW_FILE, 0o600, dir_fd=self._open[-1]), "wb") as file:
            while chunk := content.read(CHUNK):
                file.write(chunk)
            file.flush()  # before the time is set, which writing would change again
            os.fchmod(file.fileno(), 0o555 if member.mode & 0o111 else 0o444)
            os.utime(file.fileno(), (member.mtime, member.mtime))
