"""Ways for a release to take over: a file per strategy, found by its name in shipway.yml."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from shipway.traffic.plan import Plan


def plan(strategy: str, serving: Mapping[str, int], new: str) -> Plan:
    """How `new` takes over from the clusters that serve now (cluster to share of 100)."""
    found: Plan = import_module(f"{__name__}.{strategy}").plan(serving, new)
    return found
