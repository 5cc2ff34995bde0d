"""The picture on a commit's page: its way from the push to the last environment, and what came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from shipway.incidents import heard
from shipway.state.runs import Run
from shipway.web.journey import Journey
from shipway.web.life import comeback, saying
from shipway.web.life.record import Record
from shipway.web.trials import Trial
from shipway.web.words import length

FIRST, LAST = 90, 1200
SLIM_FIRST, SLIM_LAST = 36, 306
MOVES = ("deployment.try", "deployment.switched")
BACK = ("undone", "gone back", "going back")
ICONS = {
    "coming": "running",
    "on trial": "running",
    "unknown": "unknown",
    "stuck": "blocked",
    "replaced": "draining",
}
NARROW = 6  # pixels of a letter where there is little room
LETTER = 8  # pixels, with the room between two names
ROOM = 360  # between the turn and the beginning, for the words of what came back


@dataclass(frozen=True)
class Stop:
    """One stop: `at` is when it came there first, in seconds since 1970, None while it has not; `after` how long
    the way took, in words."""

    name: str
    state: str
    at: float | None
    x: int = 0
    slim: int = 0
    after: str = ""


@dataclass(frozen=True)
class Voyage:
    """`gone` is where the way that is behind it ends, `turn` where it turned back; `told` and `back` are words.

    It is the way `of` a run; `elsewhere` are runs of branches on which the commit was tested as well.
    """

    of: Run
    elsewhere: Sequence[Run]
    stops: Sequence[Stop]
    gone: int
    slim_gone: int
    turn: Stop | None
    moving: bool
    back: str
    told: str
    told_briefly: str
    says: str

    @property
    def told_small(self) -> str:
        """The same words where the picture is small: fewer, or none where they would not stand beside the hull."""
        room = 0 if not self.told or self.turn is None else (self.turn.slim - SLIM_FIRST) // 2
        return next((one for one in (self.told, self.told_briefly) if NARROW * len(one) <= room), "")

    @property
    def crowded(self) -> bool:
        """Whether two names beside each other would touch where there is little room."""
        near = (SLIM_LAST - SLIM_FIRST) // (len(self.stops) - 1)
        return any(LETTER * (len(one.name) + len(other.name)) / 2 > near for one, other in pairwise(self.stops))


def voyage(record: Record) -> Voyage | None:
    """The way on the branch that delivers it; nothing while there is no run."""
    if record.way is None:
        return None
    now = record.way.now
    stops = _placed([*_first(record, now), *(_environment(record, now, name) for name in _names(record, now))])
    reached = [stop for stop in stops if stop.at is not None]
    turned = next((stop for stop in reversed(stops) if stop.state == "rolled"), None)
    told, after = _told(record, turned)
    said = f"{told}, {after}" if after else told
    turn = turned or (reached[-1] if told and reached else None)
    return Voyage(
        of=now.run,
        elsewhere=[each.run for each in record.way.elsewhere],
        stops=stops,
        gone=reached[-1].x if reached else FIRST,
        slim_gone=reached[-1].slim if reached else SLIM_FIRST,
        turn=turn,
        moving=not now.run.over,
        back=_back(record, turned.name) if turned is not None and turned.x - FIRST > 2 * ROOM else "",
        told=said if turn is not None and turn.x - FIRST > ROOM else "",
        told_briefly=told,
        says=_in_words(now.run, stops, said),
    )


def _names(record: Record, now: Journey) -> list[str]:
    """The environments on the way, or that it came to by another run."""
    came = [trial.release.environment for trial in record.trials.values()]
    order = [place.environment for place in record.places]
    return [name for name in order if name in now.run.deliver or name in came]


def _first(record: Record, now: Journey) -> Iterator[Stop]:
    run = now.run
    pushed = run.purpose == "push" and run.retry_of is None
    yield Stop("pushed" if pushed else "asked for", "commit", run.created)
    tested = [step.ended for step in now.ended if step.ended is not None]
    over = bool(now.deployments or now.unneeded) or run.over
    state = "passed" if now.deployments or now.unneeded else run.state
    icon = state if state in ("queued", "running", "passed", "failed") else "draining"
    yield Stop(f"run {run.number}", icon, (max(tested, default=run.ended) if over else run.started))
    made = record.artifact
    yield Stop("artifact", "box" if made else "queued", None if made is None else made.created)


def _environment(record: Record, now: Journey, name: str) -> Stop:
    trial = _last(record, name)
    if trial is None or trial.deployment is None:
        if name in now.unneeded:
            return Stop(name, "serving", now.run.ended)
        return Stop(name, saying.never_there(record, name)[0], None)
    return Stop(name, _icon(trial), _came(record, now, name))


def _came(record: Record, now: Journey, environment: str) -> float | None:
    """When it had its first requests there, since its run began if it had any since; or else when it was first to
    have some.
    """
    begun = [one.started for each in record.journeys if (one := each.deployments.get(environment)) is not None]
    moved = [fact.at for fact in record.facts if fact.kind in MOVES and fact.environment == environment]
    since = [at for at in moved if at >= now.run.created]
    return min(since or moved or begun, default=None)


def _last(record: Record, environment: str) -> Trial | None:
    """What it came there as last; a new configuration that was taken back again took the commit nowhere."""
    came = [one for one in reversed(list(record.trials.values())) if one.release.environment == environment]
    return next((one for one in came if one.fate not in BACK or not record.stays_without(one)), None)


def _icon(trial: Trial) -> str:
    if trial.fate in BACK:
        return "rolled" if trial.moves else "failed"
    return ICONS.get(trial.fate, "serving")


def _placed(stops: Sequence[Stop]) -> list[Stop]:
    """Where they are drawn, evenly, and how long each took after the one before."""
    parts, placed, before = len(stops) - 1, [], None
    for number, stop in enumerate(stops):
        x, slim = (
            first + (last - first) * number // parts for first, last in ((FIRST, LAST), (SLIM_FIRST, SLIM_LAST))
        )
        known = before is not None and stop.at is not None and stop.at >= before
        placed.append(replace(stop, x=x, slim=slim, after=length(stop.at - before) if known else ""))  # type: ignore[operator]
        before = stop.at
    return placed


def _back(record: Record, environment: str) -> str:
    """How fast the requests of the environment were back, or how long it had some."""
    trial = _last(record, environment)
    back = None if trial is None else comeback.comeback(record, trial)
    if back is not None and back.elsewhere is not None and back.elsewhere >= back.decided:
        return f"traffic back in {_brief(back.elsewhere - back.decided)}"
    if trial is None or trial.fate != "gone back":
        return ""
    each = [one.had_in_all for one in record.trials.values() if one.release.environment == environment]
    return f"it had requests for {length(sum(each))}"


def _brief(seconds: float) -> str:
    """What took some milliseconds did not take none."""
    return length(seconds) if seconds >= 0.1 else f"{max(1, round(1000 * seconds))} ms"


def _told(record: Record, turned: Stop | None) -> tuple[str, str]:
    """Who heard of it first, and how long after it was decided to take it back, as far as that is on record."""
    trial = None if turned is None else _last(record, turned.name)
    back = None if trial is None else comeback.comeback(record, trial)
    if back is not None and back.told is not None:
        return f"{back.person} told", f"{_brief(back.told - back.decided)} after the decision"
    first = next((one for one in record.told if one.state == "sent"), None)
    return ("" if first is None else f"{heard.who(first)} told"), ""


def _in_words(run: Run, stops: Sequence[Stop], told: str) -> str:
    """The label for readers who do not see it."""
    reached = [f"{stop.name} {stop.state}" for stop in stops if stop.at is not None]
    return f"The way of the commit on {run.branch}: {', '.join(reached)}{'; ' + told if told else ''}."
