"""An application on one line: the way of its newest commit, and the one sentence that matters now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shipway.incidents.letter import listed
from shipway.state.stuck import Stuck
from shipway.web.journey import Journey
from shipway.web.overview import fates
from shipway.web.overview.places import Coming, Place
from shipway.web.overview.rates import Rates, of_them_failed
from shipway.web.overview.remarks import Remark, asked, last_asked, remark
from shipway.web.overview.standings import Standing
from shipway.web.overview.stations import Station, at_place, first_two
from shipway.web.words import several

ORDER = (
    "failing",
    "stuck",
    "hurt",
    "ailing",
    "failed",
    "unknown",
    "blocked",
    "quarantined",
    "rolled",
    "running",
    "queued",
    "replaced",
    "frozen",
    "serving",
    "ended",
    "silent",
)
WORDS = {
    "failing": "Failing",
    "stuck": "Frozen",
    "hurt": "Judged bad",
    "ailing": "Probe fails",
    "failed": "Failed",
    "unknown": "Not known",
    "blocked": "Blocked",
    "quarantined": "Quarantined",
    "running": "Under way",
    "rolled": "Rolled back",
    "replaced": "Replaced",
    "frozen": "Frozen",
    "queued": "Queued",
    "serving": "Serving",
    "ended": "Passed",
    "silent": "Nothing yet",
}
ICONS = {
    "stuck": "blocked",
    "failing": "failed",
    "hurt": "failed",
    "ailing": "failed",
    "replaced": "draining",
    "ended": "passed",
    "silent": "queued",
}
NEEDS_A_PERSON = ORDER[: ORDER.index("running")]
"""Nothing changes here until somebody acts; what was rolled back stays away until then too."""
AT_REST = ("rolled", "replaced", "frozen", "serving", "ended")
"""Where a commit that is quarantined stays until a person mends it: nothing else moves."""


@dataclass(frozen=True)
class Row:
    """`seconds` is how long the newest commit took from its run to the last environment, if it got there and
    was not taken away. `frozen_out`: it is blocked by what a person froze.
    """

    standing: Standing
    state: str
    stations: Sequence[Station]
    remark: Remark
    frozen_out: bool = False

    @property
    def name(self) -> str:
        return self.standing.name

    @property
    def team(self) -> str | None:
        return self.standing.team

    @property
    def about(self) -> str:
        count = several(len(self.standing.places), "environment")
        head, team = self.head, f"{self.team}, " if self.team else ""
        return (
            f"{team}{count}, from {self.standing.application.default_branch if head is None else head.run.branch}"
        )

    @property
    def icon(self) -> str:
        return ICONS.get(self.state, self.state)

    @property
    def left(self) -> Stuck | None:
        """What is frozen with its share, if that is what became of it."""
        return fates.stuck(self.standing.own) if self.state == "stuck" else None

    @property
    def word(self) -> str:
        if self.left is not None:
            return self.left.state.capitalize()
        if self.state == "serving" and (self.last.apart or self.last.release is None):
            return f"Serving in {listed(fates.serves_in(self.places))}"
        if self.head is None or self.state != "running":
            return WORDS[self.state]
        tried, other = fates.tried(self.head), self.other
        if tried is not None:
            return f"{tried.share} % of {tried.environment}"
        if other is None or not other.share:
            return WORDS[self.state]
        return f"r{other.release.number}: {other.share} % of {other.release.environment}"

    @property
    def head(self) -> Journey | None:
        return self.standing.head

    @property
    def places(self) -> Sequence[Place]:
        return self.standing.places

    @property
    def last(self) -> Place:
        """The environment at the end of the way."""
        return self.standing.places[-1]

    @property
    def ends_here(self) -> bool:
        """Whether what the last environment answers is a matter of this row."""
        return self.last in self.standing.own

    @property
    def other(self) -> Coming | None:
        """What else is deployed, while the newest commit does not move."""
        return fates.coming(self.standing.own) if self.head is not None and self.head.run.over else None

    @property
    def on_its_way(self) -> str:
        """The commit that moves, of one that is under way: the newest, or what else is deployed after it was."""
        if self.head is None:
            return ""
        return self.head.run.commit if self.other is None else self.other.release.commit

    @property
    def moving(self) -> bool:
        """Whether its newest commit goes on by itself."""
        return self.state in ("running", "queued")

    @property
    def hurts(self) -> bool:
        """Whether people are hurt as far as is known: it fails, or what was judged bad still has requests."""
        return self.state in ("failing", "hurt") or (self.left is not None and not self.left.why)

    @property
    def needs_a_person(self) -> bool:
        return self.state in NEEDS_A_PERSON and not self.waits

    @property
    def waits(self) -> bool:
        """Whether its newest commit waits until what somebody froze is open again, and for nothing else."""
        return self.state == "blocked" and self.frozen_out

    @property
    def began(self) -> str:
        """From when on `seconds` are counted: a retry began later than the push."""
        run = None if self.head is None else self.head.run
        return (
            "push"
            if run is None or run.retry_of is None
            else f"run {run.number}, which did run {run.retry_of} again,"
        )

    @property
    def seconds(self) -> float | None:
        last = None if self.head is None else self.head.deployments.get(self.last.name)
        if last is None or last.switched is None or self.head is None or self.last.taken is not None:
            return None
        return last.switched - self.head.run.created


def row(standing: Standing, now: float, rates: Rates) -> Row:
    """The row of an application, at this moment in seconds since 1970."""
    if standing.head is None:
        return _silent(standing)
    return _unless_failing(_unless_asked(_on_record(standing, now), now), rates)


def _unless_asked(found: Row, now: float) -> Row:
    """What is on record, or that what is asked of an environment fails: in the last one that comes before all but
    what hurts people more, in another one before what needs nobody.
    """
    one = last_asked(found.standing)
    if one is None or found.state in ORDER[: ORDER.index("ailing")]:
        return found
    if found.needs_a_person and one.environment != found.last.name:
        return found
    said = asked(found.standing, one, now)
    stations = [replace(each, state="failed") if at == said.at else each for at, each in enumerate(found.stations)]
    return replace(found, state="ailing", stations=stations, remark=said)


def _unless_failing(found: Row, rates: Rates) -> Row:
    """What is on record, or that the last environment fails: whatever it is, people are hurt. Not by a branch that
    is not there.
    """
    failing = rates.failing(found.name, found.last.name)
    if failing is None:
        return found
    *before, last = found.stations
    if not found.ends_here:
        return replace(found, stations=[*before, replace(last, state="failed")])
    words = f"{found.last.name} is failing: {of_them_failed(failing)}"
    return replace(
        found,
        state="failing",
        stations=[*before, replace(last, state="failed")],
        remark=Remark("fail", words, len(before), last.address),
    )


def _on_record(standing: Standing, now: float) -> Row:
    assert standing.head is not None
    own = standing.own
    state = fates.fate(standing.head, own, standing.bad, now)
    rests = state in AT_REST or (state == "running" and standing.head.run.over)
    state = "quarantined" if standing.quarantined and rests else state
    first = first_two(standing.head, standing.subject, quarantined=bool(standing.quarantined))
    before = fates.waits(standing.head, standing.places)
    here = [
        at_place(standing.head, place, now, waits=place is before, own=place in own) for place in standing.places
    ]
    stations = [*first, *here]
    quarantined = before is not None and before.name in standing.quarantined
    frozen_out = not quarantined and fates.frozen_out(standing.head, standing.places, now)
    return Row(standing, state, stations, remark(standing, state, stations, now), frozen_out)


def in_order(rows: Sequence[Row]) -> list[Row]:
    """What may need a person first, the nearer to the last environment the sooner; then what moves, then what is
    well.
    """
    return sorted(rows, key=lambda row: (ORDER.index(_rank(row)), _before_the_end(row), row.name))


def _rank(row: Row) -> str:
    """What waits for a freeze that a person set is no more pressing than that."""
    return "frozen" if row.waits else row.state


def _before_the_end(row: Row) -> int:
    """How many stations before the last one it ails."""
    return len(row.stations) - row.remark.at if row.state == "ailing" else 0


def _silent(standing: Standing) -> Row:
    """A row for an application that nobody has pushed to yet."""
    stations = [
        Station("no commit", "queued", "", reached=False),
        Station("run", "queued", "", reached=False),
        *(Station(place.name, "queued", "nothing yet", reached=False) for place in standing.places),
    ]
    branch = standing.application.default_branch
    words = f"Nothing was pushed to {branch} yet: git push shipway HEAD:{branch}"
    return Row(standing, "silent", stations, Remark("quiet", words, len(stations) - 1))
