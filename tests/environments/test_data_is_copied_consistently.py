"""An environment's data: one place for all releases, copied whole before a release may change it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from shipway.config.places import Places
from shipway.environments import data
from shipway.environments.data import DataLocked
from shipway.errors import DiskFull


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "data", tmp_path / "runtime", tmp_path / "keys")


@pytest.fixture
def kept(places: Places) -> Path:
    return data.directory(places, "shop", "prod", ["instance", "books/ledger.sqlite3"])


def test_directories_are_made_and_files_are_left_to_the_application(kept: Path) -> None:
    assert (kept / "instance").is_dir()
    assert (kept / "books").is_dir()
    assert not (kept / "books" / "ledger.sqlite3").exists()


def test_paths_of_the_tree_lead_into_the_directory() -> None:
    assert data.links("/app", ["instance", "db.sqlite3"]) == {
        "/app/instance": "/data/instance",
        "/app/db.sqlite3": "/data/db.sqlite3",
    }


def test_a_database_that_is_written_to_is_copied_in_one_state(places: Places, kept: Path) -> None:
    """Two tables get a row each in one transaction: a copy never has one without the other."""
    ledger = kept / "books" / "ledger.sqlite3"
    with closing(sqlite3.connect(ledger, isolation_level=None)) as books:
        books.execute("pragma journal_mode=wal")
        books.execute("create table debit (n)")
        books.execute("create table credit (n)")
    stop = threading.Event()
    writer = threading.Thread(target=_write, args=(ledger, stop))
    writer.start()
    copies = [data.copy(places, "shop", "prod", f"copy-{number}") for number in range(4)]
    stop.set()
    writer.join()
    for copy in copies:
        with closing(sqlite3.connect(copy / "books" / "ledger.sqlite3")) as books:
            (debit,), (credit,) = (
                books.execute(f"select count(*) from {table}").fetchone() for table in ("debit", "credit")
            )
        assert debit == credit
        assert sorted(path.name for path in (copy / "books").iterdir()) == ["ledger.sqlite3"]


def _write(ledger: Path, stop: threading.Event) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None, timeout=30)) as books:
        while not stop.is_set():
            books.execute("begin immediate")
            books.execute("insert into debit values (1)")
            books.execute("insert into credit values (1)")
            books.execute("commit")


def test_a_database_that_stays_locked_stops_the_copy_and_says_so(
    places: Places, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "LOCKED_FOR", 0.2)
    ledger = kept / "books" / "ledger.sqlite3"
    with closing(sqlite3.connect(ledger, isolation_level=None)) as books:
        books.execute("create table debit (n)")
        books.execute("begin exclusive")
        with pytest.raises(DataLocked, match="was locked"):
            data.copy(places, "shop", "prod", "first")
    assert data.copy(places, "shop", "prod", "first").is_dir()


def test_a_copy_is_made_once_and_whole_or_not_at_all(places: Places, kept: Path) -> None:
    (kept / "notes.txt").write_text("before")
    copy = data.copy(places, "shop", "prod", "first")
    (kept / "notes.txt").write_text("after")
    assert data.copy(places, "shop", "prod", "first") == copy
    assert (copy / "notes.txt").read_text() == "before"


def test_only_old_copies_are_pruned_and_never_the_data(places: Places, kept: Path) -> None:
    (kept / "notes.txt").write_text("precious")
    for number in range(8):
        copy = data.copy(places, "shop", "prod", f"copy-{number}")
    assert sorted(path.name for path in copy.parent.iterdir()) == [f"copy-{number}" for number in range(3, 8)]
    assert (kept / "notes.txt").read_text() == "precious"


def test_a_copy_for_which_there_is_no_room_is_refused_before_it_is_made(places: Places, kept: Path) -> None:
    (kept / "photo").write_bytes(b"x" * (3 << 20))
    free = shutil.disk_usage(kept).free
    data.check_room(places, "shop", "prod", kept, spare=free // 2)
    with pytest.raises(DiskFull, match="The data of prod are 3 MiB") as refused:
        data.check_room(places, "shop", "prod", kept, spare=free + (1 << 40))
    assert refused.value.actor == "owner"


def photo(kept: Path) -> None:
    (kept / "photo").write_bytes(b"x" * (1 << 20))


def ledger(kept: Path) -> None:
    with closing(sqlite3.connect(kept / "books" / "ledger.sqlite3")) as books:
        books.execute("create table debit (n)")
        books.execute("insert into debit values (zeroblob(1000000))")
        books.commit()


@pytest.mark.needs("root")  # who else may have a disk of his own to fill?
@pytest.mark.parametrize("large", [photo, ledger])
def test_a_disk_that_is_full_meanwhile_is_the_owners_to_mend(
    places: Places, kept: Path, tmp_path: Path, large: Callable[[Path], None]
) -> None:
    large(kept)
    target = tmp_path / "small"
    target.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", target], check=True)
    try:
        with pytest.raises(DiskFull, match="no room left on the disk for a copy") as refused:
            data.copy_into(places, "shop", "prod", target)
    finally:
        subprocess.run(["umount", "--lazy", target], check=True)
    assert refused.value.actor == "owner"
