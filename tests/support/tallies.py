"""Readings written by hand."""

from __future__ import annotations

from bisect import bisect_left

from shipway.traffic.tally import BOUNDS, Tally


def tally(requests: int, failed: int = 0, milliseconds: int = 40) -> Tally:
    """So many requests, of which some failed, all answered after the same time."""
    place = bisect_left(BOUNDS, milliseconds)
    durations = tuple(requests if at == place else 0 for at in range(len(BOUNDS) + 1))
    return Tally((0, requests - failed, 0, 0, failed), durations)
