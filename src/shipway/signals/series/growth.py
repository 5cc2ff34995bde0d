"""From what a source has counted since it began to what it has counted since it last told."""

from __future__ import annotations

from dataclasses import dataclass, field

from shipway.signals.series.sample import Sample
from shipway.signals.series.series import Series, Value

PATIENCE = 600.0
"""Seconds after which a source that tells nothing is forgotten, with all that it has counted."""


@dataclass
class _Source:
    """What one told last, of each series; `heard` is by a clock that is never set."""

    heard: float
    told: dict[Series, Value] = field(default_factory=dict)


class Growth:
    """Remembers at most `most` running values; for one environment, and one thread.

    What is met for the first time counts in whole where it is known to be new: its source told other things
    before, or began after we did (`since`, unix seconds). Otherwise it is only remembered: it happened earlier. A
    value that went down began again from zero.
    """

    def __init__(self, most: int, since: float) -> None:
        self._most = most
        self._since = since
        self._sources: dict[str, _Source] = {}

    def of(self, sample: Sample, known: frozenset[str], now: float) -> Value | None:
        """What it grew by; None when there is no room to remember it. `known` are the sources that had told
        something before."""
        source = self._sources.setdefault(sample.source, _Source(now))
        source.heard = now
        before = source.told.get(sample.series)
        if before is None and self._held() >= self._most:
            return None
        source.told[sample.series] = sample.value
        if before is None:
            new = sample.source in known or (sample.began is not None and sample.began >= self._since)
            return sample.value if new else (0.0,) * len(sample.value)
        grown = tuple(now - then for now, then in zip(sample.value, before, strict=True))
        fell = grown[0] < 0 or any(part < 0 for part in grown[2:])  # a sum may go down by negative values
        return sample.value if fell else grown

    def known(self) -> frozenset[str]:
        """The sources that have told something."""
        return frozenset(self._sources)

    def tidy(self, now: float) -> None:
        """Forgets the sources that are gone."""
        self._sources = {name: one for name, one in self._sources.items() if now - one.heard < PATIENCE}

    def _held(self) -> int:
        return sum(len(source.told) for source in self._sources.values())
