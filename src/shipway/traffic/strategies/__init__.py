"""Ways for a release to take over: a file per strategy, found by its name in shipway.yml."""

from __future__ import annotations

from importlib import import_module

from shipway.traffic.plan import Plan, Takeover


def plan(strategy: str, takeover: Takeover) -> Plan:
    """The moves by which the new release takes over from the clusters that serve now."""
    found: Plan = import_module(f"{__name__}.{strategy}").plan(takeover)
    return found
