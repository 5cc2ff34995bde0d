"""How many requests applications answered in the last seconds, and which of them fail: no file is read for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shipway.signals.lately import Lately
from shipway.signals.reading import together
from shipway.signals.summary import Summary, side_by_side, summary
from shipway.web.words import window


@dataclass(frozen=True)
class Rates:
    """The last seconds of every environment, by `application.environment`."""

    lately: Mapping[str, Lately]

    def at(self, application: str, environment: str) -> Summary | None:
        """What an environment answers; None where nobody knows."""
        return self._of(application, environment).answers

    def failing(self, application: str, environment: str) -> Summary | None:
        """What it answers, if it fails most requests or has not got over that yet."""
        lately = self._of(application, environment)
        return lately.answers if lately.failing else None

    def of_all(self, places: Iterable[tuple[str, str]]) -> Summary | None:
        """What several environments answer together."""
        looks = [looks for name, place in places if (looks := self._of(name, place).looks)]
        whole = side_by_side(together(some) for some in looks)
        return None if whole is None else summary([whole])

    def _of(self, application: str, environment: str) -> Lately:
        return self.lately.get(f"{application}.{environment}", Lately())


def of_them_failed(some: Summary) -> str:
    """`12 of 20 requests failed in the last 10 s`."""
    return f"{some.errors:,} of {some.requests:,} requests failed in the {window(some.seconds)}"
