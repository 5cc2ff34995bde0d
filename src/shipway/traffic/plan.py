"""What should happen to traffic, as values: decided here, carried out by the story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

FEW = 5.0
"""Requests a second below which a small share would take minutes to say anything: then half is the first step."""


@dataclass(frozen=True)
class Shares:
    """How many of 100 requests each cluster gets; none at all means that nothing serves.

    Raises ValueError when they are neither empty nor 100 in sum: a wrong plan must not reach the router.
    """

    of: Mapping[str, int]

    def __post_init__(self) -> None:
        if any(share < 0 for share in self.of.values()):
            raise ValueError(f"a share of traffic is never negative: {dict(self.of)}")
        if self.of and sum(self.of.values()) != 100:
            raise ValueError(f"shares of traffic are 100 in sum, not {sum(self.of.values())}: {dict(self.of)}")
        object.__setattr__(self, "of", MappingProxyType({name: n for name, n in self.of.items() if n}))


@dataclass(frozen=True)
class Healthy:
    """A move that is made as soon as each cluster that gains answers; the router sees to that at every move."""


@dataclass(frozen=True)
class Judged:
    """A move that waits for a verdict on the shares before it.

    It is made when they have stood for `hold` seconds and nothing speaks against the new release; `deadline`
    seconds after they began without a verdict everything goes back.
    """

    hold: float
    deadline: float


@dataclass(frozen=True)
class Shift:
    """One move of traffic, made only when `condition` holds."""

    shares: Shares
    condition: Healthy | Judged = Healthy()


@dataclass(frozen=True)
class Plan:
    """All moves by which one release takes over, in order; the last one gives it everything."""

    shifts: tuple[Shift, ...]


@dataclass(frozen=True)
class Takeover:
    """What a strategy decides from: who serves (cluster to share of 100), who comes, and how busy it is.

    `before` is who serves by the record, should several share the requests. `rate` is in requests a second,
    lately; `steps` are shares of 100 for the new release, `hold` and `deadline` seconds, as in `Judged`.
    """

    serving: Mapping[str, int]
    new: str
    before: str = ""
    rate: float = 0.0
    steps: Sequence[int] = ()
    hold: float = 0.0
    deadline: float = 0.0
