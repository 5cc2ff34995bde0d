"""What an environment answered in the last seconds, and whether it fails: kept in mind, no file is read for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shipway.signals.reading import Reading
from shipway.signals.summary import Summary, side_by_side, summary

SECONDS = 10.0
LEAST = 5  # failed requests in that time, below which nothing is said to fail
BEGINS, ENDS = 0.5, 0.25
"""Above which share of its requests it begins to fail, and at which it is over: one that fails every other request
(one of two instances is broken) would else be said to fail and to be well again at every other look."""


@dataclass(frozen=True)
class Lately:
    """`looks` are of all releases as one, oldest first, without those in which nothing was heard."""

    looks: Sequence[Reading] = ()
    failing: bool = False

    def after(self, look: Iterable[Reading], at: float) -> Lately:
        """With what one more look at `at` (seconds since 1970) says of each release."""
        heard = side_by_side(one for one in look if one.heard)
        kept = [one for one in self.looks if one.at > at - SECONDS]
        looks = kept if heard is None else [*kept, heard]
        return Lately(looks, _fails(looks, self.failing))

    @property
    def answers(self) -> Summary | None:
        """All of it together; None where nothing was heard."""
        return summary(self.looks) if self.looks else None


def _fails(looks: Sequence[Reading], failed: bool) -> bool:
    """Asked at every look of every environment, so no durations are added up for it."""
    errors, requests = sum(one.tally.errors for one in looks), sum(one.tally.requests for one in looks)
    share = errors / requests if requests else 0.0
    return share > ENDS if failed else errors >= LEAST and share > BEGINS
