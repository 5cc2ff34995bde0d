"""What of a tree goes into its artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from shipway.errors import UserError


class NothingToShip(UserError):
    """After the build there is no such directory as `build.root` says."""

    id = "artifacts.nothing_to_ship"


@dataclass(frozen=True)
class LeftOut:
    """Paths, relative to the shipped directory, that stay behind: git's, what is data, what `exclude` names.

    A pattern with a slash is for the whole path (`docs/*.pdf`), one without for a name anywhere (`*.psd`).
    """

    data: Sequence[str] = ()
    patterns: Sequence[str] = ()

    def __call__(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return path == ".git" or path in self.data or any(_matches(path, name, each) for each in self.patterns)


def _matches(path: str, name: str, pattern: str) -> bool:
    pattern = pattern.rstrip("/")
    return fnmatchcase(path, pattern.lstrip("/")) if "/" in pattern else fnmatchcase(name, pattern)


def shipped(tree: Path, root: str) -> Path:
    """The directory of the tree that is shipped; raises NothingToShip when it is none, or leads out of it."""
    found = (tree / root).resolve()
    if not found.is_dir():
        raise NothingToShip(
            f"There is no directory `{root}` to ship.", hint="`build.root` in shipway.yml names it."
        )
    if not found.is_relative_to(tree.resolve()):
        raise NothingToShip(f"`{root}` is a link that leads out of the repository.")
    return found
