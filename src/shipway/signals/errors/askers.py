"""Who asked for what went wrong: Shipway's own checks give their names, and what came through the router is no
check, whatever it calls itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

OURS: Mapping[str, str] = {
    "shipway-health": "Shipway's check of health",
    "envoy/hc": "the router's check of health",
    "shipway-probe": "a probe",
    "shipway-judge": "the judge",
    "shipway-metrics": "Shipway's look at the metrics",
}
"""By the `User-Agent` of each check, in small letters, what people call it."""

THROUGH_THE_ROUTER = "x-forwarded-for"
"""A header that the router gives to every request of a visitor; checks go past it."""

LONGEST = 100  # headers of a request that are looked at


def own(headers: Any) -> str:
    """Which of Shipway's checks sent a request, by its headers as a report has them; empty for anybody else's."""
    found = dict(_small(headers))
    return "" if THROUGH_THE_ROUTER in found else OURS.get(found.get("user-agent", ""), "")


def how_often(count: int, checks: int) -> str:
    """`once`, `1,200 times, 9 of them asked by Shipway's own checks`, `12 times, all asked by …`."""
    often = "once" if count == 1 else f"{count:,} times"
    if not checks:
        return often
    part = "" if count == 1 else "all " if checks >= count else f"{checks:,} of them "
    return f"{often}, {part}asked by Shipway's own checks"


def _small(headers: Any) -> Iterator[tuple[str, str]]:
    """Some SDKs send an object, some a list of pairs."""
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    for pair in pairs[:LONGEST] if isinstance(pairs, list) else ():
        if isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str):
            name, said = pair
            yield name.lower(), said.strip().lower() if isinstance(said, str) else ""
