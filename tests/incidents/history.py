"""What people did to an application before each of many planted bugs, written into a repository at once."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from incidents.planted import Bug, Edit
from shipway.pushes.git import environment
from web.scene import AUTHORS

Tree = dict[str, str]


@dataclass(frozen=True)
class History:
    """The commits of a bug's edits, the newest one that was released with them, and what it has in it."""

    commits: tuple[str, ...]
    head: str
    files: Mapping[str, str]


def write(repository: Path, base: Mapping[str, str], bugs: Mapping[str, Bug]) -> tuple[str, dict[str, History]]:
    """The commit that every bug is planted on, and by the name of each bug what was done."""
    told = _Told()
    first = told.commit("refs/heads/main", "ada", "Open the shop", base)
    planted = {name: _plant(told, first, base, bug) for name, bug in bugs.items()}
    marks = told.write(repository)
    return marks[first], {
        name: History(tuple(marks[each] for each in commits), marks[head], files)
        for name, (commits, head, files) in planted.items()
    }


def _plant(told: _Told, first: int, base: Mapping[str, str], bug: Bug) -> tuple[list[int], int, Tree]:
    """The edits one after the other, each on its branch; then all branches are merged."""
    here = f"refs/heads/planted-{first}-{told.made}"
    heads, trees, merged = {"main": first}, {"main": dict(base)}, dict(base)
    commits = []
    for edit in bug.edits:
        heads.setdefault(edit.branch, heads["main"])
        tree = trees.setdefault(edit.branch, dict(trees["main"]))
        _change(tree, edit)
        _change(merged, edit)
        commits.append(told.commit(here, edit.who, f"Change {edit.path}", tree, heads[edit.branch]))
        heads[edit.branch] = commits[-1]
    head = heads.pop("main")
    for branch, theirs in heads.items():
        head = told.commit(here, "ada", f"Merge {branch}", merged, head, theirs)
    return commits, head, merged


def _change(tree: Tree, edit: Edit) -> None:
    text = tree.pop(edit.path, "") if edit.rename else tree.get(edit.path, "")
    assert edit.old in text, f"{edit.old!r} is not in {edit.path}"
    tree[edit.rename or edit.path] = text.replace(edit.old, edit.new, 1) if text else edit.new


class _Told:
    """What git is told, in the words of git-fast-import(1)."""

    def __init__(self) -> None:
        self.made = 0
        self._parts: list[str] = []

    def commit(self, ref: str, who: str, subject: str, files: Mapping[str, str], *parents: int) -> int:
        self.made += 1
        person = f"{AUTHORS[who]} <{who}@example.org> {1_700_000_000 + self.made} +0000"
        self._parts += [f"commit {ref}", f"mark :{self.made}", f"author {person}", f"committer {person}"]
        self._parts += [_data(subject)]
        self._parts += [f"{how} :{parent}" for how, parent in zip(("from", "merge"), parents, strict=False)]
        self._parts += ["deleteall"]
        for path, text in files.items():
            self._parts += [f"M 644 inline {path}", _data(text)]
        self._parts += [f"get-mark :{self.made}"]
        return self.made

    def write(self, repository: Path) -> dict[int, str]:
        done = subprocess.run(
            ["git", f"--git-dir={repository}", "fast-import", "--quiet", "--force"],
            input="\n".join([*self._parts, ""]),
            capture_output=True,
            text=True,
            check=True,
            env=environment(),
        )
        return dict(enumerate(done.stdout.split(), 1))


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}"
