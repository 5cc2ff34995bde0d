"""The picture on the first page: one way from commit to prod, with what is really moving on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.signals.summary import Summary
from shipway.web.overview import fates
from shipway.web.overview.rates import Rates
from shipway.web.overview.rows import Row
from shipway.web.words import percent, rate, window

LEFT, RIGHT = 150, 1164
SLIM_LEFT, SLIM_GIT, SLIM_RIGHT = 20, 66, 300
SLIM_ROOM = 18  # of the last hub
MOST, LANES = 6, 3  # commits that are drawn, and of these at the same place


@dataclass(frozen=True)
class Hub:
    """A point on the way, at `x`, in the small picture at `slim`; `lit` when something serves there."""

    name: str
    x: int
    slim: int
    lit: bool
    last: bool = False


@dataclass(frozen=True)
class Ship:
    """What moves: between the hubs, in the small picture at `slim`; `lane` apart from others there, `near`
    the end of the way.
    """

    label: str
    x: int
    slim: int
    lane: int
    near: bool


@dataclass(frozen=True)
class Picture:
    """`more` are those that move and have no room in it, `answers` what the last environments answer now; `hurt`
    that people are, by one of them.
    """

    hubs: Sequence[Hub]
    ships: Sequence[Ship]
    more: int
    home_bound: str | None
    sources: Sequence[str]
    answers: Summary | None
    hurt: bool
    says: str


def picture(rows: Sequence[Row], rates: Rates) -> Picture:
    """The way as most applications have it; commits of others are drawn at the place that comes nearest."""
    names = _usual([[place.name for place in row.places] for row in rows])
    between = (RIGHT - 470) // (len(names))
    hubs = [Hub("git", 330, _slim(0, names), False), Hub("pipeline", 470, _slim(1, names), False)]
    hubs += [
        Hub(name, 470 + between * number, _slim(number + 1, names), _serves(rows, name), last=name == names[-1])
        for number, name in enumerate(names, 1)
    ]
    moving = [row for row in rows if row.moving and row.head is not None]
    ships = _ships(moving, names, hubs)
    answers = rates.of_all((row.name, row.last.name) for row in rows if row.ends_here)
    return Picture(
        hubs=hubs,
        ships=ships,
        more=len(moving) - len(ships),
        home_bound=next((_back(row) for row in rows if row.state in ("rolled", "quarantined")), None),
        sources=_sources(rows),
        answers=answers,
        hurt=any(row.hurts for row in rows),
        says=_in_words(moving, answers),
    )


def _slim(number: int, names: Sequence[str]) -> int:
    """Where that hub is in the small picture; the last is further off, since it is larger."""
    last = len(names) + 1
    return SLIM_RIGHT if number == last else SLIM_GIT + (SLIM_RIGHT - SLIM_ROOM - SLIM_GIT) * number // last


def _usual(ways: Sequence[Sequence[str]]) -> Sequence[str]:
    return max(ways, key=lambda way: (sum(one == way for one in ways), -len(way)))


def _sources(rows: Sequence[Row]) -> list[str]:
    """Whose commits come: the teams that pushed last, or the applications where nobody names a team."""
    newest = sorted(rows, key=_newest, reverse=True)
    teams = dict.fromkeys(row.team for row in newest if row.team)
    return [str(name) for name in teams or dict.fromkeys(row.name for row in newest)][:3]


def _serves(rows: Sequence[Row], name: str) -> bool:
    every = (place for row in rows for place in row.standing.own)
    return any(place.name == name and place.release is not None for place in every)


def _ships(moving: Sequence[Row], names: Sequence[str], hubs: Sequence[Hub]) -> list[Ship]:
    taken: dict[int, int] = {}
    ships = []
    for row in moving:
        assert row.head is not None
        x, slim = _place(row, names, hubs)
        lane = taken.get(x, 0)
        if lane < LANES:
            taken[x] = lane + 1
            ships.append(Ship(row.on_its_way[:7], x, slim, lane, near=x > hubs[-2].x))
    return ships[:MOST]


def _place(row: Row, names: Sequence[str], hubs: Sequence[Hub]) -> tuple[int, int]:
    """Half way to what is being worked on, in either picture."""
    assert row.head is not None
    if row.head.run.state == "queued":
        return (LEFT + hubs[0].x) // 2, (SLIM_LEFT + hubs[0].slim) // 2
    bound = row.head.deployments if row.other is None else [row.other.release.environment]
    begun = [name for name in names if name in bound]
    to = 2 + names.index(begun[-1]) if begun else 1
    one, other = hubs[to - 1], hubs[to]
    return (one.x + other.x) // 2, (one.slim + other.slim - (SLIM_ROOM // 2 if other.last else 0)) // 2


def _back(row: Row) -> str:
    by_itself = row.head is not None and fates.judged(row.head) is not None
    return f"{row.head.run.commit[:7] if by_itself and row.head else row.name} rolled back"


def _newest(row: Row) -> str:
    return "" if row.head is None else row.head.run.id


def _in_words(moving: Sequence[Row], answers: Summary | None) -> str:
    """The label for readers who do not see it."""
    ways = [f"{row.name}, commit {row.on_its_way[:7]}" for row in moving if row.head is not None]
    says = f"What is under way: {'; '.join(ways)}." if ways else "Nothing is under way."
    if answers is None:
        return says
    failed = percent(answers.error_share or 0.0) if answers.errors else "none"
    return f"{says} {rate(answers.rate)} requests a second, {failed} failed, in the {window(answers.seconds)}."
