"""Commits that were made to hurt whoever receives or reads them (BARS S7, S28)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pushes.desk import Desk
from pushes.git_host import Host
from shipway.pushes import repositories
from shipway.pushes.git import GitFailed

LINK, FILE, TREE, MODULE = "120000", "100644", "040000", "160000"


def raw(desk: Desk, kind: str, content: bytes) -> str:
    """Writes an object as it is, which git's own commands would refuse to."""
    command = ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
    return (
        subprocess.run(command, cwd=desk.tree, input=content, capture_output=True, check=True)
        .stdout.decode()
        .strip()
    )


def commit_of(desk: Desk, *entries: tuple[str, str, str]) -> str:
    """A commit whose tree has these entries: mode, name, object."""
    ordered = sorted(entries, key=lambda entry: entry[1] + "/" * (entry[0] == TREE))
    content = b"".join(
        f"{mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(target) for mode, name, target in ordered
    )
    tree = raw(desk, "tree", content)
    who = "Eve <eve@example.org> 1700000000 +0000"
    return raw(desk, "commit", f"tree {tree}\nauthor {who}\ncommitter {who}\n\nhello\n".encode())


def gitmodules(desk: Desk, text: str) -> str:
    return commit_of(desk, (FILE, ".gitmodules", raw(desk, "blob", text.encode())))


def dot_git(desk: Desk, name: str) -> str:
    config = raw(desk, "blob", b"[core]\n\tfsmonitor = touch PWN\n")
    return commit_of(desk, (TREE, name, raw(desk, "tree", b"100644 config\0" + bytes.fromhex(config))))


REFUSED = {
    ".git directory": lambda desk: dot_git(desk, ".git"),
    ".GIT directory": lambda desk: dot_git(desk, ".GIT"),
    "git~1 directory": lambda desk: dot_git(desk, "git~1"),
    ".git with an ignorable character": lambda desk: dot_git(desk, ".g\u200cit"),
    "dot-dot directory": lambda desk: dot_git(desk, ".."),
    "submodule outside": lambda desk: gitmodules(desk, '[submodule "../../x"]\n\tpath = x\n\turl = http://a/b\n'),
    "submodule url option": lambda desk: gitmodules(
        desk, '[submodule "x"]\n\tpath = x\n\turl = --upload-pack=x\n'
    ),
    "submodule path option": lambda desk: gitmodules(desk, '[submodule "x"]\n\tpath = -x\n\turl = http://a/b\n'),
    "submodule update command": lambda desk: gitmodules(
        desk, '[submodule "x"]\n\tpath = x\n\turl = http://a/b\n\tupdate = !touch PWN\n'
    ),
    "linked .gitmodules": lambda desk: commit_of(desk, (LINK, ".gitmodules", raw(desk, "blob", b"/etc/passwd"))),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_tree_that_aims_at_git_itself_is_refused_and_named(host: Host, desk: Desk, case: str) -> None:
    commit = REFUSED[case](desk)
    said = desk.git("push", "shipway", f"{commit}:refs/heads/main", code=None)
    assert "object " in said
    assert host.git.refs() == {}
    assert host.accepted() == []


def test_an_old_history_with_harmless_faults_is_taken(host: Host, desk: Desk) -> None:
    tree = desk.git("rev-parse", "HEAD^{tree}").strip()
    who = "Old <> 1000000000 +051800"
    commit = raw(desk, "commit", f"tree {tree}\nauthor {who}\ncommitter {who}\n\nold\n".encode())
    desk.push("shipway", f"{commit}:refs/heads/main")
    assert host.git.commit(commit).subject == "old"


def test_what_is_taken_runs_nothing_when_it_is_read(host: Host, desk: Desk, tmp_path: Path) -> None:
    attributes = raw(desk, "blob", b"* filter=x diff=x export-subst export-ignore ident\n")
    script = raw(desk, "blob", f"#!/bin/sh\ntouch {tmp_path}/PWN\n".encode())
    bare = b"100644 HEAD\0" + bytes.fromhex(raw(desk, "blob", b"ref: refs/heads/main\n"))
    bare += b"100644 config\0" + bytes.fromhex(
        raw(desk, "blob", f"[core]\n\tfsmonitor = touch {tmp_path}/PWN\n".encode())
    )
    commit = commit_of(
        desk,
        (FILE, ".gitattributes", attributes),
        ("100755", "post-checkout", script),
        (TREE, "bare.git", raw(desk, "tree", bare)),
        (LINK, "shipway.yml", raw(desk, "blob", b"/etc/passwd")),
        (LINK, "up", raw(desk, "blob", b"..")),
    )
    desk.push("shipway", f"{commit}:refs/heads/main")
    git = host.git
    assert set(git.files(commit)) == {
        ".gitattributes",
        "post-checkout",
        "bare.git/HEAD",
        "bare.git/config",
        "shipway.yml",
        "up",
    }
    assert git.read(commit, "shipway.yml") is None
    for path in ("up/etc/passwd", "../HEAD", "/etc/passwd", "bare.git", "", ".", "bare.git//HEAD"):
        assert git.read(commit, path) is None
    assert git.read(commit, "bare.git/HEAD") == b"ref: refs/heads/main\n"
    assert not (tmp_path / "PWN").exists()


def test_a_file_too_large_to_be_read_is_said_to_be(host: Host, desk: Desk) -> None:
    commit = desk.commit("large", large="x" * 1000)
    desk.push()
    with pytest.raises(GitFailed, match="large is larger than 999 bytes"):
        host.git.read(commit, "large", limit=999)


def test_what_a_commit_says_is_read_as_text(host: Host, desk: Desk) -> None:
    desk.git("config", "user.name", "Ünï\x1b[31m <x>")
    commit = desk.commit("subject $(touch PWN)\n\nbody")
    desk.push()
    said = host.git.commit(commit)
    assert (said.commit, said.subject, said.author) == (commit, "subject $(touch PWN)", "Ünï\x1b[31m x")


def test_replaced_objects_are_not_believed(host: Host, desk: Desk) -> None:
    good = desk.commit("good", a="good")
    bad = desk.commit("bad", a="bad")
    desk.push()
    host.git.run("update-ref", values=[f"refs/replace/{good}", bad])
    assert host.git.read(good, "a") == b"good"


def test_packs_are_joined_before_they_are_many(stopped_host: Host, own_desk: Desk) -> None:
    places, repository = stopped_host.places, stopped_host.repository
    commits = [own_desk.commit(f"{number}") for number in range(52)]
    for old, new in zip([None, *commits], commits, strict=False):
        revisions = f"{new}\n" if old is None else f"{new}\n^{old}\n"
        pack = repository / "objects" / "pack" / "pack"
        packing = ["git", "pack-objects", "--quiet", "--revs", str(pack)]
        subprocess.run(packing, cwd=own_desk.tree, input=revisions.encode(), capture_output=True, check=True)
    stale = repository / "objects" / "tmp_objdir-incoming-x"
    stale.mkdir()
    repositories.tidy(repositories.create(places, "shop"))
    assert len(list((repository / "objects" / "pack").glob("*.pack"))) < 5
    assert stopped_host.git.commit(commits[0]).subject == "0"
    assert stale.exists(), "it may belong to a push that is under way"
