"""The lines that an environment's applications send, beside what its instances print: a file of a fixed size."""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from shipway.config.places import Places

LIMIT = 8 * 1024 * 1024
"""Bytes of each of two files: the one that grows, and the one before it."""

_locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


def file(places: Places, application: str, environment: str) -> Path:
    """The one that grows; the one before it has `.before` at its end."""
    return places.environment(application, environment) / "logs" / "sent.jsonl"


def append(path: Path, lines: Sequence[Mapping[str, Any]], limit: int = LIMIT) -> None:
    """Adds lines, each one object of JSON; when a file would become larger than `limit` bytes, it becomes the one
    before. Raises OSError.
    """
    text = b"".join(json.dumps(line, ensure_ascii=False).encode(errors="replace") + b"\n" for line in lines)
    with _locks[path]:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size + len(text) > limit:
            os.replace(path, path.with_name(f"{path.name}.before"))
        with path.open("ab") as opened:
            opened.write(text)


def newest_last(path: Path) -> Iterator[dict[str, Any]]:
    """Every line that is whole, in the order in which they came."""
    for one in (path.with_name(f"{path.name}.before"), path):
        if not one.exists():
            continue
        with one.open("rb") as opened:
            for text in opened:
                try:
                    yield json.loads(text)
                except ValueError:  # cut off by a loss of power
                    continue
