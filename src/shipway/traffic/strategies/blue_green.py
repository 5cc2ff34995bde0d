"""All requests at once, from the release that serves to the one beside it."""

from __future__ import annotations

from shipway.traffic.plan import Plan, Shares, Shift, Takeover


def plan(takeover: Takeover) -> Plan:
    """One shift of everything to `new`, also when it serves by the record: the router may not know of it yet."""
    return Plan((Shift(Shares({takeover.new: 100})),))
