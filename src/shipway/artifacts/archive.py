"""The archive an artifact is kept in: a plain tar, in one order, with nothing of this machine in it."""

from __future__ import annotations

from shipway.errors import OwnerError, UserError

MOST_ENTRIES = 100_000
MOST_BYTES = 2 << 30
CHUNK = 1 << 20  # bytes read and written at a time


class TooLarge(UserError):
    """What was built is more than an artifact may be."""

    id = "artifacts.too_large"
    default_hint = "Keep what is not needed to run out of it with `build.exclude`, or ship less with `build.root`."


class Unpackable(UserError):
    """What was built holds something an artifact cannot hold."""

    id = "artifacts.unpackable"


class Damaged(OwnerError):
    """The archive is not the one that was published: nothing of it is used."""

    id = "artifacts.damaged"
    default_hint = "Build it anew, as a branch of its own: git push shipway COMMIT:refs/heads/again"
