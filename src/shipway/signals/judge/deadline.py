"""What a step of a deployment does after a verdict: nothing waits for ever, and no data is never a pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shipway.signals.verdict import Verdict

LONGER = 120.0
"""Seconds by which a step lasts longer than it is to be held, at most, so that durations are compared: whoever has
few visitors waits no longer for what few of them say.
"""


@dataclass(frozen=True)
class Step:
    """`go on` to the next shares, `wait`, or `go back`; only a bad verdict quarantines."""

    act: Literal["go on", "wait", "go back"]
    quarantine: bool = False


def step(
    verdict: Verdict,
    *,
    heard: float,
    unheard: float,
    listens: float,
    waited: float,
    hold: float,
    deadline: float,
) -> Step:
    """Seconds since the step began: `heard` of its source, `waited` in all; `unheard` and `listens` as the
    judge says.

    A step lasts until its source was heard for `hold` seconds, and goes on whether the verdict is good or, for
    want of requests, not known. A source that is silent holds it. After `deadline` it goes back. While something
    speaks against the release it waits as well, for more requests to tell, and goes on at the deadline. Where
    durations will be compared soon, as requests come now, it waits for that.
    """
    if verdict.kind == "bad":
        return Step("go back", quarantine=True)
    waits = verdict.doubtful or soon(listens, waited=waited, hold=hold, deadline=deadline)
    if not unheard and heard >= hold and (not waits or waited >= deadline):
        return Step("go on")
    return Step("go back") if waited >= deadline else Step("wait")


def soon(listens: float, *, waited: float, hold: float, deadline: float) -> bool:
    """Whether durations are still to be compared, and will be in time."""
    return 0 < listens <= min(hold + LONGER, deadline) - waited
