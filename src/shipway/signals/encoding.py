"""Readings as bytes: a release that rests takes some 20 of them, a busy one about a hundred."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from shipway.signals.reading import Reading
from shipway.traffic.tally import Tally

HEARD = 1
CLASSES = len(Tally().classes)
DURATIONS = len(Tally().durations)


def number_of(release: str) -> int:
    """3 for `topup.prod.r3`."""
    return int(release.rpartition(".r")[2])


def encode(reading: Reading) -> bytes:
    """Whole numbers, each in as few bytes as it needs (LEB128): milliseconds, and of durations only those there
    were, each with how many bounds lie between it and the one before."""
    tally = reading.tally
    numbers = [
        number_of(reading.release),
        max(0, round(reading.at * 1000)),
        max(0, round(reading.seconds * 1000)),
        HEARD if reading.heard else 0,
        reading.in_flight,
        *tally.classes,
    ]
    last = 0
    for place, count in enumerate(tally.durations):
        if count:
            numbers += (place - last, count)
            last = place
    return b"".join(map(_varint, numbers))


def decode(environment: str, text: bytes) -> Reading:
    """The reading of a release of `environment` (`topup.prod`). Raises ValueError for anything else."""
    numbers = list(_numbers(text))
    if len(numbers) < 5 + CLASSES or (len(numbers) - 5 - CLASSES) % 2:
        raise ValueError("no reading ends there")
    release, at, seconds, flags, in_flight = numbers[:5]
    classes, rest = tuple(numbers[5 : 5 + CLASSES]), numbers[5 + CLASSES :]
    tally = Tally(classes, _durations(rest) if rest else Tally().durations)
    name = f"{environment}.r{release}"
    return Reading(at / 1000, seconds / 1000, name, tally, in_flight, bool(flags & HEARD))


def head(text: bytes) -> tuple[int, float, float]:
    """Of which release, when it ends and how many seconds it covers, without reading the rest."""
    release, at, seconds = islice(_numbers(text), 3)
    return release, at / 1000, seconds / 1000


def _durations(pairs: list[int]) -> tuple[int, ...]:
    durations = [0] * DURATIONS
    place = 0
    for gap, count in zip(pairs[::2], pairs[1::2], strict=True):
        place += gap
        if place >= DURATIONS:
            raise ValueError("there is no such duration")
        durations[place] = count
    return tuple(durations)


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _numbers(text: Iterable[int]) -> Iterator[int]:
    number = shift = 0
    for byte in text:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield number
            number = shift = 0
    if shift:
        raise ValueError("a number breaks off")
