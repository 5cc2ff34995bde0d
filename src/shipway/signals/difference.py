"""From what routers have counted since they began to what happened between two looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shipway.signals.reading import Reading
from shipway.traffic.counts import Count, Counted
from shipway.traffic.tally import Tally

NOTHING = Tally()


@dataclass
class _Known:
    """What was seen of one router last; `began` is empty for one that was gone."""

    began: str
    releases: Mapping[str, Counted] = field(default_factory=dict)


class Difference:
    """Remembers each router by itself, so that the death of one neither counts twice nor negative.

    A router that was started again counts from zero, and so does a release that was forgotten in between. What a
    router counted after the last look before it died is lost with it. One that is met for the first time, as
    when Shipway itself has just been started, is only remembered: what it counted happened earlier.
    """

    def __init__(self) -> None:
        self._routers: dict[str, _Known] = {}
        self._last: float | None = None

    def take(self, counts: Sequence[Count], expected: Sequence[str], at: float, now: float) -> list[Reading]:
        """A reading of each release that is `expected` or was counted; none at the very first look.

        `at` is unix seconds; `now` is a clock that is never set, by which the interval is measured.
        """
        parts = [(count, self._since(count)) for count in counts]
        last, self._last = self._last, now
        if last is None:
            return []
        blind = any(since is None for _, since in parts)
        answered = [(count, since) for count, since in parts if count.state == "answered" and since is not None]
        names = sorted({*expected, *(name for count, _ in answered for name in count.releases)})
        return [self._reading(name, answered, blind, at, now - last) for name in names]

    def _reading(
        self,
        name: str,
        answered: Sequence[tuple[Count, Mapping[str, Tally]]],
        blind: bool,
        at: float,
        seconds: float,
    ) -> Reading:
        tallies = [since[name] for _, since in answered if since.get(name, NOTHING) is not NOTHING]
        known = [count.releases[name] for count, _ in answered if name in count.releases]
        heard = not blind and bool(answered) and len(known) == len(answered)
        in_flight = sum(counted.in_flight for counted in known)
        return Reading(at, seconds, name, sum(tallies, NOTHING), in_flight, heard)

    def _since(self, count: Count) -> Mapping[str, Tally] | None:
        """What one router counted since the last look; None when that cannot be told."""
        if count.state == "gone":
            self._routers[count.router] = _Known("")
            return {}
        if count.state == "silent":
            return None
        known, now = self._routers.get(count.router), _Known(count.began, count.releases)
        self._routers[count.router] = now
        if known is None:
            return None
        before = known.releases if known.began == count.began else {}
        return {name: _grown(counted, before.get(name)) for name, counted in count.releases.items()}


def _grown(now: Counted, before: Counted | None) -> Tally:
    if before is None:
        return now.tally
    if now.tally == before.tally:
        return NOTHING
    grown = now.tally - before.tally
    return now.tally if min(*grown.classes, *grown.durations) < 0 else grown
