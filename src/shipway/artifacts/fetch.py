"""Bringing an artifact to where it runs: verified while it is unpacked, read-only, kept once."""

from __future__ import annotations

from pathlib import Path

from shipway.artifacts import shelf, unpacking
from shipway.artifacts.archive import Damaged
from shipway.config.places import Places
from shipway.errors import OwnerError
from shipway.hosts.supervisor.claim import boot
from shipway.pipelines import checkout


class Missing(OwnerError):
    """The archive of an artifact is not on this machine."""

    id = "artifacts.missing"
    default_hint = "Build it anew, as a branch of its own: git push shipway COMMIT:refs/heads/again"


def unpack(places: Places, digest: str) -> Path:
    """The directory with the artifact's content, which nobody changes; raises Missing and Damaged.

    It appears whole: it is made beside its place and renamed. Nothing of it is synced, because the archive is:
    a directory unpacked before the machine was last started may be torn, and is unpacked again. By then no
    instance runs that could be using it. Many may call this at the same time.
    """
    tree = shelf.tree(places, digest)
    with shelf.locked(places, digest):
        if not _whole(places, digest):
            _unpack(places, digest, tree)
    return tree


def take_over(places: Places, digest: str, unpacked: Path) -> None:
    """Makes `unpacked`, which was unpacked from this archive in this boot, what `unpack` finds; holds the lock."""
    if unpacked.exists() and not shelf.tree(places, digest).exists():
        _put_in_place(places, digest, unpacked)


def _whole(places: Places, digest: str) -> bool:
    proof = shelf.proof(places, digest)
    return shelf.tree(places, digest).exists() and proof.exists() and proof.read_text() == boot()


def _unpack(places: Places, digest: str, tree: Path) -> None:
    kept, beside = shelf.archive(places, digest), places.artifacts / f".{digest}.new"
    if not kept.exists():
        raise Missing(f"The archive of artifact {digest[:12]} is not there.")
    for old in (beside, tree):
        checkout.remove(old)
    beside.mkdir(mode=0o755)
    try:
        unpacking.unpack(kept, digest, beside)
    except Damaged:
        checkout.remove(beside)
        raise
    _put_in_place(places, digest, beside)


def _put_in_place(places: Places, digest: str, unpacked: Path) -> None:
    """The proof comes after the tree: without it the tree is taken for one of another boot."""
    proof = shelf.proof(places, digest)
    proof.unlink(missing_ok=True)
    unpacked.rename(shelf.tree(places, digest))
    shelf.write(proof, boot())
