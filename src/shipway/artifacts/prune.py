"""What nobody can need any more goes: files of old artifacts, and the work trees of runs that are over."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from shipway.artifacts import candidate, shelf
from shipway.config.places import Places
from shipway.pipelines import checkout
from shipway.state import artifacts, runs
from shipway.state.database import Database

LAST_RELEASES = 5  # of each environment: as far as anybody goes back (BARS R10)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
FRESH = 86400.0  # seconds in which an artifact is kept because it may still be on its way
LEFTOVER = 3600.0  # seconds after which a file that no record names is nobody's


def prune(database: Database, places: Places) -> None:
    """Deletes the files of artifacts that neither serve, nor are among the last releases, nor are on their way.

    The record of them stays. It is written before anything is deleted, so what the record calls present is.
    """
    _prune_artifacts(database, places)
    _prune_unknown(database, places)
    _clear_runs(database, places)


def _prune_artifacts(database: Database, places: Places) -> None:
    with database.read() as conn:
        old = artifacts.not_needed(conn, LAST_RELEASES, FRESH)
    for artifact in old:
        with shelf.locked(places, artifact.digest):
            with database.write() as conn:
                if artifact not in artifacts.not_needed(conn, LAST_RELEASES, FRESH):
                    continue  # a deployment of it was ordered since
                artifacts.prune(conn, artifact)
                still_named = any(other.digest == artifact.digest for other in artifacts.present(conn))
            if not still_named:
                _delete(places, artifact.digest)


def _prune_unknown(database: Database, places: Places) -> None:
    """Files that a crash left between the disk and the record."""
    with database.read() as conn:
        known = {artifact.digest for artifact in artifacts.present(conn)}
    for path in _files(places.artifacts):
        digest = path.name.lstrip(".").partition(".")[0]
        if digest in known or not _DIGEST.fullmatch(digest) or _age(path) < LEFTOVER:
            continue
        with shelf.locked(places, digest), database.read() as conn:
            if all(artifact.digest != digest for artifact in artifacts.present(conn)):
                checkout.remove(path)


def _clear_runs(database: Database, places: Places) -> None:
    """Logs stay; the trees that steps and build worked in are of no use once their run is over."""
    for home in _files(places.data / "runs"):
        built = candidate.directory(places, home.name)
        trees = [path for path in (home / "tree", home / "tree.tmp", built) if path.exists()]
        if trees:
            with database.read() as conn:
                run = runs.find(conn, home.name)
            if run is None or run.over:
                for tree in trees:
                    checkout.remove(tree)


def _delete(places: Places, digest: str) -> None:
    for path in (shelf.tree(places, digest), shelf.copies(places) / digest, shelf.archive(places, digest)):
        checkout.remove(path)
    for name in (f"{digest}.json", f"{digest}.unpacked"):
        (places.artifacts / name).unlink(missing_ok=True)


def _age(path: Path) -> float:
    """Seconds since it was put there; nothing for what is gone meanwhile."""
    try:
        return time.time() - path.lstat().st_ctime
    except FileNotFoundError:
        return 0.0


def _files(directory: Path) -> Iterator[Path]:
    if directory.exists():
        yield from list(directory.iterdir())
