"""Ids that sort by the time they were made."""

from __future__ import annotations

from ulid import ULID


def new() -> str:
    """A new id of 26 characters (a ULID); not a secret."""
    return str(ULID()).lower()
