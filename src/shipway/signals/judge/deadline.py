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


@dataclass(frozen=True)
class Clocks:
    """The seconds by which it is decided how a step goes on. Since it began: `heard` of its source, `waited` in
    all, as it is to be for `hold` at least and `deadline` at most; `unheard`, `listens` and `unknown` as the judge
    says.
    """

    heard: float
    unheard: float
    listens: float
    waited: float
    hold: float
    deadline: float
    unknown: tuple[str, ...] = ()

    @property
    def longest(self) -> float:
        """The seconds for which the step may last so that durations are compared."""
        return min(self.hold + LONGER, self.deadline)

    @property
    def compare_soon(self) -> bool:
        """Whether durations are still to be compared, and will be in time."""
        return 0 < self.listens <= self.longest - self.waited


def step(verdict: Verdict, at: Clocks) -> Step:
    """A step lasts until its source was heard for `hold` seconds, and goes on whether the verdict is good or, for
    want of requests, not known. A source that is silent holds it. After `deadline` it goes back. While something
    speaks against the release it waits as well, for more requests to tell, and goes on at the deadline. Where
    durations will be compared soon, as requests come now, it waits for that.
    """
    if verdict.kind == "bad":
        return Step("go back", quarantine=True)
    late = at.waited >= at.deadline
    if not at.unheard and at.heard >= at.hold and (late or not (verdict.doubtful or at.compare_soon)):
        return Step("go on")
    return Step("go back") if late else Step("wait")
