"""What a build has packed and nobody has published: it lies with its run until the run is green."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from shipway.artifacts import packing, shelf, unpacking
from shipway.config.places import Places
from shipway.hosts.supervisor.claim import boot
from shipway.pipelines import checkout


@dataclass(frozen=True)
class Candidate:
    """`digest` and `size` (bytes) of the archive, the interpreter it runs with, if it needs one, and the boot it
    was packed in.
    """

    digest: str
    size: int
    python: str | None
    boot: str


def directory(places: Places, run: str) -> Path:
    """Where a run builds."""
    return places.run(run) / "build"


def packed_in(places: Places, run: str) -> Path:
    """The archive that the run's build packs."""
    return directory(places, run) / "archive.tar"


def unpacked_in(places: Places, run: str) -> Path:
    """The same unpacked, for a run that is to be delivered; whole only in the boot it was packed in."""
    return directory(places, run) / "unpacked"


def pack(
    places: Places,
    run: str,
    tree: Path,
    *,
    left_out: Callable[[str], bool],
    mtime: float,
    python: Path | None,
    unpacked: bool,
) -> Candidate:
    """Packs `tree`, and unpacks the archive, while the steps still run; then `find` knows it.

    This is what takes time, and publishing is what waits for the steps: so publishing only renames.
    """
    target, again = packed_in(places, run), unpacked_in(places, run)
    checkout.remove(target)
    checkout.remove(again)
    packed = packing.pack(tree, target, left_out=left_out, mtime=mtime)
    if unpacked:
        again.mkdir(mode=0o755)
        unpacking.unpack(target, packed.digest, again)
    made = Candidate(packed.digest, packed.size, None if python is None else str(python), boot())
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
