"""Whatever an archive holds, nothing of it lands outside its directory (BARS S8)."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from shipway.artifacts import unpacking
from shipway.artifacts.archive import MOST_ENTRIES, Damaged

Entry = tuple[tarfile.TarInfo, bytes]


def entry(name: str, content: bytes = b"evil", **fields: object) -> Entry:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content if info.type == tarfile.REGTYPE else b""


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> Entry:
    return entry(name, b"", type=kind, linkname=target)


def directory(name: str) -> Entry:
    return entry(name, b"", type=tarfile.DIRTYPE, mode=0o755)


LONG = "d" * 200

HOSTILE: dict[str, Callable[[Path], list[Entry]]] = {
    "absolute path": lambda out: [entry(f"{out}/evil")],
    "dots": lambda out: [entry("../out/evil")],
    "dots in the middle": lambda out: [directory("a"), entry("a/../../out/evil")],
    "empty part": lambda out: [directory("a"), entry("a//evil")],
    "through a link": lambda out: [link("a", "../out"), entry("a/evil")],
    "through an absolute link": lambda out: [link("a", str(out)), entry("a/evil")],
    "through a chain of links": lambda out: [link("a", "."), link("a/b", ".."), entry("a/b/out/evil")],
    "through a chain longer than PATH_MAX": lambda out: [
        *(directory("/".join([LONG] * depth)) for depth in range(1, 22)),
        link("deep", "/".join([LONG] * 21)),
        link("deep/up", "/".join([".."] * 22)),
        entry("deep/up/out/evil"),
    ],
    "link in place of a directory": lambda out: [directory("a"), link("a", "../out"), entry("a/evil")],
    "file over a link": lambda out: [link("evil", "../out/evil"), entry("evil")],
    "hard link to outside": lambda out: [link("a", "../out/there", tarfile.LNKTYPE), entry("a")],
    "re-entry": lambda out: [link("a", ".."), entry("a/../out/evil")],
    "device": lambda out: [entry("null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "pipe": lambda out: [entry("pipe", b"", type=tarfile.FIFOTYPE)],
    "sparse file": lambda out: [entry("big", b"", type=tarfile.GNUTYPE_SPARSE)],
    "same name twice": lambda out: [entry("a"), entry("a")],
    "directory into a file": lambda out: [entry("a"), entry("a/evil")],
}


def write(path: Path, entries: list[Entry]) -> str:
    """An archive with exactly these entries; its digest."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing_outside(name: str, tmp_path: Path) -> None:
    out, into, archive = tmp_path / "out", tmp_path / "into", tmp_path / "a.tar"
    out.mkdir()
    into.mkdir()
    (out / "there").write_text("untouched")
    digest = write(archive, HOSTILE[name](out))
    with pytest.raises(Damaged):
        unpacking.unpack(archive, digest, into)
    assert {path.name: path.read_text() for path in out.iterdir()} == {"there": "untouched"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "into", "out"]


def test_links_may_lead_anywhere_because_nobody_follows_them(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    digest = write(tmp_path / "a.tar", [link("python", "/usr/bin/python3"), link("up", "../../x")])
    unpacking.unpack(tmp_path / "a.tar", digest, into)
    assert (into / "up").readlink() == Path("../../x")


def test_files_may_be_read_and_some_executed_and_nothing_more(tmp_path: Path) -> None:
    into = tmp_path / "into"
    into.mkdir()
    entries = [directory("d"), entry("d/run", mode=0o6777), entry("d/read", mode=0o666)]
    unpacking.unpack(tmp_path / "a.tar", write(tmp_path / "a.tar", entries), into)
    modes = {path.name: path.stat().st_mode & 0o7777 for path in into.glob("d/*")}
    assert modes == {"run": 0o555, "read": 0o444}


def test_more_entries_than_an_artifact_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_ENTRIES == 100_000
    monkeypatch.setattr(unpacking, "MOST_ENTRIES", 10)
    (tmp_path / "into").mkdir()
    digest = write(tmp_path / "a.tar", [entry(str(number)) for number in range(11)])
    with pytest.raises(Damaged):
        unpacking.unpack(tmp_path / "a.tar", digest, tmp_path / "into")


def test_an_archive_changed_by_one_byte_is_refused_wherever_it_is_changed(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    digest = write(archive, [directory("d"), entry("d/a", b"content" * 100), link("l", "d/a"), entry("b", b"")])
    whole = archive.read_bytes()
    for at in range(0, len(whole), 61):
        into = tmp_path / str(at)
        into.mkdir()
        archive.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(Damaged):
            unpacking.unpack(archive, digest, into)


@pytest.mark.parametrize("cut", [0, 1, 511, 512, 1500, -1])
def test_an_archive_that_was_cut_is_refused(cut: int, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    digest = write(archive, [entry("a", b"content" * 100), entry("b")])
    os.truncate(archive, cut if cut >= 0 else archive.stat().st_size + cut)
    (tmp_path / "into").mkdir()
    with pytest.raises(Damaged):
        unpacking.unpack(archive, digest, tmp_path / "into")
