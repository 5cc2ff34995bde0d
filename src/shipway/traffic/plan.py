"""What should happen to traffic, as values: decided here, carried out by `shift`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Condition = Literal["healthy"]


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
class Shift:
    """One move of traffic, made only while `condition` holds ("healthy": each cluster that gains answers)."""

    shares: Shares
    condition: Condition = "healthy"


@dataclass(frozen=True)
class Plan:
    """All moves by which one release takes over, in order."""

    shifts: tuple[Shift, ...]
