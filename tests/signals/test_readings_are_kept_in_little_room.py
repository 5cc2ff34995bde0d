"""Three rings of each environment: bounded, coarser the longer ago, whole after whatever happened."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.signals import encoding, history
from shipway.signals.history import LIMITS, LOOKS, MINUTES, TENS, History
from shipway.signals.reading import Reading, total
from shipway.signals.ring import Ring
from shipway.traffic.tally import BOUNDS, Tally

START = 1_800_000_000.0


def reading(
    at: float, requests: int = 5, *, release: int = 1, heard: bool = True, seconds: float = 1.0
) -> Reading:
    durations = [0] * (len(BOUNDS) + 1)
    durations[7], durations[len(BOUNDS)] = requests, requests // 5
    tally = Tally((0, requests, 0, 0, requests // 5), tuple(durations))
    return Reading(at, seconds, f"shop.prod.r{release}", tally, 3, heard)


def written(directory: Path, seconds: int, **how) -> History:
    """One reading a second."""
    made = History("shop.prod", directory)
    for second in range(1, seconds + 1):
        made.add([reading(START + second, **how)])
    return made


def size(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())


@pytest.mark.parametrize("requests", [0, 1, 127, 128, 1_000_000])
@pytest.mark.parametrize("heard", [True, False])
def test_a_reading_is_read_as_it_was_written(requests: int, heard: bool) -> None:
    one = reading(START + 0.123, requests, heard=heard, seconds=0.25)
    assert encoding.decode("shop.prod", encoding.encode(one)) == one


def test_the_busiest_reading_fits() -> None:
    durations = tuple(2**40 + i for i in range(len(BOUNDS) + 1))
    one = Reading(START, 1.0, "shop.prod.r1", Tally((2**40,) * 5, durations), 2**40, True)
    assert encoding.decode("shop.prod", encoding.encode(one)) == one


def test_bytes_that_are_no_reading_are_refused() -> None:
    for text in (b"", b"\x80", b"\x01\x02", encoding.encode(reading(START)) + b"\x01"):
        with pytest.raises(ValueError, match=r"."):
            encoding.decode("shop.prod", text)


def test_what_was_read_can_be_asked_for_between_two_moments(tmp_path: Path) -> None:
    kept = written(tmp_path / "s", 30)
    found = kept.readings("shop.prod.r1", START + 10, START + 20)
    assert [one.at for one in found] == [START + second for second in range(11, 21)]
    assert found[0] == reading(START + 11)
    assert kept.readings("shop.prod.r2", START, START + 30) == []


def test_a_new_process_reads_what_another_one_wrote(tmp_path: Path) -> None:
    written(tmp_path / "s", 30)
    assert len(History("shop.prod", tmp_path / "s").readings("shop.prod.r1", START)) == 30


def test_the_longer_ago_the_coarser_and_the_sum_stays(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(history.LIMITS, LOOKS, 2_000)
    monkeypatch.setitem(history.LIMITS, TENS, 2_000)
    kept = written(tmp_path / "s", 3600)
    found = kept.readings("shop.prod.r1", START)
    lengths = [round(one.seconds) for one in found]
    assert lengths == sorted(lengths, reverse=True)
    assert set(lengths) == {60, 10, 1}
    assert 3600 - 70 <= sum(lengths) <= 3600
    assert total(found).requests == 6 * sum(lengths)


def test_steps_were_heard_only_if_every_look_was(tmp_path: Path) -> None:
    kept = History("shop.prod", tmp_path / "s")
    for second in range(1, 32):
        kept.add([reading(START + second, heard=second != 15)])
    assert [one.heard for one in kept.steps(TENS, START)] == [True, False, True]


def test_a_week_of_two_busy_releases_stays_within_the_bound(tmp_path: Path) -> None:
    """Every ring is filled several times over, with latencies all over the place."""
    kept, chance = History("shop.prod", tmp_path / "s"), random.Random(1)
    heavy = [
        Tally((0, 900, 0, 0, 10), tuple(chance.randrange(300) for _ in range(len(BOUNDS) + 1))) for _ in range(20)
    ]
    for minute in range(1, 5_500):
        step = minute * 60.0
        kept.add([Reading(START + step, 1.0, f"shop.prod.r{n}", chance.choice(heavy), 9, True) for n in (1, 2)])
    for name, limit in LIMITS.items():
        there = [path.stat().st_size for path in (tmp_path / "s").glob(f"{name}*")]
        assert len(there) == 2
        assert max(there) <= limit
    assert size(tmp_path / "s") <= 6 * 1024 * 1024


def test_looks_of_two_busy_releases_reach_back_a_quarter_of_an_hour(tmp_path: Path) -> None:
    """At four looks a second, each with forty different durations."""
    durations = tuple(20 if place < 40 else 0 for place in range(len(BOUNDS) + 1))
    busy = Tally((0, 800, 0, 3, 2), durations)
    each = len(encoding.encode(Reading(START, 0.25, "shop.prod.r1000", busy, 9, True))) + 8
    assert 15 * 60 * 4 * 2 * each <= LIMITS[LOOKS]


def tears() -> Iterator[tuple[str, object]]:
    yield "cut", lambda text: text[:-3]
    yield "cut to its head", lambda text: text[:-40]
    yield "one byte wrong", lambda text: text[:-20] + bytes([text[-20] ^ 1]) + text[-19:]
    yield "zeros behind", lambda text: text + bytes(4096)
    yield "noise behind", lambda text: text + random.Random(2).randbytes(100)


@pytest.mark.parametrize(("tear"), [tear for _, tear in tears()], ids=[name for name, _ in tears()])
def test_a_torn_end_is_dropped_and_nothing_else(tmp_path: Path, tear) -> None:
    written(tmp_path / "s", 20)
    file = tmp_path / "s" / LOOKS
    file.write_bytes(tear(file.read_bytes()))
    kept = History("shop.prod", tmp_path / "s")
    before = kept.readings("shop.prod.r1", START)
    assert before == [reading(START + second) for second in range(1, len(before) + 1)]
    assert len(before) >= 18
    kept.add([reading(START + 40)])
    assert kept.readings("shop.prod.r1", START) == [*before, reading(START + 40)]


def test_every_length_of_a_file_that_breaks_off_can_be_read(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "ring", 10_000)
    ring.append([b"a" * 40, b"b" * 40, b"c" * 40])
    whole = (tmp_path / "ring").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "ring").write_bytes(whole[:length])
        ring = Ring(tmp_path / "ring", 10_000)
        kept = length // (len(whole) // 3)
        assert list(ring.newest_first()) == [b"c" * 40, b"b" * 40, b"a" * 40][3 - kept :]
        ring.append([b"d" * 40])
        assert next(ring.newest_first()) == b"d" * 40


def test_a_full_disk_leaves_the_record_whole(tmp_path: Path, monkeypatch) -> None:
    ring = Ring(tmp_path / "ring", 10_000)
    ring.append([b"a" * 40])
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, text: write(handle, text[:10]))
    with pytest.raises(OSError, match="only 10 of 48 bytes"):
        ring.append([b"b" * 40])
    monkeypatch.undo()
    assert list(ring.newest_first()) == [b"a" * 40]

    def full(_handle: int, _text: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        ring.append([b"b" * 40])
    monkeypatch.undo()
    ring.append([b"c" * 40])
    assert list(ring.newest_first()) == [b"c" * 40, b"a" * 40]


def test_a_process_that_was_killed_loses_no_step(tmp_path: Path) -> None:
    """Each History is a process that ends without a word."""
    for second in range(1, 187):
        History("shop.prod", tmp_path / "s").add([reading(START + second)])
    kept = History("shop.prod", tmp_path / "s")
    assert [one.tally.requests for one in kept.steps(TENS, START)] == [60] * 18
    assert [one.tally.requests for one in kept.steps(MINUTES, START)] == [360] * 3


def test_a_clock_that_jumps_costs_no_reading_and_no_room(tmp_path: Path) -> None:
    kept = written(tmp_path / "s", 100)
    for at in (START + 10**7, START - 10**7, START + 50, START + 200):
        kept.add([reading(at)])
    assert len(kept.readings("shop.prod.r1", 0.0)) == 104
    assert kept.readings("shop.prod.r1", START + 100, START + 300) == [reading(START + 200)]
    assert sum(one.tally.requests for one in kept.steps(TENS, 0.0)) == 6 * 103
