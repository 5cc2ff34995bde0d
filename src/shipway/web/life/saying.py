"""What is said of a commit now: its states, and a sentence."""

from __future__ import annotations

from shipway.web.life.record import Record
from shipway.web.overview import fates
from shipway.web.whereabouts import SERVES
from shipway.web.words import listed

BACK = ("undone", "gone back", "going back")


def states(record: Record) -> list[tuple[str, str]]:
    """The shapes and words of its states, what matters most first; several where it was taken back."""
    newest = record.journeys[-1] if record.journeys else None
    found = []
    if newest is not None and not newest.run.over:
        found.append(("running", "Under way") if newest.run.state == "running" else ("queued", "Queued"))
    elif newest is not None and newest.run.state == "failed":
        found += _failed(record)
    if any(trial.fate in BACK and trial.moves for trial in record.trials.values()):
        found.append(("rolled", "Rolled back"))
    if any(each.in_force for each in record.held):
        found.append(("quarantined", "Quarantined"))
    if record.places and record.places[-1].state == SERVES:
        found.append(("serving", f"Serves in {record.places[-1].environment}"))
    return found or ([("passed", "Passed")] if newest is not None and newest.run.state == "passed" else [])


def _failed(record: Record) -> list[tuple[str, str]]:
    newest = record.journeys[-1]
    if fates.taken_back(newest) is not None:
        return []
    return [("blocked", "Blocked") if fates.stopped_before(newest) else ("failed", "Failed")]


def sentence(record: Record) -> str:
    """Where it is, and where not and why."""
    serving = [each for each in record.places if each.state == SERVES]
    serves = [each.environment for each in serving]
    reasons: dict[str, list[str]] = {}
    for each in record.places:
        if each.state != SERVES:
            reasons.setdefault(each.brief, []).append(each.environment)
    said = [f"It serves in {listed(serves)}."] if serves else []
    held = {one.environment for one in record.held}
    parts = (each for each in serving if each.release is not None and each.release.commit != record.commit)
    said += [f"In {each.environment} {each.reason}." for each in parts if each.environment in held]
    for reason, names in reasons.items():
        said.append(
            f"Not in {listed(names)}: {reason.rstrip('.')}."
            if serves or len(reasons) > 1
            else (f"It serves nowhere: {reason.rstrip('.')}.")
        )
    return " ".join(said)
