"""The one way in which Shipway runs git (BARS 1.2).

Nothing of the machine's or the person's git configuration reaches these calls, no hook and no file-system
monitor of a repository is run, and what a user chose always follows `--end-of-options` or is a full object id.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shipway.errors import OwnerError

SHIPWAY = "Shipway <shipway@localhost>"
"""Who commits that are made here are by."""

Revert = tuple[str, list[tuple[str, str]]]
"""A commit, and what it says that it takes back: each with the parent whose state came back, beside a merge."""

_OBJECT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_DIGITS = re.compile(r"[0-9a-f]{4,40}", re.ASCII)
_REVERTS = "This reverts commit "
_REVERTED = re.compile(
    rf"^{_REVERTS}([0-9a-f]{{40}})\b(?:, reversing\s+changes made to ([0-9a-f]{{40}})\b)?", re.ASCII | re.MULTILINE
)
_QUARANTINE = ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
_SETTINGS = {
    "safe.bareRepository": "explicit",
    "core.fsmonitor": "false",
    "core.quotePath": "false",
    "protocol.file.allow": "never",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
}
_LIMIT = 4 * 1024 * 1024  # bytes of a file that anybody here has a reason to read whole
_PATIENCE = 120.0  # seconds; the largest checkouts known here take less than ten


class GitFailed(OwnerError):
    """git itself could not do what was asked: a damaged repository, no space, no git."""

    id = "pushes.git"
    default_hint = (
        "Look after the disk that holds Shipway's data. If that is well, the repository itself is damaged: put it "
        "back from a copy, or push all of it again. What serves goes on serving."
    )


@dataclass(frozen=True)
class CommitInfo:
    """Who wrote a commit and what it says; `at` is when it was committed, in seconds since 1970.

    `parents` are what it was made on top of: nothing, one commit, or several for a merge. None: nobody has asked.
    """

    commit: str
    subject: str
    author: str
    email: str
    at: float
    parents: Sequence[str] | None = None


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """All that a git process of Shipway sees; `settings` are configuration beside that of BARS 1.2."""
    values = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "https:ssh",
        "GIT_FLUSH": "0",  # a list written line by line takes twice as long as it takes to walk
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",  # a pushed refs/replace/… must not change what a commit contains
    }
    for number, (name, value) in enumerate({**_SETTINGS, **(settings or {})}.items()):
        values[f"GIT_CONFIG_KEY_{number}"] = name
        values[f"GIT_CONFIG_VALUE_{number}"] = value
        values["GIT_CONFIG_COUNT"] = str(number + 1)
    return values


class Git:
    """One repository: `directory` is a bare one, or the .git of `work_tree`.

    `quarantine` is the environment of a pre-receive hook; with it the objects of a push can be read before the
    push is accepted. Every method raises GitFailed when git breaks; an unknown revision or file is None.
    """

    def __init__(
        self,
        directory: Path,
        *,
        work_tree: Path | None = None,
        quarantine: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self._work_tree = work_tree
        self._environment = environment({"core.hooksPath": os.devnull})
        self._environment |= {name: value for name, value in (quarantine or {}).items() if name in _QUARANTINE}

    def run(
        self,
        verb: str,
        *options: str,
        values: Sequence[str] = (),
        paths: Sequence[str] = (),
        timeout: float = _PATIENCE,
        stdin: bytes = b"",
    ) -> bytes:
        """What `git <verb> <options> --end-of-options <values> -- <paths>` prints.

        `options` are words of our own code; whatever came from outside goes into `values`, `paths` or `stdin`.
        """
        done = self._done(verb, *options, values=values, paths=paths, timeout=timeout, stdin=stdin)
        if done.returncode != 0:
            raise self._failed(verb, _said(done))
        return done.stdout

    def resolve(self, rev: str) -> str | None:
        """The full id of the commit that `rev` names: a branch, a tag, a full or a shortened id.

        Raises GitFailed where there is no repository, which does not mean that it has no such commit.
        """
        if "\0" in rev:
            return None
        done = self._done("rev-parse", "--verify", "--quiet", values=[f"{rev}^{{commit}}"])
        if b"not a git repository" in done.stderr:
            raise self._failed("rev-parse", _said(done))
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def beginning(self, digits: str, limit: int = 20) -> list[str]:
        """The full ids of commits that begin with these hexadecimal digits, at least four of them."""
        if not _DIGITS.fullmatch(digits):
            return []
        listed = self.run("rev-parse", f"--disambiguate={digits}")  # nothing but digits: it is no option of theirs
        told = self.run("cat-file", "--batch-check", stdin=listed).decode().splitlines()
        return [words[0] for words in map(str.split, told) if words[1:2] == ["commit"]][:limit]

    def extent(self, commit: str) -> tuple[int, int, int]:
        """How much a commit changed against the first it was made on: files, lines added, lines removed."""
        options = ["--numstat", "--format=", "--no-color", "--no-renames", "--no-ext-diff", "--root", "-m"]
        told = self.run("log", "-1", "--first-parent", *options, values=[_id(commit)]).decode(errors="replace")
        rows = [line.split("\t", 2) for line in told.splitlines() if line.count("\t") >= 2]
        added, removed = (sum(int(row[at]) for row in rows if row[at].isdecimal()) for at in (0, 1))
        return len(rows), added, removed

    def read(self, commit: str, path: str, limit: int = _LIMIT) -> bytes | None:
        """The content of a file at `commit`, out of git's objects and never through a link (BARS S28)."""
        entry = self._entry(commit, path)
        if entry is None:
            return None
        if int(self.run("cat-file", "-s", values=[entry])) > limit:
            raise GitFailed(f"{path} is larger than {limit} bytes")
        return self.run("cat-file", "blob", values=[entry])

    def size(self, commit: str, path: str) -> int | None:
        """How many bytes `read` would give of a file at `commit`."""
        entry = self._entry(commit, path)
        return None if entry is None else int(self.run("cat-file", "-s", values=[entry]))

    def files(self, commit: str) -> list[str]:
        """The paths of all files and links at `commit`; submodules are not files."""
        listed = self.run("ls-tree", "-r", "-z", "--full-tree", values=[_id(commit)])
        entries = (line.partition(b"\t") for line in listed.split(b"\0") if line)
        return [os.fsdecode(path) for about, _, path in entries if about.split()[1] == b"blob"]

    def commit(self, commit: str) -> CommitInfo:
        """What a commit says of itself."""
        format_ = "--format=%H%x00%s%x00%an%x00%ae%x00%ct%x00%P"
        told = self.run("log", "-1", "--no-color", "--no-show-signature", format_, values=[_id(commit)])
        full, subject, author, email, at, parents = told.decode(errors="replace").rstrip("\n").split("\0")
        return CommitInfo(full, subject, author, email, float(at), tuple(parents.split()))

    def brought(self, base: str | None, head: str, limit: int, *, merges: bool = False) -> list[CommitInfo]:
        """The commits that `head` has and `base` has not, newest first, at most `limit`; with `merges` those too.

        Names and addresses are those of the repository's mailmap (`.mailmap` of its default branch).
        """
        format_ = "--format=%H%x00%s%x00%aN%x00%aE%x00%ct"
        which = [] if merges else ["--no-merges"]
        options = [*which, f"--max-count={limit}", "--no-color", "--no-show-signature", "-z", format_]
        values = [_id(head)] if base is None else [f"^{_id(base)}", _id(head)]
        told = self.run("log", *options, values=values)
        words = told.decode(errors="replace").rstrip("\0").split("\0") if told else []
        rows = [words[at : at + 5] for at in range(0, len(words), 5)]
        return [CommitInfo(full, subject, name, email, float(at)) for full, subject, name, email, at in rows]

    def reverts(self, without: Collection[str], heads: Collection[str], limit: int = 100) -> list[Revert]:
        """The commits that any of `heads` has and none of `without` that say, in git's words, that they
        revert others: each with these, what comes later first, at most `limit` for all heads together. Beside a
        merge stands the parent whose state came back, beside any other commit nothing.
        """
        words = [
            "--topo-order",
            f"--max-count={limit}",
            "--fixed-strings",
            f"--grep={_REVERTS}",
            "-z",
            "--format=%H%x00%B",
        ]
        given = [*(f"^{_id(base)}" for base in without), *(_id(head) for head in heads)]
        stdin = "".join(f"{each}\n" for each in given).encode()
        told = self.run("log", "--no-color", "--no-show-signature", *words, "--stdin", stdin=stdin)
        parts = told.decode(errors="replace").split("\0")
        return [(by, _REVERTED.findall(said)) for by, said in zip(parts[::2], parts[1::2], strict=False)]

    def between(self, base: str, head: str, limit: int) -> list[str]:
        """The ids of what `head` has and `base` has not, merges too, what comes later first, at most `limit`."""
        told = self.run("rev-list", "--topo-order", f"--max-count={limit}", values=[f"^{_id(base)}", _id(head)])
        return told.decode().split()

    def parents(self, commit: str) -> list[str]:
        """What a commit was made on top of: nothing, one commit, or several for a merge."""
        told = self.run("log", "-1", "--no-color", "--no-show-signature", "--format=%P", values=[_id(commit)])
        return told.decode().split()

    def changed(self, base: str, head: str) -> list[str]:
        """The paths of the files in which two commits differ."""
        options = ["-r", "-z", "--name-only", "--no-renames", "--no-ext-diff"]
        told = self.run("diff-tree", *options, values=[_id(base), _id(head)])
        return [os.fsdecode(path) for path in told.split(b"\0") if path]

    def blame(self, old: str, new: str, path: str, *, timeout: float = _PATIENCE) -> bytes:
        """By which commit since `old` each line of a file at `new` came, as `git blame --porcelain` tells it."""
        between = f"{_id(old)}..{_id(new)}"  # this verb knows no --end-of-options
        return self.run("blame", "--porcelain", "-w", between, paths=[path], timeout=timeout)

    def is_ancestor(self, a: str, b: str) -> bool:
        """Whether `b` contains `a`; a commit contains itself."""
        done = self._done("merge-base", "--is-ancestor", values=[_id(a), _id(b)])
        if done.returncode not in (0, 1):
            raise GitFailed(f"git merge-base failed in {self.directory}: {_said(done)}")
        return done.returncode == 0

    def containing(self, older: str, among: Collection[str]) -> set[str]:
        """Those of `among` that contain `older`; raises GitFailed when one of them is not here."""
        given = "".join(f"{_id(commit)}\n" for commit in among)
        told = self.run("rev-list", "--ancestry-path", "--stdin", stdin=f"^{_id(older)}\n{given}".encode())
        return {*told.decode().split(), older}.intersection(among)

    def first_parents(self, after: str | None, every: int, limit: int) -> list[tuple[float, str]]:
        """One in `every` of the commits that HEAD, the default branch, is made of without what merges brought,
        oldest first: when it was committed (seconds since 1970), and its id. Looks at the newest `limit` of those
        on top of `after`, if one is given.
        """
        options, values = ["--first-parent", "--timestamp", f"--max-count={limit}"], ["HEAD"]
        if after is not None:
            options.append("--ancestry-path")
            values.append(f"^{_id(after)}")
        rows = self.run("rev-list", *options, values=values).decode().splitlines()
        chosen = (row.split() for row in rows[::-1][every - 1 :: every])
        return [(float(at), commit) for at, commit in chosen]

    def tree(self, commit: str) -> str:
        """The id of the tree of a commit."""
        return self.run("rev-parse", "--verify", values=[f"{_id(commit)}^{{tree}}"]).decode().strip()

    def merged(self, ours: str, theirs: str) -> str | None:
        """The id of the tree that merging two commits gives; None when they contradict each other."""
        done = self._done("merge-tree", "--write-tree", "--no-messages", values=[_id(ours), _id(theirs)])
        if done.returncode not in (0, 1):
            raise GitFailed(f"git merge-tree failed in {self.directory}: {_said(done)}")
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def write_commit(self, tree: str, parent: str, author: str, at: float, message: str) -> str:
        """Adds a commit, which no ref names yet; its id. `author` is `Name <address>`."""
        signed = f"{author} {at:.0f} +0000"
        text = f"tree {_id(tree)}\nparent {_id(parent)}\nauthor {signed}\ncommitter {signed}\n\n{message}\n"
        return self.run("hash-object", "-t", "commit", "-w", "--stdin", stdin=text.encode()).decode().strip()

    def create_branch(self, name: str, commit: str) -> None:
        """Names a commit by a branch that does not exist yet."""
        self.run("update-ref", values=[f"refs/heads/{name}", _id(commit), "0" * 40])

    def set_head(self, branch: str) -> None:
        """Makes a branch that exists the one that a clone begins with."""
        self.run("symbolic-ref", values=["HEAD", f"refs/heads/{branch}"])

    def refs(self, *, newest_first: bool = False) -> dict[str, str]:
        """All branches and tags, with what they point to (for an annotated tag: the tag object)."""
        order = ["--sort=-creatordate"] if newest_first else []
        listed = self.run("for-each-ref", *order, "--format=%(objectname) %(refname)", "refs/heads/", "refs/tags/")
        lines = (line.partition(" ") for line in os.fsdecode(listed).split("\n") if line)
        return {ref: new for new, _, ref in lines}

    def _entry(self, commit: str, path: str) -> str | None:
        if "\0" in path or not {"", ".", ".."}.isdisjoint(path.split("/")):
            return None
        listed = self.run("ls-tree", "-z", "--full-tree", values=[_id(commit)], paths=[path])
        for line in listed.split(b"\0"):
            about, _, name = line.partition(b"\t")
            if os.fsdecode(name) == path and about.startswith(b"100"):
                return about.split()[2].decode()
        return None

    def _done(
        self,
        verb: str,
        *options: str,
        values: Sequence[str] = (),
        paths: Sequence[str] = (),
        timeout: float = _PATIENCE,
        stdin: bytes = b"",
    ) -> subprocess.CompletedProcess[bytes]:
        tree = [] if self._work_tree is None else [f"--work-tree={self._work_tree}"]
        command = ["git", f"--git-dir={self.directory}", *tree, verb, *options]
        command += ["--end-of-options", *values] if values else []
        command += ["--", *paths] if paths else []
        try:
            return subprocess.run(
                command,
                input=stdin,
                capture_output=True,
                env=self._environment,
                cwd=self._work_tree or self.directory,
                timeout=timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            says = error.strerror if isinstance(error, OSError) else f"not done after {timeout:.0f} s"
            raise self._failed(verb, says or str(error)) from error

    def _failed(self, verb: str, says: str) -> GitFailed:
        """With the name of the repository: where it is on this machine is nothing for whoever asked."""
        name = self.directory.name
        return GitFailed(f"git {verb} failed in {name}: {says.replace(str(self.directory), name)}")


def _id(commit: str) -> str:
    """The id itself; a name must be made one by `resolve` first, so that it cannot be taken for anything else."""
    if not _OBJECT.fullmatch(commit):
        raise ValueError(f"{commit!r} is not a full commit id")
    return commit


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
