"""A clean checkout of a commit, without a copy of its history."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shipway.config.places import Places
from shipway.pushes.git import Git

_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = false
"""


def check_out(places: Places, application: str, commit: str, into: Path) -> None:
    """The tree of `commit` at `into`, with a .git that can be read; the second call finds it and does nothing.

    The objects stay where they are, named by an alternates file: a shared clone would have to read the
    repository through a protocol that BARS 1.2 forbids, and `git archive` changes trees. It appears whole: it
    is made beside `into` and renamed.
    """
    into.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(into):
        if into.exists():
            return
        beside = into.with_name(f".{into.name}.new")
        remove(beside)
        beside.mkdir(mode=0o755)
        _borrow(places.repository(application), beside / ".git", commit)
        Git(beside / ".git", work_tree=beside).run("read-tree", "--reset", "-u", values=[commit])
        beside.rename(into)


def remove(tree: Path) -> None:
    """Deletes a tree whatever a step made of its permissions; one that is not there is deleted already."""
    if tree.is_symlink() or not tree.is_dir():
        tree.unlink(missing_ok=True)
    else:
        shutil.rmtree(tree, onerror=_permit)


def _borrow(repository: Path, git: Path, commit: str) -> None:
    """A .git whose objects are those of `repository`, at `commit` on no branch, with its branches and tags."""
    refs = Git(repository).refs()
    for directory in ("objects/info", "refs/heads", "refs/tags"):
        (git / directory).mkdir(parents=True)
    (git / "objects" / "info" / "alternates").write_text(f"{repository / 'objects'}\n")
    (git / "config").write_text(_CONFIG)
    lines = [f"{new} {ref}\n" for ref, new in sorted(refs.items())]
    (git / "packed-refs").write_text("".join(lines), errors="surrogateescape")
    (git / "HEAD").write_text(f"{commit}\n")


@contextmanager
def _alone(into: Path) -> Iterator[None]:
    """Waits for whoever makes the same checkout now."""
    lock = os.open(into.with_name(f".{into.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _permit(function: Callable[..., Any], path: str, failure: Any) -> None:
    """A step may leave directories that even their owner may not change; one that still runs may add to them."""
    error = failure[1]
    if isinstance(error, FileNotFoundError) or error.errno == errno.ENOTEMPTY:
        return
    if not isinstance(error, PermissionError):
        raise error
    above = os.path.dirname(path)
    for directory in (above, path):
        if stat.S_ISDIR(os.lstat(directory).st_mode):
            os.chmod(directory, 0o700)
    if function is os.unlink or function is os.rmdir:
        function(path)
    else:
        remove(Path(path))
