"""What instances print is kept: each line with its moment, without secrets, and within a limit."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.hosts.disguises import disguises
from shipway.hosts.keeper import output, segments
from shipway.hosts.keeper.output import Output
from shipway.hosts.keeper.segments import Segments, Stamps
from support.keeping import GROUP, House

STAMPED = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z ")
SECRET = "correct-horse-battery"
MASKS = [mask.decode("latin-1") for mask in disguises([SECRET])]


def lines(log: Path) -> list[str]:
    """What the log says, without its moments, from its oldest file on."""
    files = [*sorted(log.parent.glob(f"{log.name}.*")), log]
    text = b"".join(file.read_bytes() for file in files if file.exists())
    assert all(STAMPED.match(line) for line in text.splitlines())
    return [line.partition(b" ")[2].decode() for line in text.splitlines()]


@pytest.fixture
def printing(tmp_path: Path) -> Iterator[tuple[int, Output, Path]]:
    """A file that an instance would print into, and who writes it down."""
    log = tmp_path / "logs" / "one.log"
    writer = os.open(tmp_path / "one", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    made = Output(str(tmp_path / "one"), str(log), disguises([SECRET]))
    yield writer, made, log
    made.close()
    os.close(writer)


def test_a_secret_never_reaches_the_disk_wherever_it_is_cut(printing: tuple[int, Output, Path]) -> None:
    writer, made, log = printing
    said = f"the key is {SECRET}, really\nand nothing else\n".encode()
    for cut in range(len(said)):
        os.write(writer, said[:cut])
        made.take()
        os.write(writer, said[cut:])
        made.take()
    assert lines(log) == ["the key is ***, really", "and nothing else"] * len(said)


def test_in_a_line_that_is_too_long_no_secret_is_cut_in_two(
    printing: tuple[int, Output, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, made, log = printing
    monkeypatch.setattr(made, "_piece", 2 * max(map(len, disguises([SECRET]))))
    for before in range(made._piece):
        os.write(writer, b"x" * before + SECRET.encode() + b"y" * 200 + b"\n")
        made.take()
    text = b"".join(file.read_bytes() for file in log.parent.iterdir())
    assert SECRET[:8].encode() not in text
    assert SECRET[-8:].encode() not in text
    assert "".join(lines(log)).replace("x", "").replace("y", "") == "***" * made._piece


def test_what_was_written_down_takes_no_memory_and_the_next_keeper_goes_on(
    printing: tuple[int, Output, Path],
) -> None:
    writer, made, log = printing
    for number in range(20_000):
        os.write(writer, b"line %d\n" % number)
    made.take()
    made.close()
    memory = Path(made._path)
    assert memory.stat().st_blocks * 512 <= 4096
    os.write(writer, b"and on\n")
    another = Output(str(memory), str(log), [])
    another.take()
    another.close()
    assert lines(log) == [*(f"line {number}" for number in range(20_000)), "and on"]


def test_a_line_without_an_end_waits_until_the_instance_has_ended(printing: tuple[int, Output, Path]) -> None:
    writer, made, log = printing
    os.write(writer, b"whole\r\nno end")
    made.take()
    assert lines(log) == ["whole"]
    made.take(ended=True)
    assert lines(log) == ["whole", "no end"]


def test_what_comes_faster_than_it_can_be_written_is_left_out_and_counted(
    printing: tuple[int, Output, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, made, log = printing
    monkeypatch.setattr(output, "MOST_WAITING", 1000)
    os.write(writer, b"".join(b"line %03d %s\n" % (number, SECRET.encode()) for number in range(100)))
    made.take()
    said = lines(log)
    assert re.fullmatch(r"\[\d+ bytes are left out here: .*\]", said[0])
    assert said[-1] == "line 099 ***"
    assert all(re.fullmatch(r"line \d{3} \*\*\*", line) for line in said[1:])
    left_out = int(said[0][1:].split()[0])
    assert left_out + len(said[1:]) * (len(SECRET) + 10) + 1 == 100 * (len(SECRET) + 10)


def test_an_application_that_empties_its_output_is_heard_again(printing: tuple[int, Output, Path]) -> None:
    writer, made, log = printing
    os.write(writer, b"a long first line\n")
    made.take()
    os.ftruncate(writer, 0)
    os.write(writer, b"short\n")
    made.take()
    assert lines(log) == ["a long first line", "short"]


def test_each_moment_is_later_than_the_one_before_unless_the_clock_was_wrong() -> None:
    stamps = Stamps()
    said = [stamps.next(now) for now in (5_000_000, 5_000_000, 4_000_000, 9_000_000)]
    assert said == sorted(set(said))
    assert stamps.next(10_000_000_000) > said[-1]
    assert stamps.next(9_000_001) < stamps.next(10_000_000_000)


def test_a_log_is_turned_before_it_is_too_large_and_the_directory_stays_within_its_limit(tmp_path: Path) -> None:
    log = Segments(str(tmp_path / "one.log"))
    most = 100_000
    (tmp_path / "zero.log").write_bytes(b"of an instance that is gone " * 100)
    os.utime(tmp_path / "zero.log", (1, 1))
    for number in range(3000):
        log.append([b"%06d %s" % (number, b"x" * 60)], segments.room(1, most))
        segments.tidy(str(tmp_path), ["one.log"], most)
        sizes = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
        assert sum(sizes.values()) <= most
        assert sizes["one.log"] <= segments.room(1, most)
    said = lines(tmp_path / "one.log")
    assert said[-1].startswith("002999")
    assert [int(line[:6]) for line in said] == list(range(3000 - len(said), 3000)), "the oldest is dropped first"
    assert len(said) * 95 > most // 2 - segments.room(1, most)
    assert "zero.log" not in sizes


def test_many_instances_share_the_limit(tmp_path: Path) -> None:
    names = [f"{number}.log" for number in range(40)]
    most = 400_000
    logs = [Segments(str(tmp_path / name)) for name in names]
    for _ in range(60):
        for log in logs:
            log.append([b"x" * 500], segments.room(len(logs), most))
        segments.tidy(str(tmp_path), names, most)
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= most


def listened(house: House, name: str, line: str) -> Path:
    """An instance that runs this line of shell, and the log of what it prints."""
    spec = replace(house.spec(name, SECRET=SECRET), argv=["/bin/sh", "-c", line], masks=MASKS)
    house.keeper.ensure(spec, group=GROUP, epoch=1)
    return Path(spec.log)


def said(log: Path) -> list[str]:
    return lines(log) if log.exists() else []


def test_an_instance_is_heard_without_its_secret_on_any_disk(house: House) -> None:
    log = listened(house, "one", 'echo "key $SECRET"; printf "no end"; sleep 1000')
    house.eventually(lambda: said(log) == ["key ***"], "its line is kept")
    house.stop("one")
    assert said(log) == ["key ***", "no end"]
    assert not (house.places.runtime / "output" / "one").exists()
    for file in house.places.data.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file


def test_an_instance_prints_on_while_its_keeper_is_dead_and_nothing_is_lost(house: House) -> None:
    log = listened(house, "one", "n=0; while :; do n=$((n+1)); echo $n; sleep 0.01; done")
    house.eventually(lambda: len(said(log)) > 10, "it is heard")
    house.kill_keeper()
    before = len(said(log))
    raw = house.places.runtime / "output" / "one"
    size = raw.stat().st_size
    house.eventually(lambda: raw.stat().st_size > size + 50, "it goes on")
    house.keeper.start()
    house.eventually(lambda: len(said(log)) > before + 20, "it is heard again")
    house.stop("one")
    numbers = [int(line) for line in said(log)]
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1))


def test_an_instance_whose_memory_was_emptied_is_still_heard_by_the_next_keeper(house: House) -> None:
    log = listened(house, "one", "n=0; while :; do n=$((n+1)); echo $n; sleep 0.01; done")
    house.eventually(lambda: len(said(log)) > 10, "it is heard")
    (house.places.runtime / "output" / "one").unlink()
    before = len(said(log))
    house.eventually(lambda: len(said(log)) > before + 10, "it is heard all the same")
    house.kill_keeper()
    house.keeper.start()
    before = len(said(log))
    house.eventually(lambda: len(said(log)) > before + 10, "the next one hears it too")


@pytest.mark.parametrize("state", ["running", "backoff", "exited"])
def test_what_a_stranger_prints_who_got_the_number_is_not_touched(
    house: House, tmp_path: Path, state: str
) -> None:
    """Of an instance whose memory was emptied, and whose first process is gone."""
    log = listened(house, "one", "echo mine; sleep 1000")
    house.eventually(lambda: said(log) == ["mine"], "it is heard")
    house.kill_keeper()
    for pid in house.processes("one"):
        os.kill(pid, signal.SIGKILL)
    (house.places.runtime / "output" / "one").unlink()
    with (tmp_path / "theirs").open("w+") as theirs:
        stranger = subprocess.Popen(["sh", "-c", "echo theirs; exec sleep 1000"], stdout=theirs)
        try:
            house.eventually((tmp_path / "theirs").read_text, "the stranger has printed")
            written = house.places.instances / "one.json"
            changed = {"pid": stranger.pid, "state": state, "again_at": time.monotonic() + 1000}
            written.write_text(json.dumps({**json.loads(written.read_text()), **changed}))
            house.keeper.start()
            house.stop("one")
            assert (tmp_path / "theirs").read_text() == "theirs\n"
            assert "theirs" not in said(log)
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()


def test_what_an_instance_has_put_in_the_place_of_its_output_is_not_touched(house: House, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs\n")
    log = listened(house, "one", f"echo mine; exec >>{tmp_path / 'theirs'}; sleep 1000")
    house.eventually(lambda: said(log) == ["mine"], "it is heard")
    house.kill_keeper()
    (house.places.runtime / "output" / "one").unlink()
    house.keeper.start()
    house.stop("one")
    assert (tmp_path / "theirs").read_text() == "theirs\n"
    assert said(log) == ["mine"]


def test_what_an_instance_printed_before_it_ended_is_there_when_its_end_is_told(house: House) -> None:
    log = listened(house, "one", "echo last words; exit 3")
    house.eventually(lambda: house.state("one").restarts, "it ended")
    assert said(log)[0] == "last words"


def test_the_output_of_what_nobody_knows_is_removed(house: House) -> None:
    house.kill_keeper()
    stray = house.places.runtime / "output" / "gone"
    stray.parent.mkdir(exist_ok=True)
    stray.write_text(SECRET)
    house.keeper.start()
    assert not stray.exists()
