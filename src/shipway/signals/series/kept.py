"""The series of one environment on the disk: which there are, and their steps, the longer ago the coarser."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shipway.signals.ring import Ring
from shipway.signals.series.series import Series, Value

TENS, MINUTES = "tens", "minutes"
STEPS = {TENS: 10, MINUTES: 60}
LIMITS = {TENS: 2 * 1024 * 1024, MINUTES: 3 * 1024 * 1024}
"""Bytes of each of a ring's two files."""

CATALOG = 1000
"""Series that are known by name, those of steps that are long over among them."""

PART = 48 * 1024  # bytes of a record before it is packed: packed it fits into a ring, whatever is in it
_AT = struct.Struct("<d")
_OF = struct.Struct("<IH")  # the number of a series, and how many parts its value has


class Kept:
    """Files of `directory`: 10 MiB of steps at most, and a catalog of CATALOG series at most (4 MB, were each as
    long as it may be).
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._catalog = directory / "series.json"
        self._rings = {name: Ring(directory / f"series.{name}", limit) for name, limit in LIMITS.items()}

    def catalog(self) -> dict[int, tuple[Series, float]]:
        """The known series by their numbers, each with when it was heard last (unix seconds)."""
        try:
            told = json.loads(self._catalog.read_text())
            return {int(one["id"]): (_series(one), float(one["seen"])) for one in told}
        except (FileNotFoundError, ValueError, KeyError, TypeError):  # none yet, or cut off by a loss of power
            return {}

    def write_catalog(self, catalog: Mapping[int, tuple[Series, float]]) -> None:
        """Those that were heard last stay known. Raises OSError."""
        newest = sorted(catalog.items(), key=lambda item: item[1][1])[-CATALOG:]
        told = [{"id": number, "seen": seen, **_shape(series)} for number, (series, seen) in newest]
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self._catalog.with_suffix(".new")
        beside.write_text(json.dumps(told, ensure_ascii=False))
        beside.replace(self._catalog)

    def write(self, ring: str, at: float, values: Mapping[int, Value]) -> None:
        """A step that ended at a moment. Raises OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._rings[ring].append([zlib.compress(part, 1) for part in _parts(at, values)])

    def steps(self, ring: str, since: float, wanted: Collection[int]) -> list[tuple[float, int, Value]]:
        """What ended after `since`, oldest first: when, of which series, its value."""
        found: list[tuple[float, int, Value]] = []
        for record in self._rings[ring].newest_first():
            text = zlib.decompress(record)
            (at,) = _AT.unpack_from(text)
            if at <= since:
                break
            found += [(at, number, value) for number, value in _values(text) if number in wanted]
        return found[::-1]


def _parts(at: float, values: Mapping[int, Value]) -> Iterator[bytes]:
    text = _AT.pack(at)
    for number, value in values.items():
        text += _OF.pack(number, len(value)) + struct.pack(f"<{len(value)}d", *value)
        if len(text) > PART:
            yield text
            text = _AT.pack(at)
    if len(text) > _AT.size:
        yield text


def _values(text: bytes) -> Iterator[tuple[int, Value]]:
    at = _AT.size
    while at < len(text):
        number, length = _OF.unpack_from(text, at)
        at += _OF.size
        yield number, struct.unpack_from(f"<{length}d", text, at)
        at += 8 * length


def _series(told: Mapping[str, Any]) -> Series:
    labels = tuple((str(name), str(value)) for name, value in told["labels"])
    bounds: Sequence[float] = told["bounds"]
    return Series(told["name"], told["kind"], told["unit"], labels, told["release"], tuple(bounds))


def _shape(series: Series) -> dict[str, Any]:
    return {
        "name": series.name,
        "kind": series.kind,
        "unit": series.unit,
        "labels": series.labels,
        "release": series.release,
        "bounds": series.bounds,
    }
