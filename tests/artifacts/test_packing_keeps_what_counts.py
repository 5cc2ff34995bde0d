"""The same content is the same archive; what is of one machine or one moment stays behind."""

from __future__ import annotations

import os
import socket
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.artifacts import packing, unpacking
from shipway.artifacts.archive import TooLarge, Unpackable
from shipway.artifacts.contents import LeftOut, NothingToShip, shipped
from support.rooms import NOBODY

NAMES = [
    "plain",
    "with space",
    "new\nline",
    "-rf",
    "--checkpoint-action=exec=sh",
    "*",
    "$(touch pwned)",
    "\x1b[31m",
    "ünïcode",
    "\udcff\udcfe",
    "x" * 255,
    "trailing ",
    "a\\b",
]


def make(tree: Path, names: list[str]) -> Path:
    tree.mkdir()
    for name in names:
        (tree / name).write_text(name.encode(errors="surrogateescape").hex())
    return tree


def there_and_back(tree: Path, tmp_path: Path, left_out: LeftOut | None = None, mtime: float = 1e9) -> Path:
    """Packs a tree and unpacks the archive; where to."""
    archive, into = tmp_path / "a.tar", tmp_path / "into"
    packed = packing.pack(tree, archive, left_out=left_out or LeftOut(), mtime=mtime)
    assert packed.size == archive.stat().st_size
    into.mkdir()
    unpacking.unpack(archive, packed.digest, into)
    return into


def names(tree: Path) -> set[str]:
    return {
        os.path.relpath(os.path.join(directory, name), tree)
        for directory, directories, files in os.walk(tree)
        for name in [*directories, *files]
    }


def test_every_name_a_file_can_have_survives(tmp_path: Path) -> None:
    tree = make(tmp_path / "tree", NAMES)
    deep = "/".join(["d" * 100] * 5)
    (tree / deep).mkdir(parents=True)
    (tree / deep / "f").write_text("deep")
    into = there_and_back(tree, tmp_path)
    assert names(into) == names(tree)
    assert all((into / name).read_bytes() == (tree / name).read_bytes() for name in NAMES)


def test_content_links_and_empty_directories_survive(tmp_path: Path) -> None:
    tree = make(tmp_path / "tree", [])
    (tree / "big").write_bytes(os.urandom(3 << 20))
    (tree / "empty").touch()
    (tree / "nothing").mkdir()
    (tree / "link").symlink_to("/".join(["x" * 200] * 3))
    (tree / "round").symlink_to("round")
    into = there_and_back(tree, tmp_path)
    assert (into / "big").read_bytes() == (tree / "big").read_bytes()
    assert (into / "link").readlink() == (tree / "link").readlink()
    assert names(into) == names(tree)


def test_a_link_is_packed_as_a_link_and_not_as_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    tree = make(tmp_path / "tree", [])
    (tree / "file").symlink_to(tmp_path / "secret")
    (tree / "directory").symlink_to(tmp_path)
    there_and_back(tree, tmp_path)
    assert b"secret" not in (tmp_path / "a.tar").read_bytes().replace(b"/secret", b"")


def test_what_a_file_may_do_beyond_being_executed_is_dropped(tmp_path: Path) -> None:
    tree = make(tmp_path / "tree", ["setuid", "sticky", "read"])
    (tree / "setuid").chmod(0o6755)
    (tree / "sticky").chmod(0o1666)
    (tree / "read").chmod(0o400)
    packing.pack(tree, tmp_path / "a.tar", left_out=LeftOut(), mtime=0)
    with tarfile.open(tmp_path / "a.tar") as tar:
        modes = {member.name: member.mode for member in tar}
    assert modes == {"setuid": 0o755, "sticky": 0o644, "read": 0o644}


def test_sockets_and_pipes_stay_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = make(tmp_path / "tree", ["a"])
    os.mkfifo(tree / "pipe")
    monkeypatch.chdir(tree)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert names(there_and_back(tree, tmp_path)) == {"a"}


def test_the_same_content_has_the_same_digest(tmp_path: Path) -> None:
    digests = set()
    for number, order in enumerate((NAMES, NAMES[::-1])):
        tree = make(tmp_path / str(number), order)
        os.utime(tree / "plain", (number, number))
        digests.add(packing.pack(tree, tmp_path / f"{number}.tar", left_out=LeftOut(), mtime=7.9).digest)
    assert len(digests) == 1


def test_files_are_as_old_as_their_commit(tmp_path: Path) -> None:
    into = there_and_back(make(tmp_path / "tree", ["a"]), tmp_path, mtime=1_700_000_000.0)
    assert (into / "a").stat().st_mtime == 1_700_000_000


def test_git_data_and_what_is_excluded_stay_behind(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in (
        ".git/config",
        "sub/.git/config",
        "instance/db",
        "other/instance/db",
        "docs/a.pdf",
        "docs/b.txt",
        "deep/art.psd",
        "node_modules/x/y",
        "kept",
    ):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    left_out = LeftOut(data=["instance"], patterns=["*.psd", "docs/*.pdf", "node_modules/"])
    into = there_and_back(tree, tmp_path, left_out)
    assert {name for name in names(into) if (into / name).is_file()} == {
        "sub/.git/config",
        "other/instance/db",
        "docs/b.txt",
        "kept",
    }


def test_more_than_an_artifact_may_be_is_refused_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = make(tmp_path / "tree", [])
    with (tree / "sparse").open("wb") as file:
        file.truncate(3 << 30)
    with pytest.raises(TooLarge, match="sparse alone is larger than 2 GiB"):
        packing.pack(tree, tmp_path / "a.tar", left_out=LeftOut(), mtime=0)
    monkeypatch.setattr(packing, "MOST_ENTRIES", 2)
    tree = make(tmp_path / "many", ["a", "b", "c"])
    with pytest.raises(TooLarge, match="more than 2 files"):
        packing.pack(tree, tmp_path / "b.tar", left_out=LeftOut(), mtime=0)


@pytest.fixture
def ordinary() -> Iterator[Path]:
    """A directory of an ordinary user, whom this process is meanwhile: root may read everything."""
    with tempfile.TemporaryDirectory(prefix="shipway-packing-") as directory:
        user = NOBODY if os.getuid() == 0 else os.getuid()
        os.chown(directory, user, -1)
        os.seteuid(user)
        yield Path(directory)
        os.seteuid(os.getuid())


def test_a_file_that_may_not_be_read_is_named(ordinary: Path) -> None:
    tree = make(ordinary / "tree", ["a"])
    (tree / "a").chmod(0)
    with pytest.raises(Unpackable, match="a cannot be read"):
        packing.pack(tree, ordinary / "a.tar", left_out=LeftOut(), mtime=0)


def test_what_is_shipped_lies_in_the_tree(tmp_path: Path) -> None:
    tree = make(tmp_path / "tree", ["file"])
    (tree / "dist").mkdir()
    (tree / "current").symlink_to("dist")
    (tree / "out").symlink_to(tmp_path)
    assert shipped(tree, ".") == tree
    assert shipped(tree, "current") == tree / "dist"
    for root in ("out", "file", "missing"):
        with pytest.raises(NothingToShip):
            shipped(tree, root)
