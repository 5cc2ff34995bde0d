"""What is said of a commit now: its states, and a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shipway.incidents.letter import listed
from shipway.web import sentences
from shipway.web.journey import Journey
from shipway.web.life.record import Record
from shipway.web.overview import fates
from shipway.web.trials import TRIED
from shipway.web.whereabouts import DEPLOYED, PART, PENDING, SERVES, STOPPED, Whereabouts

BACK, GOING = ("undone", "gone back"), ("going back",)
ENDS = {
    "passed": ("passed", "Passed"),
    "cancelled": ("draining", "Cancelled"),
    "superseded": ("draining", "Superseded"),
}
"""What is said of a commit that is nowhere and goes nowhere, by the state of its run."""


def states(record: Record) -> list[tuple[str, str]]:
    """The shapes and words of its states, what matters most first; several where it was taken back."""
    newest, last = None if record.way is None else record.way.now, record.places[-1] if record.places else None
    going, back, held = _taken(record, GOING), _taken(record, BACK), _held(record)
    set_back = _taken(record, (*BACK, *GOING), configurations=True)
    if last is not None and (last.reverted_by or (last.state == SERVES and _part_of(record, last) is not None)):
        return _passed_on(record, last, held)
    found = []
    if newest is not None and not newest.run.over:
        moves = ("running", "Under way") if newest.run.state == "running" else ("queued", "Queued")
        found += [] if going else [moves]
    elif newest is not None and newest.run.state == "failed":
        found += _failed(record, newest)
    found += [("blocked", f"{one.word.capitalize()} of {one.environment}") for one in _frozen(record)]
    if going:
        found.append(("rolled", f"Going back in {listed(going)}"))
    if back:
        found.append(("rolled", f"Rolled back from {listed(back)}"))
    if set_back:
        found.append(("rolled", f"Configuration rolled back in {listed(set_back)}"))
    if held:
        found.append(("quarantined", f"Quarantined in {listed(held)}"))
    if record.places and record.places[-1].state == SERVES:
        found.append(("serving", _serves(record, record.places[-1], held)))
    return found or _at_the_end(record, newest)


def _at_the_end(record: Record, newest: Journey | None) -> list[tuple[str, str]]:
    """Of one that goes no further: where it serves, though not in the last environment, or how its run ended."""
    there = [place.environment for place in record.places if place.state == SERVES]
    if newest is None or newest.run.state not in ENDS:
        return []
    return [("serving", f"Serving in {listed(there)}")] if there else [ENDS[newest.run.state]]


def _passed_on(record: Record, last: Whereabouts, held: Sequence[str]) -> list[tuple[str, str]]:
    """Those of one that a newer commit has brought to the end of its way, or has taken back."""
    brief = f"{last.brief[0].upper()}{last.brief[1:]}" if last.reverted_by else ""
    end = ("draining", brief) if last.reverted_by else ("serving", _serves(record, last, held))
    return [end, *([("quarantined", f"By itself quarantined in {listed(list(held))}")] if held else [])]


def state(record: Record, place: Whereabouts) -> tuple[str, str]:
    """The shape and the word of what it is in one environment."""
    if place.state == SERVES:
        return "serving", "Serving"
    if place.state == PENDING:
        going = place.environment in _taken(record, GOING)
        return ("rolled", "Going back") if going else ("running", "On its way")
    if place.stuck is not None:
        return "blocked", place.word.capitalize()
    if place.reverted_by:
        return "draining", "Reverted"
    return ("quarantined", "Quarantined") if place.environment in _held(record) else _away(record, place)


def besides_state(place: Whereabouts, before: Whereabouts | None = None) -> str:
    """What a line says besides the word of its state; `before` is the place of the line above it."""
    same = before is not None and place.brief == before.brief
    if place.state == STOPPED:
        ends = PART.sub("", place.cause, count=1)
        alike = before is not None and place.cause == before.cause and place.brief.endswith(ends)
        known = before is not None and before.state == STOPPED and (same or alike)
        return "For the same reason" if known else place.brief
    reason = place.reason.partition("; ")[0] if same else place.reason
    if place.state == SERVES and not same and before is not None and place.cause == before.cause != "":
        differs = place.brief.removeprefix(place.cause).removeprefix(", and ")
        reason = f"{place.reason.partition('; ')[0]}; {differs}"
    return reason.removeprefix(DEPLOYED) if place.state == PENDING else reason.replace(" serves", "", 1)


def _away(record: Record, place: Whereabouts) -> tuple[str, str]:
    """How it left, if it was there."""
    back = place.environment in _taken(record, (*BACK, *GOING))
    if back or (place.gone is not None and place.gone.back):
        return "rolled", "Rolled back"
    return never_there(record, place.environment) if place.gone is None else ("draining", "Replaced")


def never_there(record: Record, where: str) -> tuple[str, str]:
    """The shape and the word of what its newest run came to in an environment that it never was in."""
    newest = None if record.way is None else record.way.now
    if newest is None or newest.run.id in record.by_now:
        return "queued", "Not there"
    if newest.blocked is not None and newest.blocked.environment == where:
        return "blocked", "Blocked"
    failed = where in newest.deployments and newest.deployments[where].state == "failed"
    return ("failed", "Failed") if failed else ("queued", "Not there")


def _frozen(record: Record) -> list[Whereabouts]:
    """Where it is frozen with a share of the requests."""
    return [place for place in record.places if place.state not in (SERVES, PENDING) and place.stuck is not None]


def _taken(record: Record, ways: Sequence[str], *, configurations: bool = False) -> list[str]:
    """The environments that it had requests in, and was taken back from in one of these ways; or in which that
    became of a new configuration of it, which leaves the commit where it is.
    """
    tried = [trial for trial in record.trials.values() if trial.fate in ways and trial.moves]
    back = {one.release.environment for one in tried if record.stays_without(one) is configurations}
    return [place.environment for place in record.places if place.environment in back]


def _held(record: Record) -> list[str]:
    """The environments that it may not come to."""
    held = {each.environment for each in record.held if each.in_force}
    return [place.environment for place in record.places if place.environment in held]


def _serves(record: Record, place: Whereabouts, held: Sequence[str]) -> str:
    """That it serves, and as what, where it may not be in quarantine at the same time without a reason."""
    says = f"in {place.environment}"
    if place.release is not None and place.release.commit != record.commit:
        return f"Serving {says} as part of {place.release.commit[:7]}"
    return f"Still serving {says}" if place.environment in held else f"Serving {says}"


def _failed(record: Record, newest: Journey) -> list[tuple[str, str]]:
    so = record.by_now.get(newest.run.id)
    if so is not None and so.gone is not None:
        return [] if so.gone.back else [("draining", f"Replaced in {so.environment}")]
    if fates.taken_back(newest) is not None or newest.stuck:
        return []
    return [("blocked", "Blocked") if newest.blocked is not None else ("failed", "Failed")]


def sentence(record: Record) -> str:
    """Where it is, and where not and why; what is the same in several environments is said once."""
    serving = [each for each in record.places if each.state == SERVES]
    pending = [each for each in record.places if each.state == PENDING]
    stopped = [each for each in record.places if each.state not in (SERVES, PENDING) and each.stuck is None]
    frozen = [f"In {each.environment} {each.reason}." for each in _frozen(record)]
    said = [*_serving(record, serving), *_besides(serving), *_pending(record, pending), *frozen]
    return " ".join([*said, *_stopped(stopped, everywhere=not said)])


def _serving(record: Record, serving: Sequence[Whereabouts]) -> Iterator[str]:
    """Itself, and as part of what."""
    itself = [each.environment for each in serving if _part_of(record, each) is None]
    parts: dict[str, list[str]] = {}
    for each in serving:
        whole = _part_of(record, each)
        if whole is not None:
            parts.setdefault(whole, []).append(each.environment)
    said = [f"in {listed(itself)}"] if itself else []
    said += [f"in {listed(names)} as part of {whole[:7]}" for whole, names in parts.items()]
    if said:
        yield f"It serves {', and '.join(said)}."


def _part_of(record: Record, place: Whereabouts) -> str | None:
    """The other commit that brought it to an environment."""
    release = place.release
    return None if release is None or release.commit == record.commit else release.commit


def _besides(serving: Sequence[Whereabouts]) -> Iterator[str]:
    for names, says in _alike([each for each in serving if each.brief]):
        yield f"In {listed(names)} {says}."


def _pending(record: Record, pending: Sequence[Whereabouts]) -> Iterator[str]:
    """What happens to it now keeps it from all of them."""
    if pending:
        first, tried = pending[0], [one for one in record.trials.values() if one.fate in TRIED]
        here = next((one for one in tried if one.release.environment == first.environment), None)
        how = first.brief.removeprefix(DEPLOYED) if here is None else sentences.sentence(here)
        if here is not None and here.fate in GOING:
            yield f"Going back in {first.environment}: {how}."
            return
        yield f"On its way to {listed([each.environment for each in pending])}: {how}."


def _stopped(stopped: Sequence[Whereabouts], *, everywhere: bool) -> Iterator[str]:
    found = _alike(stopped)
    for names, says in found:
        nowhere = everywhere and len(found) == 1
        yield f"{'It serves nowhere' if nowhere else f'Not in {listed(names)}'}: {says}."


def _alike(places: Sequence[Whereabouts]) -> list[tuple[list[str], str]]:
    """The environments in which the same happened, and what: in the words of all, or without what differs."""
    causes: dict[str, list[Whereabouts]] = {}
    for each in places:
        causes.setdefault(each.cause, []).append(each)
    return [
        (
            [each.environment for each in same],
            cause if len({each.brief for each in same}) > 1 else same[0].brief.rstrip("."),
        )
        for cause, same in ((cause.rstrip("."), same) for cause, same in causes.items())
    ]
