"""One thing that happened to a commit, with the fact that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.web.shares import Move


@dataclass(frozen=True)
class Chip:
    """A step of a run; `seconds` is how long it took, None while it is under way."""

    name: str
    state: str
    seconds: float | None
    since: float | None
    address: str


@dataclass(frozen=True)
class Moment:
    """`at` is in seconds since 1970, `fact` the id of the fact that the words come from; `address` leads closer.

    `state` is one of the states that pages have a shape for. `lines` are what stands behind the words, as it was
    written; `shares` what a release on trial had of 100 requests since when, `release` its id.
    """

    at: float
    kind: str
    state: str
    title: str
    says: str = ""
    fact: int | None = None
    environment: str | None = None
    address: str | None = None
    lines: Sequence[str] = ()
    steps: Sequence[Chip] = ()
    shares: Sequence[Move] = ()
    release: str | None = None
