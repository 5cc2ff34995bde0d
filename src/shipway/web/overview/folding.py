"""A way with many environments, short enough to be seen: one stop stands for those where nothing is the matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shipway.web.overview.rows import Row
from shipway.web.overview.stations import Station

MOST = 8  # stations that there is room for in a row
QUIET = ("serving", "queued")


def folded(row: Row) -> Row:
    """The row with MOST stations at most: the commit, its run, what is the matter and its neighbours, the last."""
    stations = row.stations
    if len(stations) <= MOST:
        return row
    last, middle = len(stations) - 1, _matter(row)
    begins, ends = max(2, middle - 1), min(last, middle + 2)
    shown = [*stations[:2], *_rest(stations[2:begins]), *stations[begins:ends], *_rest(stations[ends:last])]
    shown.append(stations[last])
    at = shown.index(stations[row.remark.at])
    return replace(row, stations=shown, remark=replace(row.remark, at=at))


def _matter(row: Row) -> int:
    """Where somebody wants to look: what the remark is about, or else the first that moves or is not quiet."""
    between = range(2, len(row.stations) - 1)
    if row.remark.at in between:
        return row.remark.at
    return next((at for at in between if _matters(row.stations[at])), between[0])


def _matters(station: Station) -> bool:
    return station.moving or station.state not in QUIET


def _rest(stations: Sequence[Station]) -> Sequence[Station]:
    """One that stands for several; of what is the matter with them the first is told."""
    if len(stations) < 2:
        return stations
    state = next((one.state for one in stations if _matters(one)), None)
    state = state or ("serving" if all(one.state == "serving" for one in stations) else "queued")
    about = f"{stations[0].name} to {stations[-1].name}"
    return [Station(f"{len(stations)} more", state, about, reached=stations[-1].reached)]
