"""The files of a repository, as recognition reads them: in a directory, or at a commit."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Protocol

from shipway.pushes.git import Git, GitFailed

LARGEST = 256 * 1024  # bytes; what tells a kind apart is small
MOST = 20_000
_NEVER_PUSHED = frozenset({".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".mypy_cache"})


class Files(Protocol):
    """What recognition needs to know of a repository; paths are relative, with `/`."""

    def names(self) -> list[str]:
        """The paths of all files."""

    def read(self, path: str) -> str:
        """The text of a file; empty when there is none, it is no text, or it is larger than 256 KiB."""


class Folder:
    """The files under a directory, without those nobody pushes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def names(self) -> list[str]:
        found: list[str] = []
        for place, directories, files in os.walk(self._directory):
            directories[:] = sorted(set(directories) - _NEVER_PUSHED)
            inside = Path(place).relative_to(self._directory)
            found += [(inside / name).as_posix() for name in sorted(files)]
            if len(found) > MOST:
                break
        return found[:MOST]

    def read(self, path: str) -> str:
        file = self._directory / path
        if file.is_symlink() or not file.is_file() or file.stat().st_size > LARGEST:
            return ""
        return _text(file.read_bytes())


class Commit:
    """The files at a commit, read from git's objects without a checkout."""

    def __init__(self, git: Git, commit: str) -> None:
        self._git = git
        self._commit = commit

    def names(self) -> list[str]:
        return self._git.files(self._commit)[:MOST]

    def read(self, path: str) -> str:
        try:
            content = self._git.read(self._commit, path, limit=LARGEST)
        except GitFailed:  # larger than that
            return ""
        return _text(content or b"")


class Tree:
    """The files of a repository with the questions recognition asks; each file is read once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._texts: dict[str, str] = {}

    @cached_property
    def names(self) -> list[str]:
        return sorted(self._files.names(), key=lambda name: (name.count("/"), name))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)

    def has(self, path: str) -> bool:
        return path in self._known

    def text(self, path: str) -> str:
        """The text of a file; empty when there is none."""
        if not self.has(path):
            return ""
        if path not in self._texts:
            self._texts[path] = self._files.read(path)
        return self._texts[path]

    def matching(self, pattern: str) -> list[str]:
        """The paths that match a regular expression as a whole, those nearest to the root first."""
        wanted = re.compile(pattern)
        return [name for name in self.names if wanted.fullmatch(name)]

    @cached_property
    def is_python(self) -> bool:
        return bool(self.matching(r"[^/]+\.py|[^/]+/[^/]+\.py|requirements\.txt|pyproject\.toml"))

    @cached_property
    def has_tests(self) -> bool:
        return bool(self.matching(r"(?:.*/)?(?:test_[^/]*|[^/]*_test)\.py"))


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""
