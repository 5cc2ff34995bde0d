"""What Envoy counts of each release, asked for in one question.

Measured on Envoy 1.40, by its own finest bins and by clients' clocks: it cuts a duration to whole milliseconds and
keeps two digits of them. The count it tells at a bound takes in the bin in which the bound lies: at 100 ms, all
below 110. Where a bin begins it errs now and then (it took 440 ms for less). So to count what stayed below one of
BOUNDS it is given the middle of the bin before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shipway.traffic.counts import Count, Counted
from shipway.traffic.envoy.admin import Admin, Gone, Silent
from shipway.traffic.tally import BOUNDS, Tally

LATE = 0.25  # seconds that durations may be behind classes: as often Envoy adds up what its threads have timed
ANSWER_WITHIN = 1.0
WITHOUT_END = 1_000_000_000  # milliseconds; Envoy does not tell what lies above its last bound

_CLUSTER = r"^cluster\.[^.]+\.[^.]+\.[^.]+\."
_STATISTICS = r"(membership_total|upstream_rq_(active|time|[1-5]xx))$"
QUESTION = f"/stats?usedonly&histogram_buckets=disjoint&filter={quote(_CLUSTER + _STATISTICS, safe='')}"
_LINE = re.compile(r"^cluster\.([^.]+\.[^.]+\.[^.]+)\.(\w+): (.*)$", re.MULTILINE)
_SINCE_IT_BEGAN = re.compile(r",(\d+)\)")
_CLASSES = tuple(f"upstream_rq_{digit}xx" for digit in range(1, 6))
_NO_DURATIONS = Tally().durations


def buckets() -> list[Mapping[str, Any]]:
    """The bounds to give to Envoy, for its `histogram_bucket_settings`."""
    bounds = [*map(_just_below, BOUNDS), WITHOUT_END]
    return [{"match": {"safe_regex": {"regex": _CLUSTER + "upstream_rq_time$"}}, "buckets": bounds}]


def _just_below(bound: int) -> float:
    """The middle of the last of Envoy's bins below a whole number of milliseconds."""
    width = int(10 ** max(0, len(str(bound - 1)) - 2))
    return bound - width / 2


class Counter:
    """Of one router. What it has timed is read again only where it has changed: most releases rest."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._timed: dict[str, tuple[str, tuple[int, ...]]] = {}

    def count(self, admin: Admin) -> Count:
        """One question. A router that is started again while it answers is as good as silent."""
        try:
            began = _began(admin.path)
            said = admin.ask(QUESTION, within=ANSWER_WITHIN)
            if began != _began(admin.path):
                return Count(self._name, "silent")
        except (Gone, FileNotFoundError):
            return Count(self._name, "gone")
        except Silent:
            return Count(self._name, "silent")
        return Count(self._name, "answered", began, self._read(said))

    def _read(self, said: str) -> Mapping[str, Counted]:
        found: dict[str, dict[str, str]] = {}
        for release, statistic, value in _LINE.findall(said):
            found.setdefault(release, {})[statistic] = value
        self._timed = {release: self._times(release, numbers) for release, numbers in found.items()}
        return {release: self._counted(release, numbers) for release, numbers in found.items()}

    def _counted(self, release: str, numbers: Mapping[str, str]) -> Counted:
        classes = tuple(int(numbers.get(name, 0)) for name in _CLASSES)
        return Counted(Tally(classes, self._timed[release][1]), int(numbers.get("upstream_rq_active", 0)))

    def _times(self, release: str, numbers: Mapping[str, str]) -> tuple[str, tuple[int, ...]]:
        said = numbers.get("upstream_rq_time", "")
        known = self._timed.get(release)
        if known is not None and known[0] == said:
            return known
        durations = tuple(map(int, _SINCE_IT_BEGAN.findall(said)))
        return said, durations if len(durations) == len(_NO_DURATIONS) else _NO_DURATIONS


def _began(socket: Path) -> str:
    """Envoy makes its socket anew whenever it is started."""
    made = socket.stat()
    return f"{made.st_dev}.{made.st_ino}.{made.st_mtime_ns}"
