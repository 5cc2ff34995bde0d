"""A checkout holds what was committed, all of it, and nothing it holds is run or followed."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shipway.pipelines.checkout import check_out, remove
from shipway.pushes.git import Git
from support.workshop import NAME, Files, Workshop


def _check_out(workshop: Workshop, commit: str, name: str = "tree") -> Path:
    into = workshop.directory / name
    check_out(workshop.places, NAME, commit, into)
    return into


def test_files_links_and_permissions_are_those_of_the_commit(workshop: Workshop) -> None:
    files = {"a": "a\n", "deep/er/b.bin": bytes(range(256)), "link": Path("a"), "dangling": Path("/no/where")}
    tree = _check_out(workshop, workshop.commit({**files, "run.sh": "#!/bin/sh\n"}, executable=("run.sh",)))
    assert (tree / "deep/er/b.bin").read_bytes() == bytes(range(256))
    assert (tree / "link").readlink() == Path("a")
    assert (tree / "dangling").readlink() == Path("/no/where")
    assert os.access(tree / "run.sh", os.X_OK)
    assert not (tree / "a").stat().st_mode & 0o111
    assert {path.name for path in tree.iterdir()} == {".git", "a", "deep", "link", "dangling", "run.sh"}


def test_attributes_that_change_an_archive_do_not_change_a_checkout(workshop: Workshop) -> None:
    attributes = "secret.txt export-ignore\nversion.txt export-subst\n"
    commit = workshop.commit(
        {".gitattributes": attributes, "secret.txt": "kept\n", "version.txt": "$Format:%H$\n"}
    )
    tree = _check_out(workshop, commit)
    assert (tree / "secret.txt").read_text() == "kept\n"
    assert (tree / "version.txt").read_text() == "$Format:%H$\n"


def test_a_filter_or_hook_that_the_repository_names_is_not_run(workshop: Workshop) -> None:
    """Neither of the bare repository, when a ref moves, nor of the checkout, when its files are written."""
    commit = workshop.commit({".gitattributes": "* filter=evil\n", "a": "a\n"})
    repository = workshop.places.repository(NAME)
    tree, came = _check_out(workshop, commit), workshop.directory / "came"
    assert (tree / "a").read_text() == "a\n"
    for hook in (repository / "hooks/reference-transaction", tree / ".git/hooks/post-index-change"):
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho {hook.name} >> {came}\n")
        hook.chmod(0o755)
    Git(repository).run("update-ref", values=["refs/heads/next", commit])
    Git(tree / ".git", work_tree=tree).run("read-tree", "--reset", "-u", values=[commit])
    assert not came.exists()


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 7\n" % ("a" * 64)


def test_what_a_commit_holds_reaches_nothing_outside_of_its_checkout(workshop: Workshop) -> None:
    """BARS S7: a repository within it, links that lead out, a submodule (git before 2.50.1 cuts the end of this
    path), a file kept elsewhere.
    """
    came, outside = workshop.directory / "came", workshop.directory / "outside"
    outside.mkdir()
    elsewhere = workshop.places.repository(NAME)
    evil = f"[core]\n\tfsmonitor = touch {came}\n\thooksPath = {outside}\n\tsshCommand = touch {came}\n"
    module = f'[submodule "sub"]\n\tpath = "sub\r"\n\turl = {elsewhere}\n\tupdate = checkout\n'
    files: Files = {
        "bare.git/HEAD": "ref: refs/heads/main\n",
        "bare.git/config": evil,
        "bare.git/hooks/post-checkout": f"#!/bin/sh\ntouch {came}\n",
        "bare.git/objects/x": "",
        "bare.git/refs/x": "",
        "out": outside,
        "up": Path("../../outside"),
        ".gitattributes": "*.psd filter=lfs diff=lfs merge=lfs -text\n",
        "logo.psd": POINTER,
    }
    workshop.commit(files)
    commit = workshop.commit({".gitmodules": module}, submodules={"sub\r": workshop.commit({})})
    tree = _check_out(workshop, commit)
    assert list(outside.iterdir()) == []
    assert not came.exists()
    assert [path.name for path in (tree / "sub\r").rglob("*")] == []
    assert not (tree / "sub").exists()
    assert (tree / "logo.psd").read_text() == POINTER
    assert {path.name for path in (tree / ".git").iterdir()} & {"modules", "lfs", "hooks"} == set()


def test_history_is_borrowed_and_not_copied(workshop: Workshop) -> None:
    tree = _check_out(workshop, workshop.commit({"big": os.urandom(1 << 20)}))
    copied = sum(path.stat().st_size for path in (tree / ".git").rglob("*") if path.is_file())
    assert copied < 1 << 16


def test_a_second_call_leaves_the_tree_as_the_steps_left_it(workshop: Workshop) -> None:
    commit = workshop.commit()
    tree = _check_out(workshop, commit)
    (tree / "index.html").write_text("changed")
    _check_out(workshop, commit)
    assert (tree / "index.html").read_text() == "changed"


def test_a_checkout_that_was_interrupted_is_made_anew(workshop: Workshop) -> None:
    torn = workshop.directory / ".tree.new"
    torn.mkdir()
    (torn / "torn").touch()
    tree = _check_out(workshop, workshop.commit())
    assert not (tree / "torn").exists()
    assert not torn.exists()


def test_many_may_ask_for_it_at_once(workshop: Workshop) -> None:
    commit = workshop.commit()
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(lambda _: _check_out(workshop, commit), range(8)))
    assert all((tree / "index.html").exists() for tree in trees)


def test_a_tree_is_removed_whatever_was_done_to_it(workshop: Workshop) -> None:
    tree = _check_out(workshop, workshop.commit({"a/b/c": "c\n"}))
    outside = workshop.directory / "outside"
    outside.mkdir()
    (tree / "a" / "link").symlink_to(outside)
    (tree / "a" / "b").chmod(0o000)
    (tree / "a").chmod(0o500)
    remove(tree)
    remove(tree)
    assert not tree.exists()
    assert outside.exists()
