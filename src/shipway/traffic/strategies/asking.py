"""Most requests back to the release before, which is still warm, to hear whether it is the new one or the world.

No way for a release to take over, so no name in shipway.yml: it begins once the new one has everything.
"""

from __future__ import annotations

from shipway.traffic.plan import Judged, Plan, Shares, Shift, Takeover

KEPT = 25
"""Of 100 requests the new release keeps so many: by simulation as soon as with half, with fewer that fail."""
HOLD, DEADLINE = 10.0, 60.0


def plan(takeover: Takeover) -> Plan:
    """A share to `before`, and everything to the new one again when the answer was heard."""
    asked = Shares({takeover.new: KEPT, takeover.before: 100 - KEPT})
    return Plan((Shift(asked), Shift(Shares({takeover.new: 100}), Judged(HOLD, DEADLINE))))
