"""What a build has packed and nobody has published: it lies with its run until the run is green."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from shipway.artifacts import packing, shelf
from shipway.config.places import Places


@dataclass(frozen=True)
class Candidate:
    """`digest` and `size` (bytes) of the archive, and the interpreter it runs with, if it needs one."""

    digest: str
    size: int
    python: str | None


def directory(places: Places, run: str) -> Path:
    """Where a run builds."""
    return places.run(run) / "build"


def packed_in(places: Places, run: str) -> Path:
    """The archive that the run's build packs."""
    return directory(places, run) / "archive.tar"


def pack(
    places: Places,
    run: str,
    tree: Path,
    *,
    left_out: Callable[[str], bool],
    mtime: float,
    python: Path | None,
) -> Candidate:
    """Packs `tree` while the steps still run; once this has returned, `find` knows it.

    Packing is what takes time, and publishing what waits for the steps: so publishing only renames.
    """
    target = packed_in(places, run)
    target.unlink(missing_ok=True)
    packed = packing.pack(tree, target, left_out=left_out, mtime=mtime)
    made = Candidate(packed.digest, packed.size, None if python is None else str(python))
    shelf.write(_record(places, run), json.dumps(asdict(made)))
    return made


def find(places: Places, run: str) -> Candidate | None:
    """What the run's build has packed; None before it is done."""
    try:
        return Candidate(**json.loads(_record(places, run).read_bytes()))
    except FileNotFoundError:
        return None


def _record(places: Places, run: str) -> Path:
    return directory(places, run) / "packed.json"
