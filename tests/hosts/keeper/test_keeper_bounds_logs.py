"""Logs are kept, and do not fill the disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from shipway.hosts.keeper import log
from support.keeping import House


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LARGEST", 1000)


def test_a_small_log_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "one.log"
    file.write_bytes(b"x" * 1000)
    log.rotate(str(file))
    assert file.stat().st_size == 1000
    assert not (tmp_path / "one.log.1").exists()


def test_a_large_log_is_copied_and_emptied_while_it_is_written(tmp_path: Path) -> None:
    file = str(tmp_path / "one.log")
    writer = log.open_log(file)
    os.write(writer, b"a" * 1001)
    log.rotate(file)
    os.write(writer, b"after")
    os.close(writer)
    assert Path(file).read_bytes() == b"after"
    assert Path(f"{file}.1").read_bytes() == b"a" * 1000


def test_of_a_huge_log_the_end_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "one.log"
    file.write_bytes(b"old" * 5000 + b"new" * 300)
    log.rotate(str(file))
    assert (tmp_path / "one.log.1").read_bytes() == (b"old" * 5000 + b"new" * 300)[-1000:]


def test_the_last_copy_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "one.log"
    for letter in (b"a", b"b"):
        file.write_bytes(letter * 1001)
        log.rotate(str(file))
    assert (tmp_path / "one.log.1").read_bytes() == b"b" * 1000


def test_a_log_nobody_has_written_is_no_problem(tmp_path: Path) -> None:
    log.rotate(str(tmp_path / "one.log"))


def test_on_a_full_disk_the_log_is_emptied_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "sendfile", full)
    file = tmp_path / "one.log"
    file.write_bytes(b"a" * 1001)
    log.rotate(str(file))
    assert file.stat().st_size == 0


def test_on_a_full_disk_an_instance_is_started_without_a_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "makedirs", full)
    descriptor = log.open_log(str(tmp_path / "one.log"))
    assert os.readlink(f"/proc/self/fd/{descriptor}") == "/dev/null"
    os.close(descriptor)


def test_a_running_instance_goes_on_writing_after_its_log_was_emptied(house: House) -> None:
    line = "while :; do printf %4096s x; sleep 0.0002; done"
    spec = house.spec("one")
    spec = type(spec)(**{**spec.as_dict(), "argv": ["/bin/sh", "-c", line]})
    file = Path(spec.log)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x" * (16 * 1024 * 1024))
    house.keeper.ensure(spec, group="shop.prod", epoch=1)
    house.eventually(Path(f"{file}.1").exists, "it was copied")
    house.eventually(lambda: 0 < file.stat().st_size < 16 * 1024 * 1024, "it was emptied and is written again")
