"""A few requests first, then more, each share judged beside the release that serves the rest."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.traffic.plan import FEW, Healthy, Judged, Plan, Shares, Shift, Takeover

HALF = 50


def plan(takeover: Takeover) -> Plan:
    """Step by step, from the share the new release has already, however few people come by now; at once where
    nothing serves beside it.
    """
    beside = {name: share for name, share in takeover.serving.items() if share and name != takeover.new}
    if not beside:
        return Plan((Shift(Shares({takeover.new: 100})),))
    old = takeover.before if takeover.before in beside else max(beside, key=lambda name: beside[name])
    reached = takeover.serving.get(takeover.new, 0)
    stands = [reached] if reached else []
    shares = stands + [step for step in _steps(takeover) if step > reached]
    moves = [Shares({takeover.new: share, old: 100 - share}) for share in shares] + [Shares({takeover.new: 100})]
    judged = Judged(takeover.hold, takeover.deadline)
    first = Healthy() if shares else judged
    return Plan(tuple(Shift(move, first if number == 0 else judged) for number, move in enumerate(moves)))


def _steps(takeover: Takeover) -> Sequence[int]:
    if takeover.rate >= FEW:
        return takeover.steps
    return [step for step in takeover.steps if step >= HALF] or [HALF]
