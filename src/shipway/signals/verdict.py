"""What the judge says: good, bad or not known, and the numbers it says it from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["good", "bad", "not known"]


@dataclass(frozen=True)
class Finding:
    """One thing that was compared: of `of` observations of each release, `count` were bad.

    `evidence` is an e-value: how many times likelier what was seen is if the new release is worse than if it is
    not. It may be looked at as often as one likes; by chance it exceeds N at most once in N comparisons.
    `beside`: both served in the same time. Otherwise the old release's numbers are from before, and what happened
    to the world in between counts against the new one.
    """

    what: str
    new_count: int
    new_of: int
    old_count: int
    old_of: int
    evidence: float
    beside: bool = True

    @property
    def new_share(self) -> float:
        return self.new_count / self.new_of if self.new_of else 0.0

    @property
    def old_share(self) -> float:
        return self.old_count / self.old_of if self.old_of else 0.0


@dataclass(frozen=True)
class Verdict:
    """`reason` is one sentence for people; `findings` the worst first."""

    kind: Kind
    reason: str
    findings: tuple[Finding, ...] = ()
