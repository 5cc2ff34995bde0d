"""Data lies outside the artifact, at paths inside it: in every tier, and for SQLite's journals too."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.hosts.sandbox import Mount, Room, Tier, base_mounts
from shipway.hosts.sandbox.tree import BadLink
from support.rooms import HELD, run, tier_of

WRITE = """
import os, sqlite3
db = sqlite3.connect("app.db", isolation_level=None)
db.execute("pragma journal_mode=wal")
db.execute("create table if not exists balance(euros)")
db.execute("begin immediate")
db.execute("insert into balance values (5)")
print(sorted(os.listdir("{data}")))
db.execute("commit")
"""


@pytest.fixture(params=[*HELD, "plain"])
def tier(request: pytest.FixtureRequest) -> Tier:
    return tier_of(request.param)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A read-only artifact with a link, a file, and a directory of its own where data belongs."""
    tree, data = tmp_path / "tree", tmp_path / "data"
    (tree / "package" / "deep").mkdir(parents=True)
    (tree / "instance").mkdir()
    (tree / "instance" / "committed.txt").write_text("from the artifact")
    (tree / "package" / "code.py").write_text("print('code')")
    (tree / "latest").symlink_to("package/code.py")
    (data / "instance").mkdir(parents=True)
    (data / "instance" / "kept.txt").write_text("from the data")
    links = {
        "/app/app.db": "/data/app.db",
        "/app/instance": "/data/instance",
        "/app/package/deep/x.db": "/data/x.db",
    }
    mounts = (*base_mounts(), Mount(tree, "/app"), Mount(data, "/data", writable=True))
    return Room(mounts, links, cwd="/app", dies_with_parent=True)


def held(tier: Tier, room: Room, script: str) -> subprocess.CompletedProcess[str]:
    tier.prepare(room)
    tier.prepare(room)  # a second time is as good as once
    return run(tier, room, script)


def test_sqlite_keeps_its_journal_beside_the_data(tmp_path: Path, tier: Tier, room: Room) -> None:
    (tmp_path / "tree" / "write.py").write_text(WRITE.format(data=tier.inside(room, "/data")))
    done = held(tier, room, "python3 write.py && python3 write.py")
    assert done.returncode == 0, done.stderr
    assert "app.db-wal" in done.stdout
    count = "import sqlite3; print(sqlite3.connect('app.db').execute('select count(*) from balance').fetchone())"
    assert run(tier, room, f'python3 -c "{count}"').stdout == "(2,)\n"
    assert (tmp_path / "data" / "app.db").exists()


def test_a_directory_of_data_stands_in_for_the_artifact_s(tier: Tier, room: Room) -> None:
    assert held(tier, room, "cat instance/*").stdout == "from the data"


def test_the_rest_of_the_artifact_is_as_it_was(tier: Tier, room: Room) -> None:
    assert held(tier, room, "python3 latest; ls -d package/deep").stdout == "code\npackage/deep\n"


def test_data_below_a_directory_of_the_artifact(tmp_path: Path, tier: Tier, room: Room) -> None:
    assert held(tier, room, "echo deep > package/deep/x.db").stderr == ""
    assert (tmp_path / "data" / "x.db").read_text() == "deep\n"


@pytest.mark.needs("bubblewrap")
def test_under_bubblewrap_the_artifact_on_disk_is_untouched(tmp_path: Path, room: Room) -> None:
    before = sorted(tmp_path.joinpath("tree").rglob("*"))
    script = "for d in . package package/deep; do touch $d/new; done; rm -r instance package; mv latest other"
    assert held(tier_of("bubblewrap"), room, script).returncode != 0
    assert sorted(tmp_path.joinpath("tree").rglob("*")) == before


def test_a_link_of_the_artifact_does_not_show_what_it_leads_to(tmp_path: Path, tier: Tier, room: Room) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "tree" / "out").symlink_to(tmp_path / "secret")
    if tier.level >= 0:
        assert held(tier, room, "cat out").stdout == ""


def test_data_below_a_link_of_the_artifact_is_refused(tmp_path: Path, tier: Tier, room: Room) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tree" / "escape").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadLink):
        held(tier, replace(room, links={"/app/escape/x": "/data/x"}), "true")
    assert list((tmp_path / "elsewhere").iterdir()) == []
