"""Carries out a plan: each shift in order, the next one only when the router has confirmed the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from shipway.traffic.plan import Plan


class Shifts(Protocol):
    """What a plan is carried out on: the Proxy."""

    def shift(self, app: str, env: str, shares: Mapping[str, int], *, epoch: int) -> None: ...


def carry_out(plan: Plan, proxy: Shifts, app: str, env: str, *, epoch: int) -> None:
    """Moves the traffic of one environment; raises what `Proxy.shift` raises, then nothing further is moved."""
    for shift in plan.shifts:
        proxy.shift(app, env, shift.shares.of, epoch=epoch)
