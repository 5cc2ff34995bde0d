"""Which of all applications somebody wants to see: theirs, a team's, those of a branch or that need a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from shipway.web.overview.rows import Row

MINE, NEEDS = "mine", "needs"
LONGEST = 200  # characters of a name in an address


@dataclass(frozen=True)
class Chosen:
    """What an address asks for; empty words ask for everything. `who` is mine, needs or empty."""

    who: str = ""
    team: str = ""
    branch: str = ""
    person: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Chosen:
        """What stands in an address; a word that `who` does not know asks for nothing."""
        said = {name: query.get(name, "")[:LONGEST] for name in ("who", "team", "branch", "person")}
        return cls(**{**said, "who": said["who"] if said["who"] in (MINE, NEEDS) else ""})

    def admits(self, row: Row, me: str) -> bool:
        """Whether the row is among them for the person called `me`."""
        return (
            self.listed(row)
            and (self.who != MINE or row.standing.is_of(me))
            and (self.who != NEEDS or row.needs_a_person)
        )

    def listed(self, row: Row) -> bool:
        """The same, whosever they are and whether or not they need anybody."""
        return (
            (not self.team or row.team == self.team)
            and (not self.branch or row.head is not None)
            and (not self.person or row.standing.is_of(self.person))
        )

    def but(self, **other: str) -> str:
        """The address that asks for this, but for what is given."""
        asked = {name: value for name, value in {**vars(self), **other}.items() if value}
        return f"/?{urlencode(asked)}" if asked else "/"

    def __bool__(self) -> bool:
        return any(vars(self).values())


@dataclass(frozen=True)
class Choice:
    """What may be asked for: every team, branch and person of whom there is anything."""

    teams: Sequence[str]
    branches: Sequence[str]
    people: Sequence[str]

    @classmethod
    def among(cls, rows: Iterable[Row]) -> Choice:
        every = list(rows)
        return cls(
            sorted({row.team for row in every if row.team}),
            sorted({branch for row in every for branch in row.standing.branches}),
            sorted({who for row in every for who in row.standing.people}),
        )
