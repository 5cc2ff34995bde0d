"""Whether more of the new release's requests are bad than of the old one's, served at the same time.

The router deals requests out by chance. Had the releases been equal, whatever was going to happen to a request
would have happened on either side, so a bad request lies with the new release no more often than a good one, nor
than the share says that the router was told: that, and nothing about the world, is what is bet against, in two
ways at once. See docs/concepts/judge.md for the proof.

    block by block   the bad and the good requests of so many: says most, and waits until they have come
    at once          the bad requests alone, as they are seen
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from shipway.signals.judge.dealing import Dealing
from shipway.signals.judge.wager import Wager
from shipway.signals.verdict import Finding

LOG_MOST = 690.0

AT_ONCE = 0.4
"""The part of the stake that is bet at once: three bad requests of three, a tenth being dealt to the new release,
then decide as soon as they are seen.
"""
BEYOND = ((0.7, 0.97), (0.3, 0.8))
"""Alternatives to the share of bad requests that is dealt to the new release, weighted: so much of the way from
there to all of them.
"""


@dataclass(frozen=True)
class Table:
    """Of `of` requests of each release `bad` were bad."""

    old_bad: int = 0
    old_of: int = 0
    new_bad: int = 0
    new_of: int = 0

    def __add__(self, other: Table) -> Table:
        return Table(
            self.old_bad + other.old_bad,
            self.old_of + other.old_of,
            self.new_bad + other.new_bad,
            self.new_of + other.new_of,
        )

    @property
    def of(self) -> int:
        return self.old_of + self.new_of

    @property
    def bad(self) -> int:
        return self.old_bad + self.new_bad


@dataclass(frozen=True)
class More:
    """An alternative: this much more of all requests is bad (0 to 1)."""

    much: float

    def of(self, usual: float) -> tuple[float, float]:
        """The shares that are bad, of the old release and of the new one."""
        old = min(max(usual, self.much / 100), 0.98)
        return old, old + self.much * (0.99 - old)


def factor(table: Table, share: float, old: float, new: float) -> float:
    """How many times likelier it is that the bad requests lie where they lie if `old` and `new` are the shares
    that are bad and `share` of all goes to the new release, than if good and bad were dealt out alike.
    """
    good = table.of - table.bad
    of_bad = share * new / (share * new + (1 - share) * old)
    of_good = share * (1 - new) / (share * (1 - new) + (1 - share) * (1 - old))
    alike = (table.bad * of_bad + good * of_good) / table.of
    return exp(
        min(
            table.new_bad * log(of_bad / alike)
            + table.old_bad * log((1 - of_bad) / (1 - alike))
            + (table.new_of - table.new_bad) * log(of_good / alike)
            + (table.old_of - table.old_bad) * log((1 - of_good) / (1 - alike)),
            LOG_MOST,
        )
    )


def factor_of_bad(table: Table, share: float, old: float, new: float) -> float:
    """The same of the bad requests alone, if it is known that `share` of them is dealt to the new release."""
    return factor_beyond(table, share, share * new / (share * new + (1 - share) * old))


def factor_beyond(table: Table, share: float, of_bad: float) -> float:
    """The same if `of_bad` of the bad requests lie with the new release."""
    weighed = table.new_bad * log(of_bad / share) + table.old_bad * log((1 - of_bad) / (1 - share))
    return exp(min(weighed, LOG_MOST))


class Beside:
    """Bets on the bad requests at once, and on all of them block by block. A block ends by its number of requests,
    never by who got the bad ones.
    """

    def __init__(self, alternatives: Sequence[tuple[float, More]]) -> None:
        self._at: defaultdict[float, Table] = defaultdict(Table)
        self._alternatives = [alternative for _, alternative in alternatives]
        self._wager = Wager([weight for weight, _ in alternatives])
        self._at_once = Wager([weight for weight, _ in BEYOND])
        self._block = Table()
        self._usual = 0.0
        self._dealing = Dealing()

    def finding(self, what: str) -> Finding:
        return self._told(what, sum(self._at.values(), Table()))

    def at_each_share(self, what: str) -> Mapping[float, Finding]:
        """What was counted at each share (0 to 1), in the order in which they were first seen."""
        return {share: self._told(what, seen) for share, seen in self._at.items()}

    @property
    def between_blocks(self) -> bool:
        return not self._block.of

    def see(self, table: Table, share: float, usual: float, *, most: float) -> None:
        """`usual` is the share of the old release's requests that was bad before this block; the new one was given
        `most` of all at most.
        """
        if not table.of:
            return
        if self.between_blocks:
            self._usual = usual
        self._count(table, share, most)
        self._block += table
        if self._dealing.is_block(self._block.of, share):
            self._close(share)

    def see_bad(self, table: Table, share: float, usual: float, *, most: float) -> None:
        """While good requests still end that were dealt out by an earlier share: looks at the bad ones alone."""
        self.drop()
        self._count(table, share, most)
        if table.bad:
            self._wager.round([factor_of_bad(table, share, *each.of(usual)) for each in self._alternatives])

    def drop(self) -> None:
        """Forgets the open block: requests were dealt out differently within it."""
        self._block = Table()
        self._dealing.forget()

    def _told(self, what: str, seen: Table) -> Finding:
        evidence = AT_ONCE * self._at_once.evidence + (1 - AT_ONCE) * self._wager.evidence
        return Finding(what, seen.new_bad, seen.new_of, seen.old_bad, seen.old_of, evidence)

    def _count(self, table: Table, share: float, most: float) -> None:
        self._at[share] += table
        if table.bad and most < 1:
            farther = (most + part * (1 - most) for _, part in BEYOND)
            self._at_once.round([factor_beyond(table, most, of_bad) for of_bad in farther])

    def _close(self, planned: float) -> None:
        block, self._block = self._block, Table()
        if 0 < block.bad < block.of:  # otherwise every factor is 1
            share = self._dealing.share(planned)
            self._wager.round([factor(block, share, *each.of(self._usual)) for each in self._alternatives])
        self._dealing.learn(block.new_of, block.of)
