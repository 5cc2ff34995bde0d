"""How many requests applications answer just now, as the routers were last looked at: nothing is read for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shipway.signals.reading import Reading
from shipway.signals.summary import Summary, side_by_side, summary
from shipway.traffic.desired import owner


@dataclass(frozen=True)
class Rates:
    """The last look at every environment, by `application.environment`."""

    looks: Mapping[str, Reading]

    @classmethod
    def of(cls, latest: Iterable[Reading]) -> Rates:
        """Those of all releases of an environment as one; where a router was silent, none."""
        found: dict[str, list[Reading]] = {}
        for reading in latest:
            found.setdefault(owner(reading.release), []).append(reading)
        looks = {name: side_by_side(some) for name, some in found.items() if all(one.heard for one in some)}
        return cls({name: look for name, look in looks.items() if look is not None})

    def at(self, application: str, environment: str) -> Summary | None:
        """What an environment answers; None where nobody knows."""
        look = self.looks.get(f"{application}.{environment}")
        return None if look is None else summary([look])

    def of_all(self, places: Iterable[tuple[str, str]]) -> Summary | None:
        """What several environments answer together."""
        looks = [self.looks[f"{name}.{place}"] for name, place in places if f"{name}.{place}" in self.looks]
        together = side_by_side(looks)
        return None if together is None else summary([together])
