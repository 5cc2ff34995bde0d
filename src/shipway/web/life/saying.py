"""What is said of a commit now: its states, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.web.journey import Journey
from shipway.web.life.record import Record
from shipway.web.overview import fates
from shipway.web.whereabouts import PENDING, SERVES, Whereabouts
from shipway.web.words import listed

BACK, GOING = ("undone", "gone back"), ("going back",)


def states(record: Record) -> list[tuple[str, str]]:
    """The shapes and words of its states, what matters most first; several where it was taken back."""
    newest = None if record.way is None else record.way.now
    found = []
    if newest is not None and not newest.run.over:
        found.append(("running", "Under way") if newest.run.state == "running" else ("queued", "Queued"))
    elif newest is not None and newest.run.state == "failed":
        found += _failed(newest)
    going, back, held = _taken(record, GOING), _taken(record, BACK), _held(record)
    if going:
        found.append(("rolled", f"Going back in {listed(going)}"))
    if back:
        found.append(("rolled", f"Rolled back from {listed(back)}"))
    if held:
        found.append(("quarantined", f"Quarantined in {listed(held)}"))
    if record.places and record.places[-1].state == SERVES:
        found.append(("serving", _serves(record, record.places[-1], held)))
    return found or ([("passed", "Passed")] if newest is not None and newest.run.state == "passed" else [])


def state(record: Record, place: Whereabouts) -> tuple[str, str]:
    """The shape and the word of what it is in one environment."""
    if place.state == SERVES:
        return "serving", "Serves"
    if place.state == PENDING:
        return "running", "On its way"
    if place.environment in _held(record):
        return "quarantined", "Quarantined"
    back = _taken(record, (*BACK, *GOING))
    return ("rolled", "Rolled back") if place.environment in back else ("queued", "Not there")


def _taken(record: Record, ways: Sequence[str]) -> list[str]:
    """The environments that it had requests in, and was taken back from in one of these ways."""
    back = {trial.release.environment for trial in record.trials.values() if trial.fate in ways and trial.moves}
    return [place.environment for place in record.places if place.environment in back]


def _held(record: Record) -> list[str]:
    """The environments that it may not come to."""
    held = {each.environment for each in record.held if each.in_force}
    return [place.environment for place in record.places if place.environment in held]


def _serves(record: Record, place: Whereabouts, held: Sequence[str]) -> str:
    """That it serves, and as what, where it may not be in quarantine at the same time without a reason."""
    says = f"in {place.environment}"
    if place.release is not None and place.release.commit != record.commit:
        return f"Serves {says} as part of {place.release.commit[:7]}"
    return f"Still serves {says}" if place.environment in held else f"Serves {says}"


def _failed(newest: Journey) -> list[tuple[str, str]]:
    if fates.taken_back(newest) is not None:
        return []
    return [("blocked", "Blocked") if fates.stopped_before(newest) else ("failed", "Failed")]


def _needs_a_reason(record: Record, place: Whereabouts) -> bool:
    """Whether it serves where it is, or was, in quarantine."""
    itself = place.release is None or place.release.commit == record.commit
    return any(one.environment == place.environment and (one.in_force or not itself) for one in record.held)


def sentence(record: Record) -> str:
    """Where it is, and where not and why."""
    serving = [each for each in record.places if each.state == SERVES]
    serves = [each.environment for each in serving]
    reasons: dict[str, list[str]] = {}
    for each in record.places:
        if each.state != SERVES:
            reasons.setdefault(each.brief, []).append(each.environment)
    said = [f"It serves in {listed(serves)}."] if serves else []
    said += [f"In {each.environment} {each.reason}." for each in serving if _needs_a_reason(record, each)]
    for reason, names in reasons.items():
        said.append(
            f"Not in {listed(names)}: {reason.rstrip('.')}."
            if serves or len(reasons) > 1
            else (f"It serves nowhere: {reason.rstrip('.')}.")
        )
    return " ".join(said)
